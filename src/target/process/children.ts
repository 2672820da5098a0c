import type { Arch, TrapInstruction } from '../../arch/index.ts';
import { newTask } from './clone-flags.ts';
import { type Kernel, PTRACE_EVENT, SIGNAL } from './kernel.ts';
import { pendingSignals } from './pending-signals.ts';
import { ProcessThread } from './process-thread.ts';
import type { Reports } from './reports.ts';
import { STOPPING } from './signal-rules.ts';
import type { StepOff } from './step-off.ts';
import type { TrapTable } from './trap-table.ts';
import { hasExited, ptraceEvent, stopSignal, wasKilled } from './wait-status.ts';

interface Setting {
  readonly kernel: Kernel;
  readonly arch: Arch;
  readonly trap: TrapInstruction;
  readonly traps: TrapTable;
  readonly stepOff: StepOff;
  readonly reports: Reports;
  /** Whether children are looked after until they run programs of their own. */
  readonly following: () => boolean;
  readonly onChild: (pid: number) => AtExec;
  /** Tasks that have stopped before their maker told of them, and that are nobody's any more. */
  readonly takeEarly: () => readonly number[];
}

/** What becomes of a child that runs a program now. */
export type AtExec =
  /** Somebody else sees to it. */
  | 'followed'
  /** It is looked after for what it will run, or what its own children will. */
  | 'kept'
  | 'left';

/** How a new task is related to the process, or to the child, that made it. */
type Relation =
  /** It is in the memory of the process, with our traps. */
  | 'sharing'
  /** It has a copy of that memory. */
  | 'copy'
  /** It is in other memory, which we have never touched. */
  | 'apart';

interface Task {
  readonly thread: ProcessThread;
  readonly relation: Relation;
}

/**
 * Children that the program forks. They are traced from their first instruction on, with our traps in their text: a
 * copy of the process gets its own bytes and is let go at once; one that shares its memory (vfork; Go starts its
 * children so) is led past the traps until it runs another program. Where children are followed, all of them are kept
 * until they run a program that is of interest; what they run before, and the children of that, runs as if nobody looked.
 */
export class Children {
  readonly #setting: Setting;
  /** Waited for: announced, not stopped yet. */
  readonly #expected = new Map<number, Relation>();
  readonly #tasks = new Map<number, Task>();
  /** Nobody is to be followed any more. */
  #leaving = false;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  has(id: number): boolean {
    return this.#expected.has(id) || this.#tasks.has(id);
  }

  add(id: number, relation: Relation): void {
    // Now, for when it stops the traps may be out of the text that it was copied from.
    if (relation === 'copy') this.#setting.traps.cleanCopy(id);
    if (this.#setting.reports.takeEarly(id)) this.#begin(id, relation);
    else this.#expected.set(id, relation);
  }

  /** Whether an end was that of a child. */
  gone(id: number): boolean {
    return this.#expected.delete(id) || this.#tasks.delete(id);
  }

  /** Deals with a stop of a child; false if it is none. */
  stopped(id: number, status: number): boolean {
    const expected = this.#expected.get(id);
    if (expected !== undefined) {
      this.#expected.delete(id);
      this.#begin(id, expected);
      return true;
    }
    const child = this.#tasks.get(id);
    if (child === undefined) return false;
    child.thread.forget();
    this.#goOn(child, ptraceEvent(status), stopSignal(status));
    return true;
  }

  /** There are some that are looked after. */
  get any(): boolean {
    return this.#expected.size + this.#tasks.size > 0;
  }

  /** Lets go of all; those that run are stopped for it. The traps are not in the text. */
  detach(): void {
    const { kernel, takeEarly } = this.#setting;
    this.#leaving = true;
    this.#begunByNow();
    for (const child of [...this.#tasks.values()]) {
      const status = this.#halt(child);
      if (status === undefined) continue;
      if (child.relation === 'apart') this.#letGoApart(child.thread.id, status);
      else this.#letGo(child.thread, status);
    }
    for (const id of takeEarly()) kernel.detach(id, 0);
  }

  /**
   * The process is no more, and the traps are still in the memory that it leaves to those that share it. Those that are
   * followed stay.
   */
  orphan(): void {
    const { traps, following } = this.#setting;
    if (this.#leaving || !following()) {
      for (const { thread, relation } of this.#tasks.values())
        if (relation === 'sharing') traps.cleanCopy(thread.id);
      this.detach();
      return;
    }
    this.#begunByNow();
    for (const child of [...this.#tasks.values()].filter(({ relation }) => relation === 'sharing')) {
      const status = this.#halt(child);
      if (status === undefined) continue;
      if (ptraceEvent(status) === PTRACE_EVENT.EXEC) this.#exec(child.thread);
      else {
        traps.cleanCopy(child.thread.id);
        this.#letGo(child.thread, status);
      }
    }
  }

  /** What has been announced begins before anything else is done. */
  #begunByNow(): void {
    const { reports } = this.#setting;
    for (const id of [...this.#expected.keys()]) {
      if (reports.of(id) && isStop(reports.status)) this.stopped(id, reports.status);
      this.#expected.delete(id);
    }
  }

  /** Stops one that is looked after no more: its status. Undefined: it is gone. */
  #halt({ thread: { id } }: Task): number | undefined {
    const { kernel, reports } = this.#setting;
    this.#tasks.delete(id);
    const stopped = kernel.interrupt(id) && reports.of(id) && isStop(reports.status);
    return stopped ? reports.status : undefined;
  }

  #begin(id: number, relation: Relation): void {
    const { kernel, arch, following } = this.#setting;
    if (relation !== 'sharing' && (this.#leaving || !following())) {
      kernel.detach(id, 0);
      return;
    }
    this.#tasks.set(id, {
      thread: new ProcessThread(kernel, arch, id, id, 'stopped'),
      relation: relation === 'sharing' ? 'sharing' : 'apart',
    });
    kernel.cont(id, 0);
  }

  #goOn(child: Task, event: number, signal: number): void {
    const { kernel } = this.#setting;
    const { thread, relation } = child;
    switch (event) {
      case 0:
        if (signal === SIGNAL.SIGTRAP && relation === 'sharing' && this.#passTrap(thread)) return;
        kernel.cont(thread.id, signal);
        break;
      case PTRACE_EVENT.EXEC:
        this.#exec(thread);
        break;
      case PTRACE_EVENT.CLONE:
      case PTRACE_EVENT.FORK:
      case PTRACE_EVENT.VFORK:
        this.#newTask(child);
        kernel.cont(thread.id, 0);
        break;
      case PTRACE_EVENT.STOP:
        if (!STOPPING.has(signal) || !kernel.listen(thread.id)) kernel.cont(thread.id, 0);
        break;
      default:
        kernel.cont(thread.id, 0);
    }
  }

  #newTask({ thread, relation }: Task): void {
    const { kernel, arch } = this.#setting;
    const task = kernel.getEventMessage(thread.id);
    if (task === undefined) return;
    if (relation === 'apart') this.add(task, 'apart');
    else this.add(task, newTask(kernel, arch.linux, thread.id, thread) === 'copy' ? 'copy' : 'sharing');
  }

  #exec({ id }: ProcessThread): void {
    const { kernel, onChild } = this.#setting;
    this.#tasks.delete(id);
    // The thread that called execve has the leader's id now.
    const former = kernel.getEventMessage(id);
    if (former !== undefined) this.#tasks.delete(former);
    const fate = this.#leaving ? 'left' : onChild(id);
    if (fate === 'kept') this.#begin(id, 'apart');
    else if (fate === 'left') kernel.detach(id, 0);
  }

  /** Leads a child past the trap that it has hit; false: it was none of ours. */
  #passTrap(child: ProcessThread): boolean {
    const { kernel, traps, stepOff, reports, trap: kind } = this.#setting;
    const trap = traps.get(child.pc - kind.passed);
    if (trap === undefined) return false;
    child.pc = trap.address;
    // The slots are in shared memory too. What cannot be moved is executed with the trap out for a moment.
    if (trap.inserted && !stepOff.prepare(child, trap)) {
      traps.lift(trap);
      child.flush();
      const ended = kernel.step(child.id, 0) && reports.of(child.id) && !isStop(reports.status);
      traps.put(trap);
      if (ended) {
        this.#tasks.delete(child.id);
        return true;
      }
      child.forget();
    }
    child.flush();
    child.forget();
    kernel.cont(child.id, 0);
    return true;
  }

  /** The traps are out of the text; it may have executed one before. */
  #letGo(child: ProcessThread, status: number): void {
    const { kernel, traps, stepOff, reports, trap: kind } = this.#setting;
    let signal = ptraceEvent(status) === 0 ? stopSignal(status) : 0;
    child.forget();
    if (ptraceEvent(status) === PTRACE_EVENT.STOP && this.#hasTrapPending(child.id)) {
      if (!kernel.cont(child.id, 0) || !reports.of(child.id) || !isStop(reports.status)) return;
      signal = stopSignal(reports.status);
      child.forget();
    }
    const trap = signal === SIGNAL.SIGTRAP ? traps.get(child.pc - kind.passed) : undefined;
    if (trap !== undefined) {
      child.pc = trap.address;
      signal = 0;
    }
    const origin = stepOff.originOf(child.pc);
    if (origin !== undefined) child.pc = origin.pc;
    child.flush();
    kernel.detach(child.id, signal);
  }

  /** What it stands at is its own affair. A child that it has just made is traced too. */
  #letGoApart(id: number, status: number): void {
    const { kernel, reports } = this.#setting;
    const event = ptraceEvent(status);
    const made = MAKING.has(event) ? kernel.getEventMessage(id) : undefined;
    kernel.detach(id, event === 0 ? stopSignal(status) : 0);
    if (made === undefined) return;
    if (reports.takeEarly(made) || (reports.of(made) && isStop(reports.status))) kernel.detach(made, 0);
  }

  #hasTrapPending(id: number): boolean {
    const status = this.#setting.kernel.procFile(id, `task/${id}/status`);
    return status !== undefined && pendingSignals(status).has(SIGNAL.SIGTRAP);
  }
}

const MAKING: ReadonlySet<number> = new Set([PTRACE_EVENT.CLONE, PTRACE_EVENT.FORK, PTRACE_EVENT.VFORK]);

const isStop = (status: number): boolean => !hasExited(status) && !wasKilled(status);
