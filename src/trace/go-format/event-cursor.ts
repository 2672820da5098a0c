import type { Batch } from './generations.ts';
import { Varints } from './varints.ts';
import { ARGUMENT_COUNT } from './wire.ts';

/** The events of one thread in one generation, one after the other. The current one is in the fields. */
export class EventCursor {
  readonly thread: number;
  readonly #batches: readonly Batch[];
  readonly #input: Varints;
  readonly #nanosecondsPerTick: number;
  readonly #whole: boolean;
  #batch = -1;
  kind = 0;
  time = 0;
  a = 0;
  b = 0;
  c = 0;
  d = 0;

  /** `whole`: times are whole nanoseconds, as Go's reader makes them; ours are finer, for the order of events. */
  constructor(
    thread: number,
    batches: readonly Batch[],
    source: { bytes: Uint8Array; file: string },
    nanosecondsPerTick: number,
    whole: boolean,
  ) {
    this.thread = thread;
    this.#batches = batches;
    this.#input = new Varints(source.bytes, source.file, 0, 0);
    this.#nanosecondsPerTick = nanosecondsPerTick;
    this.#whole = whole;
  }

  /** Goes to the next event; false at the end. */
  advance(): boolean {
    const input = this.#input;
    while (input.position >= input.end) {
      const batch = this.#batches[++this.#batch];
      if (batch === undefined) return false;
      input.position = batch.start;
      input.end = batch.end;
      this.time = this.#nanoseconds(batch.time);
    }
    const kind = input.bytes[input.position++]!;
    const count = ARGUMENT_COUNT[kind]!;
    if (count < 0) throw input.error(`no event is of kind ${kind}`, input.position - 1);
    this.kind = kind;
    this.time += this.#nanoseconds(input.next());
    if (count > 0) this.a = input.next();
    if (count > 1) this.b = input.next();
    if (count > 2) this.c = input.next();
    if (count > 3) this.d = input.next();
    return true;
  }

  #nanoseconds(ticks: number): number {
    const nanoseconds = ticks * this.#nanosecondsPerTick;
    return this.#whole ? Math.trunc(nanoseconds) : nanoseconds;
  }
}
