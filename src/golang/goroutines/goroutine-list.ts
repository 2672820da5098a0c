import { type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import { ALL_GS } from '../runtime-facts/globals.ts';
import type { GoroutineFields } from './goroutine-fields.ts';
import { GoroutineSlice } from './goroutine-slice.ts';

/** Goroutines are sorted by number within slices of allgs of this size, so that output flows: as Delve does. */
const SLICE = 10_000;
/** The first ones are shown soon. */
const FIRST_SLICE = 500;

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
    let end = this.length > SLICE ? FIRST_SLICE : this.length;
    for (let i = 0, first = 0; first < this.length; i++) {
      let slice = this.#slices[i];
      if (slice === undefined) {
        slice = new GoroutineSlice(this.#fields, this.#addresses(first, end - first));
        this.#slices[i] = slice;
      }
      yield slice;
      first = end;
      end = Math.min(first + SLICE, this.length);
    }
  }

  #addresses(first: number, count: number): Float64Array {
    const bytes = this.#fields.runtime.memory.read(runtimeAddress(this.#array + first * 8), count * 8);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const addresses = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      addresses[i] = view.getUint32(i * 8, true) + view.getUint32(i * 8 + 4, true) * 2 ** 32;
    }
    return addresses.includes(0) ? addresses.filter((address) => address !== 0) : addresses;
  }
}
