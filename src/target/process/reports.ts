import type { Kernel } from './kernel.ts';

interface Report {
  readonly id: number;
  readonly status: number;
}

type Others = (id: number) => boolean;
const NOBODY: Others = () => false;

/** Takes what waitpid(2) tells of a task that is not of this company. False: it is. */
export type Elsewhere = (id: number, status: number) => boolean;

/**
 * What waitpid(2) tells, for whoever waits for it. Who waits for one thread gets what comes for others meanwhile out of
 * the way: it is kept for `next`.
 */
export class Reports {
  /** Status of the thread that was told last. */
  status = 0;
  readonly #kernel: Kernel;
  readonly #elsewhere: Elsewhere | undefined;
  #kept: Report[] = [];
  /** Tasks that have stopped before their maker's event told of them: threads, or children. */
  readonly #early = new Set<number>();

  constructor(kernel: Kernel, elsewhere?: Elsewhere) {
    this.#kernel = kernel;
    this.#elsewhere = elsewhere;
  }

  /** Something is kept: `next` will not wait. `others`: whose reports are for somebody else. */
  has(others: Others): boolean {
    return this.#kept.some(({ id }) => !others(id));
  }

  /**
   * The next report of any thread: its id. −1: there is nobody left; 0: nothing is there (without `block`). Those of
   * `others` are kept.
   */
  next(block = true, others: Others = NOBODY): number {
    const index = this.#kept.findIndex(({ id }) => !others(id));
    if (index >= 0) return this.#take(index);
    for (;;) {
      const id = this.#kernel.wait(block);
      if (id > 0) this.status = this.#kernel.lastStatus;
      if (id > 0 && this.#elsewhere?.(id, this.status)) continue;
      if (id <= 0 || !others(id)) return id;
      this.keep(id, this.status);
    }
  }

  #take(index: number): number {
    const [{ id, status }] = this.#kept.splice(index, 1) as [Report];
    this.status = status;
    return id;
  }

  /**
   * Waits for a report of one thread that runs; false: the thread is no more. To wait for its id alone would not do: a
   * leader's end is not told before all other threads' ends have been taken (kernel/exit.c, delay_group_leader), and a
   * thread that calls execve gets the leader's id without waking who waits for its own.
   */
  of(id: number): boolean {
    if (this.poll(id)) return true;
    for (;;) {
      const got = this.#kernel.wait(true);
      if (got < 0) return false;
      this.status = this.#kernel.lastStatus;
      if (got === id) return true;
      if (!this.#elsewhere?.(got, this.status)) this.keep(got, this.status);
      const own = this.#kernel.waitFor(id, false);
      if (own < 0) return false;
      if (own === 0) continue;
      this.status = this.#kernel.lastStatus;
      return true;
    }
  }

  /** Takes a report of one thread if there is one. */
  poll(id: number): boolean {
    const index = this.#kept.findIndex((report) => report.id === id);
    if (index >= 0) {
      this.#take(index);
      return true;
    }
    if (this.#kernel.waitFor(id, false) <= 0) return false;
    this.status = this.#kernel.lastStatus;
    return true;
  }

  /** A report that somebody else is to deal with. */
  keep(id: number, status: number): void {
    this.#kept.push({ id, status });
  }

  /** Somebody of whom we know nothing has stopped, or is gone: its maker's event is still to come. */
  addEarly(id: number): void {
    this.#early.add(id);
  }

  /** Whether a task that is told of now has stopped, or ended, before. */
  takeEarly(id: number): boolean {
    return this.#early.delete(id);
  }

  takeEarlyIf(condition: (id: number) => boolean): readonly number[] {
    const taken = [...this.#early].filter(condition);
    for (const id of taken) this.#early.delete(id);
    return taken;
  }

  /** These threads are gone, whatever they had to tell. */
  drop(isGone: (id: number) => boolean): void {
    this.#kept = this.#kept.filter(({ id }) => !isGone(id));
  }
}
