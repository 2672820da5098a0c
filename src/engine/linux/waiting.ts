import { PTRACE_EVENT, SIGNAL } from '../../target/process/kernel.ts';
import { ECHILD, EINTR, kernelError } from './errno.ts';
import type { Libc } from './libc.ts';

/** <bits/waitflags.h>. Without __WNOTHREAD we would take the exits of children that Node started on other threads. */
const WNOHANG = 1;
const WUNTRACED = 2;
const __WNOTHREAD = 0x2000_0000;
const __WALL = 0x4000_0000;
const OURS = __WALL | __WNOTHREAD;

/** The status' upper bits at PTRACE_EVENT_EXEC. */
const AT_EXEC = SIGNAL.SIGTRAP | (PTRACE_EVENT.EXEC << 8);

/** What is done again and again while nothing is there to be waited for, instead of sleeping until something is. */
export interface IdleHook {
  /** Undefined: we sleep. It may change at any time. */
  readonly work: (() => void) | undefined;
}

/** waitpid(2), with the status where it can be read without making anything. */
export class Waiting {
  readonly #libc: Libc;
  readonly #status = new Int32Array(1);
  readonly #onExec: (pid: number) => void;
  readonly #idle: IdleHook | undefined;

  constructor(libc: Libc, onExec: (pid: number) => void, idle?: IdleHook) {
    this.#libc = libc;
    this.#onExec = onExec;
    this.#idle = idle;
  }

  get lastStatus(): number {
    return this.#status[0]!;
  }

  wait(block: boolean): number {
    if (!block || this.#idle?.work === undefined) return this.#wait(-1, block ? OURS : OURS | WNOHANG);
    for (;;) {
      const tid = this.#wait(-1, OURS | WNOHANG);
      if (tid !== 0) return tid;
      if (this.#idle.work === undefined) return this.#wait(-1, OURS);
      this.#idle.work();
    }
  }

  waitFor(tid: number, block = true): number {
    return this.#wait(tid, block ? OURS : OURS | WNOHANG);
  }

  /** For a child that is not traced yet. */
  waitForStop(pid: number): number {
    return this.#wait(pid, OURS | WUNTRACED);
  }

  #wait(pid: number, options: number): number {
    for (;;) {
      const tid = this.#libc.waitpid(pid, this.#status, options);
      if (tid > 0) {
        if (this.#status[0]! >>> 8 === AT_EXEC) this.#onExec(tid);
        return tid;
      }
      if (tid === 0) return 0;
      const errno = this.#libc.errno();
      if (errno === ECHILD) return -1;
      if (errno !== EINTR) throw kernelError('waitpid', errno);
    }
  }
}
