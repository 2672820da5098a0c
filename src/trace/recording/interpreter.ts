import type { SchedulerFacts } from '../../golang/index.ts';
import { EVENT, STATE } from '../events.ts';
import type { TraceBuilder } from '../trace-builder.ts';
import type { Clock } from './clock.ts';
import { GoroutineStates, type TrackedGoroutine } from './goroutine-states.ts';
import { type CallerRange, callerRanges } from './probe-set.ts';
import { Processors } from './processors.ts';
import { G_STATE, KIND } from './record.ts';
import { FIELD, LOST, type RecordLog } from './record-log.ts';
import type { Snapshot } from './snapshot.ts';
import { Symbols } from './symbols.ts';
import { type DescriptorReader, WaitObjects } from './wait-objects.ts';

const { runnable, running, syscall, waiting, dead, preempted, deadExtra, leaked } = G_STATE;
const transition = (from: number, to: number): number => from + 16 * to;
const LOW_HALF = 2 ** 32;
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
] as const;
type Caller = (typeof CALLERS)[number];

export interface Interpretation {
  readonly log: RecordLog;
  readonly facts: SchedulerFacts;
  readonly snapshot: Snapshot;
  readonly clock: Clock;
  readonly descriptors: DescriptorReader;
  /** System calls have probes of their own (since go1.26). */
  readonly syscallProbes: boolean;
}

/** Turns what the probes wrote into events. Every goroutine's changes of state must chain: what does not, is counted. */
export function interpret(builder: TraceBuilder, input: Interpretation): void {
  new Interpreter(builder, input).run();
}

class Interpreter {
  readonly #builder: TraceBuilder;
  readonly #input: Interpretation;
  readonly #log: RecordLog;
  readonly #symbols: Symbols;
  readonly #objects: WaitObjects;
  readonly #goroutines = new GoroutineStates();
  readonly #processors: Processors;
  readonly #callers: readonly CallerRange[];
  readonly #callerByHalf = new Map<number, string | undefined>();
  #cycle = 0;

  constructor(builder: TraceBuilder, input: Interpretation) {
    this.#builder = builder;
    this.#input = input;
    this.#log = input.log;
    this.#symbols = new Symbols(input.facts, builder, input.log.stacks);
    this.#objects = new WaitObjects(input.facts, input.clock, input.descriptors);
    this.#processors = new Processors(builder);
    this.#callers = callerRanges(input.facts, CALLERS);
  }

  run(): void {
    this.#begin();
    const order = this.#log.order();
    if (this.#lateIds) this.#nameNewGoroutines(order);
    for (const record of order) this.#record(record);
  }

  get #lateIds(): boolean {
    const minor = Number(/^go1\.(\d+)/.exec(this.#input.facts.version)?.[1] ?? FIRST_WITH_EARLY_ID);
    return minor < FIRST_WITH_EARLY_ID;
  }

  /** What there was when the probes went in. */
  #begin(): void {
    const { snapshot } = this.#input;
    for (const { id, thread, status } of snapshot.processors) this.#processors.known(id, thread, status);
    for (const known of snapshot.goroutines) {
      const tracked = this.#goroutines.at(known.address, known.id);
      tracked.state = known.state;
      tracked.processor = known.processor;
      tracked.tenancy = this.#processors.tenancy(known.processor);
      const state = TRACE_STATES[known.state];
      if (state === undefined) continue;
      this.#builder.add(EVENT.known, 0, known.id, {
        a: state,
        b: this.#builder.string(known.reason),
        c: known.object === undefined ? 0 : this.#builder.object(this.#rebased(known.object)),
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
  #nameNewGoroutines(order: Uint32Array): void {
    const next = new Map<number, number>();
    for (let i = order.length - 1; i >= 0; i--) {
      const record = order[i]!;
      if (this.#get(record, FIELD.kind) > KIND.preempt || this.#get(record, FIELD.kind) === LOST) continue;
      const subject = this.#get(record, FIELD.subject);
      const old = this.#get(record, FIELD.states) % 16;
      if (old === dead) this.#log.set(record, FIELD.id, next.get(subject) ?? 0);
      next.set(subject, this.#get(record, FIELD.id));
    }
  }

  #record(record: number): void {
    const time = this.#input.clock.time(this.#get(record, FIELD.time));
    const kind = this.#get(record, FIELD.kind);
    if (kind === LOST) {
      this.#lost(time, this.#get(record, FIELD.extra));
      return;
    }
    const thread = this.#get(record, FIELD.thread);
    const processor = this.#get(record, FIELD.processor);
    switch (kind) {
      case KIND.acquire:
        this.#processors.acquire(time, this.#get(record, FIELD.extra), thread);
        this.#rehouse(time, record, thread);
        return;
      case KIND.release:
        this.#processors.release(time, processor, thread);
        return;
      case KIND.steal:
        this.#processors.steal(thread, this.#get(record, FIELD.subject));
        return;
      default:
        this.#processors.see(time, processor, thread);
    }
    switch (kind) {
      case KIND.state:
      case KIND.enterSyscall:
      case KIND.exitSyscall:
      case KIND.preempt:
        this.#change(record, time);
        break;
      case KIND.coroutine:
        this.#switchCoroutine(record, time);
        break;
      case KIND.copyStack:
        this.#copyStack(record, time);
        break;
      case KIND.semaphore:
        this.#asksFor(record);
        break;
      default:
        this.#collector(kind, record, time);
    }
  }

  #lost(time: number, count: number): void {
    const b = this.#builder.string('the ring was full');
    this.#builder.add(EVENT.lost, time, 0, { a: count, b });
    this.#goroutines.forget();
    this.#processors.forget();
  }

  #change(record: number, time: number): void {
    const kind = this.#get(record, FIELD.kind);
    const states = this.#get(record, FIELD.states) % 256;
    const from = states % 16;
    const to = states >> 4;
    const g = this.#goroutines.at(this.#get(record, FIELD.subject), this.#get(record, FIELD.id));
    const caller = kind === KIND.state ? this.#caller(record) : undefined;
    if (g.id === 0 || this.#isRepeated(g, caller, from, to)) return;
    this.#check(g, from, to);
    g.state = to;
    this.#emit(record, time, g, from, to, caller);
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
    if (state === -1 || state === from) return;
    // A preempted goroutine is taken over by who stopped it (preempted → waiting has no probe), and wakes from there.
    if (state === preempted && from === waiting) return;
    // A leaked one is none that anything happens to.
    if (state === leaked) return;
    if ((state === dead || state === deadExtra) && (from === dead || from === deadExtra)) return;
    this.#builder.violation(`goroutine ${g.id} was in state ${state}, but went from ${from} to ${to}`);
  }

  #emit(
    record: number,
    time: number,
    g: TrackedGoroutine,
    from: number,
    to: number,
    caller: Caller | undefined,
  ): void {
    const proc = this.#get(record, FIELD.processor);
    const thread = this.#get(record, FIELD.thread);
    const actor = this.#get(record, FIELD.actor);
    const stack = (): number => this.#symbols.stack(this.#get(record, FIELD.stack));
    const where = { proc, thread };
    const builder = this.#builder;
    switch (transition(from, to)) {
      case transition(dead, runnable):
      case transition(dead, waiting):
        g.processor = proc;
        builder.add(EVENT.created, time, g.id, {
          ...where,
          actor,
          stack: stack(),
          a: this.#symbols.entry(this.#get(record, FIELD.extra)),
          b: to === runnable ? STATE.runnable : STATE.waiting,
        });
        break;
      case transition(dead, syscall):
      case transition(deadExtra, syscall):
        builder.add(EVENT.created, time, g.id, { ...where, b: STATE.syscall });
        break;
      case transition(runnable, running): {
        const victim = this.#processors.stolenFrom(thread, proc, g.processor);
        builder.add(EVENT.running, time, g.id, { ...where, a: victim + 1 });
        break;
      }
      case transition(waiting, runnable): {
        // Only ready() is called by who wakes; the others find it in a list, whatever else their thread is about.
        const woken = caller === 'runtime.ready';
        g.processor = proc;
        builder.add(EVENT.unblocked, time, g.id, {
          ...where,
          actor: woken ? actor : 0,
          stack: woken ? stack() : 0,
        });
        break;
      }
      case transition(running, waiting):
        if (caller === 'runtime.park_m') this.#block(record, time, g);
        else this.#pretend(record, time, g, true);
        break;
      case transition(waiting, running):
        this.#pretend(record, time, g, false);
        break;
      case transition(running, preempted):
        builder.add(EVENT.blocked, time, g.id, { ...where, stack: stack(), a: builder.string('preempted') });
        break;
      case transition(running, runnable):
        g.processor = proc;
        if (g.homeless) g.homeless = false;
        else {
          const a = builder.string(this.#stopReason(record));
          builder.add(EVENT.stopped, time, g.id, { ...where, stack: stack(), a });
        }
        break;
      case transition(running, syscall):
        this.#enterSyscall(record, time, g);
        break;
      case transition(syscall, running):
        this.#exitSyscall(record, time, g);
        break;
      case transition(syscall, runnable):
        g.processor = -1;
        builder.add(EVENT.syscallEnd, time, g.id, { proc: -1, thread, a: 1 });
        break;
      case transition(running, dead):
      case transition(syscall, dead):
      case transition(syscall, deadExtra):
        builder.add(EVENT.ended, time, g.id, where);
        break;
      default:
      // Between states that a trace does not tell apart (leaked).
    }
  }

  #block(record: number, time: number, g: TrackedGoroutine): void {
    const { facts } = this.#input;
    const raw = this.#get(record, FIELD.stack);
    const reason = facts.waitReasons[this.#get(record, FIELD.states) >> 8] ?? '';
    const object = this.#objects.of({
      reason,
      lock: this.#get(record, FIELD.extra),
      detail: this.#get(record, FIELD.detail),
      detail2: this.#get(record, FIELD.detail2),
      cases: this.#log.cases.get(record) ?? [],
      semaphore: g.semaphore,
      functions: () => this.#symbols.functions(raw),
    });
    this.#builder.add(EVENT.blocked, time, g.id, {
      proc: this.#get(record, FIELD.processor),
      thread: this.#get(record, FIELD.thread),
      stack: this.#symbols.stack(raw),
      a: this.#builder.string(reason),
      b: object === undefined ? 0 : this.#builder.object(object),
    });
  }

  /**
   * It marks or waits for the collector on its thread's system stack, in the state waiting so that its own stack can
   * be scanned (casGToWaitingForSuspendG). It runs all the same; of allocating ones it is told.
   */
  #pretend(record: number, time: number, g: TrackedGoroutine, begins: boolean): void {
    const { waitReasons } = this.#input.facts;
    const assists = waitReasons[this.#get(record, FIELD.states) >> 8] === ASSIST;
    g.pretending = begins;
    if (!assists) return;
    this.#builder.add(begins ? EVENT.assistBegin : EVENT.assistEnd, time, g.id, {
      proc: this.#get(record, FIELD.processor),
      thread: this.#get(record, FIELD.thread),
    });
  }

  #stopReason(record: number): string {
    for (const name of this.#symbols.functions(this.#get(record, FIELD.stack))) {
      if (name === 'runtime.Gosched' || name === 'runtime.goyield') return 'runtime.Gosched';
      if (name !== 'runtime.mcall') break;
    }
    return 'preempted';
  }

  #enterSyscall(record: number, time: number, g: TrackedGoroutine): void {
    const raw = this.#get(record, FIELD.stack);
    const proc = this.#get(record, FIELD.processor);
    const object = this.#objects.systemCall(this.#symbols.functions(raw));
    g.processor = proc;
    g.tenancy = this.#processors.tenancy(proc);
    this.#builder.add(EVENT.syscallBegin, time, g.id, {
      proc,
      thread: this.#get(record, FIELD.thread),
      stack: this.#symbols.stack(raw),
      b: object === undefined ? 0 : this.#builder.object(object),
    });
  }

  #exitSyscall(record: number, time: number, g: TrackedGoroutine): void {
    const proc = this.#get(record, FIELD.processor);
    const thread = this.#get(record, FIELD.thread);
    const kept = proc >= 0 && proc === g.processor && g.tenancy === this.#processors.tenancy(proc);
    if (kept) {
      this.#builder.add(EVENT.syscallEnd, time, g.id, { proc, thread });
      return;
    }
    this.#builder.add(EVENT.syscallEnd, time, g.id, { proc: -1, thread, a: 1 });
    if (proc >= 0) this.#builder.add(EVENT.running, time, g.id, { proc, thread });
    else g.homeless = true;
  }

  /** A goroutine that had come out of a system call without a P has got one. */
  #rehouse(time: number, record: number, thread: number): void {
    const g = this.#goroutines.byId(this.#get(record, FIELD.actor));
    if (g?.homeless !== true) return;
    g.homeless = false;
    this.#builder.add(EVENT.running, time, g.id, { proc: this.#get(record, FIELD.extra), thread });
  }

  #switchCoroutine(record: number, time: number): void {
    const where = { proc: this.#get(record, FIELD.processor), thread: this.#get(record, FIELD.thread) };
    const from = this.#goroutines.at(this.#get(record, FIELD.subject), this.#get(record, FIELD.actor));
    const to = this.#goroutines.at(this.#get(record, FIELD.id), 0);
    const exits = this.#get(record, FIELD.extra) !== 0;
    if (!exits) {
      this.#check(from, running, waiting);
      from.state = waiting;
      this.#builder.add(EVENT.blocked, time, from.id, { ...where, a: this.#builder.string('coroutine') });
    }
    if (to.id === 0) return;
    this.#check(to, waiting, running);
    to.state = running;
    this.#builder.add(EVENT.unblocked, time, to.id, { ...where, actor: from.id });
    this.#builder.add(EVENT.running, time, to.id, where);
  }

  #copyStack(record: number, time: number): void {
    const g = this.#goroutines.at(this.#get(record, FIELD.subject), 0);
    if (g.id === 0) return;
    this.#builder.add(EVENT.stackGrown, time, g.id, {
      proc: this.#get(record, FIELD.processor),
      thread: this.#get(record, FIELD.thread),
      a: this.#get(record, FIELD.id) - this.#get(record, FIELD.actor),
      b: this.#get(record, FIELD.extra),
    });
  }

  #asksFor(record: number): void {
    const g = this.#goroutines.byId(this.#get(record, FIELD.actor));
    if (g !== undefined) g.semaphore = this.#get(record, FIELD.subject);
  }

  #collector(kind: number, record: number, time: number): void {
    const where = { proc: this.#get(record, FIELD.processor), thread: this.#get(record, FIELD.thread) };
    const actor = this.#get(record, FIELD.actor);
    const builder = this.#builder;
    if (kind === KIND.gcBegin) builder.add(EVENT.gcBegin, time, actor, { ...where, a: ++this.#cycle });
    else if (kind === KIND.gcEnd) builder.add(EVENT.gcEnd, time, actor, { ...where, a: this.#cycle });
    else if (kind === KIND.stopWorld) builder.add(EVENT.stwBegin, time, actor, where);
    else if (kind === KIND.startWorld) builder.add(EVENT.stwEnd, time, actor, where);
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
