import type { State } from './events.ts';
import type { Violation } from './trace.ts';

/**
 * The lives of goroutines: what each was doing from when to when, as columns, by goroutine and then by time. This is
 * what analyses, the timeline and profiles read. Spans of one goroutine touch: the end of one is the start of the next.
 */
export interface Lives {
  readonly goroutines: readonly Life[];
  readonly spans: Spans;
  /** Transitions that do not follow from the state before: events are missing, or wrong. Empty for a sound trace. */
  readonly violations: readonly Violation[];
}

export interface Life {
  readonly id: number;
  /** Its spans are [first, end) of `spans`. */
  readonly first: number;
  readonly end: number;
  /** Undefined: it was there before the trace, or is after. */
  readonly created: number | undefined;
  readonly ended: number | undefined;
  /** Who created it, 0 if not seen. */
  readonly creator: number;
  /** Where (stack id of the creator). */
  readonly createdAt: number;
  /** Name of the function that it began in, if known. */
  readonly entry: string | undefined;
}

export interface Spans {
  readonly count: number;
  /** Index into `Lives.goroutines`. */
  readonly life: Uint32Array;
  readonly start: Float64Array;
  /** The trace's end where it was still so. */
  readonly end: Float64Array;
  readonly state: Uint8Array;
  /** String id: why it waits, or why it is runnable again without having waited. 0: none. */
  readonly reason: Uint32Array;
  /** Object id. */
  readonly object: Uint32Array;
  /** Where it waits, entered the system call or was stopped (runnable); else 0. */
  readonly stack: Uint32Array;
  /** P on which it ran or from which it went into the system call, −1 otherwise. */
  readonly proc: Int32Array;
  /** Of a span that another goroutine ended (waiting): who, and where that one was. 0: nobody that is known. */
  readonly endedBy: Float64Array;
  readonly endedAt: Uint32Array;
  /** Bytes: bit 0: the span began before the trace; bit 1: it lasts beyond it; bit 2: stolen by another P (running). */
  readonly flags: Uint8Array;
}

export const SPAN_FLAG = { openStart: 1, openEnd: 2, stolen: 4 } as const;

/** A span's state, typed. */
export function stateOf(spans: Spans, index: number): State {
  return spans.state[index] as State;
}
