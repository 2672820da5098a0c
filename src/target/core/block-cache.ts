/**
 * A bounded cache of positioned reads. Blocks are small, so that scattered reads of small objects cost little;
 * a run of misses that continue each other doubles what is read ahead, so that a scan runs at the speed of the
 * disk. One slab holds all blocks in the order of reading: finding room is a step of a ring, and one DataView
 * serves every read. A block leaves when the ring comes round to it (first in, first out): a block that is used
 * all the time is read again once per round, which is cheaper than keeping an order.
 */

export const BLOCK = 4096;
const MAX_RUN = 32;
const SLOTS = 12 * 1024;
const EMPTY = -1;
/** Block numbers are below this, so that they are small integers to the engine: 8 TiB. */
export const CACHE_KEY_LIMIT = 2 ** 31 * BLOCK;

/** Fills `target` with the bytes at an offset; gives how many there were. */
export type FillBlocks = (offset: number, target: Uint8Array) => number;

export class BlockCache {
  /** The slab, with `BLOCK` bytes at its end that the cache never uses: scratch for the owner. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly scratch: number;
  /** The slab indexes that the last load overwrote: [takenFrom, takenTo). */
  takenFrom = 0;
  takenTo = 0;
  readonly #slots: number;
  readonly #slotOf = new Map<number, number>();
  readonly #blockIn: Int32Array;
  /** Blocks of the read that brought this slot's block in: what a continuing read doubles. */
  readonly #runOf: Uint8Array;
  /** Reads land here first: the kernel copies faster into memory that is in the CPU's cache. */
  readonly #landing = landings();
  #next = 0;

  constructor(slots = SLOTS) {
    this.#slots = Math.max(slots, MAX_RUN);
    this.scratch = this.#slots * BLOCK;
    const slab = new ArrayBuffer(this.scratch + BLOCK);
    this.bytes = new Uint8Array(slab);
    this.view = new DataView(slab);
    this.#blockIn = new Int32Array(this.#slots).fill(EMPTY);
    this.#runOf = new Uint8Array(this.#slots);
  }

  /** The slot of a block, or -1: not here. Slot `n` lies at slab index `n * BLOCK`. */
  slotOf(block: number): number {
    return this.#slotOf.get(block) ?? EMPTY;
  }

  /** How many blocks from `block` in `slot` on, at most `wanted`, lie together. */
  together(block: number, slot: number, wanted: number): number {
    let count = 1;
    while (count < wanted && slot + count < this.#slots && this.#blockIn[slot + count] === block + count)
      count++;
    return count;
  }

  /** Reads a block that is not here, with at least `wanted - 1` that follow it unless they are; gives its slot, or -1. */
  load(block: number, wanted: number, fill: FillBlocks): number {
    const before = this.slotOf(block - 1);
    const ahead = before === EMPTY ? 1 : this.#runOf[before]! * 2;
    const limit = Math.min(Math.max(ahead, wanted), MAX_RUN);
    let count = 1;
    while (count < limit && !this.#slotOf.has(block + count)) count++;

    const target = this.#landing[count]!;
    const length = fill(block * BLOCK, target);
    if (length === 0) return EMPTY;
    const filled = Math.ceil(length / BLOCK);
    const slot = this.#takeSlots(filled);
    this.bytes.set(length === target.length ? target : target.subarray(0, length), slot * BLOCK);
    for (let i = 0; i < filled; i++) {
      this.#slotOf.set(block + i, slot + i);
      this.#blockIn[slot + i] = block + i;
      this.#runOf[slot + i] = count;
    }
    return slot;
  }

  #takeSlots(count: number): number {
    if (this.#next + count > this.#slots) this.#next = 0;
    const first = this.#next;
    for (let slot = first; slot < first + count; slot++) {
      const block = this.#blockIn[slot]!;
      if (block !== EMPTY) this.#slotOf.delete(block);
      this.#blockIn[slot] = EMPTY;
    }
    this.#next = first + count;
    this.takenFrom = first * BLOCK;
    this.takenTo = this.#next * BLOCK;
    return first;
  }
}

/** Views of one buffer, of 0 to MAX_RUN blocks. */
function landings(): Uint8Array[] {
  const buffer = new ArrayBuffer(MAX_RUN * BLOCK);
  return Array.from({ length: MAX_RUN + 1 }, (_, count) => new Uint8Array(buffer, 0, count * BLOCK));
}
