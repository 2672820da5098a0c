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

/** Fills `target` with the bytes at an offset; gives how many there were. */
export type FillBlocks = (offset: number, target: Uint8Array) => number;

export class BlockCache {
  /** The slab, with `BLOCK` bytes at its end that the cache never uses: scratch for the owner. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly scratch: number;
  /** Set by `find`: the slab holds the bytes at [from, to) contiguously, `from` at slab index `base`. */
  from = 0;
  to = 0;
  base = 0;
  readonly #slots: number;
  readonly #slotOf = new Map<number, number>();
  readonly #blockIn: Float64Array;
  /** Blocks of the read that brought this slot's block in: what a continuing read doubles. */
  readonly #runOf: Uint8Array;
  /** Reads land here first: the kernel copies faster into memory that is in the CPU's cache. */
  readonly #landing = new Uint8Array(MAX_RUN * BLOCK);
  #next = 0;

  constructor(slots = SLOTS) {
    this.#slots = Math.max(slots, MAX_RUN);
    this.scratch = this.#slots * BLOCK;
    const slab = new ArrayBuffer(this.scratch + BLOCK);
    this.bytes = new Uint8Array(slab);
    this.view = new DataView(slab);
    this.#blockIn = new Float64Array(this.#slots).fill(EMPTY);
    this.#runOf = new Uint8Array(this.#slots);
  }

  /**
   * Makes the byte at `offset` available and as many of the `wanted` ones behind it as lie together in the slab:
   * afterwards from ≤ offset < to, unless `fill` gave less.
   */
  find(offset: number, wanted: number, fill: FillBlocks): void {
    const block = Math.floor(offset / BLOCK);
    const slot = this.#slotOf.get(block);
    if (slot === undefined) this.#read(block, Math.ceil((offset + wanted) / BLOCK) - block, fill);
    else this.#found(block, slot, Math.ceil((offset + wanted) / BLOCK) - block);
  }

  #found(block: number, slot: number, wanted: number): void {
    let count = 1;
    while (count < wanted && slot + count < this.#slots && this.#blockIn[slot + count] === block + count)
      count++;
    this.from = block * BLOCK;
    this.to = this.from + count * BLOCK;
    this.base = slot * BLOCK;
  }

  #read(block: number, wanted: number, fill: FillBlocks): void {
    const before = this.#slotOf.get(block - 1);
    const ahead = before === undefined ? 1 : this.#runOf[before]! * 2;
    const limit = Math.min(Math.max(ahead, wanted), MAX_RUN);
    let count = 1;
    while (count < limit && !this.#slotOf.has(block + count)) count++;

    const target = this.#landing.subarray(0, count * BLOCK);
    const length = fill(block * BLOCK, target);
    const filled = Math.ceil(length / BLOCK);
    const slot = this.#takeSlots(filled);
    this.bytes.set(target.subarray(0, length), slot * BLOCK);
    for (let i = 0; i < filled; i++) {
      this.#slotOf.set(block + i, slot + i);
      this.#blockIn[slot + i] = block + i;
      this.#runOf[slot + i] = count;
    }
    this.from = block * BLOCK;
    this.to = this.from + length;
    this.base = slot * BLOCK;
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
    return first;
  }
}
