import type { SchedulerFacts } from '../../golang/index.ts';
import { CALL_KIND } from '../calls/call-record.ts';
import { EVENT, type EventKind, STATE } from '../events.ts';
import type { TraceBuilder } from '../trace-builder.ts';
import type { WaitObject } from '../wait-object.ts';
import type { Clock } from './clock.ts';
import type { Followed } from './followed.ts';
import { GoroutineStates, type TrackedGoroutine } from './goroutine-states.ts';
import { type CallerRange, callerRanges } from './probe-set.ts';
import { Processors } from './processors.ts';
import { G_STATE, KIND } from './record.ts';
import { FIELD, LOST, NOT_KEPT, type RecordLog } from './record-log.ts';
import type { KnownGoroutine, Snapshot } from './snapshot.ts';
import { Symbols } from './symbols.ts';
import { WaitObjects } from './wait-objects.ts';

const { runnable, running, syscall, waiting, dead, preempted, deadExtra, leaked, copyStack } = G_STATE;
const transition = (from: number, to: number): number => from + 16 * to;
const LOW_HALF = 2 ** 32;
/** More than any heap has: there is no goal. */
const MOST_BYTES = 2 ** 48;
const NO_CASES: readonly number[] = [];
const YIELDS: ReadonlySet<string> = new Set([
  'runtime.Gosched',
  'runtime.goschedguarded',
  'runtime.goschedIfBusy',
  'runtime.goyield',
]);
const ASSIST = 'GC assist marking';
/** Until go1.23 newproc1 gives the id after the change of state. */
const FIRST_WITH_EARLY_ID = 24;

/** Who calls casgstatus, where it matters. */
const CALLERS = [
  'runtime.park_m',
  'runtime.coroswitch_m',
  'runtime.reentersyscall',
  'runtime.exitsyscall',
  'runtime.ready',
  'runtime.gcAssistAlloc1',
] as const;
type Caller = (typeof CALLERS)[number];

export interface Interpretation {
  readonly log: RecordLog;
  readonly facts: SchedulerFacts;
  readonly snapshot: Snapshot;
  readonly clock: Clock;
  /** System calls have probes of their own (since go1.26). */
  readonly syscallProbes: boolean;
  /** The goroutines that it is about; undefined: all. */
  readonly followed?: Followed | undefined;
  /** Calls that were seen, by the number that the log has; undefined: it is not to be told. */
  readonly calls?: readonly (SeenCall | undefined)[];
}

/** A traced call that began, or one that ended. Times are ticks. */
export interface SeenCall {
  readonly function: string;
  /** Arguments, or results. */
  readonly text: string;
  /** How many traced calls it is in. */
  readonly level: number;
  /** When it began; undefined: it begins. */
  readonly began?: number;
  /** Return addresses, the caller's first. */
  readonly stack: readonly number[];
}

/** Turns what the probes wrote into events, in the order of time. */
export class Interpreter {
  readonly #builder: TraceBuilder;
  readonly #input: Interpretation;
  readonly #log: RecordLog;
  readonly #symbols: Symbols;
  readonly #objects: WaitObjects;
  readonly #goroutines = new GoroutineStates();
  readonly #processors: Processors;
  readonly #callers: readonly CallerRange[];
  readonly #callerByHalf = new Map<number, string | undefined>();
  readonly #stopReasons = new Map<number, string>();
  /** Objects of system calls by raw stack. */
  readonly #systemCalls = new Map<number, number>();
  #cycle = 0;
  #gomaxprocs: number | undefined;
  /** Gaps that are open. */
  #gaps = 0;
  /** The record that is being read, and what all of its events share. */
  #current = 0;
  #time = 0;
  #thread = -1;
  #processor = -1;
  #actor = 0;

  constructor(builder: TraceBuilder, input: Interpretation) {
    this.#builder = builder;
    this.#input = input;
    this.#log = input.log;
    this.#symbols = new Symbols(input.facts, builder, input.log.stacks);
    this.#objects = new WaitObjects(input.facts, input.clock);
    this.#processors = new Processors(builder);
    this.#callers = callerRanges(input.facts, CALLERS);
  }

  /** Tells what there was before the first records. */
  begin(order: ArrayLike<number>): void {
    this.#begin(this.#firstStates(order));
  }

  /** Finds who will be followed. */
  follow(order: ArrayLike<number>, followed: Followed): void {
    for (let i = 0; i < order.length; i++) {
      const record = order[i]!;
      if (this.#get(record, FIELD.kind) === CALL_KIND.enter)
        followed.entered(this.#get(record, FIELD.subject));
      else if (this.#isCreation(record))
        followed.created(this.#get(record, FIELD.id), this.#get(record, FIELD.actor));
    }
  }

  read(order: ArrayLike<number>): void {
    for (let i = 0; i < order.length; i++) this.#record(order[i]!);
  }

  /**
   * To be asked of all records that have come and were not read, before any of them is. How many of them can be read: in
   * front of the first of a goroutine whose id no record has told yet.
   */
  named(order: ArrayLike<number>): number {
    if (!this.#lateIds) return order.length;
    this.#nameNewGoroutines(order);
    for (let i = 0; i < order.length; i++) {
      const record = order[i]!;
      if (this.#isCreation(record) && this.#get(record, FIELD.id) === 0) return i;
    }
    return order.length;
  }

  /** The builder has no objects any more. */
  forgetObjects(): void {
    this.#systemCalls.clear();
  }

  get #lateIds(): boolean {
    const minor = Number(/^go1\.(\d+)/.exec(this.#input.facts.version)?.[1] ?? FIRST_WITH_EARLY_ID);
    return minor < FIRST_WITH_EARLY_ID;
  }

  /** The state from which each g's first record leads, by its address. */
  #firstStates(order: ArrayLike<number>): ReadonlyMap<number, number> {
    const states = new Map<number, number>();
    const note = (g: number, state: number): void => {
      if (!states.has(g)) states.set(g, state);
    };
    for (let i = 0; i < order.length; i++) {
      const record = order[i]!;
      if (this.#get(record, FIELD.kind) === LOST) break;
      const subject = this.#get(record, FIELD.subject);
      if (this.#isChange(record)) note(subject, this.#get(record, FIELD.states) % 16);
      else if (this.#get(record, FIELD.kind) === KIND.coroutine) {
        note(subject, running);
        note(this.#get(record, FIELD.id), waiting);
      }
    }
    return states;
  }

  /**
   * What there was when the probes went in. A thread may have been behind the window then and not yet at what it does:
   * such a change happened at once, and unseen. The first record knows of it.
   */
  #begin(firstStates: ReadonlyMap<number, number>): void {
    const snapshot = this.#input.snapshot;
    this.#gomaxprocs = snapshot.gomaxprocs;
    if (snapshot.gomaxprocs !== undefined)
      this.#builder.add(EVENT.procsChange, 0, 0, { a: snapshot.gomaxprocs });
    for (const { id, thread, status } of snapshot.processors) this.#processors.known(id, thread, status);
    for (const seen of snapshot.goroutines) {
      const known = afterwards(seen, firstStates.get(seen.address));
      const tracked = this.#goroutines.at(known.address, known.id);
      // It runs on, as far as the probes are concerned: what copies stacks is not told as a change of state.
      tracked.state = known.state === copyStack ? running : known.state;
      tracked.processor = known.processor;
      tracked.tenancy = this.#processors.tenancy(known.processor);
      const state = known.pretending ? STATE.running : TRACE_STATES[known.state];
      if (state === undefined || this.#isLeftOut(known.id)) continue;
      this.#builder.add(EVENT.known, 0, known.id, {
        a: state,
        b: this.#builder.string(known.pretending ? '' : known.reason),
        c: this.#object(known.object && this.#rebased(known.object)),
        stack: this.#symbols.stackOf(known.stack),
        proc: known.processor,
        thread: known.thread,
      });
    }
  }

  #rebased(object: Snapshot['goroutines'][number]['object'] & object): typeof object {
    return object.kind === 'sleep'
      ? { ...object, until: this.#input.clock.ofMonotonic(object.until) }
      : object;
  }

  /** A new goroutine's id is the one that the next record of its g has. */
  #nameNewGoroutines(order: ArrayLike<number>): void {
    const next = new Map<number, number>();
    for (let i = order.length - 1; i >= 0; i--) {
      const record = order[i]!;
      if (!this.#isChange(record)) continue;
      const subject = this.#get(record, FIELD.subject);
      if (this.#isCreation(record)) this.#log.set(record, FIELD.id, next.get(subject) ?? 0);
      next.set(subject, this.#get(record, FIELD.id));
    }
  }

  #isChange(record: number): boolean {
    const kind = this.#get(record, FIELD.kind);
    return kind !== LOST && kind <= KIND.preempt;
  }

  #isCreation(record: number): boolean {
    return this.#isChange(record) && this.#get(record, FIELD.states) % 16 === dead;
  }

  #record(record: number): void {
    const time = this.#input.clock.time(this.#get(record, FIELD.time));
    const kind = this.#get(record, FIELD.kind);
    if (kind === LOST) {
      const kept = this.#get(record, FIELD.thread) !== NOT_KEPT;
      this.#lost(time, this.#get(record, FIELD.extra), kept ? 'the ring was full' : 'no room to keep them');
      return;
    }
    this.#current = record;
    this.#time = time;
    this.#thread = this.#get(record, FIELD.thread);
    this.#processor = this.#get(record, FIELD.processor);
    this.#actor = this.#get(record, FIELD.actor);
    switch (kind) {
      case CALL_KIND.enter:
        this.#input.followed?.entered(this.#get(record, FIELD.subject));
        return;
      case CALL_KIND.call:
      case CALL_KIND.return:
        this.#call(kind);
        return;
      case KIND.acquire:
        this.#processors.acquire(time, this.#get(record, FIELD.extra), this.#thread);
        this.#rehouse();
        return;
      case KIND.release:
        this.#processors.release(time, this.#processor, this.#thread);
        return;
      case KIND.steal:
        this.#processors.steal(this.#thread, this.#get(record, FIELD.subject));
        return;
      default:
        this.#processors.see(time, this.#processor, this.#thread);
    }
    switch (kind) {
      case KIND.state:
      case KIND.enterSyscall:
      case KIND.exitSyscall:
      case KIND.preempt:
        this.#change(kind);
        break;
      case KIND.coroutine:
        this.#switchCoroutine();
        break;
      case KIND.copyStack:
        this.#copyStack();
        break;
      case KIND.processors:
        this.#countProcessors();
        break;
      case KIND.semaphore:
        this.#asksFor();
        break;
      default:
        this.#collector(kind);
    }
  }

  /** An event of the record that is being read. */
  #add(kind: EventKind, id: number, actor = 0, stack = 0, a = 0, b = 0): void {
    if (this.#isLeftOut(id)) return;
    this.#builder.columns.add(kind, this.#time, id, actor, this.#processor, this.#thread, stack, a, b, 0);
  }

  #isLeftOut(id: number): boolean {
    const { followed } = this.#input;
    return followed !== undefined && !followed.has(id);
  }

  #call(kind: number): void {
    const id = this.#get(this.#current, FIELD.subject);
    const seen = this.#input.calls?.[this.#get(this.#current, FIELD.extra)];
    if (seen === undefined || this.#isLeftOut(id)) return;
    // The counters of two CPUs may differ a little.
    const took = seen.began === undefined ? 0 : Math.max(1, this.#time - this.#input.clock.time(seen.began));
    this.#builder.add(kind === CALL_KIND.call ? EVENT.call : EVENT.return, this.#time, id, {
      a: this.#builder.string(seen.function),
      b: this.#builder.string(seen.text),
      c: kind === CALL_KIND.call ? seen.level : took,
      stack: this.#symbols.stackOf(seen.stack),
      proc: this.#processors.of(this.#thread),
      thread: this.#thread,
    });
  }

  get #stack(): number {
    return this.#symbols.stack(this.#get(this.#current, FIELD.stack));
  }

  /** Between the two ends of a gap some records are there and others not: no state follows from the one before. */
  #lost(time: number, count: number, why: string): void {
    this.#gaps += count > 0 ? 1 : -1;
    this.#goroutines.forget();
    this.#processors.forget();
    if (count > 0) this.#builder.add(EVENT.lost, time, 0, { a: count, b: this.#builder.string(why) });
  }

  #change(kind: number): void {
    const record = this.#current;
    const states = this.#get(record, FIELD.states) % 256;
    const from = states % 16;
    const to = states >> 4;
    const g = this.#goroutines.at(this.#get(record, FIELD.subject), this.#get(record, FIELD.id));
    const caller = kind === KIND.state ? this.#caller(record) : undefined;
    if (g.id === 0 || this.#isRepeated(g, caller, from, to)) return;
    this.#check(g, from, to);
    g.state = to;
    this.#emit(g, from, to, caller);
  }

  /** What a probe of its own has told of already, and casgstatus does on its slow path. */
  #isRepeated(g: TrackedGoroutine, caller: Caller | undefined, from: number, to: number): boolean {
    if (caller === 'runtime.coroswitch_m') return to !== dead;
    if (!this.#input.syscallProbes) return false;
    return (
      (caller === 'runtime.reentersyscall' && from === running && g.state === syscall) ||
      (caller === 'runtime.exitsyscall' && to === running)
    );
  }

  #check(g: TrackedGoroutine, from: number, to: number): void {
    const { state } = g;
    if (state === -1 || state === from || this.#gaps > 0) return;
    // A preempted goroutine is taken over by who stopped it (preempted → waiting has no probe), and wakes from there.
    if (state === preempted && from === waiting) return;
    // A leaked one is none that anything happens to.
    if (state === leaked) return;
    if ((state === dead || state === deadExtra) && (from === dead || from === deadExtra)) return;
    this.#builder.violation(`goroutine ${g.id} was in state ${state}, but went from ${from} to ${to}`);
  }

  #emit(g: TrackedGoroutine, from: number, to: number, caller: Caller | undefined): void {
    switch (transition(from, to)) {
      case transition(dead, runnable):
      case transition(dead, waiting):
        this.#create(g, to === runnable ? STATE.runnable : STATE.waiting);
        break;
      case transition(dead, syscall):
      case transition(deadExtra, syscall):
        this.#add(EVENT.created, g.id, 0, 0, 0, STATE.syscall);
        break;
      case transition(runnable, running): {
        const victim = this.#processors.stolenFrom(this.#thread, this.#processor, g.processor);
        this.#add(EVENT.running, g.id, 0, 0, victim + 1);
        break;
      }
      case transition(waiting, runnable):
        this.#wake(g, caller);
        break;
      case transition(running, waiting):
        if (caller === 'runtime.park_m') this.#block(g);
        else this.#pretend(g, true, caller);
        break;
      case transition(waiting, running):
        this.#pretend(g, false, caller);
        break;
      case transition(running, preempted):
        this.#add(EVENT.blocked, g.id, 0, this.#stack, this.#builder.string('preempted'));
        break;
      case transition(running, runnable):
        this.#makeRunnable(g);
        break;
      case transition(running, syscall):
        this.#enterSyscall(g);
        break;
      case transition(syscall, running):
        this.#exitSyscall(g);
        break;
      case transition(syscall, runnable):
        g.processor = -1;
        this.#processor = -1;
        this.#add(EVENT.syscallEnd, g.id, 0, 0, 1);
        break;
      case transition(running, dead):
      case transition(syscall, dead):
      case transition(syscall, deadExtra):
        this.#add(EVENT.ended, g.id);
        break;
      default:
      // Between states that a trace does not tell apart (leaked).
    }
  }

  #create(g: TrackedGoroutine, state: number): void {
    g.processor = this.#processor;
    this.#input.followed?.created(g.id, this.#actor);
    const entry = this.#symbols.entry(this.#get(this.#current, FIELD.extra));
    this.#add(EVENT.created, g.id, this.#actor, this.#stack, entry, state);
  }

  /** Only ready() is called by who wakes; the others find it in a list, whatever else their thread is about. */
  #wake(g: TrackedGoroutine, caller: Caller | undefined): void {
    const woken = caller === 'runtime.ready';
    g.processor = this.#processor;
    this.#add(EVENT.unblocked, g.id, woken ? this.#actor : 0, woken ? this.#stack : 0);
  }

  #makeRunnable(g: TrackedGoroutine): void {
    g.processor = this.#processor;
    if (g.homeless) g.homeless = false;
    else this.#add(EVENT.stopped, g.id, 0, this.#stack, this.#builder.string(this.#stopReason()));
  }

  #block(g: TrackedGoroutine): void {
    const record = this.#current;
    const raw = this.#get(record, FIELD.stack);
    const reason = this.#input.facts.waitReasons[this.#get(record, FIELD.states) >> 8] ?? '';
    const object = this.#objects.of({
      reason,
      lock: this.#get(record, FIELD.extra),
      detail: this.#get(record, FIELD.detail),
      detail2: this.#get(record, FIELD.detail2),
      cases: this.#log.cases.get(record) ?? NO_CASES,
      semaphore: g.semaphore,
      functions: () => this.#symbols.functions(raw),
    });
    this.#add(EVENT.blocked, g.id, 0, this.#stack, this.#builder.string(reason), this.#object(object));
  }

  #object(object: WaitObject | undefined): number {
    return object === undefined ? 0 : this.#builder.object(object);
  }

  /**
   * It marks or waits for the collector on its thread's system stack, in the state waiting so that its own stack can
   * be scanned (casGToWaitingForSuspendG). It runs all the same; of allocating ones it is told.
   */
  #pretend(g: TrackedGoroutine, begins: boolean, caller: Caller | undefined): void {
    if (!begins) {
      if (g.assisting) this.#add(EVENT.assistEnd, g.id);
      g.assisting = false;
      return;
    }
    // In go1.19 gcAssistAlloc1 gives the reason after the change: what stands there then is that of the wait before.
    const reason = this.#get(this.#current, FIELD.states) >> 8;
    g.assisting = caller === 'runtime.gcAssistAlloc1' || this.#input.facts.waitReasons[reason] === ASSIST;
    if (g.assisting) this.#add(EVENT.assistBegin, g.id);
  }

  #stopReason(): string {
    const raw = this.#get(this.#current, FIELD.stack);
    let reason = this.#stopReasons.get(raw);
    if (reason === undefined) {
      reason = YIELDS.has(first(this.#symbols.functions(raw)) ?? '') ? 'runtime.Gosched' : 'preempted';
      this.#stopReasons.set(raw, reason);
    }
    return reason;
  }

  #enterSyscall(g: TrackedGoroutine): void {
    const raw = this.#get(this.#current, FIELD.stack);
    let object = this.#systemCalls.get(raw);
    if (object === undefined) {
      object = this.#object(this.#objects.systemCall(this.#symbols.functions(raw)));
      this.#systemCalls.set(raw, object);
    }
    g.processor = this.#processor;
    g.tenancy = this.#processors.tenancy(this.#processor);
    this.#add(EVENT.syscallBegin, g.id, 0, this.#stack, 0, object);
  }

  #exitSyscall(g: TrackedGoroutine): void {
    const proc = this.#processor;
    if (proc >= 0 && proc === g.processor && g.tenancy === this.#processors.tenancy(proc)) {
      this.#add(EVENT.syscallEnd, g.id);
      return;
    }
    this.#processor = -1;
    this.#add(EVENT.syscallEnd, g.id, 0, 0, 1);
    this.#processor = proc;
    if (proc >= 0) this.#add(EVENT.running, g.id);
    else g.homeless = true;
  }

  /** A goroutine that had come out of a system call without a P has got one. */
  #rehouse(): void {
    const g = this.#goroutines.byId(this.#actor);
    if (g?.homeless !== true) return;
    g.homeless = false;
    this.#processor = this.#get(this.#current, FIELD.extra);
    this.#add(EVENT.running, g.id);
  }

  #switchCoroutine(): void {
    const record = this.#current;
    const from = this.#goroutines.at(this.#get(record, FIELD.subject), this.#actor);
    const to = this.#goroutines.at(this.#get(record, FIELD.id), 0);
    const exits = this.#get(record, FIELD.extra) !== 0;
    if (!exits) {
      this.#check(from, running, waiting);
      from.state = waiting;
      this.#add(EVENT.blocked, from.id, 0, 0, this.#builder.string('coroutine'));
    }
    if (to.id === 0) return;
    this.#check(to, waiting, running);
    to.state = running;
    this.#add(EVENT.unblocked, to.id, from.id);
    this.#add(EVENT.running, to.id);
  }

  #copyStack(): void {
    const g = this.#goroutines.at(this.#get(this.#current, FIELD.subject), 0);
    if (g.id === 0) return;
    const before = this.#get(this.#current, FIELD.id) - this.#actor;
    this.#add(EVENT.stackGrown, g.id, 0, 0, before, this.#get(this.#current, FIELD.extra));
  }

  #asksFor(): void {
    const g = this.#goroutines.byId(this.#actor);
    if (g !== undefined) g.semaphore = this.#get(this.#current, FIELD.subject);
  }

  #collector(kind: number): void {
    this.#heap(EVENT.heapAlloc, this.#get(this.#current, FIELD.id));
    if (kind === KIND.gcBegin) this.#add(EVENT.gcBegin, this.#actor, 0, 0, ++this.#cycle);
    else if (kind === KIND.gcEnd) this.#add(EVENT.gcEnd, this.#actor, 0, 0, this.#cycle);
    else if (kind === KIND.stopWorld) {
      const reason = this.#input.facts.stopReasons[this.#get(this.#current, FIELD.subject) % 256] ?? '';
      this.#add(EVENT.stwBegin, this.#actor, 0, 0, this.#builder.string(reason));
    } else if (kind === KIND.startWorld) {
      this.#heap(EVENT.heapGoal, this.#get(this.#current, FIELD.extra));
      this.#add(EVENT.stwEnd, this.#actor);
    }
  }

  #heap(kind: typeof EVENT.heapAlloc | typeof EVENT.heapGoal, bytes: number): void {
    if (bytes > 0 && bytes < MOST_BYTES) this.#add(kind, this.#actor, 0, 0, bytes);
  }

  /** Whenever the world goes on the Ps are counted anew, mostly with the same result. */
  #countProcessors(): void {
    const count = this.#get(this.#current, FIELD.subject) % LOW_HALF;
    if (count === this.#gomaxprocs) return;
    this.#gomaxprocs = count;
    this.#add(EVENT.procsChange, this.#actor, 0, 0, count);
  }

  #caller(record: number): Caller | undefined {
    const half = this.#get(record, FIELD.caller);
    if (!this.#callerByHalf.has(half)) {
      const found = this.#callers.find(({ start, end }) => {
        const distance = (half - (start % LOW_HALF) + LOW_HALF) % LOW_HALF;
        return distance < end - start;
      });
      this.#callerByHalf.set(half, found?.name);
    }
    return this.#callerByHalf.get(half) as Caller | undefined;
  }

  #get(record: number, field: number): number {
    return this.#log.get(record, field);
  }
}

const first = (names: Iterable<string>): string | undefined => {
  for (const name of names) return name;
  return undefined;
};

/** What a goroutine did when its thread had gone on to the first record of it. */
function afterwards(seen: KnownGoroutine, first: number | undefined): KnownGoroutine {
  const { state } = seen;
  if (first === undefined || first === state) return seen;
  // Neither the copying of stacks nor the way from preempted to waiting is told.
  if ((state === copyStack && first === running) || (state === preempted && first === waiting)) return seen;
  return { ...seen, state: first, pretending: false, reason: '', object: undefined };
}

/** STATE by G_STATE; undefined: not alive. */
const TRACE_STATES: readonly ((typeof STATE)[keyof typeof STATE] | undefined)[] = [
  undefined,
  STATE.runnable,
  STATE.running,
  STATE.syscall,
  STATE.waiting,
  undefined,
  undefined,
  undefined,
  STATE.running,
  STATE.waiting,
  STATE.waiting,
];
