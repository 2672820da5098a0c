import { parseSignalInfo } from '../signal-info.ts';
import type { Kernel } from './kernel.ts';
import { PTRACE_EVENT, SIGNAL } from './kernel.ts';
import type { ProcessThread } from './process-thread.ts';
import type { Reports } from './reports.ts';
import { STOPPING, SYNCHRONOUS } from './signal-rules.ts';
import { hasExited, ptraceEvent, stopSignal, wasKilled } from './wait-status.ts';

export type Stepped =
  | 'done'
  /** The instruction raised a signal, which the thread gets when it goes on. */
  | 'faulted'
  /** The thread has ended, or has something else to tell first: that is kept for whoever waits next. */
  | 'gone';

/** Lets a stopped thread execute one instruction. Signals that come meanwhile are held until it goes on. */
export class SingleStep {
  readonly #kernel: Kernel;
  readonly #reports: Reports;

  constructor(kernel: Kernel, reports: Reports) {
    this.#kernel = kernel;
    this.#reports = reports;
  }

  run(thread: ProcessThread): Stepped {
    const info = thread.pendingSignal === 0 ? undefined : this.#kernel.getSignalInfo(thread.id);
    thread.flush();
    const stepped = this.#step(thread);
    // The signal that the thread stood at is given back to it with all that belongs to it.
    if (stepped === 'done' && info !== undefined) this.#kernel.setSignalInfo(thread.id, info);
    return stepped;
  }

  #step(thread: ProcessThread): Stepped {
    for (;;) {
      thread.forget();
      if (!this.#kernel.step(thread.id, 0) || !this.#reports.of(thread.id)) return gone(thread);
      const { status } = this.#reports;
      const event = ptraceEvent(status);
      const signal = stopSignal(status);
      if (hasExited(status) || wasKilled(status) || (event !== 0 && event !== PTRACE_EVENT.STOP)) {
        this.#reports.keep(thread.id, status);
        return gone(thread);
      }
      if (event === PTRACE_EVENT.STOP) {
        thread.interrupted = false;
        if (STOPPING.has(signal)) thread.groupStop = true;
      } else if (signal === SIGNAL.SIGTRAP) {
        return 'done';
      } else if (SYNCHRONOUS.has(signal)) {
        if (thread.pendingSignal !== 0) thread.hold(thread.pendingSignal);
        thread.pendingSignal = signal;
        return 'faulted';
      } else this.#hold(thread, signal);
    }
  }

  #hold(thread: ProcessThread, signal: number): void {
    if (signal !== SIGNAL.SIGSTOP) {
      thread.hold(signal);
      return;
    }
    const info = this.#kernel.getSignalInfo(thread.id);
    const ours = info !== undefined && parseSignalInfo(info)?.sender?.pid === this.#kernel.pid;
    // Ours was to wake the loop: it is awake.
    if (ours && !thread.passStop) return;
    thread.hold(signal);
  }
}

function gone(thread: ProcessThread): 'gone' {
  thread.state = 'running';
  return 'gone';
}
