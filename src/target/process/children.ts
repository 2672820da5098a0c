import type { Arch } from '../../arch/index.ts';
import { type Kernel, PTRACE_EVENT, SIGNAL } from './kernel.ts';
import { ProcessThread } from './process-thread.ts';
import type { StepOff } from './step-off.ts';
import type { TrapTable } from './trap-table.ts';
import { ptraceEvent, stopSignal } from './wait-status.ts';

interface Setting {
  readonly kernel: Kernel;
  readonly arch: Arch;
  readonly traps: TrapTable;
  readonly stepOff: StepOff;
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

  /** `here`: its first stop has been reported already. */
  add(id: number, shared: boolean, here: boolean): void {
    if (here) this.#begin(id, shared);
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

  /** Lets go of all; those that run are stopped for it. */
  detach(): void {
    const { kernel } = this.#setting;
    for (const id of [...this.#expected.keys()]) {
      if (kernel.waitFor(id) > 0) this.stopped(id, kernel.lastStatus);
    }
    for (const id of [...this.#sharing.keys()]) {
      if (kernel.interrupt(id) && kernel.waitFor(id) > 0) kernel.detach(id, 0);
      this.#sharing.delete(id);
    }
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
    const { kernel, traps, stepOff } = this.#setting;
    if (event === PTRACE_EVENT.EXEC) {
      this.#sharing.delete(child.id);
      kernel.detach(child.id, 0);
      return;
    }
    const trap = signal === SIGNAL.SIGTRAP && event === 0 ? traps.get(child.pc - 1) : undefined;
    if (trap === undefined) {
      kernel.cont(child.id, event === 0 ? signal : 0);
      return;
    }
    child.pc = trap.address;
    // The slots are in shared memory too. What cannot be moved is executed with the trap out for a moment.
    if (trap.inserted && !stepOff.prepare(child, trap)) {
      traps.lift(trap);
      child.flush();
      if (kernel.step(child.id, 0)) kernel.waitFor(child.id);
      traps.put(trap);
      child.forget();
    }
    child.flush();
    child.forget();
    kernel.cont(child.id, 0);
  }
}
