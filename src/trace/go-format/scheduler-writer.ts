import { EVENT, STATE } from '../events.ts';
import type { GenerationOut } from './generation-out.ts';
import { CATEGORY, noteText } from './notes.ts';
import type { Row } from './row.ts';
import { type GoroutineState, type ProcState, SchedulerModel, type ThreadState } from './scheduler-model.ts';
import { PROC, WIRE } from './wire.ts';

/** Threads of our own, for what happened on one that nobody knows: above all that Linux gives. */
const NO_THREAD = 2 ** 31;

/**
 * Says events in Go's format, which demands that everything follows: what runs on a thread with a P was started there.
 * Where it does not follow, hidden events make it so. `write` answers whether our reader would get exactly the row
 * back; if not, the caller says it in another way.
 */
export class SchedulerWriter {
  readonly #model = new SchedulerModel();
  /**
   * Where each last changed its state. Statuses have no counter, and Go's readers order threads by whole nanoseconds: a
   * status is only sure to come behind the change on the same thread.
   */
  readonly #changedOn = new WeakMap<GoroutineState | ProcState, ThreadState>();
  readonly #threadOf = new Map<GoroutineState, ThreadState>();
  readonly #regions = new Map<GoroutineState, string[]>();
  readonly #stopping = new Set<GoroutineState>();
  readonly #tasks = new Set<number>();
  #out!: GenerationOut;
  #generation = 0;
  #gcSequence = 0;
  #gcOn = false;
  #cycle = 0;
  tick = 0;

  /** A stop of the world was begun and not ended. */
  get isWorldStopped(): boolean {
    return this.#stopping.size > 0;
  }

  begin(out: GenerationOut, generation: number): void {
    this.#out = out;
    this.#generation = generation;
  }

  write(row: Row, tick: number): boolean {
    this.tick = tick - 1;
    const thread = this.#model.thread(row.thread < 0 ? NO_THREAD + Math.max(0, row.proc) : row.thread);
    const said = this.#say(row, thread);
    if (!said) this.tick++;
    return said;
  }

  /** The status of P 0, which says nothing new. Answers the tick of it. */
  writeSomething(tick: number): number {
    this.tick = tick;
    const proc = this.#model.proc(0) ?? this.#model.addProc(0, PROC.idle, this.#generation);
    this.#emit(
      false,
      proc.thread ?? this.#changedOn.get(proc) ?? this.#model.thread(NO_THREAD),
      WIRE.procStatus,
      proc.id,
      proc.status,
    );
    return this.tick;
  }

  #say(row: Row, thread: ThreadState): boolean {
    switch (row.kind) {
      case EVENT.created:
        return this.#created(row, thread);
      case EVENT.known:
        return this.#known(row, thread);
      case EVENT.unblocked:
        return this.#unblocked(row, thread);
      case EVENT.running:
        return this.#started(row, thread);
      case EVENT.blocked:
      case EVENT.stopped:
      case EVENT.ended:
        return this.#left(row, thread);
      case EVENT.syscallBegin:
        return this.#syscallBegin(row, thread);
      case EVENT.syscallEnd:
        return this.#syscallEnd(row, thread);
      case EVENT.procStart:
      case EVENT.procStop:
      case EVENT.procStolen:
      case EVENT.procKnown:
        return this.#proc(row, thread);
      default:
        return this.#inContext(row, thread) && this.#annotation(row, thread);
    }
  }

  // Goroutines

  #created(row: Row, thread: ThreadState): boolean {
    if (this.#model.goroutine(row.goroutine) !== undefined) return false;
    if (row.b === STATE.syscall) {
      this.#leave(thread);
      const exact = this.#exact(row, thread, 0) && row.a === 0 && row.stack === 0;
      this.#emit(exact, thread, WIRE.goCreateSyscall, row.goroutine);
      this.#run(this.#model.addGoroutine(row.goroutine, STATE.syscall, this.#generation), thread);
      return exact;
    }
    if (thread.goroutine?.status === STATE.syscall) this.#leave(thread);
    this.#bind(thread, row.proc);
    const exact = this.#exact(row, thread, idOf(thread));
    const kind = row.b === STATE.waiting ? WIRE.goCreateBlocked : WIRE.goCreate;
    this.#emit(exact, thread, kind, row.goroutine, row.a, row.stack);
    this.#model.addGoroutine(
      row.goroutine,
      row.b === STATE.waiting ? STATE.waiting : STATE.runnable,
      this.#generation,
    );
    return exact;
  }

  #known(row: Row, thread: ThreadState): boolean {
    const state = row.a;
    if (this.#generation !== 1 || this.#model.goroutine(row.goroutine) !== undefined) return false;
    const bound = state === STATE.running || state === STATE.syscall;
    if (bound) {
      this.#leave(thread);
      if (row.proc >= 0 && thread.proc?.id !== row.proc) {
        if (
          state === STATE.syscall &&
          this.#model.proc(row.proc) === undefined &&
          thread.proc === undefined
        ) {
          this.#emit(false, thread, WIRE.procStatus, row.proc, PROC.syscall);
          this.#model.bindProc(thread, this.#model.addProc(row.proc, PROC.syscall, this.#generation));
        } else this.#bind(thread, row.proc);
      }
    }
    const place = bound
      ? thread.id === row.thread && row.proc === (thread.proc?.id ?? -1)
      : row.thread === -1 && row.proc === -1;
    const exact = place && row.b === 0 && row.c === 0 && row.actor === 0;
    const at = bound ? thread.id : -1;
    if (state >= STATE.runnable && state <= STATE.waiting) {
      this.#emit(exact, thread, WIRE.goStatusStack, row.goroutine, at, state, row.stack);
      const goroutine = this.#model.addGoroutine(row.goroutine, state, this.#generation);
      if (bound) this.#run(goroutine, thread);
      return exact;
    }
    return false;
  }

  #unblocked(row: Row, thread: ThreadState): boolean {
    const goroutine = this.#make(row.goroutine, STATE.waiting, thread, row.proc);
    const exact = this.#exact(row, thread, idOf(thread));
    this.#emit(exact, thread, WIRE.goUnblock, row.goroutine, ++goroutine.sequence, row.stack);
    goroutine.status = STATE.runnable;
    return exact;
  }

  #started(row: Row, thread: ThreadState): boolean {
    const goroutine = this.#make(row.goroutine, STATE.runnable, thread, row.proc);
    this.#leave(thread);
    this.#bind(thread, row.proc);
    this.#current(goroutine, thread);
    const exact = this.#exact(row, thread, 0) && row.stack === 0;
    this.#emit(exact, thread, WIRE.goStart, row.goroutine, ++goroutine.sequence);
    goroutine.status = STATE.running;
    this.#run(goroutine, thread);
    if (exact && row.a > 0) this.#log(row, thread, noteText({ kind: 'stolen', from: row.a - 1 }));
    return exact;
  }

  #left(row: Row, thread: ThreadState): boolean {
    const there = this.#model.goroutine(row.goroutine);
    if (row.kind === EVENT.ended && there?.status === STATE.syscall && thread.goroutine === there) {
      if (thread.proc?.status === PROC.syscall) this.#stopProc(thread.proc);
      const exact = this.#exact(row, thread, 0) && row.stack === 0 && row.a === 0;
      this.#emit(exact, thread, WIRE.goDestroySyscall);
      this.#end(there, thread);
      return exact;
    }
    const goroutine = this.#makeRunning(row.goroutine, thread, row.proc);
    const exact = this.#exact(row, thread, 0);
    if (row.kind === EVENT.ended) {
      const said = exact && row.stack === 0 && row.a === 0;
      this.#emit(said, thread, WIRE.goDestroy);
      this.#end(goroutine, thread);
      return said;
    }
    if (row.kind === EVENT.blocked) {
      if (exact && row.rawB !== 0) this.#log(row, thread, row.ids.objectText(row.rawB));
      this.#emit(exact, thread, WIRE.goBlock, row.a, row.stack);
      this.#rest(goroutine, STATE.waiting);
    } else {
      this.#emit(exact, thread, WIRE.goStop, row.a, row.stack);
      this.#rest(goroutine, STATE.runnable);
    }
    return exact;
  }

  #syscallBegin(row: Row, thread: ThreadState): boolean {
    const goroutine = this.#makeRunning(row.goroutine, thread, row.proc);
    const proc = thread.proc!;
    this.#currentProc(proc, thread);
    const exact = this.#exact(row, thread, 0);
    if (exact && row.rawB !== 0) this.#log(row, thread, row.ids.objectText(row.rawB));
    this.#emit(exact, thread, WIRE.goSyscallBegin, ++proc.sequence, row.stack);
    goroutine.status = STATE.syscall;
    proc.status = PROC.syscall;
    return exact;
  }

  #syscallEnd(row: Row, thread: ThreadState): boolean {
    const goroutine = this.#model.goroutine(row.goroutine);
    const keeps = row.a !== 1;
    if (goroutine?.status !== STATE.syscall || thread.goroutine !== goroutine) {
      if (keeps) this.#makeRunning(row.goroutine, thread, row.proc);
      else this.#make(row.goroutine, STATE.runnable, thread, row.proc);
      return false;
    }
    if (keeps && thread.proc?.status !== PROC.syscall) {
      this.#makeRunning(row.goroutine, thread, row.proc);
      return false;
    }
    if (keeps) {
      const exact = this.#exact(row, thread, 0) && row.stack === 0;
      this.#emit(exact, thread, WIRE.goSyscallEnd);
      goroutine.status = STATE.running;
      thread.proc!.status = PROC.running;
      return exact;
    }
    if (thread.proc?.status === PROC.syscall) this.#stopProc(thread.proc);
    const exact = this.#exact(row, thread, 0) && row.stack === 0;
    this.#emit(exact, thread, WIRE.goSyscallEndBlocked);
    this.#rest(goroutine, STATE.runnable);
    return exact;
  }

  // Ps

  #proc(row: Row, thread: ThreadState): boolean {
    const proc = this.#model.proc(row.proc);
    const plain =
      row.goroutine === 0 &&
      row.actor === 0 &&
      row.stack === 0 &&
      row.b === 0 &&
      row.c === 0 &&
      row.thread === thread.id;
    if (row.kind === EVENT.procKnown) {
      if (proc !== undefined || row.proc < 0 || row.a < PROC.running || row.a > PROC.abandoned) return false;
      const binds = row.a === PROC.running || row.a === PROC.syscall;
      const exact = plain && (!binds || thread.proc === undefined);
      if (!exact) return false;
      this.#emit(true, thread, WIRE.procStatus, row.proc, row.a);
      const added = this.#model.addProc(row.proc, row.a, this.#generation);
      if (binds) this.#model.bindProc(thread, added);
      return true;
    }
    if (!plain || row.proc < 0) return false;
    if (row.kind === EVENT.procStop) {
      if (row.a !== 0 || proc === undefined || thread.proc !== proc) return false;
      this.#stopProc(proc, true);
      return true;
    }
    if (row.kind === EVENT.procStart) {
      if (row.a !== 0 || (thread.proc === proc && proc !== undefined)) return false;
      this.#bind(thread, row.proc, true);
      return true;
    }
    if (proc?.status !== PROC.syscall || proc.thread?.id !== row.a) {
      if (proc?.thread !== undefined) this.#stopProc(proc);
      return false;
    }
    this.#currentProc(proc, thread);
    this.#emit(true, thread, WIRE.procSteal, row.proc, ++proc.sequence, row.a);
    this.#model.unbindProc(proc);
    proc.status = PROC.idle;
    return true;
  }

  // What needs a goroutine that runs

  #inContext(row: Row, thread: ThreadState): boolean {
    if (thread.proc === undefined || thread.proc.id !== row.proc || thread.id !== row.thread) return false;
    const goroutine = thread.goroutine;
    if (row.kind === EVENT.lost) return goroutine?.status === STATE.running && row.goroutine === 0;
    const anyone =
      row.kind === EVENT.sweepBegin || row.kind === EVENT.sweepEnd || row.kind === EVENT.heapAlloc;
    if (goroutine === undefined) return (anyone || row.kind === EVENT.heapGoal) && row.goroutine === 0;
    if (goroutine.status !== STATE.running || row.actor !== 0) return false;
    return row.kind === EVENT.stackGrown || row.goroutine === goroutine.id;
  }

  #annotation(row: Row, thread: ThreadState): boolean {
    const { a, b, c, stack } = row;
    const goroutine = thread.goroutine;
    const say = (plain: boolean, kind: number, ...args: number[]): boolean => {
      if (plain) this.#emit(true, thread, kind, ...args);
      return plain;
    };
    switch (row.kind) {
      case EVENT.procsChange:
        return say(b === 0 && c === 0, WIRE.procsChange, a, stack);
      case EVENT.gcBegin:
        if (this.#gcOn || a !== this.#cycle + 1 || b !== 0 || c !== 0) return false;
        this.#gcOn = true;
        this.#cycle++;
        return say(true, WIRE.gcBegin, ++this.#gcSequence, stack);
      case EVENT.gcEnd:
        if (!this.#gcOn || a !== this.#cycle || stack !== 0 || b !== 0 || c !== 0) return false;
        this.#gcOn = false;
        return say(true, WIRE.gcEnd, ++this.#gcSequence);
      case EVENT.stwBegin:
      case EVENT.stwEnd: {
        const begins = row.kind === EVENT.stwBegin;
        if (this.#stopping.has(goroutine!) === begins || b !== 0 || c !== 0) return false;
        if (!begins && (a !== 0 || stack !== 0)) return false;
        if (begins) this.#stopping.add(goroutine!);
        else this.#stopping.delete(goroutine!);
        return begins ? say(true, WIRE.stwBegin, a, stack) : say(true, WIRE.stwEnd);
      }
      case EVENT.assistBegin:
      case EVENT.assistEnd: {
        const begins = row.kind === EVENT.assistBegin;
        if (goroutine!.assisting === begins || a !== 0 || b !== 0 || c !== 0 || (!begins && stack !== 0))
          return false;
        goroutine!.assisting = begins;
        return begins ? say(true, WIRE.gcMarkAssistBegin, stack) : say(true, WIRE.gcMarkAssistEnd);
      }
      case EVENT.sweepBegin:
      case EVENT.sweepEnd: {
        const begins = row.kind === EVENT.sweepBegin;
        const fits = begins ? a === 0 && b === 0 : stack === 0;
        if (thread.proc!.sweeping === begins || c !== 0 || !fits) return false;
        thread.proc!.sweeping = begins;
        return begins ? say(true, WIRE.gcSweepBegin, stack) : say(true, WIRE.gcSweepEnd, a, b);
      }
      case EVENT.heapAlloc:
        return say(stack === 0 && b === 0 && c === 0, WIRE.heapAlloc, a);
      case EVENT.heapGoal:
        return say(stack === 0 && b === 0 && c === 0, WIRE.heapGoal, a);
      default:
        return this.#userEvent(row, thread, say);
    }
  }

  #userEvent(
    row: Row,
    thread: ThreadState,
    say: (plain: boolean, kind: number, ...args: number[]) => boolean,
  ): boolean {
    const { a, b, c, stack } = row;
    const goroutine = thread.goroutine!;
    switch (row.kind) {
      case EVENT.label:
        return say(stack === 0 && a === 0 && b === 0, WIRE.goLabel, c);
      case EVENT.taskBegin:
        if (this.#tasks.has(a)) return false;
        this.#tasks.add(a);
        return say(true, WIRE.userTaskBegin, a, b, c, stack);
      case EVENT.taskEnd:
        if (b !== 0 || c !== 0) return false;
        this.#tasks.delete(a);
        return say(true, WIRE.userTaskEnd, a, stack);
      case EVENT.log:
        return say(true, WIRE.userLog, a, b, c, stack);
      case EVENT.stackGrown: {
        const of = row.goroutine === goroutine.id ? undefined : row.goroutine;
        if (c !== 0) return false;
        this.#log(row, thread, noteText({ kind: 'grown', from: a, to: b, goroutine: of }), stack);
        return true;
      }
      case EVENT.lost:
        if (stack !== 0 || c !== 0) return false;
        this.#log(row, thread, noteText({ kind: 'lost', count: a, why: row.ids.text(row.rawB) }));
        return true;
      case EVENT.regionBegin:
        this.#regionsOf(goroutine).push(`${a} ${row.name}`);
        return say(b === 0, WIRE.userRegionBegin, a, c, stack);
      case EVENT.regionEnd:
        return this.#closes(goroutine, `${a} ${row.name}`) && say(b === 0, WIRE.userRegionEnd, a, c, stack);
      case EVENT.call:
        this.#log(row, thread, noteText({ kind: 'call', depth: c, text: row.ids.text(row.rawB) }));
        this.#regionsOf(goroutine).push(`0 ${row.name}`);
        return say(true, WIRE.userRegionBegin, 0, a, stack);
      case EVENT.return:
        if (!this.#unwind(row, goroutine, thread, `0 ${row.name}`)) return false;
        this.#log(row, thread, noteText({ kind: 'return', nanoseconds: c, text: row.ids.text(row.rawB) }));
        this.#regionsOf(goroutine).pop();
        return say(true, WIRE.userRegionEnd, 0, a, stack);
      default:
        return false;
    }
  }

  #regionsOf(goroutine: GoroutineState): string[] {
    let regions = this.#regions.get(goroutine);
    if (regions === undefined) {
      regions = [];
      this.#regions.set(goroutine, regions);
    }
    return regions;
  }

  /** Go's readers refuse the end of a region that is not the innermost; of one that began before the trace they do not. */
  #closes(goroutine: GoroutineState, region: string): boolean {
    const regions = this.#regionsOf(goroutine);
    if (regions.length > 0 && regions.at(-1) !== region) return false;
    regions.pop();
    return true;
  }

  /** Closes calls that never returned (a panic went through them), so that the region is the innermost. */
  #unwind(row: Row, goroutine: GoroutineState, thread: ThreadState, region: string): boolean {
    const regions = this.#regionsOf(goroutine);
    if (!regions.includes(region)) return false;
    while (regions.at(-1) !== region) {
      const open = regions.pop()!;
      const space = open.indexOf(' ');
      const name = row.ids.note(open.slice(space + 1));
      this.#emit(false, thread, WIRE.userRegionEnd, Number(open.slice(0, space)), name, 0);
    }
    return true;
  }

  // Means

  /** Writes an event at the next tick; hidden ones are not for our reader to see. */
  #emit(visible: boolean, thread: ThreadState, kind: number, ...args: number[]): void {
    this.tick++;
    this.#out.event(thread.id, this.tick, kind, ...args);
    if (!visible) this.#out.hide(this.tick);
  }

  #log(row: Row, thread: ThreadState, text: string, stack = 0): void {
    this.#emit(true, thread, WIRE.userLog, 0, row.ids.note(CATEGORY), row.ids.note(text), stack);
  }

  /** Whether the reader would take actor, P and thread from the context as they are. */
  #exact(row: Row, thread: ThreadState, actor: number): boolean {
    return row.thread === thread.id && row.proc === (thread.proc?.id ?? -1) && row.actor === actor;
  }

  #run(goroutine: GoroutineState, thread: ThreadState): void {
    thread.goroutine = goroutine;
    this.#threadOf.set(goroutine, thread);
  }

  #rest(goroutine: GoroutineState, status: number): void {
    const thread = this.#threadOf.get(goroutine);
    if (thread?.goroutine === goroutine) thread.goroutine = undefined;
    if (thread !== undefined) this.#changedOn.set(goroutine, thread);
    this.#threadOf.delete(goroutine);
    goroutine.status = status;
  }

  #end(goroutine: GoroutineState, thread: ThreadState): void {
    this.#rest(goroutine, STATE.ended);
    this.#regions.delete(goroutine);
    this.#stopping.delete(goroutine);
    thread.goroutine = undefined;
    this.#model.endGoroutine(goroutine);
  }

  /** A status in this generation, without which no counter of the goroutine is taken. */
  #current(goroutine: GoroutineState, at: ThreadState): void {
    if (goroutine.generation === this.#generation) return;
    const bound = this.#threadOf.get(goroutine);
    this.#emit(
      false,
      bound ?? this.#changedOn.get(goroutine) ?? at,
      WIRE.goStatus,
      goroutine.id,
      bound?.id ?? -1,
      goroutine.status,
    );
    goroutine.generation = this.#generation;
    goroutine.sequence = 0;
  }

  #currentProc(proc: ProcState, at: ThreadState): void {
    if (proc.generation === this.#generation) return;
    this.#emit(false, proc.thread ?? this.#changedOn.get(proc) ?? at, WIRE.procStatus, proc.id, proc.status);
    proc.generation = this.#generation;
    proc.sequence = 0;
  }

  /** The thread has the P, whatever it takes. −1: any. */
  #bind(thread: ThreadState, wanted: number, visible = false): void {
    const id = wanted >= 0 ? wanted : (thread.proc?.id ?? 0);
    let proc = this.#model.proc(id);
    if (proc !== undefined && thread.proc === proc) return;
    if (thread.proc !== undefined) this.#stopProc(thread.proc);
    if (proc === undefined) {
      this.#emit(false, thread, WIRE.procStatus, id, PROC.idle);
      proc = this.#model.addProc(id, PROC.idle, this.#generation);
    }
    if (proc.thread !== undefined) this.#stopProc(proc);
    this.#currentProc(proc, thread);
    if (proc.status === PROC.abandoned) {
      this.#emit(false, thread, WIRE.procSteal, id, ++proc.sequence, thread.id);
      proc.status = PROC.idle;
    }
    this.#emit(visible, thread, WIRE.procStart, id, ++proc.sequence);
    proc.status = PROC.running;
    this.#model.bindProc(thread, proc);
  }

  /** The P is idle: the thread that has it stops it. */
  #stopProc(proc: ProcState, visible = false): void {
    if (proc.thread === undefined) return;
    this.#emit(visible, proc.thread, WIRE.procStop);
    this.#changedOn.set(proc, proc.thread);
    proc.status = PROC.idle;
    this.#model.unbindProc(proc);
  }

  /** The thread runs no goroutine. */
  #leave(thread: ThreadState): void {
    const goroutine = thread.goroutine;
    if (goroutine === undefined) return;
    if (goroutine.status === STATE.syscall) {
      if (thread.proc?.status === PROC.syscall) this.#stopProc(thread.proc);
      this.#emit(false, thread, WIRE.goSyscallEndBlocked);
    } else {
      this.#bind(thread, -1);
      this.#emit(false, thread, WIRE.goStop, 0, 0);
    }
    this.#rest(goroutine, STATE.runnable);
  }

  /** A goroutine in state runnable or waiting, whatever it takes, ready to be counted. */
  #make(id: number, status: number, thread: ThreadState, proc: number): GoroutineState {
    let goroutine = this.#model.goroutine(id);
    if (goroutine === undefined) {
      if (this.#generation === 1) this.#emit(false, thread, WIRE.goStatus, id, -1, status);
      else {
        if (thread.goroutine?.status === STATE.syscall) this.#leave(thread);
        this.#bind(thread, proc);
        this.#emit(false, thread, status === STATE.waiting ? WIRE.goCreateBlocked : WIRE.goCreate, id, 0, 0);
      }
      return this.#model.addGoroutine(id, status, this.#generation);
    }
    if (goroutine.status === status) {
      this.#current(goroutine, thread);
      return goroutine;
    }
    const at = this.#threadOf.get(goroutine);
    if (at !== undefined) this.#leave(at);
    this.#current(goroutine, thread);
    if (status === STATE.runnable && goroutine.status === STATE.waiting) {
      this.#emit(false, thread, WIRE.goUnblock, id, ++goroutine.sequence, 0);
      goroutine.status = STATE.runnable;
    } else if (status === STATE.waiting) {
      goroutine = this.#makeRunning(id, thread, proc);
      this.#emit(false, thread, WIRE.goBlock, 0, 0);
      this.#rest(goroutine, STATE.waiting);
    }
    return goroutine;
  }

  /** The goroutine runs on the thread with a P, whatever it takes. */
  #makeRunning(id: number, thread: ThreadState, proc: number): GoroutineState {
    const there = this.#model.goroutine(id);
    if (there?.status === STATE.running && thread.goroutine === there) {
      this.#bind(thread, proc);
      return there;
    }
    const goroutine = this.#make(id, STATE.runnable, thread, proc);
    this.#leave(thread);
    this.#bind(thread, proc);
    this.#current(goroutine, thread);
    this.#emit(false, thread, WIRE.goStart, id, ++goroutine.sequence);
    goroutine.status = STATE.running;
    this.#run(goroutine, thread);
    return goroutine;
  }
}

const idOf = (thread: ThreadState): number => thread.goroutine?.id ?? 0;
