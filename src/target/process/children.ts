import type { Arch } from '../../arch/index.ts';
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
  readonly traps: TrapTable;
  readonly stepOff: StepOff;
  readonly reports: Reports;
}

/**
 * Children that the program forks. They are traced from their first instruction on, with our traps in their text: a
 * copy of the process gets its own bytes and is let go at once; one that shares its memory (vfork; Go starts its
 * children so) is led past the traps until it runs another program.
 */
export class Children {
  readonly #setting: Setting;
  /** Waited for: announced, not stopped yet. */
  readonly #expected = new Map<number, { readonly shared: boolean }>();
  readonly #sharing = new Map<number, ProcessThread>();

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  add(id: number, shared: boolean): void {
    if (this.#setting.reports.takeEarly(id)) this.#begin(id, shared);
    else this.#expected.set(id, { shared });
  }

  /** Whether an end was that of a child. */
  gone(id: number): boolean {
    return this.#expected.delete(id) || this.#sharing.delete(id);
  }

  /** Deals with a stop of a child; false if it is none. */
  stopped(id: number, status: number): boolean {
    const expected = this.#expected.get(id);
    if (expected !== undefined) {
      this.#expected.delete(id);
      this.#begin(id, expected.shared);
      return true;
    }
    const child = this.#sharing.get(id);
    if (child === undefined) return false;
    child.forget();
    this.#goOn(child, ptraceEvent(status), stopSignal(status));
    return true;
  }

  /**
   * Lets go of all; those that run are stopped for it. `orphaned`: the process is no more, and the traps are still in
   * the memory that it leaves to them.
   */
  detach(orphaned: boolean): void {
    const { kernel, reports, traps } = this.#setting;
    for (const id of [...this.#expected.keys()]) {
      if (reports.of(id) && isStop(reports.status)) this.stopped(id, reports.status);
      this.#expected.delete(id);
    }
    for (const [id, child] of this.#sharing) {
      this.#sharing.delete(id);
      if (!kernel.interrupt(id) || !reports.of(id) || !isStop(reports.status)) continue;
      if (orphaned) traps.cleanCopy(id);
      this.#letGo(child, reports.status);
    }
    for (const id of reports.takeAllEarly()) kernel.detach(id, 0);
  }

  #begin(id: number, shared: boolean): void {
    const { kernel, arch, traps } = this.#setting;
    if (!shared) {
      traps.cleanCopy(id);
      kernel.detach(id, 0);
      return;
    }
    this.#sharing.set(id, new ProcessThread(kernel, arch, id, id, 'stopped'));
    kernel.cont(id, 0);
  }

  #goOn(child: ProcessThread, event: number, signal: number): void {
    const { kernel } = this.#setting;
    switch (event) {
      case 0:
        if (signal === SIGNAL.SIGTRAP && this.#passTrap(child)) return;
        kernel.cont(child.id, signal);
        break;
      case PTRACE_EVENT.EXEC:
        this.#sharing.delete(child.id);
        kernel.detach(child.id, 0);
        break;
      case PTRACE_EVENT.CLONE:
      case PTRACE_EVENT.FORK:
      case PTRACE_EVENT.VFORK: {
        const grandchild = kernel.getEventMessage(child.id);
        if (grandchild !== undefined) this.add(grandchild, newTask(kernel, child.id, child) !== 'copy');
        kernel.cont(child.id, 0);
        break;
      }
      case PTRACE_EVENT.STOP:
        if (!STOPPING.has(signal) || !kernel.listen(child.id)) kernel.cont(child.id, 0);
        break;
      default:
        kernel.cont(child.id, 0);
    }
  }

  /** Leads a child past the trap that it has hit; false: it was none of ours. */
  #passTrap(child: ProcessThread): boolean {
    const { kernel, traps, stepOff, reports } = this.#setting;
    const trap = traps.get(child.pc - 1);
    if (trap === undefined) return false;
    child.pc = trap.address;
    // The slots are in shared memory too. What cannot be moved is executed with the trap out for a moment.
    if (trap.inserted && !stepOff.prepare(child, trap)) {
      traps.lift(trap);
      child.flush();
      const ended = kernel.step(child.id, 0) && reports.of(child.id) && !isStop(reports.status);
      traps.put(trap);
      if (ended) {
        this.#sharing.delete(child.id);
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
    const { kernel, traps, stepOff, reports } = this.#setting;
    let signal = ptraceEvent(status) === 0 ? stopSignal(status) : 0;
    child.forget();
    if (ptraceEvent(status) === PTRACE_EVENT.STOP && this.#hasTrapPending(child.id)) {
      if (!kernel.cont(child.id, 0) || !reports.of(child.id) || !isStop(reports.status)) return;
      signal = stopSignal(reports.status);
      child.forget();
    }
    const trap = signal === SIGNAL.SIGTRAP ? traps.get(child.pc - 1) : undefined;
    if (trap !== undefined) {
      child.pc = trap.address;
      signal = 0;
    }
    const origin = stepOff.originOf(child.pc);
    if (origin !== undefined) child.pc = origin.pc;
    child.flush();
    kernel.detach(child.id, signal);
  }

  #hasTrapPending(id: number): boolean {
    const status = this.#setting.kernel.procFile(id, `task/${id}/status`);
    return status !== undefined && pendingSignals(status).has(SIGNAL.SIGTRAP);
  }
}

const isStop = (status: number): boolean => !hasExited(status) && !wasKilled(status);
