import { MattockError, type RuntimeAddress } from '../../base/index.ts';
import type { GoroutineFields } from './goroutine-fields.ts';

/** Read together: enough for long reads, few enough for what they bring to stay until it is used. */
export const READ_TOGETHER = 256;

/**
 * What every list of goroutines asks of each g, in columns: a million of them are read in one pass and kept in 70 MB,
 * so that neither counting nor listing nor looking for one reads them again.
 */
export class GoroutineSlice {
  readonly addresses: Float64Array;
  readonly ids: Float64Array;
  /** With the scan bit. */
  readonly statuses: Uint32Array;
  readonly waitReasons: Uint8Array;
  readonly waitSince: Float64Array;
  readonly schedPc: Float64Array;
  readonly schedSp: Float64Array;
  /** The first sudog. */
  readonly waiting: Float64Array;
  /** 0 where the runtime has no such field. */
  readonly sleepWhen: Float64Array;
  /** Why a g could not be read, by its place in the slice. */
  readonly problems = new Map<number, string>();
  #byId: Uint16Array | undefined;

  /** Reads the gs at `addresses`. */
  constructor(fields: GoroutineFields, addresses: Float64Array) {
    const count = addresses.length;
    this.addresses = addresses;
    this.ids = new Float64Array(count);
    this.statuses = new Uint32Array(count);
    this.waitReasons = new Uint8Array(count);
    this.waitSince = new Float64Array(count);
    this.schedPc = new Float64Array(count);
    this.schedSp = new Float64Array(count);
    this.waiting = new Float64Array(count);
    this.sleepWhen = new Float64Array(count);
    const { memory } = fields.runtime;
    // One that runs, at every stop.
    if (count === 1 && this.#takeOne(fields)) return;
    const taken = new Uint8Array(count);
    memory.visitObjects?.(addresses, fields.listedExtent, (bytes, at, i) => {
      this.#take(fields.layout, bytes, at, i);
      taken[i] = 1;
    });
    // One by one where the target gains nothing by reading them together, and those of which something is missing.
    for (let i = 0; i < count; i++) {
      if (taken[i] === 1) continue;
      if (memory.visitObjects === undefined && i % READ_TOGETHER === 0)
        memory.prefetch?.(addresses.subarray(i, i + READ_TOGETHER));
      try {
        this.#read(fields, i);
      } catch (error) {
        if (!(error instanceof MattockError)) throw error;
        this.problems.set(i, error.message);
      }
    }
  }

  get length(): number {
    return this.addresses.length;
  }

  /** Places in the order of the goroutines' numbers. */
  get byId(): Uint16Array {
    this.#byId ??= placesInOrder(this.ids);
    return this.#byId;
  }

  #takeOne({ runtime, layout, listedExtent }: GoroutineFields): boolean {
    const bytes = runtime.memory.tryRead(this.addresses[0]! as RuntimeAddress, listedExtent);
    if (bytes === undefined) return false;
    this.#take(layout, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, 0);
    return true;
  }

  /** What `read` reads, out of the bytes of a whole g. */
  #take(layout: GoroutineFields['layout'], bytes: DataView, at: number, i: number): void {
    this.statuses[i] = bytes.getUint32(at + layout.status, true);
    this.ids[i] = word(bytes, at + layout.goid);
    this.schedSp[i] = word(bytes, at + layout.schedSp);
    this.schedPc[i] = word(bytes, at + layout.schedPc);
    this.waitSince[i] = word(bytes, at + layout.waitSince);
    this.waitReasons[i] = bytes.getUint8(at + layout.waitReason);
    this.waiting[i] = word(bytes, at + layout.waiting);
    if (layout.sleepWhen !== undefined) this.sleepWhen[i] = word(bytes, at + layout.sleepWhen);
  }

  #read({ runtime, layout }: GoroutineFields, i: number): void {
    const { memory } = runtime;
    const g = this.addresses[i]!;
    // Where the rest is missing, these two may still be there.
    this.statuses[i] = memory.uint32((g + layout.status) as RuntimeAddress);
    this.ids[i] = memory.uint64((g + layout.goid) as RuntimeAddress);
    this.schedSp[i] = memory.uint64((g + layout.schedSp) as RuntimeAddress);
    this.schedPc[i] = memory.uint64((g + layout.schedPc) as RuntimeAddress);
    this.waitSince[i] = memory.uint64((g + layout.waitSince) as RuntimeAddress);
    this.waitReasons[i] = memory.uint8((g + layout.waitReason) as RuntimeAddress);
    this.waiting[i] = memory.uint64((g + layout.waiting) as RuntimeAddress);
    if (layout.sleepWhen !== undefined)
      this.sleepWhen[i] = memory.uint64((g + layout.sleepWhen) as RuntimeAddress);
  }
}

/** Slices are shorter than this: a place fits below a number in one double. */
const PLACES = 2 ** 14;
const LARGEST_ID = 2 ** 39;

/** Numbers with their places below them are sorted without a function that compares: a tenth of the time. */
function placesInOrder(ids: Float64Array): Uint16Array {
  const places = new Uint16Array(ids.length);
  const keys = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    // Only where memory is damaged.
    if (!(ids[i]! < LARGEST_ID))
      return Uint16Array.from(ids.keys()).sort((a, b) => ids[a]! - ids[b]! || a - b);
    keys[i] = ids[i]! * PLACES + i;
  }
  keys.sort();
  for (let i = 0; i < places.length; i++) places[i] = keys[i]! % PLACES;
  return places;
}

const word = (bytes: DataView, at: number): number =>
  bytes.getUint32(at, true) + bytes.getUint32(at + 4, true) * 2 ** 32;
