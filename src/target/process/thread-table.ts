import type { Arch } from '../../arch/index.ts';
import type { ThreadId } from '../../base/index.ts';
import { threadId } from '../../base/index.ts';
import type { Kernel } from './kernel.ts';
import { ProcessThread, type ThreadState } from './process-thread.ts';

/** The threads of a process that are traced, by id, in the order in which they came. */
export class ThreadTable {
  readonly #kernel: Kernel;
  readonly #arch: Arch;
  readonly #pid: number;
  readonly #threads = new Map<number, ProcessThread>();
  #all: readonly ProcessThread[] | undefined;
  #current: ThreadId;

  constructor(kernel: Kernel, arch: Arch, pid: number) {
    this.#kernel = kernel;
    this.#arch = arch;
    this.#pid = pid;
    this.#current = threadId(pid);
  }

  get all(): readonly ProcessThread[] {
    this.#all ??= [...this.#threads.values()];
    return this.#all;
  }

  get size(): number {
    return this.#threads.size;
  }

  /** The thread that the last event was about; another one if it is gone. */
  get current(): ThreadId {
    if (!this.#threads.has(this.#current)) this.#current = this.all[0]?.id ?? threadId(this.#pid);
    return this.#current;
  }

  set current(id: ThreadId) {
    this.#current = id;
  }

  get(id: number): ProcessThread | undefined {
    return this.#threads.get(id);
  }

  add(id: number, state: ThreadState): ProcessThread {
    const thread = new ProcessThread(this.#kernel, this.#arch, this.#pid, id, state);
    this.#threads.set(id, thread);
    this.#all = undefined;
    return thread;
  }

  remove(id: number): void {
    if (this.#threads.delete(id)) this.#all = undefined;
  }

  /** After exec: one thread is left, under the process's id. */
  reduceTo(id: number): ProcessThread {
    this.#threads.clear();
    return this.add(id, 'stopped');
  }
}
