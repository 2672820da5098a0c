import type { Goid, RuntimeAddress, ThreadId } from '../base/index.ts';
import type { ProcessEnd, SignalInfo } from '../target/index.ts';
import type { Breakpoint } from './breakpoints/breakpoint.ts';
import type { FinishedCall } from './calls/finished-call.ts';
import type { CallValue } from './tracing/call-plan.ts';
import type { WatchHit } from './watch/watchpoint.ts';

interface HitNumber {
  readonly total: number;
  readonly ofGoroutine: number;
}

/** A hit of a breakpoint or of a watch. */
interface Hit {
  readonly breakpoint: Breakpoint;
  readonly thread: ThreadId;
  readonly goid: Goid | undefined;
  /** Where the thread stands: for a watch's reads and writes behind the instruction, which its `hit.pc` names. */
  readonly address: RuntimeAddress;
  /** The number of this hit, and among those of its goroutine: meanwhile there may have been others. */
  readonly number: HitNumber;
  /** Its condition could not be evaluated: why. */
  readonly problem: string | undefined;
}

/** Why the program stopped. Several things may have happened at once. */
export type StopCause =
  | (Hit & { readonly kind: 'breakpoint' })
  /** A watch noticed an access. */
  | (Hit & { readonly kind: 'watchpoint'; readonly hit: WatchHit })
  /** What was watched is gone, and the watch with it. */
  | {
      readonly kind: 'watch-ended';
      readonly breakpoint: Breakpoint;
      readonly thread: ThreadId;
      readonly why: string;
    }
  /** A step (`next`, `step`, `stepout`…) has reached its end. */
  | {
      readonly kind: 'step';
      readonly thread: ThreadId;
      /** It came to the end of this goroutine. */
      readonly endOf?: Goid;
      /** The function that has just returned to where the step ended. */
      readonly returned?: { readonly function: string | undefined; readonly values: readonly CallValue[] };
    }
  /** The functions that a command called have returned. */
  | { readonly kind: 'call'; readonly thread: ThreadId; readonly call: FinishedCall }
  /** A trap instruction in the program itself: runtime.Breakpoint. */
  | { readonly kind: 'own-trap'; readonly thread: ThreadId; readonly address: RuntimeAddress }
  | { readonly kind: 'signal'; readonly thread: ThreadId; readonly info: SignalInfo }
  /** The user asked for it. */
  | { readonly kind: 'interrupt' }
  /** It was to run for so long. */
  | { readonly kind: 'time' }
  | { readonly kind: 'exec'; readonly thread: ThreadId }
  /** Another process has stopped, and this one with it. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'ended'; readonly end: ProcessEnd };

/** What stopped another process at the same time. */
export interface OtherStop {
  readonly pid: number;
  readonly causes: readonly StopCause[];
}

/** Of the process that is selected now. */
export interface Stop {
  /** At least one; in the order in which they were noticed. */
  readonly causes: readonly StopCause[];
  /** The thread that the first cause is about; where it is about none, one that runs a goroutine of the user's if there is one. */
  readonly thread: ThreadId;
  readonly others: readonly OtherStop[];
}
