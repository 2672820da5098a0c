import { type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import { ALL_GS } from '../runtime-facts/globals.ts';
import type { GoroutineFields } from './goroutine-fields.ts';
import { GoroutineSlice } from './goroutine-slice.ts';

/** Read at a time: few enough to start at once, enough for long reads. */
const SLICE = 1024;

/** The runtime's `allgs`: every g there ever was, in order of creation, read as far as somebody has gone through it. */
export class GoroutineList {
  readonly #fields: GoroutineFields;
  readonly #slices: GoroutineSlice[] = [];
  readonly #array: RuntimeAddress;
  readonly length: number;

  constructor(fields: GoroutineFields) {
    const { runtime } = fields;
    this.#fields = fields;
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

  *slices(): Generator<GoroutineSlice, void, undefined> {
    for (let i = 0; i * SLICE < this.length; i++) {
      let slice = this.#slices[i];
      if (slice === undefined) {
        slice = this.#read(i * SLICE);
        this.#slices[i] = slice;
      }
      yield slice;
    }
  }

  #read(first: number): GoroutineSlice {
    const addresses = this.#addresses(first, Math.min(SLICE, this.length - first));
    this.#fields.runtime.memory.prefetch?.(addresses);
    return new GoroutineSlice(this.#fields, addresses);
  }

  #addresses(first: number, count: number): Float64Array {
    const bytes = this.#fields.runtime.memory.read(runtimeAddress(this.#array + first * 8), count * 8);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const addresses = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      addresses[i] = view.getUint32(i * 8, true) + view.getUint32(i * 8 + 4, true) * 2 ** 32;
    }
    return addresses.filter((address) => address !== 0);
  }
}
