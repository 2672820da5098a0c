/** A moment on two clocks: the processor's time stamp counter, and CLOCK_MONOTONIC in nanoseconds. */
export interface Moment {
  readonly ticks: number;
  readonly nanoseconds: number;
}

/** Turns ticks into nanoseconds of the trace, by two moments as far apart as the recording is long. */
export class Clock {
  readonly #start: Moment;
  #ratio = 0;

  /** `start` is time 0. */
  constructor(start: Moment, end: Moment) {
    this.#start = start;
    this.adjust(end);
  }

  /** A later moment than all before: from now on times are by it. */
  adjust(end: Moment): void {
    const start = this.#start;
    this.#ratio = (end.nanoseconds - start.nanoseconds) / (end.ticks - start.ticks);
  }

  time(ticks: number): number {
    return Math.max(0, (ticks - this.#start.ticks) * this.#ratio);
  }

  /** A number of ticks, in nanoseconds. */
  span(ticks: number): number {
    return ticks * this.#ratio;
  }

  /** Of the program's own clock, which is CLOCK_MONOTONIC (runtime·nanotime1). */
  ofMonotonic(nanoseconds: number): number {
    return nanoseconds - this.#start.nanoseconds;
  }
}
