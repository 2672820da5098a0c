import { type Goid, type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { GoRuntime } from '../go-runtime.ts';
import { ALL_GS } from '../runtime-facts/globals.ts';

/** Pointers copied at a time: few enough to start at once, enough to make the copy cheap. */
const SLICE = 1024;

/** The runtime's `allgs`: addresses of every g there ever was, in order of creation. */
export class GoroutineList {
  readonly #runtime: GoRuntime;
  readonly #array: RuntimeAddress;
  readonly length: number;

  constructor(runtime: GoRuntime) {
    this.#runtime = runtime;
    const header = runtime.global(ALL_GS);
    this.#array = runtime.memory.pointer(header);
    const length = runtime.memory.uint64(runtimeAddress(header + 8));
    const region = runtime.memory.regionAt(this.#array);
    const room = region === undefined ? 0 : (region.end - this.#array) / 8;
    if (length > room) {
      throw new TargetFault(
        `runtime.allgs claims ${length} goroutines, more than its memory holds`,
        this.#array,
      );
    }
    this.length = length;
  }

  *addresses(): Generator<RuntimeAddress, void, undefined> {
    const { memory } = this.#runtime;
    for (let first = 0; first < this.length; first += SLICE) {
      const count = Math.min(SLICE, this.length - first);
      // Copied: what is done with one g reads memory, which ends the view.
      const bytes = memory.read(runtimeAddress(this.#array + first * 8), count * 8).slice();
      const view = new DataView(bytes.buffer);
      for (let i = 0; i < count; i++) {
        const address = view.getUint32(i * 8, true) + view.getUint32(i * 8 + 4, true) * 2 ** 32;
        if (address !== 0) yield address as RuntimeAddress;
      }
    }
  }

  /** The live g with an id. Dead ones keep the last id that they had until they are used again. */
  find(
    id: Goid,
    idOf: (g: RuntimeAddress) => number,
    isDead: (g: RuntimeAddress) => boolean,
  ): RuntimeAddress | undefined {
    for (const g of this.addresses()) {
      if (idOf(g) === id && !isDead(g)) return g;
    }
    return undefined;
  }
}
