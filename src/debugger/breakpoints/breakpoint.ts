import type { RuntimeAddress } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';
import type { SourcePosition } from '../../image/index.ts';
import type { WatchFacts, WatchRequest } from '../watch/watchpoint.ts';

/** A place in the code that a breakpoint means. */
export interface BreakpointPlace {
  readonly address: RuntimeAddress;
  readonly function: string | undefined;
  readonly position: SourcePosition | undefined;
}

/** Finds a breakpoint's places in a program as it is now; empty: its code is not there (yet). */
export type FindPlaces = (program: Program) => readonly BreakpointPlace[];

/** A place where its condition cannot be evaluated, an inlined copy without a variable, say: it does not stop there. */
export interface RefusedPlace {
  readonly place: BreakpointPlace;
  readonly why: string;
}

export interface BreakpointRequest {
  readonly name?: string;
  /** What the user typed to say where. */
  readonly location: string;
  readonly places: FindPlaces;
  readonly condition?: string;
  /** It is no place in the code: memory is watched. */
  readonly watch?: WatchRequest;
  /** Tell of it instead of stopping: calls of functions with arguments and results. */
  readonly trace?: TraceRequest;
}

export interface TraceRequest {
  /** Frames of the stack that are told with each call. */
  readonly depth: number;
}

/** On which hits to stop: those whose number stands so to `count`. */
export interface HitCondition {
  readonly operator: '==' | '!=' | '<' | '<=' | '>' | '>=' | '%';
  readonly count: number;
  /** Each goroutine's hits are counted by themselves. */
  readonly perGoroutine: boolean;
}

/** A breakpoint of the user, or one of those that are always there (`unrecovered-panic`). */
export interface Breakpoint {
  /** From 1; negative for those that are always there. */
  readonly id: number;
  readonly name: string | undefined;
  readonly location: string;
  /** Empty: pending. */
  readonly places: readonly BreakpointPlace[];
  readonly enabled: boolean;
  /** Of memory that is watched; `places` is empty then. */
  readonly watch: WatchFacts | undefined;
  /** An expression; only hits for which it is true are hits. */
  readonly condition: string | undefined;
  readonly refused: readonly RefusedPlace[];
  readonly hitCondition: HitCondition | undefined;
  readonly trace: TraceRequest | undefined;
  /** Commands that are run at every stop there. */
  readonly actions: readonly string[];
  readonly hits: number;
}

/** Whether the hit with this number (from 1) is one to stop at. Delve's -hitcount: `% n` is every n-th. */
export function meetsHitCondition({ operator, count }: HitCondition, hits: number): boolean {
  switch (operator) {
    case '==':
      return hits === count;
    case '!=':
      return hits !== count;
    case '<':
      return hits < count;
    case '<=':
      return hits <= count;
    case '>':
      return hits > count;
    case '>=':
      return hits >= count;
    default:
      return hits % count === 0;
  }
}
