import { MattockError } from '../base/index.ts';
import type { Context } from './command.ts';
import { CompletionPoint, type Expectation, type Typed } from './language/cursor.ts';
import { fieldNames, variableNames } from './session/completion-names.ts';
import { settingNames } from './session/settings.ts';

/** What can stand at the end of a line instead of the word that is being typed. */
export interface Completion {
  /** Where in the line the word begins. */
  readonly column: number;
  readonly candidates: readonly string[];
}

const MOST = 200;

/** Completes the end of a line. */
export function completeLine(context: Context, line: string): Completion {
  const typed = { text: line, column: 0 };
  return completeCommandLine(context, typed);
}

function completeCommandLine(context: Context, typed: Typed): Completion {
  const [, spaces, name, gap, rest] = /^(\s*)(\S*)(\s*)(.*)$/s.exec(typed.text)!;
  const column = typed.column + spaces!.length;
  if (gap === '') return { column, candidates: beginning(commandNames(context), name!) };
  const command = context.table.find(name!, context.session.settings.values.aliases);
  if (command === undefined) return { column, candidates: [] };
  try {
    command.complete({ text: rest!, column: column + name!.length + gap!.length });
  } catch (error) {
    if (error instanceof CompletionPoint) return completePoint(context, error);
    // What is typed is wrong before its end: nothing continues it, and running it will say what is wrong.
    if (!(error instanceof MattockError)) throw error;
  }
  return { column: typed.column + typed.text.length, candidates: [] };
}

function completePoint(context: Context, { expected, typed }: CompletionPoint): Completion {
  const nested = expected.find(({ kind }) => kind === 'command-line');
  if (nested !== undefined) return completeCommandLine(context, typed);
  const candidates: string[] = [];
  let { column } = typed;
  for (const one of expected) {
    const found = completeExpectation(context, one, typed);
    if (found.column !== typed.column && found.candidates.length > 0) column = found.column;
    candidates.push(...found.candidates);
  }
  return { column, candidates: [...new Set(candidates)].slice(0, MOST) };
}

const commandNames = ({ table, session }: Context): string[] => [
  ...table.commands.flatMap((command) => [command.name, ...command.aliases]),
  ...Object.values(session.settings.values.aliases).flat(),
];

const beginning = (names: Iterable<string>, prefix: string): string[] => {
  const found: string[] = [];
  for (const name of names) {
    if (name.startsWith(prefix)) found.push(name);
    if (found.length >= MOST) break;
  }
  return found.sort();
};

function completeExpectation(context: Context, expected: Expectation, typed: Typed): Completion {
  const { session } = context;
  const plain = (names: Iterable<string>): Completion => ({
    column: typed.column,
    candidates: beginning(names, typed.text),
  });
  switch (expected.kind) {
    case 'words':
      return plain(expected.words);
    case 'command':
      return plain(commandNames(context));
    case 'setting':
      return plain([...settingNames(), 'alias']);
    case 'register':
      return plain(session.program.target.arch.registers.flatMap(({ name, aliases }) => [name, ...aliases]));
    case 'thread':
      return plain(session.program.target.threads.map(({ id }) => String(id)));
    case 'file':
      return plain(session.host.filesBeginning(typed.text));
    case 'function':
    case 'location':
      return plain(typed.text === '' ? [] : functionsBeginning(context, typed.text));
    case 'expression':
      return completeExpression(context, typed);
    default:
      return plain([]);
  }
}

/** Functions by the beginning of their full name or, for `http.Se`, of what is behind the last slash. */
function* functionsBeginning({ session }: Context, prefix: string): Iterable<string> {
  for (const { image } of session.program.target.modules.all) {
    const functions = image?.functions;
    if (functions === undefined) continue;
    for (let i = 0; i < functions.count; i++) {
      const name = functions.name(i);
      if (name.startsWith(prefix)) yield name;
    }
  }
}

/** The name that ends the text: fields behind a dot, otherwise variables, and packages' variables by full name. */
function completeExpression(context: Context, typed: Typed): Completion {
  const name = /[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]*)*$/u.exec(typed.text)?.[0] ?? '';
  const start = typed.text.length - name.length;
  if (name === '' && typed.text !== '' && !/[\s([{!*&+\-/%<>=,|^]$/.test(typed.text)) {
    return { column: typed.column, candidates: [] };
  }
  const dot = name.lastIndexOf('.');
  const found = beginning(variableNames(context), name);
  if (dot >= 0) {
    const owner = { text: name.slice(0, dot), column: typed.column + start };
    const fields = fieldNames(context, owner).map((field) => `${owner.text}.${field}`);
    found.push(...beginning(fields, name));
  }
  return { column: typed.column + start, candidates: found.slice(0, MOST) };
}
