import type { Host, Recorded, RecordRequest } from '../../commands/index.ts';
import type { Debugger, ProbedProgram, StopCause } from '../../debugger/index.ts';
import { type Kernel, ProcessTarget } from '../../target/index.ts';
import { openTimestampCounter, type TimestampMoment } from '../linux/timestamp.ts';
import { StoppedBefore } from '../trace/held-probes.ts';
import { Recording } from '../trace/recording.ts';
import { RunSlice } from '../trace/run-slice.ts';

const DRAIN_EVERY_MS = 5;
/** Putting events together costs a look at the clocks. */
const TELL_EVERY_MS = 20;
/** Between two attempts to put the probes in. */
const MOMENT_MS = 2;

/**
 * Records what goroutines do in a program of this session: probes are put in while it is stopped, the debugger lets it run,
 * and the ring is emptied whenever there is nothing to wait for.
 */
export class SessionRecorder {
  /** With this as its idle hook. */
  kernel!: Kernel;
  /** What is done while the program runs; undefined: we sleep until something happens. */
  work: (() => void) | undefined;
  readonly #host: Pick<Host, 'cancelled'>;
  readonly #slice = new RunSlice();
  #now: (() => TimestampMoment) | undefined;

  /** Undefined: `prepare` was not asked for. */
  get now(): (() => TimestampMoment) | undefined {
    return this.#now;
  }

  constructor(host: Pick<Host, 'cancelled'>) {
    this.#host = host;
  }

  /** The time for which the program was to run has gone by. */
  get over(): boolean {
    return this.work !== undefined && this.#slice.over;
  }

  /** Told which process runs; 0: none. */
  runs(pid: number): void {
    if (pid !== 0) this.#slice.pid = pid;
  }

  async prepare(): Promise<void> {
    this.#now ??= await openTimestampCounter();
  }

  record(one: Debugger, request: RecordRequest): Recorded {
    const { target } = one;
    const now = this.#now;
    if (now === undefined || !(target instanceof ProcessTarget)) throw new Error('nothing is prepared');
    let causes: StopCause[] = [];
    const letRun = (): boolean => {
      causes = this.#run(one, MOMENT_MS, () => {});
      return causes.every(({ kind }) => kind === 'time');
    };
    // Traps that are there whenever it runs are to be there before it is asked where they are.
    one.breakpoints.armStanding();
    let recording: Recording;
    try {
      recording = Recording.within({ kernel: this.kernel, now, target, letRun }, request);
    } catch (error) {
      if (!(error instanceof StoppedBefore)) throw error;
      const notes = ['nothing was recorded: the program was never out of the places where probes are to be'];
      return { stop: one.settle(causes), nanoseconds: 0, followed: 0, lost: 0, notes };
    }
    causes = this.#recorded(one, recording, request);
    const { seconds, followed, status, missing, notes } = recording;
    return {
      stop: one.settle(causes),
      nanoseconds: seconds * 1e9,
      followed,
      lost: status.lost,
      notes: [...missing.map((what) => `not recorded: ${what}`), ...notes],
    };
  }

  #recorded(one: Debugger, recording: Recording, { nanoseconds, tell }: RecordRequest): StopCause[] {
    const live = recording.live(true);
    let nextTell = 0;
    const drain = (): void => {
      recording.drain();
      if (performance.now() < nextTell) return;
      tell(live.take());
      nextTell = performance.now() + TELL_EVERY_MS;
    };
    let causes: StopCause[];
    try {
      causes = this.#run(one, nanoseconds === undefined ? Infinity : nanoseconds / 1e6, drain);
    } finally {
      // The program is stopped: it is done when this returns.
      void recording.stop();
    }
    tell(live.take());
    return causes;
  }

  /** Does `drain` every few milliseconds while the program runs; gives how to end that. */
  whileRunning(one: ProbedProgram, drain: () => void, milliseconds = Infinity): () => void {
    const slice = this.#slice;
    slice.begin(one.target.process.pid ?? 0, milliseconds);
    let next = 0;
    const work = (): void => {
      if (performance.now() < next) return;
      drain();
      next = performance.now() + DRAIN_EVERY_MS;
    };
    this.work = () => {
      work();
      slice.idle();
    };
    const unwatch = one.watchEvents(() => {
      work();
      slice.happened();
      return undefined;
    });
    return () => {
      unwatch();
      this.work = undefined;
    };
  }

  /** Until something stops it, or so much time has gone by. */
  #run(one: Debugger, milliseconds: number, drain: () => void): StopCause[] {
    const stopWork = this.whileRunning(one, drain, milliseconds);
    try {
      const causes = one.run({ kind: 'all' });
      const isTime = this.#slice.over && !this.#host.cancelled();
      return causes.map((cause) => (cause.kind === 'interrupt' && isTime ? { kind: 'time' } : cause));
    } finally {
      stopWork();
    }
  }
}
