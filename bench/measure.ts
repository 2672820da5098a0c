import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What one run of a program took. */
export interface Measured {
  /** User and system seconds of the process with all its threads. */
  readonly cpu: number;
  readonly wall: number;
  /** Peak resident memory in MB: VmHWM. */
  readonly memory: number;
  /** Seconds until the output had the first match of `first`; undefined: it never had. */
  readonly firstOutput: number | undefined;
  /** How often the output matches `count`, or the sum of what it captures. */
  readonly count: number;
  /** With `keep`: what `count` has captured, in order. */
  readonly shown: readonly string[];
  readonly status: number | null;
  /** The beginning of what it printed. */
  readonly head: string;
  /** The end of what it printed, for when something is wrong. */
  readonly tail: string;
}

export interface Watched {
  readonly first: RegExp;
  /** With the flag g. */
  readonly count: RegExp;
  /** What `count` captures is kept, and each match counts one. */
  readonly keep?: boolean;
}

/** Often enough to see the peak of a process that lives for 100 ms. */
const POLL_MS = 4;

/**
 * Runs a program to its end. bash times it, since Node tells no resource usage of a child; the peak of its memory
 * is read from /proc while it lives.
 */
export function measure(command: readonly string[], watched: Watched, cwd: string): Promise<Measured> {
  const started = performance.now();
  const child = spawn(
    'bash',
    ['-c', `TIMEFORMAT='%3U %3S'; { time "$@" 2>&4; } 4>&2 2>&3`, 'bash', ...command],
    {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  );
  const memory = new PeakMemory(child.pid!);
  const seen = new Output(watched, started);
  let times = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => seen.add(text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => seen.note(text));
  (child.stdio[3] as NodeJS.ReadableStream).setEncoding('utf8').on('data', (text: string) => {
    times += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      const [user = Number.NaN, system = Number.NaN] = times.trim().split(' ').map(Number);
      resolve({
        cpu: user + system,
        wall: (performance.now() - started) / 1000,
        memory: memory.stop(),
        firstOutput: seen.first,
        count: seen.finish(),
        shown: seen.shown,
        status,
        head: seen.head,
        tail: seen.tail,
      });
    });
  });
}

/** Characters of the beginning and of the end of an output. */
const KEPT = 2000;

/** Counts matches in a stream of text without keeping it. */
class Output {
  first: number | undefined;
  head = '';
  tail = '';
  readonly shown: string[] = [];
  #count = 0;
  #rest = '';
  readonly #watched: Watched;
  readonly #started: number;

  constructor(watched: Watched, started: number) {
    this.#watched = watched;
    this.#started = started;
  }

  add(text: string): void {
    this.note(text);
    const whole = this.#rest + text;
    const cut = whole.lastIndexOf('\n') + 1;
    this.#look(whole.slice(0, cut));
    this.#rest = whole.slice(cut);
  }

  note(text: string): void {
    if (this.head.length < KEPT) this.head = (this.head + text).slice(0, KEPT);
    this.tail = (this.tail + text).slice(-KEPT);
  }

  finish(): number {
    this.#look(this.#rest);
    return this.#count;
  }

  #look(text: string): void {
    if (this.first === undefined && this.#watched.first.test(text))
      this.first = (performance.now() - this.#started) / 1000;
    const { count, keep = false } = this.#watched;
    for (const [, ...captured] of text.matchAll(count)) {
      const number = keep ? undefined : captured[0];
      this.#count += number === undefined ? 1 : Number(number);
      if (keep) this.shown.push(captured.join(' '));
    }
  }
}

/** VmHWM of the only child of a process, read again and again until it is gone. */
class PeakMemory {
  #peak = 0;
  readonly #parent: number;
  readonly #timer: NodeJS.Timeout;

  constructor(parent: number) {
    this.#parent = parent;
    this.#timer = setInterval(() => this.#look(), POLL_MS);
  }

  #look(): void {
    for (const pid of readOr(`/proc/${this.#parent}/task/${this.#parent}/children`).split(' ')) {
      const peak = /VmHWM:\s*(\d+) kB/.exec(pid === '' ? '' : readOr(`/proc/${pid}/status`))?.[1];
      if (peak !== undefined) this.#peak = Math.max(this.#peak, Number(peak) / 1024);
    }
  }

  stop(): number {
    clearInterval(this.#timer);
    return this.#peak;
  }
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Node reads the certificates that this names at each start, which takes more than all else that it does then (50 ms
 * for the 140 of Debian): a setting of the machine, and nothing that debugging needs.
 */
export function forgetCertificates(): void {
  delete process.env.NODE_EXTRA_CA_CERTS;
}
