import { wakeTracer } from '../wake.ts';

/** After the last event the next is looked for without sleeping, and then ever less often. */
const SPIN_MS = 0.2;
const SHORTEST_SLEEP_MS = 0.05;
const LONGEST_SLEEP_MS = 2;

/** A while in which a program runs under ptrace and Node's event loop does not. */
export class RunSlice {
  #end = Infinity;
  #lastEvent = 0;
  #sleep = SHORTEST_SLEEP_MS;
  /** A process that runs: who waits for it is woken at the end. */
  pid = 0;
  #woken = false;
  readonly #never = new Int32Array(new SharedArrayBuffer(4));

  begin(pid: number, milliseconds: number): void {
    this.pid = pid;
    this.#end = performance.now() + milliseconds;
    this.#woken = false;
    this.happened();
  }

  get over(): boolean {
    return performance.now() >= this.#end;
  }

  happened(): void {
    this.#lastEvent = performance.now();
    this.#sleep = SHORTEST_SLEEP_MS;
  }

  /** Nothing has happened. Whoever waits asks `over` only when something does: at the end that is our signal. */
  idle(): void {
    const now = performance.now();
    if (now >= this.#end && !this.#woken) {
      this.#woken = true;
      wakeTracer(this.pid);
    } else if (now - this.#lastEvent > SPIN_MS) {
      Atomics.wait(this.#never, 0, 0, this.#sleep);
      this.#sleep = Math.min(LONGEST_SLEEP_MS, this.#sleep * 1.5);
    }
  }
}
