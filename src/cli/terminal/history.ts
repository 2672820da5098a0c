import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const MOST_LINES = 1000;
/** What was typed may hold secrets of the program. */
const PRIVATE = 0o600;

/** The lines that were typed, kept in a file that only the user can read. Without a file they last a session. */
export class History {
  readonly #path: string;
  /** Newest first, as readline wants them. */
  readonly lines: string[];
  #writable = true;

  constructor(path: string) {
    this.#path = path;
    this.lines = this.#read();
  }

  add(line: string): void {
    if (!this.#writable || line.trim() === '') return;
    try {
      appendFileSync(this.#path, `${line}\n`, { mode: PRIVATE });
    } catch {
      // A history that cannot be written (read-only home) is no reason to bother anybody after every line.
      this.#writable = false;
    }
  }

  #read(): string[] {
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const lines = readFileSync(this.#path, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      chmodSync(this.#path, PRIVATE);
      if (lines.length > 2 * MOST_LINES) {
        writeFileSync(this.#path, `${lines.slice(-MOST_LINES).join('\n')}\n`, { mode: PRIVATE });
      }
      return lines.slice(-MOST_LINES).reverse();
    } catch {
      // There is none yet, or it cannot be read: a session without a past.
      return [];
    }
  }
}
