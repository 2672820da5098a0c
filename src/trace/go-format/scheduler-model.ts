import { STATE } from '../events.ts';

/** What is known of the program's scheduler at one point of the trace: internal/trace/order.go keeps the same. */
export interface GoroutineState {
  readonly id: number;
  status: number;
  /** The counter of its transitions, and the generation that it counts in. */
  generation: number;
  sequence: number;
  assisting: boolean;
  exists: boolean;
}

export interface ProcState {
  readonly id: number;
  status: number;
  generation: number;
  sequence: number;
  sweeping: boolean;
  thread: ThreadState | undefined;
}

export interface ThreadState {
  readonly id: number;
  goroutine: GoroutineState | undefined;
  proc: ProcState | undefined;
}

export class SchedulerModel {
  readonly #goroutines = new Map<number, GoroutineState>();
  readonly #procs = new Map<number, ProcState>();
  readonly #threads = new Map<number, ThreadState>();

  goroutine(id: number): GoroutineState | undefined {
    return this.#goroutines.get(id);
  }

  addGoroutine(id: number, status: number, generation: number): GoroutineState {
    const state = { id, status, generation, sequence: 0, assisting: false, exists: true };
    this.#goroutines.set(id, state);
    return state;
  }

  endGoroutine(state: GoroutineState): void {
    state.status = STATE.ended;
    state.exists = false;
    this.#goroutines.delete(state.id);
  }

  proc(id: number): ProcState | undefined {
    return this.#procs.get(id);
  }

  addProc(id: number, status: number, generation: number): ProcState {
    const state: ProcState = { id, status, generation, sequence: 0, sweeping: false, thread: undefined };
    this.#procs.set(id, state);
    return state;
  }

  thread(id: number): ThreadState {
    let state = this.#threads.get(id);
    if (state === undefined) {
      state = { id, goroutine: undefined, proc: undefined };
      // What happens on no thread (−1) has no context that could be remembered.
      if (id >= 0) this.#threads.set(id, state);
    }
    return state;
  }

  hasThread(id: number): boolean {
    return this.#threads.has(id);
  }

  bindProc(thread: ThreadState, proc: ProcState): void {
    if (thread.proc !== undefined && thread.proc !== proc) thread.proc.thread = undefined;
    if (proc.thread !== undefined && proc.thread !== thread) proc.thread.proc = undefined;
    thread.proc = proc;
    proc.thread = thread;
  }

  unbindProc(proc: ProcState): void {
    if (proc.thread !== undefined) proc.thread.proc = undefined;
    proc.thread = undefined;
  }
}
