import type { Trace } from '../trace.ts';
import { TraceBuilder } from '../trace-builder.ts';
import { Clock, type Moment } from './clock.ts';
import { type Interpretation, Interpreter } from './interpreter.ts';
import { FIELD } from './record-log.ts';

/**
 * A thread that is descheduled between looking at the clock and finishing its record comes so much late, on a machine
 * with several that want each CPU; seldom more. What comes later still is told out of its order.
 */
const BEHIND_NS = 50e6;
/** How long a goroutine whose id is not known yet holds everything back. */
const PATIENCE_NS = 100e6;

export interface LiveInput extends Omit<Interpretation, 'clock'> {
  readonly start: Moment;
  /** What was told is forgotten: nobody will interpret the log as a whole. */
  readonly forget: boolean;
}

/** Turns records into events while they come, a blink of an eye behind. */
export class LiveEvents {
  readonly #input: LiveInput;
  readonly #builder = new TraceBuilder({ writer: 'mattock', format: '1', name: '' });
  readonly #clock: Clock;
  readonly #interpreter: Interpreter;
  /** Records that have come and were not told, by time; and the first that was not looked at. */
  #waiting = new Uint32Array(0);
  #next = 0;
  #begun = false;

  constructor(input: LiveInput, now: Moment) {
    this.#input = input;
    this.#clock = new Clock(input.start, now);
    this.#interpreter = new Interpreter(this.#builder, { ...input, clock: this.#clock });
  }

  /** What has happened since the last time. The events are valid until the next call; `last`: nothing more comes. */
  take(now: Moment, last = false): Trace {
    const { log } = this.#input;
    this.#builder.clear();
    this.#interpreter.forgetObjects();
    this.#clock.adjust(now);
    const order = this.#pending();
    const ready = last ? order.length : this.#ready(order, now);
    if (!this.#begun && (ready > 0 || last)) {
      this.#begun = true;
      this.#interpreter.begin(order);
    }
    this.#interpreter.read(order.subarray(0, ready));
    this.#waiting = order.slice(ready);
    if (this.#input.forget)
      log.release(this.#waiting.reduce((least, each) => Math.min(least, each), log.count));
    return this.#builder.build();
  }

  #pending(): Uint32Array {
    const { log } = this.#input;
    const order = new Uint32Array(this.#waiting.length + log.count - this.#next);
    order.set(this.#waiting);
    for (let i = this.#waiting.length; i < order.length; i++) order[i] = this.#next++;
    return log.sorted(order);
  }

  /** How many from the beginning no other can come in front of. */
  #ready(order: Uint32Array, now: Moment): number {
    const before = this.#countBefore(order, this.#clock.time(now.ticks) - BEHIND_NS);
    const named = this.#interpreter.named(order);
    if (named >= before) return before;
    const age = this.#clock.time(now.ticks) - this.#timeOf(order[named]!);
    return age > PATIENCE_NS ? before : named;
  }

  #countBefore(order: Uint32Array, time: number): number {
    let count = order.length;
    while (count > 0 && this.#timeOf(order[count - 1]!) > time) count--;
    return count;
  }

  #timeOf(record: number): number {
    return this.#clock.time(this.#input.log.get(record, FIELD.time));
  }
}
