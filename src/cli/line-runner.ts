import { makeStyle, renderError } from '../commands/index.ts';
import type { RenderOptions, SessionClient } from '../engine/index.ts';
import type { ProcessEnd } from '../target/index.ts';
import { LongWork } from './long-work.ts';
import { openEditor } from './open-editor.ts';
import type { ProgressLine } from './progress-line.ts';
import { isTerminal, writeError, writeOut } from './standard-streams.ts';

/** Runs lines until one ends the session, and remembers whether one failed. */
export class LineRunner {
  failed = false;
  ended = false;
  /** How the program has ended, if it has. */
  programEnd: ProcessEnd | undefined;
  readonly #session: SessionClient;
  readonly #options: RenderOptions;
  readonly #progress: ProgressLine;
  readonly #work = new LongWork();

  constructor(session: SessionClient, options: RenderOptions, progress: ProgressLine) {
    this.#session = session;
    this.#options = options;
    this.#progress = progress;
  }

  async run(line: string): Promise<void> {
    if (this.ended) return;
    this.#progress.start();
    const outcome = await this.#session.execute(line, this.#options, (text) => {
      this.#progress.clear();
      writeOut(text);
      this.#work.wrote();
    });
    this.#progress.clear();
    this.ended = outcome.exit;
    // What `exit` ends has not ended by itself.
    if (!outcome.exit) this.programEnd = outcome.ended;
    if (!outcome.ok) this.failed = true;
    const problem = outcome.edit && (await openEditor(outcome.edit));
    if (problem !== undefined) {
      this.failed = true;
      writeError(`mattock: ${problem}\n`);
    }
    if (outcome.error === undefined || this.#options.format === 'json') return;
    const style = makeStyle({ colour: this.#options.colour && isTerminal(2) });
    for (const text of renderError(outcome.error, line, style)) writeError(`${text}\n`);
  }
}
