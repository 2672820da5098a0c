/** Words of the block. */
const CANCEL = 0;
const RUNNING = 1;
const CLOSED = 2;
const SIZE = 3;

/**
 * What reaches a session's worker thread while it computes, or waits for the program that it debugs: words that both
 * threads see. The program is woken by a signal to it, since its tracer sleeps in waitpid(2).
 */
export class ControlBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(buffer = new SharedArrayBuffer(SIZE * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  /** Whether the running command is to stop. */
  get cancelled(): boolean {
    return Atomics.load(this.#words, CANCEL) !== 0;
  }

  set cancelled(value: boolean) {
    Atomics.store(this.#words, CANCEL, value ? 1 : 0);
  }

  /** The process that runs under the debugger now; 0: none. */
  get running(): number {
    return Atomics.load(this.#words, RUNNING);
  }

  set running(pid: number) {
    Atomics.store(this.#words, RUNNING, pid);
  }

  /** The session has let go of everything. */
  setClosed(): void {
    Atomics.store(this.#words, CLOSED, 1);
    Atomics.notify(this.#words, CLOSED);
  }

  /** Blocks this thread until the other has let go of everything; false after `milliseconds`. */
  waitClosed(milliseconds: number): boolean {
    return Atomics.wait(this.#words, CLOSED, 0, milliseconds) !== 'timed-out';
  }
}
