import { UserError } from '../../base/index.ts';
import { Answer, type Context, defineCommand } from '../command.ts';
import { required } from '../language/arguments.ts';
import type { Typed } from '../language/cursor.ts';
import { file } from '../language/kinds.ts';
import { type ErrorFacts, errorFacts } from '../output/error-facts.ts';
import { Cancelled } from '../session/session.ts';

interface ExecutedLine {
  readonly line: number;
  readonly command: string;
  readonly answer: Answer | ErrorFacts;
}

interface SourceResult {
  readonly file: string;
  readonly lines: Iterable<SourcedRow>;
}

const DEEPEST = 16;

class SourcedRow {
  readonly executed: ExecutedLine;

  constructor(executed: ExecutedLine) {
    this.executed = executed;
  }

  toPlain(): unknown {
    const { line, command, answer } = this.executed;
    return answer instanceof Answer
      ? { line, command, result: answer.result }
      : { line, command, error: answer };
  }
}

/** The commands of a file with their line numbers; empty lines and those that begin with # are left out. */
function commandLines(text: string): { readonly number: number; readonly command: string }[] {
  return text
    .split(/\r?\n/)
    .map((line, i) => ({ number: i + 1, command: line.trim() }))
    .filter(({ command }) => command !== '' && !command.startsWith('#'));
}

const typed = (text: string): Typed => ({ text, column: 0 });

export const source = defineCommand({
  name: 'source',
  aliases: [],
  group: 'session',
  summary: 'Run the commands of a file',
  details:
    'One command a line; lines that begin with # are comments. A command that fails does not stop the others.',
  examples: ['source triage.mattock'],
  arguments: { file: required(file, 'the file') },
  async prepare(context, args) {
    if (deep(context)) return;
    for (const { command } of commandLines(context.session.host.readCommandFile(args.file))) {
      try {
        await context.table.prepareNested(nested(context), typed(command));
      } catch (error) {
        // It is told when the line is run; here the lines behind it want to be prepared too.
        if (errorFacts(error).family === 'internal') throw error;
      }
    }
  },
  run(context, args): SourceResult {
    if (deep(context)) throw new UserError(`files run each other more than ${DEEPEST} deep`);
    return {
      file: args.file,
      lines: runLines(nested(context), context.session.host.readCommandFile(args.file)),
    };
  },
  *render(result, style) {
    for (const { executed } of result.lines) {
      const { answer, line } = executed;
      if (answer instanceof Answer) yield* answer.text(style);
      else yield style.paint('error', `${style.path(result.file)}:${line}: ${answer.message}`);
    }
  },
});

const deep = (context: Context): boolean => (context.depth ?? 0) >= DEEPEST;
const nested = (context: Context): Context => ({ ...context, depth: (context.depth ?? 0) + 1 });

function* runLines(context: Context, text: string): Iterable<SourcedRow> {
  const { session } = context;
  for (const { number, command } of commandLines(text)) {
    session.checkCancelled();
    if (session.exitRequested) return;
    yield new SourcedRow({ line: number, command, answer: runLine(context, command) });
  }
}

function runLine(context: Context, command: string): Answer | ErrorFacts {
  try {
    // A command before this one may have selected another goroutine or frame.
    return context.table.runNested({ ...context, scope: context.session.selection }, typed(command));
  } catch (error) {
    const facts = errorFacts(error);
    if (facts.family === 'internal' || error instanceof Cancelled) throw error;
    context.session.nestedFailures++;
    return facts;
  }
}
