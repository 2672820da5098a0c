import type { Goid, RuntimeAddress } from '../../base/index.ts';
import type { SourcePosition } from '../../image/index.ts';

/** A place in the code that a breakpoint means. */
export interface BreakpointPlace {
  readonly address: RuntimeAddress;
  readonly function: string | undefined;
  readonly position: SourcePosition | undefined;
}

/** Finds a breakpoint's places in the program as it is now; empty: its code is not there (yet). */
export type FindPlaces = () => readonly BreakpointPlace[];

export interface BreakpointRequest {
  readonly name?: string;
  /** What the user typed to say where. */
  readonly location: string;
  readonly places: FindPlaces;
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
  readonly hits: number;
  readonly hitsByGoroutine: ReadonlyMap<Goid, number>;
}
