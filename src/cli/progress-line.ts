import { isTerminal, writeError } from './standard-streams.ts';

/** What takes less time is not worth a line. */
const PATIENCE_MS = 1000;
const EVERY_MS = 200;

/**
 * One line on the terminal's standard error that says how far a long command is. By Date's clock: that of `performance`
 * brings a dozen of Node's modules along, which every start would pay for.
 */
export class ProgressLine {
  readonly #visible = isTerminal(2);
  #started = Date.now();
  #last = 0;
  #shown = false;

  start(): void {
    this.#started = Date.now();
  }

  show(what: string, done: number, total: number): void {
    const now = Date.now();
    if (!this.#visible || now - this.#started < PATIENCE_MS || now - this.#last < EVERY_MS) return;
    this.#last = now;
    this.#shown = true;
    const part = total > 0 ? ` ${Math.min(100, Math.floor((done / total) * 100))} %` : '';
    writeError(`\r\x1b[K${what}${part}`);
  }

  clear(): void {
    if (this.#shown) writeError('\r\x1b[K');
    this.#shown = false;
  }
}
