import type { LiveTarget } from '../../target/index.ts';
import type { StopCause } from '../stop.ts';
import type { TrapSites } from '../trap-sites.ts';
import type { CallTracer } from './call-tracer.ts';

/** A process that is to run with probes in it. */
export interface ProbedProgram {
  readonly target: LiveTarget;
  readonly traps: TrapSites;
  /** See Debugger.watchEvents. */
  watchEvents(watcher: () => undefined): () => void;
}

/** Whoever can see calls without stopping the thread that makes them. */
export interface CallProbes {
  /**
   * The program is stopped: from now on it sees the calls of those of them that it can, in place of their traps.
   * Undefined: of none. `onMissing`: some could not be seen.
   */
  begin(one: ProbedProgram, tracers: readonly CallTracer[], onMissing: () => void): ProbedCalls | undefined;
}

export interface ProbedCalls {
  /** Tells what has been seen up to now. */
  catchUp(): void;
  /** The program has stopped, or is gone: what was seen is told, and all is as it was before. */
  end(): void;
}

/** Calls that stop their thread until it is worth while to put probes in and take them out again. */
const HOT = 32;
/** So many times as many before that is tried again: somebody may have stood in the way. */
const PATIENCE = 2;

/** Notices that traps of tracepoints are hit often while a program runs, and has them replaced then. */
export class HotCalls {
  readonly #target: Pick<LiveTarget, 'requestStop'>;
  /** Calls that are still to come. */
  #left = Infinity;
  /** To stop, so that they can be replaced. */
  #asked = false;
  #probed: ProbedCalls | undefined;

  constructor(target: Pick<LiveTarget, 'requestStop'>) {
    this.#target = target;
  }

  /** A thread was stopped for a call that could be seen otherwise, and stands where it begins. */
  began(): void {
    this.#left--;
    // Where a probe is to be nobody may stand that has been told of: its end is better, but it may be far, or not come.
    if (this.#left <= -HOT) this.#ask();
  }

  /** A thread was stopped for the end of such a call. */
  returned(): void {
    if (this.#left <= 0) this.#ask();
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#target.requestStop();
  }

  /** What was seen before something that a thread was stopped for is told before it. */
  catchUp(): void {
    this.#probed?.catchUp();
  }

  /** Runs the program (`once`) until there is a reason to stop. */
  run(once: () => StopCause[], begin: () => ProbedCalls | undefined): StopCause[] {
    try {
      for (let patience = HOT; ; patience *= PATIENCE) {
        this.#left = this.#probed === undefined ? patience : Infinity;
        this.#asked = false;
        const causes = once();
        if (causes.length > 0 || !this.#asked) return causes;
        this.#probed = begin();
      }
    } finally {
      this.#left = Infinity;
      this.#probed?.end();
      this.#probed = undefined;
    }
  }
}
