import type { Probes, RecordSink } from '../../probe/index.ts';
import { RingReader, WindowBusy } from '../../probe/index.ts';
import type { Kernel, ProcessTarget } from '../../target/index.ts';
import type { TimestampMoment } from '../linux/timestamp.ts';
import { probeTarget } from './probe-port.ts';
import {
  ATTEMPTS,
  fillWithZeros,
  giveProbes,
  interruptedPlaces,
  type ProbeOrder,
  type ProbePlan,
  type ProbeStatus,
} from './probe-session.ts';

/** Instructions of a trampoline that a thread executes at most until it is out of it. */
const MOST_STEPS = 20_000;

/** A program that a debugger holds. */
export interface Held {
  readonly kernel: Kernel;
  readonly now: () => TimestampMoment;
  readonly target: ProcessTarget;
  /** Lets it run for a moment. False: it has stopped by itself, or has ended. */
  readonly letRun: () => boolean;
}

/** The program stopped, for whatever reason, before the probes were in. */
export class StoppedBefore extends Error {}

/**
 * Probes in a program that stays under a debugger, which has stopped it when they are put in and when they are taken out,
 * and sees to its traps in between: none may stand where a probe is.
 */
export class HeldProbes<Plan extends ProbePlan, Seen> {
  readonly pid: number;
  readonly plan: Plan;
  readonly kernel: Kernel;
  readonly now: () => TimestampMoment;
  readonly started: TimestampMoment;
  readonly seen: Seen | undefined;
  readonly stoppedMs = 0;
  readonly #target: ProcessTarget;
  readonly #lossless: boolean;
  readonly #executable: unknown;
  readonly #probes: Probes;
  readonly #reader: RingReader;
  readonly #closeRing: () => void;
  #closed = false;

  /** Throws StoppedBefore. */
  constructor(held: Held, order: Omit<ProbeOrder<Plan, Seen>, 'subject'>) {
    const { kernel, now, target } = held;
    this.kernel = kernel;
    this.now = now;
    this.pid = target.pid;
    this.plan = order.plan(target, kernel);
    this.#target = target;
    this.#lossless = order.lossless;
    this.#executable = target.modules.executable;
    const { probes, ringBytes, closeRing } = giveProbes(kernel, target, order, this.plan);
    this.#probes = probes;
    this.#closeRing = closeRing;
    try {
      fillWithZeros(probes.ring, ringBytes);
      probes.populate(probeTarget(kernel, target));
      target.reserveText(
        probes.sites.map(({ name, address, original }) => ({
          name,
          start: address,
          end: address + original.length,
          original,
        })),
      );
      this.#install(held, order);
      this.seen = this.#look(order);
      this.started = now();
      this.#reader = new RingReader(probes.ring, ringBytes, () => now().ticks);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  get status(): ProbeStatus {
    const { records, position, lost, waits, givenUp } = this.#reader;
    return { events: records, bytes: position, lost, waits, gaveUp: givenUp };
  }

  /** Whether the program has ended, or is another one now. */
  get ended(): boolean {
    return this.#target.ended !== undefined || this.#target.modules.executable !== this.#executable;
  }

  /**
   * Takes what has come, until it is `enough`. To be called often while the program runs: the ring is finite. False:
   * something was begun before that has not come.
   */
  drain(sink: RecordSink, enough?: () => boolean): boolean {
    return this.#closed || this.#reader.drain(sink, false, enough);
  }

  /**
   * The program has stopped: takes the probes out, and what is left in the ring. It is done when this returns; nobody is in
   * a trampoline then. Idempotent.
   */
  stop(sink: RecordSink): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      try {
        if (!this.ended) {
          // Who has begun a record is to end it, for which there must be room; otherwise who waits for room is to go on.
          if (this.#lossless) this.#reader.drain(sink);
          else this.#reader.switchOff();
          this.#restore();
          this.#reader.switchOff();
        }
        this.#reader.drain(sink, true);
      } finally {
        this.#release();
      }
    }
    return Promise.resolve();
  }

  #install(held: Held, { preemptible }: Pick<ProbeOrder<Plan, Seen>, 'preemptible'>): void {
    const { kernel, target } = held;
    for (let attempt = 1; ; attempt++) {
      try {
        this.#probes.install(probeTarget(kernel, target), preemptible ? interruptedPlaces(target) : []);
        return;
      } catch (error) {
        if (!(error instanceof WindowBusy)) throw error;
        if (attempt === ATTEMPTS || !held.letRun()) throw new StoppedBefore();
      }
    }
  }

  #look({ look }: Pick<ProbeOrder<Plan, Seen>, 'look'>): Seen | undefined {
    try {
      return look?.(this.#target, this.plan, this.kernel);
    } catch (error) {
      this.#restore();
      throw error;
    }
  }

  /** The text is the program's own again, and who is in a trampoline goes on to its end: its place is in the text then too. */
  #restore(): void {
    const target = this.#target;
    this.#probes.restore(probeTarget(this.kernel, target));
    for (const thread of [...target.threads]) {
      for (let steps = 0; steps < MOST_STEPS && this.#probes.holds(thread.pc); steps++) {
        if (!target.executeOne(thread.id)) break;
      }
    }
  }

  /** Code and ring are taken away; where somebody comes back to the code from a signal handler, it stays. */
  #release(): void {
    const target = this.#target;
    try {
      if (this.ended || target.threads.length === 0) return;
      target.reserveText([]);
      const port = probeTarget(this.kernel, target);
      this.#probes.release(port, this.#probes.isUsed(port));
    } finally {
      this.#closeRing();
    }
  }
}
