import { PassThrough } from 'node:stream';
import type { ReadStream } from 'node:tty';

/** Takes the keys while a command is running; returns false for those it has no use for. */
export type KeyHandler = (key: string) => boolean;

/**
 * The terminal's keys, for the line editor while a line is edited and for a handler while a command is running.
 * What is typed ahead is kept and given to the line editor when it comes back.
 */
export class Keyboard {
  /** What the line editor reads. */
  readonly editorInput: PassThrough & { setRawMode?: (raw: boolean) => void; isTTY?: boolean };
  readonly #terminal: ReadStream;
  #handler: KeyHandler | undefined;
  #typedAhead = '';

  constructor(terminal: ReadStream) {
    this.#terminal = terminal;
    this.editorInput = new PassThrough();
    this.editorInput.isTTY = true;
    this.editorInput.setRawMode = (raw) => {
      terminal.setRawMode(raw);
    };
    terminal.setEncoding('utf8');
    terminal.on('data', (text) => this.#receive(String(text)));
    terminal.on('end', () => this.editorInput.end());
  }

  /** Keys go to `handler` until `release`. */
  capture(handler: KeyHandler): void {
    this.#handler = handler;
  }

  release(): void {
    this.#handler = undefined;
    const text = this.#typedAhead;
    this.#typedAhead = '';
    if (text !== '') this.editorInput.write(text);
  }

  /** Leaves the terminal to another program. */
  suspend(): void {
    this.#terminal.pause();
    this.#terminal.setRawMode(false);
  }

  resume(): void {
    this.#terminal.setRawMode(true);
    this.#terminal.resume();
  }

  close(): void {
    this.#terminal.setRawMode(false);
    this.#terminal.pause();
  }

  #receive(text: string): void {
    if (this.#handler === undefined) {
      this.editorInput.write(text);
      return;
    }
    for (const key of text) if (!this.#handler(key)) this.#typedAhead += key;
  }
}
