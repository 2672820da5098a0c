import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { mappedText } from '../../test/live/running-program.ts';
import { cacheFolder } from '../../test/support/project.ts';
import { mattock } from '../installed.ts';

const POLL_MS = 10;
const PATIENCE_MS = 60_000;
/** sysconf(_SC_CLK_TCK) of Linux on all that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What a recording said at its end. */
export interface Recorded {
  readonly events: number;
  readonly lost: number;
  /** Milliseconds, by the recorder's own clock. */
  readonly stopped: number;
  readonly file: string;
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** `mattock trace -p`, as a user runs it. */
export class Recorder {
  readonly #child: ChildProcess;
  readonly #file: string;
  readonly #exit: Promise<number | null>;
  #said = '';

  private constructor(child: ChildProcess, file: string) {
    this.#child = child;
    this.#file = file;
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
    this.#exit = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  }

  /** When the probes are in and the program goes on. */
  static async attach(pid: number, options: readonly string[] = []): Promise<Recorder> {
    const folder = path.join(cacheFolder, 'bench');
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, `trace-${pid}.out`);
    rmSync(file, { force: true });
    const [node, ...args] = [...mattock(), 'trace', '-p', String(pid), '-o', file, ...options];
    const text = mappedText(pid);
    const recorder = new Recorder(spawn(node!, args, { stdio: ['ignore', 'ignore', 'pipe'] }), file);
    let ended = false;
    void recorder.#exit.then(
      () => {
        ended = true;
      },
      () => {
        ended = true;
      },
    );
    const deadline = performance.now() + PATIENCE_MS;
    while (!isProbed(pid, text)) {
      if (ended || performance.now() > deadline)
        throw new Error(`no recording of ${pid}:\n${recorder.#said}`);
      await pause(POLL_MS);
    }
    return recorder;
  }

  /** Seconds of CPU that the recorder has taken so far. */
  get cpu(): number {
    // proc_pid_stat(5): fields 14 and 15, counted behind the name in parentheses, which is the second.
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  async stop(): Promise<Recorded> {
    this.#child.kill('SIGINT');
    const status = await this.#exit;
    const events = /: (\d+) events of/.exec(this.#said)?.[1];
    const stopped = /stopped for (\d+) ms/.exec(this.#said)?.[1];
    if (status !== 0 || events === undefined || stopped === undefined)
      throw new Error(`the recording failed (${status}):\n${this.#said}`);
    return {
      events: Number(events),
      lost: Number(/(\d+) events were lost/.exec(this.#said)?.[1] ?? 0),
      stopped: Number(stopped),
      file: this.#file,
    };
  }
}

/** Its text is changed, and it goes on. */
export function isProbed(pid: number, text: Buffer): boolean {
  return (
    !mappedText(pid).equals(text) && /^TracerPid:\t0$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  );
}
