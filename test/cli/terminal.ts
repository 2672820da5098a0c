import { type IPty, spawn } from '@lydell/node-pty';
import { mattockProgram } from './run-mattock.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const SEQUENCES = /\x1b\[[\d;?]*[A-Za-z]|\x1b[=>]/g;

/** A terminal with Mattock in it: keys go in, the text that it shows comes out. */
export class Terminal {
  readonly #pty: IPty;
  #shown = '';
  #from = 0;
  #wake: (() => void) | undefined;
  readonly exited: Promise<number>;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>, rows = 24) {
    const env: Record<string, string | undefined> = {
      ...process.env,
      TERM: 'xterm-256color',
      ...environment,
    };
    for (const name of ['NO_COLOR', 'PAGER', 'FORCE_COLOR'])
      if (environment[name] === undefined) delete env[name];
    this.#pty = spawn(process.execPath, [mattockProgram, ...args], { cols: 120, rows, env });
    this.#pty.onData((text) => {
      this.#shown += text;
      this.#wake?.();
    });
    this.exited = new Promise((resolve) => this.#pty.onExit(({ exitCode }) => resolve(exitCode)));
  }

  /** What the last `expect` gave, with its escape sequences. */
  raw = '';

  type(keys: string): void {
    this.#pty.write(keys);
  }

  /** Waits until the terminal shows this, and gives what it showed up to there. */
  async expect(wanted: string | RegExp, milliseconds = 120_000): Promise<string> {
    const end = Date.now() + milliseconds;
    for (;;) {
      const raw = this.#shown.slice(this.#from);
      const text = raw.replace(SEQUENCES, '').replaceAll('\r\n', '\n');
      const found = typeof wanted === 'string' ? text.indexOf(wanted) : text.search(wanted);
      if (found >= 0) {
        this.#from = this.#shown.length;
        this.raw = raw;
        return text;
      }
      const left = end - Date.now();
      if (left <= 0) throw new Error(`the terminal does not show ${String(wanted)}, but:\n${text}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): void {
    this.#pty.kill();
  }
}
