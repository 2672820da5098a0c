import type { TraceBuilder } from '../trace-builder.ts';
import { type Interpretation, Interpreter } from './interpreter.ts';
import { FIELD } from './record-log.ts';

/** Nanoseconds. */
export interface Patience {
  /** By how much a record may be late; what comes later still is read out of its order. */
  readonly late: number;
  /** How long a goroutine whose id is not known yet holds everything back. */
  readonly unnamed: number;
}

/**
 * Reads the records of a log by and by and in the order of time: those that no other can come in front of any more. What was
 * read is taken out of the log.
 */
export class EventStream {
  readonly interpreter: Interpreter;
  readonly #input: Interpretation;
  readonly #patience: Patience;
  /** Records that have come and were not read, by time; and the first that was not looked at. */
  #waiting = new Uint32Array(0);
  #next = 0;
  #begun = false;

  constructor(builder: TraceBuilder, input: Interpretation, patience: Patience) {
    this.#input = input;
    this.#patience = patience;
    this.interpreter = new Interpreter(builder, input);
  }

  /** How many records are held back. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Reads what is ready at a time of the trace; `last`: nothing more comes. */
  advance(time: number, last: boolean): void {
    this.#take(time, last, (ready, all) => {
      if (!this.#begun && (ready.length > 0 || last)) {
        this.#begun = true;
        this.interpreter.begin(all);
      }
      this.interpreter.read(ready);
    });
  }

  /** Finds who is to be followed in what is ready, and reads nothing. */
  follow(time: number, last: boolean): void {
    const { followed } = this.#input;
    if (followed !== undefined) this.#take(time, last, (ready) => this.interpreter.follow(ready, followed));
  }

  #take(time: number, last: boolean, use: (ready: Uint32Array, all: Uint32Array) => void): void {
    const { log } = this.#input;
    const all = this.#pending();
    const named = this.interpreter.named(all);
    const ready = last ? all.length : this.#ready(all, named, time);
    use(all.subarray(0, ready), all);
    this.#waiting = all.slice(ready);
    log.release(this.#waiting.reduce((least, each) => Math.min(least, each), log.count));
  }

  #pending(): Uint32Array {
    const { log } = this.#input;
    const order = new Uint32Array(this.#waiting.length + log.count - this.#next);
    order.set(this.#waiting);
    for (let i = this.#waiting.length; i < order.length; i++) order[i] = this.#next++;
    return log.sorted(order);
  }

  /** How many from the beginning no other can come in front of. */
  #ready(order: Uint32Array, named: number, time: number): number {
    const before = this.#countBefore(order, time - this.#patience.late);
    if (named >= before) return before;
    return time - this.#timeOf(order[named]!) > this.#patience.unnamed ? before : named;
  }

  #countBefore(order: Uint32Array, time: number): number {
    let count = order.length;
    while (count > 0 && this.#timeOf(order[count - 1]!) > time) count--;
    return count;
  }

  #timeOf(record: number): number {
    return this.#input.clock.time(this.#input.log.get(record, FIELD.time));
  }
}
