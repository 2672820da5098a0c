import type { ProcessEnd } from '../target/index.ts';
import type { Answer, Context } from './command.ts';
import type { Typed } from './language/cursor.ts';
import { type ErrorFacts, errorFacts } from './output/error-facts.ts';
import { jsonDocument, jsonLine } from './output/json.ts';
import { renderError } from './output/render-error.ts';
import { PLAIN, type Style } from './output/style.ts';
import type { Happening } from './session/happening.ts';
import type { EditRequest, Session } from './session/session.ts';
import type { CommandTable } from './table.ts';

export interface ExecuteOptions {
  readonly format: 'text' | 'json';
  readonly style: Style;
}

/** Takes a piece of output, its `last` or not; a promise holds the command back until it is done. */
export type Write = (text: string, last: boolean) => void | Promise<void>;

/** How a command line ended. Its output has been written. */
export interface Outcome {
  /** What failed, if something did; with `json` it is in the output too. */
  readonly error: ErrorFacts | undefined;
  /** No error here, nor in commands that were run inside and did not stop it. */
  readonly ok: boolean;
  readonly exit: boolean;
  /** An empty line may repeat it. */
  readonly repeats: boolean;
  /** What is to be opened in the user's editor now. */
  readonly edit?: EditRequest | undefined;
  /** How the program that is debugged has ended, if it has. */
  readonly ended?: ProcessEnd | undefined;
}

/** Output is handed on in pieces of this size, or after this time. */
const CHUNK = 32 * 1024;
const LATENCY_MS = 100;
/** Of what is told while a command runs, so much in that time is handed on piece by piece. */
const TOLD_AT_ONCE = 32;

/** Runs one line and writes what it says, in pieces, while it is running. */
export async function executeLine(
  session: Session,
  table: CommandTable,
  line: string,
  options: ExecuteOptions,
  write: Write,
): Promise<Outcome> {
  const text = line.trim();
  const ended = (): ProcessEnd | undefined => session.live?.processes.selected.target.ended;
  if (text === '' || text.startsWith('#'))
    return { error: undefined, ok: true, exit: false, repeats: false, ended: ended() };
  const failuresBefore = session.nestedFailures;
  session.editRequested = undefined;
  const [transcribed, toTranscript] = withTranscript(session, text, write);
  const output = new Output(transcribed);
  const run = options.format === 'json' ? writeJson : writeText;
  let error: ErrorFacts | undefined;
  session.tell = (happening) => output.tell(textOf(happening, options));
  session.showSoFar = () => output.hurry();
  try {
    error = await run(session, table, line, options, output);
  } catch (failure) {
    throw failure instanceof WriteFailure ? failure.cause : failure;
  } finally {
    session.tell = undefined;
    session.showSoFar = undefined;
  }
  if (error !== undefined && options.format === 'text') toTranscript(renderError(error, line, PLAIN));
  return {
    error,
    ok: error === undefined && session.nestedFailures === failuresBefore,
    exit: session.exitRequested,
    ended: ended(),
    repeats: error === undefined,
    edit: session.editRequested,
  };
}

function textOf(happening: Happening, { format, style }: ExecuteOptions): string {
  if (format === 'json') return jsonLine(happening.toPlain());
  return [...happening.text(style)].map((line) => `${line}\n`).join('');
}

/** What went wrong with writing: the command has nothing to do with it. */
class WriteFailure extends Error {}

const orThrow = (error: unknown): never => {
  throw new WriteFailure('cannot write', { cause: error });
};

/** Collects text to pieces. */
class Output {
  readonly #write: Write;
  #pending = '';
  #since = 0;
  #told = { since: 0, count: 0 };
  #failure: unknown;

  constructor(write: Write) {
    this.#write = write;
  }

  /** Undefined mostly: awaiting every line would cost more than making it. */
  add(text: string): void | Promise<void> {
    if (this.#pending === '') this.#since = Date.now();
    this.#pending += text;
    if (this.#pending.length >= CHUNK || Date.now() - this.#since > LATENCY_MS) return this.flush();
  }

  /**
   * Something that is told while its command runs on, without awaiting anything: at once, unless so much comes that
   * it must be put together.
   */
  tell(text: string): void {
    const now = Date.now();
    if (now - this.#told.since > LATENCY_MS) this.#told = { since: now, count: 0 };
    this.#told.count++;
    const added = this.add(text);
    this.#unwatched(this.#told.count > TOLD_AT_ONCE ? added : this.flush());
  }

  /** What comes next takes its time. */
  hurry(): void {
    this.#unwatched(this.flush());
  }

  /** Nobody waits here: that nothing can be written is found out when the command ends. */
  #unwatched(written: void | Promise<void>): void {
    written?.catch((error: unknown) => {
      this.#failure = error;
    });
  }

  flush(last = false): void | Promise<void> {
    if (this.#failure !== undefined) orThrow(this.#failure);
    const text = this.#pending;
    this.#pending = '';
    if (text === '') return;
    try {
      return this.#write(text, last)?.catch(orThrow);
    } catch (error) {
      orThrow(error);
    }
  }
}

/** A transcript gets what is written from the command on; the command that starts one is in it too. */
function withTranscript(
  session: Session,
  line: string,
  write: Write,
): [Write, (lines: Iterable<string>) => void] {
  let first = true;
  const append = (text: string): void => {
    const { transcript } = session;
    if (transcript === undefined) return;
    session.host.appendTranscript(transcript.path, first ? `(mattock) ${line}\n${text}` : text);
    first = false;
  };
  const writeBoth: Write = (text, last) => {
    append(text);
    if (session.transcript?.only !== true) return write(text, last);
  };
  return [writeBoth, (lines) => append([...lines].map((text) => `${text}\n`).join(''))];
}

async function invoke(
  session: Session,
  table: CommandTable,
  line: string,
): Promise<[string, Typed, Context, Answer]> {
  const context: Context = { session, scope: session.selection, table };
  const { command, args } = table.parse({ text: line, column: 0 }, session.settings.values.aliases);
  const prepared = command.prepare(context, args);
  if (prepared !== undefined) await prepared;
  return [command.name, args, context, command.run(context, args)];
}

async function writeText(
  session: Session,
  table: CommandTable,
  line: string,
  { style }: ExecuteOptions,
  output: Output,
): Promise<ErrorFacts | undefined> {
  let failure: ErrorFacts | undefined;
  try {
    const [, , , answer] = await invoke(session, table, line);
    for (const text of answer.text(style)) {
      const written = output.add(`${text}\n`);
      if (written !== undefined) await written;
    }
  } catch (error) {
    if (error instanceof WriteFailure) throw error;
    failure = errorFacts(error);
  }
  const written = output.flush(true);
  if (written !== undefined) await written;
  return failure;
}

async function writeJson(
  session: Session,
  table: CommandTable,
  line: string,
  _options: ExecuteOptions,
  output: Output,
): Promise<ErrorFacts | undefined> {
  let failure: ErrorFacts | undefined;
  try {
    const [command, args, , answer] = await invoke(session, table, line);
    const document = jsonDocument({ command, arguments: args.text }, answer.result);
    for (let step = document.next(); ; step = document.next()) {
      if (step.done === true) {
        failure = step.value;
        break;
      }
      const written = output.add(step.value);
      if (written !== undefined) await written;
    }
  } catch (error) {
    if (error instanceof WriteFailure) throw error;
    failure = errorFacts(error);
    const [, name, args] = /^\s*(\S*)\s*(.*)$/s.exec(line)!;
    const command = table.find(name!, session.settings.values.aliases)?.name ?? name;
    await output.add(jsonLine({ command, arguments: args, error: failure }));
  }
  const written = output.flush(true);
  if (written !== undefined) await written;
  return failure;
}
