import { EVENT, STATE } from '../events.ts';
import type { Emitter } from './emitter.ts';
import type { EventCursor } from './event-cursor.ts';
import type { IdTable } from './id-table.ts';
import type { GoroutineState, ProcState, ThreadState } from './scheduler-model.ts';
import { SchedulerModel } from './scheduler-model.ts';
import { UserEvents } from './user-events.ts';
import { orMinusOne } from './varints.ts';
import { FIRST_EXPERIMENTAL, PROC, WIRE } from './wire.ts';

/** Go gives a coroutine's switch no reason in traces; runtime.waitReasonCoroutine calls it so. */
const COROUTINE = 'coroutine';

type Apply = (ordering: Ordering, event: EventCursor, thread: ThreadState, force: boolean) => boolean;

/**
 * Puts the events of all threads in the order in which they happened. Times of different threads may be wrong, so some
 * events carry counters: those that start or wake a goroutine (one counter each), and those that start or take a P. An
 * event whose counter does not follow has to wait for others: `advance` answers false. Source: internal/trace/order.go.
 *
 * With `force` nothing waits: what contradicts is a violation, and the event is believed.
 */
export class Ordering {
  readonly model = new SchedulerModel();
  readonly out: Emitter;
  readonly user: UserEvents;
  strings!: IdTable;
  stacks!: IdTable;
  generation = 0;
  #firstGeneration = 0;
  gcSequence = 0;
  gc: 'unknown' | 'on' | 'off' = 'unknown';
  cycle = 0;

  constructor(out: Emitter) {
    this.out = out;
    this.user = new UserEvents(out);
  }

  begin(generation: number, strings: IdTable, stacks: IdTable): void {
    if (this.#firstGeneration === 0) this.#firstGeneration = generation;
    this.generation = generation;
    this.strings = strings;
    this.stacks = stacks;
  }

  get isFirst(): boolean {
    return this.generation === this.#firstGeneration;
  }

  advance(event: EventCursor, force: boolean): boolean {
    const apply = APPLY[event.kind];
    if (apply === undefined) {
      if (event.kind < FIRST_EXPERIMENTAL)
        this.out.violation(`an event of kind ${event.kind} has no meaning here`);
      return true;
    }
    return apply(this, event, this.model.thread(event.thread), force);
  }

  follows(state: GoroutineState | ProcState, sequence: number): boolean {
    return state.generation === this.generation && sequence === state.sequence + 1;
  }

  count(state: GoroutineState | ProcState, sequence: number): void {
    state.generation = this.generation;
    state.sequence = sequence;
  }

  /** The goroutine that runs on the thread; undefined (and a violation) without one. */
  current(event: EventCursor, thread: ThreadState, status: number): GoroutineState | undefined {
    const state = thread.goroutine;
    if (state === undefined)
      this.out.violation(`thread ${event.thread} runs no goroutine, but has an event of one`);
    else if (state.status !== status)
      this.out.violation(`goroutine ${state.id} is in state ${state.status}, not in ${status}`);
    return state;
  }

  /** Kind, subject and columns, at the event's time and place. */
  emit(
    kind: (typeof EVENT)[keyof typeof EVENT],
    event: EventCursor,
    thread: ThreadState,
    goroutine: number,
    stack = 0,
    a = 0,
    b = 0,
    c = 0,
    actor = 0,
  ): number {
    const proc = thread.proc === undefined ? -1 : thread.proc.id;
    return this.out.emit(kind, event.time, goroutine, actor, proc, thread.id, stack, a, b, c);
  }
}

const idOf = (thread: ThreadState): number => (thread.goroutine === undefined ? 0 : thread.goroutine.id);

const APPLY: (Apply | undefined)[] = new Array(256).fill(undefined);

APPLY[WIRE.procsChange] = (o, event, thread) => {
  o.emit(EVENT.procsChange, event, thread, idOf(thread), o.stacks.get(event.b), event.a);
  return true;
};

APPLY[WIRE.procStatus] = (o, event, thread) => {
  const status = event.b;
  let proc = o.model.proc(event.a);
  if (proc === undefined) {
    proc = o.model.addProc(event.a, status, o.generation);
    o.out.emit(EVENT.procKnown, event.time, 0, 0, proc.id, event.thread, 0, status, 0, 0);
  } else {
    // "Abandoned" says less than "in a system call" does: what was known is still so.
    const abandoned = status === PROC.abandoned && (proc.status === PROC.syscall || proc.status === status);
    if (proc.status !== status && !abandoned)
      o.out.violation(`P ${proc.id} is in state ${proc.status}, but said to be in ${status}`);
    if (!abandoned) proc.status = status;
    o.count(proc, 0);
    o.out.pass(event.time);
  }
  if (status === PROC.running || status === PROC.syscall) o.model.bindProc(thread, proc);
  return true;
};

APPLY[WIRE.procStart] = (o, event, thread, force) => {
  let proc = o.model.proc(event.a);
  const ready =
    proc !== undefined && proc.status === PROC.idle && o.follows(proc, event.b) && thread.proc === undefined;
  if (!ready) {
    if (!force) return false;
    o.out.violation(`P ${event.a} starts on thread ${event.thread}, but was not idle`);
    proc ??= o.model.addProc(event.a, PROC.idle, o.generation);
  }
  proc!.status = PROC.running;
  o.count(proc!, event.b);
  o.model.bindProc(thread, proc!);
  o.emit(EVENT.procStart, event, thread, 0);
  return true;
};

APPLY[WIRE.procStop] = (o, event, thread) => {
  const { proc } = thread;
  if (proc === undefined) {
    o.out.violation(`thread ${event.thread} has no P to stop`);
    return true;
  }
  o.emit(EVENT.procStop, event, thread, 0);
  proc.status = PROC.idle;
  o.model.unbindProc(proc);
  return true;
};

APPLY[WIRE.procSteal] = (o, event, thread, force) => {
  let proc = o.model.proc(event.a);
  const stealable = proc !== undefined && (proc.status === PROC.syscall || proc.status === PROC.abandoned);
  if (!stealable || !o.follows(proc!, event.b)) {
    if (!force) return false;
    o.out.violation(`P ${event.a} is stolen, but was in no system call`);
    proc ??= o.model.addProc(event.a, PROC.idle, o.generation);
  }
  const victim = orMinusOne(event.c);
  if (proc!.status !== PROC.abandoned && proc!.thread?.id !== victim)
    o.out.violation(`P ${event.a} is stolen from thread ${victim}, which does not have it`);
  o.out.emit(EVENT.procStolen, event.time, 0, 0, proc!.id, thread.id, 0, victim, 0, 0);
  // What was abandoned is bound to nothing that is known.
  if (proc!.status !== PROC.abandoned) o.model.unbindProc(proc!);
  proc!.status = PROC.idle;
  o.count(proc!, event.b);
  return true;
};

const status: Apply = (o, event, thread) => {
  const [id, where, state] = [event.a, orMinusOne(event.b), event.c];
  const stack = event.kind === WIRE.goStatusStack ? o.stacks.get(event.d) : 0;
  const mine = where === event.thread || state !== STATE.syscall;
  const home = mine ? thread : o.model.thread(where);
  let goroutine = o.model.goroutine(id);
  if (goroutine === undefined) {
    if (!o.isFirst) o.out.violation(`goroutine ${id} was not there before, and not created`);
    goroutine = o.model.addGoroutine(id, state, o.generation);
    const bound = state === STATE.running || state === STATE.syscall;
    const proc = bound && home.proc !== undefined ? home.proc.id : -1;
    o.out.emit(EVENT.known, event.time, id, 0, proc, bound ? home.id : -1, stack, state, 0, 0);
  } else {
    if (goroutine.status !== state)
      o.out.violation(`goroutine ${id} is in state ${goroutine.status}, but said to be in ${state}`);
    goroutine.status = state;
    o.count(goroutine, 0);
    o.out.pass(event.time);
  }
  if (state === STATE.running || state === STATE.syscall) home.goroutine = goroutine;
  return true;
};
APPLY[WIRE.goStatus] = status;
APPLY[WIRE.goStatusStack] = status;

const create: Apply = (o, event, thread) => {
  if (o.model.goroutine(event.a) !== undefined)
    o.out.violation(`goroutine ${event.a} is created, but exists`);
  const state = event.kind === WIRE.goCreateBlocked ? STATE.waiting : STATE.runnable;
  o.model.addGoroutine(event.a, state, o.generation);
  const entry = o.stacks.get(event.b);
  o.emit(EVENT.created, event, thread, event.a, o.stacks.get(event.c), entry, state, 0, idOf(thread));
  return true;
};
APPLY[WIRE.goCreate] = create;
APPLY[WIRE.goCreateBlocked] = create;

APPLY[WIRE.goCreateSyscall] = (o, event, thread) => {
  if (o.model.goroutine(event.a) !== undefined)
    o.out.violation(`goroutine ${event.a} is created, but exists`);
  thread.goroutine = o.model.addGoroutine(event.a, STATE.syscall, o.generation);
  o.emit(EVENT.created, event, thread, event.a, 0, 0, STATE.syscall);
  return true;
};

APPLY[WIRE.goStart] = (o, event, thread, force) => {
  let goroutine = o.model.goroutine(event.a);
  if (goroutine === undefined || goroutine.status !== STATE.runnable || !o.follows(goroutine, event.b)) {
    if (!force) return false;
    o.out.violation(`goroutine ${event.a} starts, but was not ready for it`);
    goroutine ??= o.model.addGoroutine(event.a, STATE.runnable, o.generation);
  }
  goroutine.status = STATE.running;
  o.count(goroutine, event.b);
  thread.goroutine = goroutine;
  o.emit(EVENT.running, event, thread, goroutine.id);
  return true;
};

APPLY[WIRE.goBlock] = (o, event, thread) => {
  const goroutine = o.current(event, thread, STATE.running);
  if (goroutine === undefined) return true;
  const [reason, stack] = [o.strings.get(event.a), o.stacks.get(event.b)];
  o.emit(EVENT.blocked, event, thread, goroutine.id, stack, reason, o.user.takeObject(goroutine.id));
  goroutine.status = STATE.waiting;
  thread.goroutine = undefined;
  return true;
};

APPLY[WIRE.goStop] = (o, event, thread) => {
  const goroutine = o.current(event, thread, STATE.running);
  if (goroutine === undefined) return true;
  o.emit(EVENT.stopped, event, thread, goroutine.id, o.stacks.get(event.b), o.strings.get(event.a));
  goroutine.status = STATE.runnable;
  thread.goroutine = undefined;
  return true;
};

APPLY[WIRE.goDestroy] = (o, event, thread) => {
  const goroutine = o.current(event, thread, STATE.running);
  if (goroutine === undefined) return true;
  o.emit(EVENT.ended, event, thread, goroutine.id);
  o.model.endGoroutine(goroutine);
  thread.goroutine = undefined;
  return true;
};

APPLY[WIRE.goDestroySyscall] = (o, event, thread) => {
  const goroutine = o.current(event, thread, STATE.syscall);
  if (goroutine === undefined) return true;
  const { proc } = thread;
  if (proc !== undefined) {
    // The thread may come back under the same id: its P counts as taken from it.
    o.emit(EVENT.procStolen, event, thread, 0, 0, thread.id);
    proc.status = PROC.abandoned;
  }
  o.emit(EVENT.ended, event, thread, goroutine.id);
  if (proc !== undefined) o.model.unbindProc(proc);
  o.model.endGoroutine(goroutine);
  thread.goroutine = undefined;
  return true;
};

APPLY[WIRE.goUnblock] = (o, event, thread, force) => {
  let goroutine = o.model.goroutine(event.a);
  if (goroutine === undefined || goroutine.status !== STATE.waiting || !o.follows(goroutine, event.b)) {
    if (!force) return false;
    o.out.violation(`goroutine ${event.a} is woken, but was not waiting`);
    goroutine ??= o.model.addGoroutine(event.a, STATE.waiting, o.generation);
  }
  goroutine.status = STATE.runnable;
  o.count(goroutine, event.b);
  o.emit(EVENT.unblocked, event, thread, goroutine.id, o.stacks.get(event.c), 0, 0, 0, idOf(thread));
  return true;
};

/** Wakes one goroutine, ends or blocks the current one, and runs the first: three events in one. */
const switchTo: Apply = (o, event, thread, force) => {
  let next = o.model.goroutine(event.a);
  if (next === undefined || next.status !== STATE.waiting || !o.follows(next, event.b)) {
    if (!force) return false;
    o.out.violation(`goroutine ${event.a} is switched to, but was not waiting`);
    next ??= o.model.addGoroutine(event.a, STATE.waiting, o.generation);
  }
  const current = o.current(event, thread, STATE.running);
  o.emit(EVENT.unblocked, event, thread, next.id, 0, 0, 0, 0, idOf(thread));
  if (current !== undefined && event.kind === WIRE.goSwitchDestroy) {
    o.emit(EVENT.ended, event, thread, current.id);
    o.model.endGoroutine(current);
  } else if (current !== undefined) {
    o.emit(EVENT.blocked, event, thread, current.id, 0, o.out.builder.string(COROUTINE));
    current.status = STATE.waiting;
  }
  next.status = STATE.running;
  o.count(next, event.b);
  thread.goroutine = next;
  o.emit(EVENT.running, event, thread, next.id);
  return true;
};
APPLY[WIRE.goSwitch] = switchTo;
APPLY[WIRE.goSwitchDestroy] = switchTo;

APPLY[WIRE.goSyscallBegin] = (o, event, thread) => {
  const goroutine = o.current(event, thread, STATE.running);
  if (goroutine === undefined) return true;
  goroutine.status = STATE.syscall;
  const { proc } = thread;
  if (proc === undefined) o.out.violation(`goroutine ${goroutine.id} enters a system call without a P`);
  else {
    if (!o.follows(proc, event.a)) o.out.violation(`P ${proc.id} enters a system call out of its order`);
    proc.status = PROC.syscall;
    o.count(proc, event.a);
  }
  const object = o.user.takeObject(goroutine.id);
  o.emit(EVENT.syscallBegin, event, thread, goroutine.id, o.stacks.get(event.b), 0, object);
  return true;
};

APPLY[WIRE.goSyscallEnd] = (o, event, thread) => {
  const goroutine = o.current(event, thread, STATE.syscall);
  if (goroutine === undefined) return true;
  goroutine.status = STATE.running;
  if (thread.proc !== undefined) thread.proc.status = PROC.running;
  else o.out.violation(`goroutine ${goroutine.id} leaves a system call with a P that it does not have`);
  o.emit(EVENT.syscallEnd, event, thread, goroutine.id);
  return true;
};

APPLY[WIRE.goSyscallEndBlocked] = (o, event, thread, force) => {
  if (thread.proc !== undefined && thread.proc.status === PROC.syscall) {
    if (!force) return false;
    o.out.violation(`thread ${event.thread} lost its P in a system call, but still has it`);
    thread.proc.status = PROC.idle;
    o.model.unbindProc(thread.proc);
  }
  const goroutine = o.current(event, thread, STATE.syscall);
  if (goroutine === undefined) return true;
  o.emit(EVENT.syscallEnd, event, thread, goroutine.id, 0, 1);
  goroutine.status = STATE.runnable;
  thread.goroutine = undefined;
  return true;
};

APPLY[WIRE.stwBegin] = (o, event, thread) => {
  o.emit(EVENT.stwBegin, event, thread, idOf(thread), o.stacks.get(event.b), o.strings.get(event.a));
  return true;
};
APPLY[WIRE.stwEnd] = (o, event, thread) => {
  o.emit(EVENT.stwEnd, event, thread, idOf(thread));
  return true;
};

const gcOrder = (o: Ordering, event: EventCursor, force: boolean): boolean => {
  if (o.gc === 'unknown' || event.a === o.gcSequence + 1) return true;
  if (force) o.out.violation(`event ${event.a} of the garbage collector follows ${o.gcSequence}`);
  return force;
};

const gcBegin: Apply = (o, event, thread, force) => {
  if (!gcOrder(o, event, force)) return false;
  o.gcSequence = event.a;
  if (o.gc !== 'on') {
    const stack = event.kind === WIRE.gcBegin ? o.stacks.get(event.b) : 0;
    o.emit(EVENT.gcBegin, event, thread, idOf(thread), stack, ++o.cycle);
  } else {
    if (event.kind === WIRE.gcBegin) o.out.violation('the garbage collector begins, but was at work');
    o.out.pass(event.time);
  }
  o.gc = 'on';
  return true;
};
APPLY[WIRE.gcActive] = gcBegin;
APPLY[WIRE.gcBegin] = gcBegin;

APPLY[WIRE.gcEnd] = (o, event, thread, force) => {
  if (o.gc !== 'unknown' && !gcOrder(o, event, force)) return false;
  if (o.gc !== 'on') o.out.violation('the garbage collector ends, but was not at work');
  o.gcSequence = event.a;
  o.gc = 'off';
  o.emit(EVENT.gcEnd, event, thread, idOf(thread), 0, o.cycle);
  return true;
};

APPLY[WIRE.gcSweepActive] = (o, event, thread) => {
  const proc = o.model.proc(event.a);
  if (proc === undefined) o.out.violation(`P ${event.a} sweeps, but is not known`);
  else if (!proc.sweeping) {
    proc.sweeping = true;
    o.out.emit(EVENT.sweepBegin, event.time, 0, 0, proc.id, thread.id, 0, 0, 0, 0);
  } else o.out.pass(event.time);
  return true;
};
APPLY[WIRE.gcSweepBegin] = (o, event, thread) => {
  if (thread.proc !== undefined) thread.proc.sweeping = true;
  o.emit(EVENT.sweepBegin, event, thread, idOf(thread), o.stacks.get(event.a));
  return true;
};
APPLY[WIRE.gcSweepEnd] = (o, event, thread) => {
  if (thread.proc !== undefined) thread.proc.sweeping = false;
  o.emit(EVENT.sweepEnd, event, thread, idOf(thread), 0, event.a, event.b);
  return true;
};

APPLY[WIRE.gcMarkAssistActive] = (o, event, thread) => {
  const goroutine = o.model.goroutine(event.a);
  if (goroutine === undefined)
    o.out.violation(`goroutine ${event.a} assists the collector, but is not known`);
  else if (!goroutine.assisting) {
    goroutine.assisting = true;
    o.out.emit(EVENT.assistBegin, event.time, goroutine.id, 0, -1, thread.id, 0, 0, 0, 0);
  } else o.out.pass(event.time);
  return true;
};
const assist: Apply = (o, event, thread) => {
  const begins = event.kind === WIRE.gcMarkAssistBegin;
  if (thread.goroutine !== undefined) thread.goroutine.assisting = begins;
  const stack = begins ? o.stacks.get(event.a) : 0;
  o.emit(begins ? EVENT.assistBegin : EVENT.assistEnd, event, thread, idOf(thread), stack);
  return true;
};
APPLY[WIRE.gcMarkAssistBegin] = assist;
APPLY[WIRE.gcMarkAssistEnd] = assist;

APPLY[WIRE.heapAlloc] = (o, event, thread) => {
  o.emit(EVENT.heapAlloc, event, thread, idOf(thread), 0, event.a);
  return true;
};
APPLY[WIRE.heapGoal] = (o, event, thread) => {
  o.emit(EVENT.heapGoal, event, thread, idOf(thread), 0, event.a);
  return true;
};
APPLY[WIRE.goLabel] = (o, event, thread) => {
  o.emit(EVENT.label, event, thread, idOf(thread), 0, 0, 0, o.strings.get(event.a));
  return true;
};

APPLY[WIRE.userTaskBegin] = (o, event, thread) => {
  o.emit(
    EVENT.taskBegin,
    event,
    thread,
    idOf(thread),
    o.stacks.get(event.d),
    event.a,
    event.b,
    o.strings.get(event.c),
  );
  return true;
};
APPLY[WIRE.userTaskEnd] = (o, event, thread) => {
  o.emit(EVENT.taskEnd, event, thread, idOf(thread), o.stacks.get(event.b), event.a);
  return true;
};
const region: Apply = (o, event, thread) => {
  const proc = thread.proc === undefined ? -1 : thread.proc.id;
  const begins = event.kind === WIRE.userRegionBegin;
  const [name, stack] = [o.strings.get(event.b), o.stacks.get(event.c)];
  o.user.region(begins, event.time, idOf(thread), proc, thread.id, event.a, name, stack);
  return true;
};
APPLY[WIRE.userRegionBegin] = region;
APPLY[WIRE.userRegionEnd] = region;
APPLY[WIRE.userLog] = (o, event, thread) => {
  const proc = thread.proc === undefined ? -1 : thread.proc.id;
  const [key, value, stack] = [o.strings.get(event.b), o.strings.get(event.c), o.stacks.get(event.d)];
  o.user.log(event.time, idOf(thread), proc, thread.id, event.a, key, value, stack);
  return true;
};
