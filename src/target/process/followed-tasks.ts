import { type Kernel, KernelError, PTRACE_EVENT } from './kernel.ts';
import { TRACE_OPTIONS } from './process-target.ts';
import { STOPPING } from './signal-rules.ts';
import { hasExited, ptraceEvent, stopSignal, wasKilled } from './wait-status.ts';

/** Whoever was asked what a task that runs a program now is to be. */
export type Fate =
  /** Somebody else has dealt with it, and let go of it. */
  | 'taken'
  /** It runs on as if nobody looked, and is followed for what it will run, or what its children will. */
  | 'kept';

const MAKING: ReadonlySet<number> = new Set([PTRACE_EVENT.CLONE, PTRACE_EVENT.FORK, PTRACE_EVENT.VFORK]);

/** Dealt with in one go. */
const MOST_REPORTS = 200;

/**
 * Tasks that are followed until they run a program that somebody wants: traced, with all that they make, and otherwise
 * let run. Nothing of theirs is changed. To be polled by the thread that follows them, and no target may run there
 * meanwhile.
 */
export class FollowedTasks {
  readonly #kernel: Kernel;
  /** Asked of a task that stands at its PTRACE_EVENT_EXEC. */
  readonly #runs: (pid: number) => Fate;
  readonly #tasks = new Set<number>();
  /** Those that have not run a program of their own yet, and when that began to be so: milliseconds. */
  readonly #before = new Map<number, number>();
  /** They are let go of when they have stopped for it. */
  readonly #parting = new Set<number>();
  /** Their first stop was told before their maker's event. */
  readonly #unannounced = new Set<number>();
  /** What others were told of our tasks. */
  readonly #postponed: { readonly id: number; readonly status: number }[] = [];
  #leaving = false;

  constructor(kernel: Kernel, runs: (pid: number) => Fate) {
    this.#kernel = kernel;
    this.#runs = runs;
  }

  get count(): number {
    return this.#tasks.size;
  }

  /** Since when the youngest has been about to run a program: whoever it was made by may wait for that. */
  get aboutToRun(): number | undefined {
    let latest: number | undefined;
    for (const since of this.#before.values()) latest = Math.max(latest ?? 0, since);
    return latest;
  }

  /** Follows a task that runs. False: it is gone, or somebody else traces it. */
  follow(id: number): boolean {
    if (this.#tasks.has(id)) return true;
    try {
      this.#kernel.seize(id, TRACE_OPTIONS);
    } catch (error) {
      if (error instanceof KernelError) return false;
      throw error;
    }
    this.#tasks.add(id);
    this.#before.set(id, performance.now());
    return true;
  }

  /** Deals with what has happened, though not for ever where more and more does. */
  poll(): void {
    for (let reports = 0; reports < MOST_REPORTS && this.#isBusy; reports++) if (!this.#next(false)) return;
  }

  /** Whoever waits for a target on the same thread is told of ours too. It is dealt with later. */
  postpone(id: number, status: number): void {
    this.#postponed.push({ id, status });
  }

  get #isBusy(): boolean {
    return this.#tasks.size + this.#parting.size + this.#postponed.length > 0;
  }

  #next(block: boolean): boolean {
    const postponed = this.#postponed.shift();
    if (postponed !== undefined) {
      this.#reported(postponed.id, postponed.status);
      return true;
    }
    const id = this.#kernel.wait(block);
    if (id < 0) this.#forgetAll();
    if (id <= 0) return false;
    this.#reported(id, this.#kernel.lastStatus);
    return true;
  }

  /** Lets go of those that did not run a program although they were about to since before `moment`. */
  forgetIdle(moment: number): void {
    for (const [id, since] of this.#before) {
      if (since >= moment) continue;
      this.#before.delete(id);
      if (this.#tasks.delete(id) && this.#kernel.interrupt(id)) this.#parting.add(id);
    }
  }

  /** Lets go of all, wherever they are. They run on. */
  letGo(): void {
    this.#leaving = true;
    for (const id of [...this.#tasks]) if (!this.#kernel.interrupt(id)) this.#forget(id);
    while (this.#isBusy) this.#next(true);
  }

  #reported(id: number, status: number): void {
    if (hasExited(status) || wasKilled(status)) {
      this.#forget(id);
      return;
    }
    const event = ptraceEvent(status);
    if (!this.#parting.has(id) && !this.#tasks.has(id)) {
      this.#tasks.add(id);
      this.#unannounced.add(id);
    }
    if (MAKING.has(event)) this.#made(id);
    if (this.#leaving || this.#parting.has(id)) this.#part(id, event === 0 ? stopSignal(status) : 0);
    else this.#goOn(id, event, stopSignal(status));
  }

  #goOn(id: number, event: number, signal: number): void {
    const kernel = this.#kernel;
    switch (event) {
      case 0:
        kernel.cont(id, signal);
        break;
      case PTRACE_EVENT.EXEC:
        this.#executes(id);
        break;
      case PTRACE_EVENT.STOP:
        if (!STOPPING.has(signal) || !kernel.listen(id)) kernel.cont(id, 0);
        break;
      default:
        kernel.cont(id, 0);
    }
  }

  /** What it has made is traced too, and stops before its first instruction. */
  #made(id: number): void {
    const made = this.#kernel.getEventMessage(id);
    if (made === undefined || this.#unannounced.delete(made)) return;
    this.#tasks.add(made);
    if (this.#before.has(id)) this.#before.set(made, performance.now());
  }

  #executes(id: number): void {
    this.#before.delete(id);
    // A thread that calls execve gets the leader's id; the others are gone.
    const former = this.#kernel.getEventMessage(id);
    if (former !== undefined && former !== id) this.#forget(former);
    if (this.#runs(id) === 'taken') this.#forget(id);
    else this.#kernel.cont(id, 0);
  }

  #part(id: number, signal: number): void {
    this.#kernel.detach(id, signal);
    this.#forget(id);
  }

  #forget(id: number): void {
    this.#tasks.delete(id);
    this.#before.delete(id);
    this.#parting.delete(id);
  }

  #forgetAll(): void {
    this.#tasks.clear();
    this.#unannounced.clear();
    this.#before.clear();
    this.#parting.clear();
  }
}
