import type { Goid, RuntimeAddress, ThreadId } from '../base/index.ts';
import type { Location } from './frame.ts';
import type { GOROUTINE_STATES } from './runtime-facts/constants.ts';

/** runtime/runtime2.go: `_Gidle` … `_Gpreempted`, without the scan bit. */
export type GoroutineState = (typeof GOROUTINE_STATES)[number];

/**
 * One goroutine. Cheap fields come from one read of its `runtime.g`; those that need a stack walk or more
 * memory (`userLocation`, `labels`, `blockedOn`) are getters, computed when asked for.
 */
export interface Goroutine {
  readonly id: Goid;
  /** Address of its `runtime.g`. */
  readonly address: RuntimeAddress;
  readonly state: GoroutineState;
  /** _Gscan is set: the collector holds the goroutine's state. */
  readonly scanning: boolean;
  /** The runtime's words: `chan receive`, `select`, `sync.Mutex.Lock`; undefined unless waiting. */
  readonly waitReason: string | undefined;
  /**
   * Nanoseconds since `g.waitsince`, which the first collection stamps that finds it waiting; in a core until the latest
   * time that is found there. Undefined if the runtime did not stamp it.
   */
  readonly waited: number | undefined;
  /** The OS thread that runs it, or that it sits on in a system call. */
  readonly thread: ThreadId | undefined;
  /** runtime.isSystemGoroutine: started by the runtime, except main and finalizers in user code. */
  readonly system: boolean;
  readonly parent: Goid | undefined;
  /** Topmost frame. */
  readonly currentLocation: Location;
  /** Topmost frame outside the runtime (as Delve's "User"). */
  readonly userLocation: Location;
  /** The `go` statement. */
  readonly goStatementLocation: Location;
  /** The function it started with. */
  readonly startLocation: Location;
  /** pprof labels, in key order. */
  readonly labels: ReadonlyMap<string, string>;
  readonly blockedOn: BlockedOn | undefined;
  readonly stack: { readonly low: RuntimeAddress; readonly high: RuntimeAddress };
  /** Why this goroutine's structures could not be read, if so; the other fields then hold what was readable. */
  readonly problem: string | undefined;
}

/** What a blocked goroutine waits for. Addresses identify it: two goroutines on one channel show the same one. */
export type BlockedOn =
  | {
      readonly kind: 'channel';
      readonly operation: 'send' | 'receive';
      readonly channel: ChannelFacts | undefined;
    }
  | {
      readonly kind: 'select';
      readonly cases: readonly { readonly operation: 'send' | 'receive'; readonly channel: ChannelFacts }[];
    }
  | {
      readonly kind: 'semaphore';
      /** What the semaphore's address belongs to, by wait reason and calling frame. */
      readonly owner: 'mutex' | 'rwmutex-read' | 'rwmutex-write' | 'waitgroup' | 'cond' | 'semaphore';
      /** Of the Mutex, WaitGroup, … if known, else of the semaphore word. */
      readonly address: RuntimeAddress;
      /** How many wait. */
      readonly waiting: number;
      /** Who they are, read when it is asked for. */
      readonly waiters: readonly Goid[];
    }
  | {
      readonly kind: 'sleep';
      /** When its timer is due, by the process' monotonic clock. */
      readonly until: number;
      readonly remaining: number | undefined;
      /** A core does not say when it was made: it may have been later than the latest time in it, and less remained. */
      readonly atMost: boolean;
    }
  | {
      readonly kind: 'io';
      readonly fd: number;
      readonly mode: 'read' | 'write';
      readonly pollDesc: RuntimeAddress;
    }
  | { readonly kind: 'syscall'; readonly name: string | undefined; readonly number: number | undefined };

export interface ChannelFacts {
  /** Of the `runtime.hchan`; 0 for a nil channel. */
  readonly address: RuntimeAddress;
  readonly length: number;
  readonly capacity: number;
  readonly closed: boolean;
  readonly elementType: string | undefined;
  readonly sendWaiters: readonly Goid[];
  readonly receiveWaiters: readonly Goid[];
}
