import type { Trace } from '../trace.ts';
import { TraceBuilder } from '../trace-builder.ts';
import { Clock, type Moment } from './clock.ts';
import { EventStream, type Patience } from './event-stream.ts';
import type { Interpretation } from './interpreter.ts';

/**
 * A thread that is descheduled between looking at the clock and finishing its record comes so much late, on a machine
 * with several that want each CPU; seldom more.
 */
const PATIENCE: Patience = { late: 50e6, unnamed: 100e6 };

export interface LiveInput extends Omit<Interpretation, 'clock'> {
  readonly start: Moment;
}

/** Turns records into events while they come, a blink of an eye behind, and takes them out of the log. */
export class LiveEvents {
  readonly #builder = new TraceBuilder({ writer: 'mattock', format: '1', name: '' });
  readonly #clock: Clock;
  readonly #stream: EventStream;

  constructor(input: LiveInput, now: Moment) {
    this.#clock = new Clock(input.start, now);
    this.#stream = new EventStream(this.#builder, { ...input, clock: this.#clock }, PATIENCE);
  }

  /** What has happened since the last time. The events are valid until the next call; `last`: nothing more comes. */
  take(now: Moment, last = false): Trace {
    this.#builder.clear();
    this.#stream.interpreter.forgetObjects();
    this.#clock.adjust(now);
    this.#stream.advance(this.#clock.time(now.ticks), last);
    return this.#builder.build();
  }
}
