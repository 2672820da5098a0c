import { TargetFault } from '../../base/index.ts';
import type { Decision, TargetEvent } from '../live.ts';
import type { Kernel } from './kernel.ts';
import type { ProcessThread } from './process-thread.ts';
import type { ThreadTable } from './thread-table.ts';

export type Decide = (event: TargetEvent) => Decision;

/** Whoever is about to stop for good lets everything pass. */
export const RESUME: Decide = () => 'resume';

/** What a thread told while all were stopped for a moment. */
interface Postponed {
  readonly thread: number;
  deal(): void;
}

/** What the loop of one process is doing, as its parts see it. */
export class LoopState {
  /** Is asked about each event. */
  decide: Decide = RESUME;
  /** No thread is to go on: the process stands, or is being stopped. */
  stopping = true;
  /** `run` is on. */
  running = false;
  /** Somebody who decides about an event wants the run to end. */
  stopWanted = false;
  stopRequested = false;
  ended = false;
  /** The thread that is stepped, if one is. */
  stepping: ProcessThread | undefined;
  /** The only one that may run. */
  alone: ProcessThread | undefined;
  /** A thread was killed: either the whole process is, or another thread runs execve. The report of that will come. */
  dying = false;
  /** The program was stopped by job control: SIGSTOP does not wake us then. */
  jobStopped = false;
  /** Everybody is stopped for a moment. */
  paused = false;
  /** To be dealt with before anything else is waited for. */
  readonly postponed: Postponed[] = [];
  readonly #kernel: Kernel;
  readonly #threads: ThreadTable;

  constructor(kernel: Kernel, threads: ThreadTable) {
    this.#kernel = kernel;
    this.#threads = threads;
  }

  /**
   * Threads that we take for stopped and that are not: they were killed, and are to report it. False: there is none.
   */
  noticeDeaths(): boolean {
    const registers = new Uint8Array(this.#threads.all[0]?.general.bytes.length ?? 0);
    const dead = this.#threads.all.filter(
      ({ id, state }) => state === 'stopped' && !this.#kernel.getRegisters(id, registers),
    );
    for (const thread of dead) thread.state = 'running';
    return dead.length > 0;
  }

  /**
   * A thread may be killed at any moment, and what is asked of it fails then: that is no failure of the run. False: it
   * was so.
   */
  survive(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (!(error instanceof TargetFault) || !this.noticeDeaths()) throw error;
      return false;
    }
  }
}
