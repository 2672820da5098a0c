/**
 * Events as columns: row i of each belongs to event i. What `a`, `b` and `c` mean depends on the kind; see `EVENT`.
 * `goroutine` is the subject: whose life goes on. `actor` is the goroutine that did it (who created, woke), 0 where the
 * scheduler, the netpoller or another thread did.
 */
export interface Events {
  readonly count: number;
  readonly kind: Uint8Array;
  /** Nanoseconds since the trace began; never falls. */
  readonly time: Float64Array;
  readonly goroutine: Float64Array;
  readonly actor: Float64Array;
  /** P on which it happened, −1 without one. */
  readonly proc: Int32Array;
  /** Thread (M: the id of the operating system) on which it happened, −1 if unknown. */
  readonly thread: Float64Array;
  /** Stack id: of the subject, but of the actor for `created` and `unblocked`. */
  readonly stack: Uint32Array;
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly c: Float64Array;
}

/** The state of a goroutine as spans and `known` have it: Go's trace statuses (internal/trace/tracev2, GoStatus). */
export const STATE = { unknown: 0, runnable: 1, running: 2, syscall: 3, waiting: 4, ended: 5 } as const;
export type State = (typeof STATE)[keyof typeof STATE];

/** What `ended` says of a goroutine that ended because its process did, or ran another program. */
export const WITH_ITS_PROCESS = 1;

/** Kinds of events. Strings, stacks and objects are ids into the trace's tables. */
export const EVENT = {
  /** a: stack whose root frame is the function that it starts in; b: STATE it starts in (runnable, waiting, syscall). */
  created: 1,
  /** What it did when the trace began. a: STATE; b: reason string if waiting and known; c: object. */
  known: 2,
  /** waiting → runnable, by `actor`, whose stack it is. */
  unblocked: 3,
  /** runnable → running on `proc`. a: the P that it was stolen from + 1, 0 if it was not or nobody knows. */
  running: 4,
  /** running → waiting. a: reason string; b: object. Stack: where it waits. */
  blocked: 5,
  /** running → runnable. a: reason string ("preempted", "runtime.Gosched"). */
  stopped: 6,
  /** running → syscall. b: object (kind `syscall`) where known. */
  syscallBegin: 7,
  /** syscall → running; a = 1: it had lost its P, and is runnable now. */
  syscallEnd: 8,
  /** → ended. a: WITH_ITS_PROCESS, whatever it was doing; else 0. */
  ended: 9,
  /** A stack was copied. a: bytes before; b: bytes after. */
  stackGrown: 10,

  /** A P begins to run on `thread`, stops, or is taken from `thread` a, which was in a system call. */
  procStart: 20,
  procStop: 21,
  procStolen: 22,
  /** a: GOMAXPROCS from now on. */
  procsChange: 23,
  /** What a P did when the trace began. a: 1 running, 2 idle, 3 in a system call, 4 in one and abandoned. */
  procKnown: 24,

  /** a: number of the cycle. */
  gcBegin: 30,
  gcEnd: 31,
  /** a: reason string. */
  stwBegin: 32,
  stwEnd: 33,
  /** The goroutine must mark before it may allocate. */
  assistBegin: 34,
  assistEnd: 35,
  sweepBegin: 36,
  /** a: bytes swept; b: bytes reclaimed. */
  sweepEnd: 37,
  /** a: bytes. */
  heapAlloc: 38,
  heapGoal: 39,

  /** a: task; b: parent task; c: name string. */
  taskBegin: 40,
  taskEnd: 41,
  /** a: task; c: name string. */
  regionBegin: 42,
  regionEnd: 43,
  /** a: task; b: category string; c: message string. */
  log: 44,
  /** c: label string. */
  label: 45,
  cpuSample: 50,

  /** A traced function was entered. a: function string; b: arguments string; c: depth within the traced calls. */
  call: 60,
  /** a: function string; b: results string; c: nanoseconds since its `call`, NaN without one. */
  return: 61,

  /** a: events that were lost here; b: string that says why. */
  lost: 70,
  /**
   * It was seen in the memory of the program that the goroutine, which waits, holds what others wait for. a: object;
   * b: string that says how it is known; c: nanoseconds since the look began, in which it must not have moved.
   */
  holds: 71,
} as const;
export type EventKind = (typeof EVENT)[keyof typeof EVENT];
