import { createInterface, type Interface } from 'node:readline';
import type { WriteStream } from 'node:tty';
import { type EditRequest, makeStyle, renderError } from '../../commands/index.ts';
import { type RenderOptions, type SessionClient, SessionEnded } from '../../engine/index.ts';
import { openEditor } from '../open-editor.ts';
import type { ProgressLine } from '../progress-line.ts';
import type { History } from './history.ts';
import type { Keyboard } from './keyboard.ts';
import { BuiltInPager, type OutputSink, ProgramPager } from './pager.ts';
import { writeTo } from './screen.ts';

const PROMPT = '(mattock) ';
const CTRL_C = '\x03';

export interface ReplParts {
  readonly keyboard: Keyboard;
  readonly terminal: WriteStream;
  readonly history: History;
  readonly progress: ProgressLine;
  readonly options: RenderOptions;
  /** $PAGER, if it is set. */
  readonly pager: string | undefined;
  /** Opens the session again, when a command does not react to being interrupted; a live one cannot be opened twice. */
  readonly reopen: (() => Promise<SessionClient>) | undefined;
  /** Gives a key to the program that is debugged, while it runs; false: it is not for it. */
  readonly keyForProgram?: (key: string) => boolean;
}

/** Reads lines, runs them, shows what they say; ends with `exit` or Ctrl-D. */
export class Repl {
  readonly #parts: ReplParts;
  readonly #editor: Interface;
  #session: SessionClient;
  readonly #typed: string[] = [];
  #closed = false;
  #wake: (() => void) | undefined;
  #last = '';
  #interruptions = 0;
  #reopening: Promise<void> | undefined;

  constructor(session: SessionClient, parts: ReplParts) {
    this.#session = session;
    this.#parts = parts;
    this.#editor = createInterface({
      input: parts.keyboard.editorInput,
      output: parts.terminal,
      terminal: true,
      prompt: PROMPT,
      history: parts.history.lines,
      removeHistoryDuplicates: true,
      tabSize: 4,
      completer: (line: string, done: CompleterCallback) => this.#complete(line, done),
    });
    this.#editor.on('line', (line) => {
      this.#typed.push(line);
      this.#wake?.();
    });
    this.#editor.on('close', () => {
      this.#closed = true;
      this.#wake?.();
    });
    // Ctrl-C clears the line, as in a shell.
    this.#editor.on('SIGINT', () => {
      parts.terminal.write('^C\n');
      this.#editor.write(null, { ctrl: true, name: 'e' });
      this.#editor.write(null, { ctrl: true, name: 'u' });
      this.#editor.prompt();
    });
  }

  /** The verdict and the like: shown, not kept in the history. */
  async opening(lines: Iterable<string>): Promise<void> {
    for (const line of lines) await this.#execute(line, undefined);
  }

  async run(): Promise<void> {
    const { keyboard, history, terminal } = this.#parts;
    for (;;) {
      const typed = await this.#readLine();
      if (typed === undefined) break;
      history.add(typed);
      const line = typed.trim() === '' ? this.#last : typed;
      this.#last = '';
      if (line === '') continue;
      if (await this.#execute(line, typed === line ? PROMPT.length : undefined)) break;
    }
    if (this.#closed) await writeTo(terminal, '\n');
    this.#editor.close();
    keyboard.close();
    for (const warning of await this.#session.close()) await writeTo(terminal, `Warning: ${warning}\n`);
  }

  /** The next line; undefined at the end. Lines that were typed ahead wait in a queue. */
  async #readLine(): Promise<string | undefined> {
    if (this.#typed.length === 0 && !this.#closed) {
      this.#editor.prompt();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    return this.#typed.shift();
  }

  /** Runs a line; true if it ends the session. */
  async #execute(line: string, shown: number | undefined): Promise<boolean> {
    const { keyboard, progress, options } = this.#parts;
    const sink = this.#sink();
    this.#interruptions = 0;
    progress.start();
    const { keyForProgram } = this.#parts;
    keyboard.capture(
      (key) => sink.key(key) || (key === CTRL_C ? this.#interrupt() : keyForProgram?.(key) === true),
    );
    try {
      const outcome = await this.#session.execute(line, options, (text) => {
        progress.clear();
        return sink.write(text);
      });
      await sink.end();
      progress.clear();
      if (outcome.edit !== undefined) await this.#edit(outcome.edit);
      if (outcome.repeats) this.#last = line;
      if (outcome.error !== undefined && !sink.quit) await this.#showError(outcome.error, line, shown);
      return outcome.exit;
    } catch (error) {
      if (!(error instanceof SessionEnded) || this.#reopening === undefined) throw error;
      await this.#reopening;
      this.#reopening = undefined;
      return false;
    } finally {
      keyboard.release();
    }
  }

  /** The terminal is the editor's until it ends. */
  async #edit(request: EditRequest): Promise<void> {
    const { keyboard, terminal } = this.#parts;
    keyboard.suspend();
    const problem = await openEditor(request);
    keyboard.resume();
    if (problem !== undefined) await writeTo(terminal, `${problem}\n`);
  }

  async #showError(
    error: Parameters<typeof renderError>[0],
    line: string,
    shown: number | undefined,
  ): Promise<void> {
    const style = makeStyle(this.#parts.options);
    // The line still stands above, unless something was printed in between or it did not fit.
    const fits = (shown ?? 0) + line.length < (this.#parts.terminal.columns || 0);
    const lines = [...renderError(error, line, style, fits ? shown : undefined)];
    await writeTo(this.#parts.terminal, `${lines.join('\n')}\n`);
  }

  #sink(): OutputSink {
    const { pager, terminal, keyboard } = this.#parts;
    const quit = (): void => this.#session.cancel();
    return pager === undefined
      ? new BuiltInPager(terminal, quit)
      : new ProgramPager(pager, terminal, keyboard, quit);
  }

  /** The first Ctrl-C asks the command to stop; the second opens the session anew. */
  #interrupt(): boolean {
    this.#interruptions++;
    this.#parts.terminal.write('^C\n');
    const { reopen } = this.#parts;
    if (this.#interruptions === 1 || reopen === undefined) this.#session.cancel();
    else if (this.#interruptions === 2) this.#reopening = this.#reopen(reopen);
    return true;
  }

  async #reopen(reopen: () => Promise<SessionClient>): Promise<void> {
    this.#parts.terminal.write('The command does not stop: opening the core again.\n');
    await this.#session.close();
    this.#session = await reopen();
  }

  #complete(line: string, done: CompleterCallback): void {
    this.#session.complete(line).then(
      ({ column, candidates, open = false }) => {
        const [only] = candidates;
        const single = candidates.length === 1 && only !== undefined && !open && !/[/.(\]]$/.test(only);
        done(null, [single ? [`${only} `] : [...candidates], line.slice(column)]);
      },
      (error: Error) => done(error, [[], line]),
    );
  }
}

type CompleterCallback = (error: Error | null, result: [string[], string]) => void;
