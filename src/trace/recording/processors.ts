import { EVENT } from '../events.ts';
import type { TraceBuilder } from '../trace-builder.ts';

/** Who has which P, as far as the records tell; what they do not, follows from where things happen. */
export class Processors {
  readonly #builder: TraceBuilder;
  /** Thread by P; −1 if it is idle. */
  readonly #thread: number[] = [];
  readonly #tenancy: number[] = [];
  /** The victim of the last attempt to steal, by thread. */
  readonly #victim = new Map<number, number>();

  constructor(builder: TraceBuilder) {
    this.#builder = builder;
  }

  /** How often it has changed hands. */
  tenancy(processor: number): number {
    return this.#tenancy[processor] ?? 0;
  }

  /** The P that a thread has; −1: none. */
  of(thread: number): number {
    return this.#thread.indexOf(thread);
  }

  /** What a P does when the trace begins. */
  known(processor: number, thread: number, status: number): void {
    this.#thread[processor] = thread;
    this.#builder.add(EVENT.procKnown, 0, 0, { proc: processor, thread, a: status });
  }

  /** Something happens on a thread with a P. */
  see(time: number, processor: number, thread: number): void {
    if (processor >= 0 && this.#thread[processor] !== thread) this.acquire(time, processor, thread);
  }

  acquire(time: number, processor: number, thread: number): void {
    const before = this.#thread[processor] ?? -1;
    if (before >= 0) {
      if (before === thread) this.#builder.add(EVENT.procStop, time, 0, { proc: processor, thread });
      else this.#builder.add(EVENT.procStolen, time, 0, { proc: processor, thread, a: before });
    }
    this.#thread[processor] = thread;
    this.#tenancy[processor] = this.tenancy(processor) + 1;
    this.#builder.add(EVENT.procStart, time, 0, { proc: processor, thread });
  }

  release(time: number, processor: number, thread: number): void {
    if (processor < 0 || this.#thread[processor] !== thread) return;
    this.#thread[processor] = -1;
    this.#tenancy[processor] = this.tenancy(processor) + 1;
    this.#builder.add(EVENT.procStop, time, 0, { proc: processor, thread });
  }

  steal(thread: number, victim: number): void {
    this.#victim.set(thread, victim);
  }

  /** From which P a thread has what it runs next, which became runnable on `origin`; −1 if it was not stolen. */
  stolenFrom(thread: number, processor: number, origin: number): number {
    const victim = this.#victim.get(thread);
    this.#victim.delete(thread);
    return victim !== undefined && victim === origin && victim !== processor ? victim : -1;
  }

  forget(): void {
    this.#thread.fill(-1);
    this.#victim.clear();
  }
}
