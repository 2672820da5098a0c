import { MattockError } from '../base/index.ts';
import type { Context } from './command.ts';
import { CompletionPoint, type Expectation, type Typed } from './language/cursor.ts';
import {
  fieldNames,
  globalsOf,
  localNames,
  packageNames,
  variableNames,
} from './session/completion-names.ts';
import { settingNames } from './session/settings.ts';

/** What can stand at the end of a line instead of the word that is being typed. */
export interface Completion {
  /** Where in the line the word begins. */
  readonly column: number;
  readonly candidates: readonly string[];
  /** Something may follow the word without a space: `x`, `x.y`, `x[1]`. */
  readonly open?: true;
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
  let open = false;
  for (const one of expected) {
    const found = completeExpectation(context, one, typed);
    if (found.column !== typed.column && found.candidates.length > 0) column = found.column;
    if (found.candidates.length > 0 && found.open) open = true;
    candidates.push(...found.candidates);
  }
  const shown = { column, candidates: [...new Set(candidates)].slice(0, MOST) };
  return open ? { ...shown, open } : shown;
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
      return { ...completeExpression(context, typed), open: true };
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

// Functions: what a letter is, in all of Unicode, takes each of these a tenth of a millisecond at the start.
const nameEnd = (): RegExp => /[\p{L}_][\p{L}\p{N}_]*$/u;
const qualifiedName = (): RegExp => /[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]*)*$/u;
const quotedPath = (): RegExp => /"([^"\s]+)"\.[\p{L}\p{N}_]*$/u;
/** Behind these an operator follows, not a name. */
const operandEnd = (): RegExp => /[\p{L}\p{N}_)\]}"'`.]\s*$/u;

/** The name that ends the text: fields behind a dot, otherwise variables, and packages' variables by full name. */
function completeExpression(context: Context, { text, column }: Typed): Completion {
  const last = nameEnd().exec(text)?.[0] ?? '';
  const dot = text.length - last.length - 1;
  if (text[dot] === '.') {
    const start = operandStart(text, dot);
    const owner = { text: text.slice(start, dot), column: column + start };
    const fields = owner.text === '' ? [] : beginning(fieldNames(context, owner), last);
    // What has brackets in it is no package.
    const isPath = /^[\p{L}\p{N}_.]*$/u.test(owner.text);
    if (fields.length > 0 || !isPath) return { column: column + dot + 1, candidates: fields };
  }
  const quoted = quotedPath().exec(text);
  if (quoted !== null) {
    const names = globalsOf(context, quoted[1]!);
    return { column: column + dot + 1, candidates: beginning(names, last) };
  }
  const name = qualifiedName().exec(text)?.[0] ?? '';
  if (name === '' && operandEnd().test(text)) return { column: column + text.length, candidates: [] };
  const start = column + text.length - name.length;
  if (name.includes('.')) return { column: start, candidates: beginning(variableNames(context), name) };
  // Of packages only those, and only where no variable is meant: with all that is in them they are too many.
  const near = beginning(localNames(context), name);
  const names = near.length > 0 || name === '' ? near : beginning(packageNames(context), name);
  return { column: start, candidates: names };
}

const OPENERS: Readonly<Record<string, string>> = { ']': '[', ')': '(' };
const operandCharacter = (): RegExp => /[\p{L}\p{N}_.]/u;

/** Where the operand begins that ends at `end`: names and dots, with what is in brackets as a whole. */
function operandStart(text: string, end: number): number {
  const closed: string[] = [];
  const inOperand = operandCharacter();
  let at = end;
  while (at > 0) {
    const char = text[at - 1]!;
    if (OPENERS[char] !== undefined) closed.push(OPENERS[char]);
    else if (char === closed.at(-1)) closed.pop();
    else if (closed.length === 0 && !inOperand.test(char)) break;
    at--;
  }
  return closed.length === 0 ? at : end;
}
