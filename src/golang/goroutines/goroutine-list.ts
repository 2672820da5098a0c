import { type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
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

  /** `prepare` sees the addresses of each slice before they come, and may say what else of them will be read. */
  *addresses(prepare?: (slice: Float64Array) => void): Generator<RuntimeAddress, void, undefined> {
    const { memory } = this.#runtime;
    for (let first = 0; first < this.length; first += SLICE) {
      const slice = this.#slice(first, Math.min(SLICE, this.length - first));
      memory.prefetch?.(slice);
      prepare?.(slice);
      for (const address of slice) yield address as RuntimeAddress;
    }
  }

  #slice(first: number, count: number): Float64Array {
    const bytes = this.#runtime.memory.read(runtimeAddress(this.#array + first * 8), count * 8);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const slice = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      slice[i] = view.getUint32(i * 8, true) + view.getUint32(i * 8 + 4, true) * 2 ** 32;
    }
    return slice.filter((address) => address !== 0);
  }
}
