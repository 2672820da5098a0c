import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** A program that runs by itself, not started by a debugger. */
export class RunningProgram {
  readonly executable: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  #output = '';
  #errors = '';
  #end: string | undefined;

  constructor(executable: string, args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}) {
    this.executable = executable;
    this.#child = spawn(executable, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.pid = this.#child.pid!;
    this.#child.stdout!.setEncoding('utf8').on('data', (text) => {
      this.#output += text;
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text) => {
      this.#errors += text;
    });
    this.#child.on('exit', (status, signal) => {
      this.#end = `ended with ${status ?? signal}`;
    });
  }

  /** How it has ended, and what it said of it; undefined while it runs. */
  get end(): string | undefined {
    return this.#end === undefined ? undefined : `${this.#end}\n${this.#output.slice(-200)}${this.#errors}`;
  }

  get output(): string {
    return this.#output;
  }

  /** The last number that it wrote: it rises while the program makes progress. */
  get rounds(): number {
    return Number(/rounds (\d+)\n(?!.*rounds \d+\n)/s.exec(this.#output)?.[1] ?? 0);
  }

  async progresses(): Promise<void> {
    const before = this.rounds;
    await until(() => this.rounds > before, 'the program goes on');
  }

  /** A field of /proc/PID/status. */
  status(field: string): string | undefined {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1];
  }

  /** What it has used of the CPUs: utime and stime of proc(5), in ticks of 10 ms. */
  get cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(stat[11]) + Number(stat[12])) / 100;
  }

  /** States of its threads: R, S, T (stopped), t (traced)… */
  get traced(): boolean {
    return this.status('TracerPid') !== '0';
  }

  changedText(): number[] {
    return changedText(this.executable, this.pid);
  }

  /** A line on its standard input. */
  say(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** Lets it end by itself: its exit status and the last line that it wrote. */
  async finish(): Promise<{ readonly status: number | null; readonly last: string }> {
    const closed = once(this.#child, 'close');
    this.#child.stdin!.end();
    const [status] = (await closed) as [number | null];
    return { status, last: this.#output.trimEnd().split('\n').at(-1)! };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Addresses at which a process's text is not what the file says. */
export function changedText(executable: string, pid: number): number[] {
  const file = readFileSync(executable);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return executableSegments(file).flatMap(({ offset, address, size }) => {
      const own = Buffer.alloc(size);
      readSync(memory, own, 0, size, address);
      if (own.equals(file.subarray(offset, offset + size))) return [];
      return [...own.keys()].filter((at) => own[at] !== file[offset + at]).map((at) => address + at);
    });
  } finally {
    closeSync(memory);
  }
}

/** A process's text as it is in memory, wherever it was loaded; the program's own is mapped first. */
export function mappedText(pid: number): Buffer & { readonly start: number } {
  const mapping = /^([\da-f]+)-([\da-f]+) r-xp .*\//m.exec(readFileSync(`/proc/${pid}/maps`, 'utf8'))!;
  const [start, end] = mapping.slice(1).map((text) => Number.parseInt(text, 16)) as [number, number];
  const bytes = Buffer.alloc(end - start);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    const count = readSync(memory, bytes, 0, bytes.length, start);
    if (count !== bytes.length) throw new Error(`of ${bytes.length} bytes of text ${count} could be read`);
  } finally {
    closeSync(memory);
  }
  return Object.assign(bytes, { start });
}

/** ELF64 program headers (gABI): PT_LOAD with PF_X. */
function executableSegments(file: Buffer): { offset: number; address: number; size: number }[] {
  const table = Number(file.readBigUInt64LE(32));
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => table + index * 56)
    .filter((at) => file.readUInt32LE(at) === 1 && (file.readUInt32LE(at + 4) & 1) !== 0)
    .map((at) => ({
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    }));
}

/** Long: on a busy machine everything takes many times as long. What is over sooner costs nothing. */
const PATIENCE_MS = 120_000;

export async function until(
  condition: () => boolean,
  what: string,
  milliseconds = PATIENCE_MS,
): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`in ${milliseconds} ms it has not come to pass that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
