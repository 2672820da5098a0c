import { spawn } from 'node:child_process';

const PATIENCE_MS = 120_000;

/** A program that takes orders: each line that it is told is answered by one line. */
export class OrderedProgram {
  readonly pid: number;
  /** What it says first, behind "ready" and its process id. */
  readonly greeting: string;
  readonly #lines: Lines;
  readonly #send: (line: string) => void;
  readonly #end: () => void;

  private constructor(
    pid: number,
    greeting: string,
    lines: Lines,
    send: (line: string) => void,
    end: () => void,
  ) {
    this.pid = pid;
    this.greeting = greeting;
    this.#lines = lines;
    this.#send = send;
    this.#end = end;
  }

  static async start(
    program: string,
    args: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<OrderedProgram> {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    const lines = new Lines(program);
    child.stdout.setEncoding('utf8').on('data', (text: string) => lines.add(text));
    child.once('error', (error) => lines.fail(error.message));
    child.once('exit', (code, signal) => lines.fail(`it ended (${signal ?? code})`));
    try {
      const [, pid, ...rest] = (await lines.next()).split(' ');
      return new OrderedProgram(
        Number(pid),
        rest.join(' '),
        lines,
        (line) => child.stdin.write(`${line}\n`),
        () => child.kill('SIGKILL'),
      );
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  ask(order: string): Promise<string> {
    this.#send(order);
    return this.#lines.next();
  }

  async numbers(order: string): Promise<number[]> {
    return (await this.ask(order)).split(' ').map(Number);
  }

  end(): void {
    this.#end();
  }
}

/** Lines of text, asked for one by one. */
class Lines {
  readonly #who: string;
  readonly #ready: string[] = [];
  #partial = '';
  #failure: string | undefined;
  #wake = (): void => {};

  constructor(who: string) {
    this.#who = who;
  }

  add(text: string): void {
    const parts = (this.#partial + text).split('\n');
    this.#partial = parts.pop()!;
    this.#ready.push(...parts);
    this.#wake();
  }

  fail(why: string): void {
    this.#failure = why;
    this.#wake();
  }

  async next(): Promise<string> {
    const deadline = setTimeout(() => this.fail('it says nothing'), PATIENCE_MS);
    try {
      while (this.#ready.length === 0) {
        if (this.#failure !== undefined) throw new Error(`${this.#who}: ${this.#failure}`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      return this.#ready.shift()!;
    } finally {
      clearTimeout(deadline);
    }
  }
}
