import { MattockError } from '../../base/index.ts';
import { GoroutineCapture, openProgram, type SchedulerFacts } from '../../golang/index.ts';
import { FrozenMemory, type Kernel, type ProcessTarget, type Target } from '../../target/index.ts';
import { type Snapshot, takeSnapshot } from '../../trace/recording/snapshot.ts';

/** How the goroutines of a program that runs are seen in the moment in which it is stopped, and understood afterwards. */
export class Sight {
  readonly #target: ProcessTarget;
  readonly #capture: GoroutineCapture;
  readonly #pages: readonly number[];

  /** With the program running: what is read of it is torn and thrown away, but says which pages will be looked at. */
  constructor(target: ProcessTarget, kernel: Kernel, facts: SchedulerFacts) {
    this.#target = target;
    const memory = this.#freeze(kernel);
    this.#capture = GoroutineCapture.of(view(target, memory));
    try {
      this.#capture.take(memory);
      takeSnapshot(openProgram(view(target, memory)), facts);
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
    }
    this.#pages = [...memory.pages];
  }

  /** Nothing but taking bytes: all threads are stopped. */
  look(kernel: Kernel): FrozenMemory {
    const memory = this.#freeze(kernel);
    memory.holdPages(this.#pages);
    this.#capture.take(memory);
    return memory;
  }

  understand(memory: FrozenMemory, facts: SchedulerFacts): Snapshot {
    // There may be more mappings than before.
    this.#target.memory.invalidate();
    return takeSnapshot(openProgram(view(this.#target, memory)), facts);
  }

  #freeze(kernel: Kernel): FrozenMemory {
    return new FrozenMemory(kernel, this.#target.pid, this.#target.memory);
  }
}

/** A process as `memory` holds it, without threads: what they do is in the runtime's own books. */
export const view = (
  { kind, arch, modules, process, warnings }: ProcessTarget,
  memory: FrozenMemory,
): Target => ({
  kind,
  arch,
  memory,
  threads: [],
  modules,
  process,
  warnings,
});
