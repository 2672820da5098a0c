import type { Events } from './events.ts';
import type { WaitObject } from './wait-object.ts';

/**
 * One execution trace in memory, whoever wrote it: events in the order in which they happened, and the tables that
 * they point into. Index 0 of every table means "none".
 *
 * Times are nanoseconds since the first event. Goroutine ids, Ps and threads are the program's own; −1 says that an
 * event had no P or no thread, 0 that it had no goroutine.
 */
export interface Trace {
  readonly source: TraceSource;
  /** The last event's time. */
  readonly duration: number;
  /** Unix time of time 0 in nanoseconds, where the trace says it (Go 1.25 and newer, and ours). */
  readonly startedAt: bigint | undefined;
  readonly events: Events;
  /** [0] is the empty string. */
  readonly strings: readonly string[];
  readonly stacks: Stacks;
  /** What goroutines waited for, where it is known. [0] is never asked for. */
  readonly objects: readonly (WaitObject | undefined)[];
  /**
   * What the reader or recorder found that does not follow from what was known of a goroutine, P or thread. Empty for a
   * sound trace. Breaks in a goroutine's chain of states are in `Lives.violations`.
   */
  readonly violations: readonly Violation[];
  /** What else there is to say of the trace as a whole: "the file ends within generation 3, …". */
  readonly notes: readonly string[];
  /** Of several processes, those that it is of, in the order in which they began; else empty. */
  readonly processes: readonly TraceProcess[];
}

/**
 * A process in a trace of several, from when it ran its program to its end or to when it ran another one. Each has ranges
 * of goroutine ids, Ps and, where processes count them for themselves, threads, which begin where those of the next do not.
 */
export interface TraceProcess {
  readonly pid: number;
  /** Who had made it, when it began to run its program. */
  readonly parent: number;
  readonly command: string;
  readonly begin: number;
  /** Undefined: it lived when the trace ended. */
  readonly end: number | undefined;
  /** Its goroutine 1 is this + 1 in the trace, its P 0 that, its thread 1 that + 1. */
  readonly firstGoroutine: number;
  readonly firstProcessor: number;
  readonly firstThread: number;
}

export interface TraceSource {
  readonly writer: 'go' | 'mattock';
  /** "1.26": the version in the header. */
  readonly format: string;
  /** Where it came from, for messages. */
  readonly name: string;
}

export interface Violation {
  /** Index into `events`, or of the event before the place. */
  readonly event: number;
  readonly what: string;
}

/** Call stacks, leaf first, inlined calls as frames of their own. */
export interface Stacks {
  readonly count: number;
  /** Frame ids of stack `id`; stack 0 has none. */
  frames(id: number): Uint32Array;
  frame(id: number): StackFrame;
  readonly frameCount: number;
}

export interface StackFrame {
  /** As the program ran; unique per inlined place only together with function and line. */
  readonly pc: number;
  readonly function: string;
  readonly file: string;
  readonly line: number;
}
