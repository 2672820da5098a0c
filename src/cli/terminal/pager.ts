import { type ChildProcess, spawn } from 'node:child_process';
import type { WriteStream } from 'node:tty';
import type { Keyboard } from './keyboard.ts';
import { rowsOf, writeTo } from './screen.ts';

const MORE = '-- more -- (space: page, enter: line, q: quit)';
const DEFAULT_ROWS = 24;
const DEFAULT_COLUMNS = 80;

/** Where a command's output goes; `write` waits while the reader reads. */
export interface OutputSink {
  write(text: string): Promise<void>;
  /** The command is done; resolves when everything has been read. */
  end(): Promise<void>;
  /** The reader has seen enough. */
  readonly quit: boolean;
  /** A key while the sink waits for one; true if it took it. */
  key(key: string): boolean;
}

/** Shows a page, waits for a key, shows the next. */
export class BuiltInPager implements OutputSink {
  quit = false;
  readonly #terminal: WriteStream;
  readonly #onQuit: () => void;
  #rowsLeft: number;
  #partial = '';
  #waiting: ((key: string) => void) | undefined;

  constructor(terminal: WriteStream, onQuit: () => void) {
    this.#terminal = terminal;
    this.#onQuit = onQuit;
    this.#rowsLeft = this.#page();
  }

  async write(text: string): Promise<void> {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop()!;
    let ready = '';
    for (const line of lines) {
      if (this.quit) return;
      const rows = rowsOf(line, this.#terminal.columns || DEFAULT_COLUMNS);
      if (rows > this.#rowsLeft && this.#rowsLeft < this.#page()) {
        await writeTo(this.#terminal, ready);
        ready = '';
        await this.#more();
        if (this.quit) return;
      }
      this.#rowsLeft -= rows;
      ready += `${line}\n`;
    }
    await writeTo(this.#terminal, ready);
  }

  async end(): Promise<void> {
    if (this.#partial !== '' && !this.quit) await writeTo(this.#terminal, this.#partial);
  }

  key(key: string): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined) return false;
    this.#waiting = undefined;
    waiting(key);
    return true;
  }

  async #more(): Promise<void> {
    await writeTo(this.#terminal, `\x1b[7m${MORE}\x1b[0m`);
    const key = await new Promise<string>((resolve) => {
      this.#waiting = resolve;
    });
    await writeTo(this.#terminal, '\r\x1b[K');
    if (key === 'q' || key === 'Q' || key === '\x03' || key === '\x1b') {
      this.quit = true;
      this.#onQuit();
    } else {
      this.#rowsLeft = key === '\r' || key === '\n' ? 1 : this.#page();
    }
  }

  #page(): number {
    return Math.max(2, (this.#terminal.rows || DEFAULT_ROWS) - 1);
  }
}

/** Output that fits the screen is shown; with more, all of it goes to the program that $PAGER names. */
export class ProgramPager implements OutputSink {
  quit = false;
  readonly #command: string;
  readonly #terminal: WriteStream;
  readonly #keyboard: Keyboard;
  readonly #onQuit: () => void;
  #held = '';
  #rows = 0;
  #child: ChildProcess | undefined;
  #ended: Promise<void> | undefined;

  constructor(command: string, terminal: WriteStream, keyboard: Keyboard, onQuit: () => void) {
    this.#command = command;
    this.#terminal = terminal;
    this.#keyboard = keyboard;
    this.#onQuit = onQuit;
  }

  async write(text: string): Promise<void> {
    if (this.quit) return;
    if (this.#child === undefined) {
      this.#held += text;
      for (const line of text.split('\n'))
        this.#rows += rowsOf(line, this.#terminal.columns || DEFAULT_COLUMNS);
      if (this.#rows < (this.#terminal.rows || DEFAULT_ROWS)) return;
      this.#start();
      return this.#feed(this.#held);
    }
    return this.#feed(text);
  }

  async end(): Promise<void> {
    if (this.#child === undefined) {
      await writeTo(this.#terminal, this.#held);
      return;
    }
    this.#child.stdin?.end();
    await this.#ended;
    this.#keyboard.resume();
  }

  key(): boolean {
    return false;
  }

  #start(): void {
    this.#keyboard.suspend();
    const child = spawn('/bin/sh', ['-c', this.#command], {
      stdio: ['pipe', 'inherit', 'inherit'],
      // Colours, and nothing to leave where the output is short: what git tells less, if the user tells it nothing.
      env: { LESS: 'FRX', ...process.env },
    });
    this.#child = child;
    const quit = (): void => {
      if (this.quit) return;
      this.quit = true;
      this.#onQuit();
    };
    // The terminal is not raw now: Ctrl-C is a signal, to the pager and to us. It ends the command, not Mattock.
    process.on('SIGINT', quit);
    // A pager that is closed before the end breaks its pipe.
    child.stdin.on('error', quit);
    this.#ended = new Promise((resolve) => {
      child.on('error', () => resolve());
      child.on('close', () => {
        quit();
        resolve();
      });
    });
    void this.#ended.then(() => process.off('SIGINT', quit));
  }

  #feed(text: string): Promise<void> {
    const { stdin } = this.#child!;
    return new Promise((resolve) => {
      if (stdin === null || stdin.destroyed) resolve();
      else stdin.write(text, () => resolve());
      void this.#ended?.then(resolve);
    });
  }
}
