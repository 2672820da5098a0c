import type { Goid, RuntimeAddress, ThreadId } from '../base/index.ts';
import type { Type } from '../image/index.ts';
import type { Target, Thread } from '../target/index.ts';
import type { DeferredCall, Frame, Location, Stack } from './frame.ts';
import type { Goroutine } from './goroutine.ts';
import type { WaitGraph } from './wait-graph/graph.ts';
import type { LockHolder } from './wait-graph/lock-holders.ts';
import type { GraphProgress } from './wait-graph/program-graph.ts';

/**
 * A target seen with Go's eyes. One is made per target (`openProgram`); what it caches of the program's state holds
 * until `refresh`, and so do the goroutines, stacks and verdicts that it gave out. For a program without a Go runtime `runtime` is undefined, and what needs it throws a UserError.
 */
export interface Program {
  readonly target: Target;
  /** Go's version and how the runtime was read, or undefined: not a Go program. */
  readonly runtime: RuntimeFacts | undefined;

  /** All goroutines in allgs order or nearly in that of their numbers, without dead ones unless asked for; read in bulk, in slices, so output can flow. */
  goroutines(options?: ListOptions): Iterable<Goroutine>;
  /** Length of allgs: an upper bound for progress. */
  goroutineCount(): number;
  goroutine(id: Goid): Goroutine | undefined;
  /** The goroutine that a thread runs (curg), if any. */
  goroutineOn(thread: ThreadId): Goroutine | undefined;
  /** Its number, read from the thread itself: in two or three reads, without any list, even while others run. */
  goidOn(thread: Thread): Goid | undefined;

  /** What it takes to follow that goroutine as it runs; undefined as for `goidOn`. */
  runningOn(thread: Thread): RunningGoroutine | undefined;

  stackOf(goroutine: Goroutine, depth: number): Stack;
  stackOfThread(thread: ThreadId, depth: number): Stack;
  deferredCalls(goroutine: Goroutine): readonly DeferredCall[];
  /** Who waits for whom; `progress` may throw to end it. */
  waitGraph(progress: GraphProgress): WaitGraph;
  /** Who holds what others wait for, among those that wait: for a program that may be running. */
  lockHolders(): readonly LockHolder[];
  /** Names a code address: function, file and line (innermost inlined call). */
  locate(pc: RuntimeAddress, isReturnAddress: boolean): Location;
  /** A type by name, over all modules: full name, or package-shortened when that is unambiguous. */
  typeNamed(name: string): Type | undefined;
  /** The dynamic type at a `runtime._type` address. */
  typeAt(runtimeType: RuntimeAddress): Type | undefined;
  /** What killed it, told from the runtime's own structures. */
  verdict(): Verdict;
  /** The target has run, was written or has loaded code: drops what was kept of its state, and keeps the rest. */
  refresh(): void;
}

export interface ListOptions {
  readonly dead?: boolean;
  /** Each ten thousand of allgs in the order of their numbers; the first ones are fewer, and come at once. */
  readonly byId?: boolean;
  /**
   * What will be read of each goroutine: the top of its stack (`userLocation`), the first sudog (`blockedOn`). It then
   * comes in few long reads.
   */
  readonly reads?: readonly ('stack' | 'sudog')[];
}

/** A goroutine as it is on a thread, for whoever follows it, without any list. Methods read anew. */
export interface RunningGoroutine {
  readonly id: Goid;
  /** Of its `runtime.g`. */
  readonly address: RuntimeAddress;
  /**
   * Bounds of its stack when this was asked for. It moves when it grows: places in it are known by their distance from
   * `high`.
   */
  readonly stack: { readonly low: number; readonly high: number };
  /** Where it goes on when it is scheduled or a panic has been recovered (`g.sched`). */
  saved(): { readonly pc: RuntimeAddress; readonly sp: number };
  /** Whether a panic or Goexit is under way (`g._panic`). */
  unwinds(): boolean;
  /**
   * The stack pointer of the frame whose deferred call a panic or Goexit is about to make; undefined if there is no
   * panic or that is not known (a stripped binary).
   */
  deferringSp(): number | undefined;
}

export interface RuntimeFacts {
  /** `go1.26.8`. */
  readonly version: string;
  /** Where struct layouts came from: DWARF, or the table of known layouts when the binary is stripped. */
  readonly layouts: 'dwarf' | 'table';
}

export interface Verdict {
  readonly signal:
    | {
        readonly number: number;
        readonly name: string;
        readonly meaning: string;
        /** si_code in words, where it says more than the signal: SEGV_MAPERR, SI_USER. */
        readonly code: { readonly name: string; readonly meaning: string } | undefined;
        /** Who sent it, if it was sent; 0 where he is outside of the process' namespace. */
        readonly sender: { readonly pid: number; readonly uid: number } | undefined;
      }
    | undefined;
  /** si_addr and what stands there. */
  readonly fault: { readonly address: RuntimeAddress; readonly what: string } | undefined;
  /** Panics in flight, the newest first. */
  readonly panics: readonly PanicFacts[];
  /** `fatal error: …` of runtime.throw / fatal, if one was thrown. */
  readonly fatal: string | undefined;
  readonly thread: ThreadId;
  readonly goroutine: Goroutine | undefined;
  /** The frame to show: the innermost of the user's code, where the signal or panic came from. */
  readonly frame: Frame | undefined;
  readonly counts: { readonly total: number; readonly byState: ReadonlyMap<string, number> } | undefined;
}

/** One `runtime._panic`. */
export interface PanicFacts {
  /** Where its argument (an `eface`) stands: the layer above shows it as a Go value. */
  readonly argument: RuntimeAddress;
  /** Name of the argument's dynamic type, from DWARF or from `_type.str`. */
  readonly type: string | undefined;
  /**
   * The argument in the words the runtime would print (printpanicval: strings, numbers, runtime errors such as
   * `index out of range [5] with length 3`); undefined where that needs code to run (Error methods).
   */
  readonly text: string | undefined;
  readonly recovered: boolean;
  readonly goexit: boolean;
}
