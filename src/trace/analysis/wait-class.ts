import type { StackFrame, Trace } from '../trace.ts';
import type { WaitObject } from '../wait-object.ts';

/** What kind of thing a goroutine waits for, in the words of the program rather than of the scheduler. */
export const WAIT_CLASSES = [
  'other',
  'chan send',
  'chan receive',
  'select',
  'mutex',
  'rwmutex read',
  'rwmutex write',
  'waitgroup',
  'cond',
  'sync',
  'network',
  'sleep',
  'forever',
  'gc',
  'system',
] as const;
export type WaitClass = (typeof WAIT_CLASSES)[number];

/** The object says it best. */
const BY_OBJECT: Readonly<Record<WaitObject['kind'], WaitClass | undefined>> = {
  channel: undefined,
  select: 'select',
  mutex: 'mutex',
  'rwmutex-read': 'rwmutex read',
  'rwmutex-write': 'rwmutex write',
  waitgroup: 'waitgroup',
  cond: 'cond',
  semaphore: undefined,
  io: 'network',
  sleep: 'sleep',
  syscall: undefined,
};

/**
 * Functions that are on the stack of a goroutine that waits so. The outermost that matches counts: RWMutex.Lock waits in
 * the Mutex that it has.
 */
const BY_FUNCTION: ReadonlyMap<string, WaitClass> = new Map([
  ['runtime.chansend', 'chan send'],
  ['runtime.chansend1', 'chan send'],
  ['runtime.chanrecv', 'chan receive'],
  ['runtime.chanrecv1', 'chan receive'],
  ['runtime.chanrecv2', 'chan receive'],
  ['runtime.selectgo', 'select'],
  ['runtime.block', 'forever'],
  ['sync.(*Mutex).Lock', 'mutex'],
  ['sync.(*Mutex).lockSlow', 'mutex'],
  ['internal/sync.(*Mutex).Lock', 'mutex'],
  ['internal/sync.(*Mutex).lockSlow', 'mutex'],
  ['sync.(*RWMutex).RLock', 'rwmutex read'],
  ['sync.(*RWMutex).Lock', 'rwmutex write'],
  ['sync.(*WaitGroup).Wait', 'waitgroup'],
  ['sync.(*Cond).Wait', 'cond'],
  ['time.Sleep', 'sleep'],
  ['internal/poll.runtime_pollWait', 'network'],
  ['internal/poll.(*pollDesc).wait', 'network'],
  ['internal/poll.(*FD).Read', 'network'],
  ['internal/poll.(*FD).Write', 'network'],
  ['internal/poll.(*FD).Accept', 'network'],
  ['runtime.gcBgMarkWorker', 'gc'],
  ['runtime.bgsweep', 'gc'],
  ['runtime.bgscavenge', 'gc'],
  ['runtime.gcStart', 'gc'],
  ['runtime.gcMarkDone', 'gc'],
  ['runtime.forcegchelper', 'system'],
  ['runtime.runfinq', 'system'],
  ['runtime.runFinalizers', 'system'],
  ['runtime.runCleanups', 'system'],
]);

/** How many innermost frames may tell. */
const DEPTH = 6;

/** Go's words (runtime/traceruntime.go, traceBlockReasonStrings; runtime2.go, waitReasonStrings). */
const BY_REASON: readonly (readonly [RegExp, WaitClass])[] = [
  [/\((nil chan|no cases)\)$/, 'forever'],
  [/^chan send/, 'chan send'],
  [/^chan receive/, 'chan receive'],
  [/^select/, 'select'],
  [/^sync\.Mutex/, 'mutex'],
  [/^sync\.RWMutex\.R/, 'rwmutex read'],
  [/^sync\.RWMutex/, 'rwmutex write'],
  [/^sync\.WaitGroup/, 'waitgroup'],
  [/^sync\.(\(\*Cond\)|Cond)/, 'cond'],
  [/^(sync|semacquire)$/, 'sync'],
  [/^(network|IO wait)$/, 'network'],
  [/^sleep$/, 'sleep'],
  [/^forever$/, 'forever'],
  // Stopped for others, who look at its stack: the collector.
  [/GC|garbage|^preempted$/, 'gc'],
  [/^(system goroutine wait|force gc|finalizer wait|cleanup wait|debug call|wait for debug call)/, 'system'],
];

const OPEN: ReadonlySet<WaitClass> = new Set<WaitClass>(['sync', 'system']);

const UNSEEN = 255;
const classId = (name: WaitClass): number => WAIT_CLASSES.indexOf(name);

/** Class ids of waits, remembered by object, stack and reason. */
export class WaitClasses {
  readonly #trace: Trace;
  readonly #byStack: Uint8Array;
  readonly #byReason: Uint8Array;

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#byStack = new Uint8Array(trace.stacks.count + 1).fill(UNSEEN);
    this.#byReason = new Uint8Array(trace.strings.length + 1).fill(UNSEEN);
  }

  of(reason: number, object: number, stack: number): number {
    if (object !== 0) {
      const found = classOfObject(this.#trace.objects[object]);
      if (found !== undefined) return classId(found);
    }
    const byReason = this.#ofReason(reason);
    // What the reason leaves open the stack may tell.
    if (byReason !== 0 && !OPEN.has(WAIT_CLASSES[byReason]!)) return byReason;
    const byStack = this.#ofStack(stack);
    return byStack === 0 ? byReason : byStack;
  }

  #ofReason(reason: number): number {
    const known = this.#byReason[reason] ?? 0;
    if (known !== UNSEEN) return known;
    const text = this.#trace.strings[reason] ?? '';
    const id = classId(BY_REASON.find(([pattern]) => pattern.test(text))?.[1] ?? 'other');
    this.#byReason[reason] = id;
    return id;
  }

  #ofStack(stack: number): number {
    const known = this.#byStack[stack] ?? 0;
    if (known !== UNSEEN) return known;
    const { stacks } = this.#trace;
    const frames =
      stack === 0 ? [] : Array.from(stacks.frames(stack).subarray(0, DEPTH), (id) => stacks.frame(id));
    const id = classId(classOfFrames(frames) ?? 'other');
    this.#byStack[stack] = id;
    return id;
  }
}

function classOfObject(object: WaitObject | undefined): WaitClass | undefined {
  if (object === undefined) return undefined;
  if (object.kind === 'channel' && object.address === 0) return 'forever';
  if (object.kind === 'select' && object.cases.length === 0) return 'forever';
  if (object.kind === 'channel') return object.direction === 'send' ? 'chan send' : 'chan receive';
  return BY_OBJECT[object.kind];
}

function classOfFrames(frames: readonly StackFrame[]): WaitClass | undefined {
  let found: WaitClass | undefined;
  for (const frame of frames) {
    const here = BY_FUNCTION.get(frame.function);
    // A lock that is taken inside a system call's or a timer's code is a lock.
    if (here === undefined && found !== undefined) break;
    if (here !== undefined) found = here;
  }
  return found;
}
