/**
 * A bounded cache of positioned reads. Blocks are small, so that scattered reads of small objects cost little;
 * a run of misses that continue each other doubles what is read ahead, so that a scan runs at the speed of the
 * disk. One slab holds all blocks in the order of reading: finding room is a step of a ring, and one DataView
 * serves every read. A block leaves when the ring comes round to it (first in, first out): a block that is used
 * all the time is read again once per round, which is cheaper than keeping an order.
 */

export const BLOCK = 4096;
const MAX_RUN = 32;
const MAX_GAP = 4;
/** 16 MiB: so much of a large map is looked at again and again. The first write to each page costs more than reading it. */
const MAX_SLOTS = 4 * 1024;
/**
 * Most sessions need no more than 3 MiB, and a large buffer costs a garbage collection. It is thrice what the goroutines
 * have of stacks that a list reads together: those need no more room, since none is asked for again, and what is
 * larger does not stay in the CPU's cache.
 */
const FIRST_SLOTS = 768;
const EMPTY = -1;
/** Blocks per page of the table of blocks, as a power of two. */
const PAGE_BITS = 12;
const PAGE_MASK = (1 << PAGE_BITS) - 1;
/** Block numbers are below this, so that they are small integers to the engine: 8 TiB. */
export const CACHE_KEY_LIMIT = 2 ** 31 * BLOCK;

/** Fills `target` with the bytes at an offset; gives how many there were. */
export type FillBlocks = (offset: number, target: Uint8Array) => number;

export class BlockCache {
  /** The slab. It grows, into another buffer, while blocks are loaded. Its first `BLOCK` bytes are the owner's. */
  bytes: Uint8Array;
  view: DataView;
  /** The slab indexes that the last load overwrote: [takenFrom, takenTo). */
  takenFrom = 0;
  takenTo = 0;
  readonly #maxSlots: number;
  #slots: number;
  /**
   * One more than the slot of each block, 0: not here, in pages that are made when a block of theirs is
   * read: a twentieth of a Map's time, and every read asks.
   */
  readonly #slotPages: (Uint16Array | undefined)[] = [];
  #blockIn: Int32Array;
  /** Blocks of the read that brought this slot's block in: what a continuing read doubles. */
  #runOf: Uint8Array;
  /** Reads land here first: the kernel copies faster into memory that is in the CPU's cache. */
  readonly #landing = landings();
  #next = 1;

  /** `blocks`: how many there are to read. */
  constructor(blocks: number) {
    this.#maxSlots = Math.min(Math.max(blocks, MAX_RUN) + 1, MAX_SLOTS);
    this.#slots = Math.min(this.#maxSlots, FIRST_SLOTS);
    this.bytes = new Uint8Array(this.#slots * BLOCK);
    this.view = new DataView(this.bytes.buffer);
    this.#blockIn = new Int32Array(this.#slots).fill(EMPTY);
    this.#runOf = new Uint8Array(this.#slots);
  }

  /** The slot of a block, or -1: not here. Slot `n` lies at slab index `n * BLOCK`. */
  slotOf(block: number): number {
    const page = this.#slotPages[block >> PAGE_BITS];
    return page === undefined ? EMPTY : page[block & PAGE_MASK]! - 1;
  }

  /** How many blocks from `block` in `slot` on, at most `wanted`, lie together. */
  together(block: number, slot: number, wanted: number): number {
    let count = 1;
    while (count < wanted && slot + count < this.#slots && this.#blockIn[slot + count] === block + count)
      count++;
    return count;
  }

  /**
   * Reads a block that is not here, with at least the `wanted - 1` that follow it; gives its slot, or -1.
   * Beyond what is wanted it reads on in the direction in which reading goes, backwards not below `lowest`, and
   * over blocks that are here: one long read costs less than two short ones.
   */
  load(block: number, wanted: number, lowest: number, fill: FillBlocks): number {
    const before = this.slotOf(block - 1);
    const after = before === EMPTY && wanted === 1 ? this.slotOf(block + 1) : EMPTY;
    if (after !== EMPTY) return this.#loadBackwards(block, this.#runOf[after]! * 2, lowest, fill);
    const ahead = before === EMPTY ? 1 : this.#runOf[before]! * 2;
    return this.#loadRun(block, Math.min(Math.max(ahead, wanted), MAX_RUN), fill);
  }

  /**
   * Reads those of `blocks` (ascending) that are not here. Blocks with a small gap between them come in one read: the
   * gap costs less than a second one. They take the place of what such lists have brought before.
   */
  loadAll(blocks: ArrayLike<number>, fill: FillBlocks): void {
    for (let i = 0; i < blocks.length; ) {
      const first = blocks[i++]!;
      if (this.slotOf(first) !== EMPTY) continue;
      let last = first;
      for (; i < blocks.length && blocks[i]! - first < MAX_RUN && blocks[i]! - last <= MAX_GAP; i++) {
        if (this.slotOf(blocks[i]!) === EMPTY) last = blocks[i]!;
      }
      if (this.#next + last - first >= FIRST_SLOTS) this.#next = 1;
      this.#loadRun(first, last - first + 1, fill);
    }
  }

  /** Go hands out the stacks of a span from its end to its start. */
  #loadBackwards(block: number, ahead: number, lowest: number, fill: FillBlocks): number {
    const count = Math.min(ahead, MAX_RUN, block - lowest + 1);
    this.#loadRun(block - count + 1, count, fill);
    return this.slotOf(block);
  }

  #loadRun(first: number, count: number, fill: FillBlocks): number {
    const target = this.#landing[count]!;
    const length = fill(first * BLOCK, target);
    if (length === 0) return EMPTY;
    const filled = Math.ceil(length / BLOCK);
    const slot = this.#takeSlots(filled);
    this.bytes.set(length === target.length ? target : target.subarray(0, length), slot * BLOCK);
    for (let i = 0; i < filled; i++) {
      const old = this.slotOf(first + i);
      if (old !== EMPTY) this.#blockIn[old] = EMPTY;
      this.#note(first + i, slot + i);
      this.#blockIn[slot + i] = first + i;
      this.#runOf[slot + i] = count;
    }
    return slot;
  }

  #note(block: number, slot: number): void {
    let page = this.#slotPages[block >> PAGE_BITS];
    if (page === undefined) {
      page = new Uint16Array(PAGE_MASK + 1);
      this.#slotPages[block >> PAGE_BITS] = page;
    }
    page[block & PAGE_MASK] = slot + 1;
  }

  #takeSlots(count: number): number {
    if (this.#next + count > this.#slots && this.#slots < this.#maxSlots) this.#grow();
    if (this.#next + count > this.#slots) this.#next = 1;
    const first = this.#next;
    for (let slot = first; slot < first + count; slot++) {
      const block = this.#blockIn[slot]!;
      if (block !== EMPTY) this.#note(block, EMPTY);
      this.#blockIn[slot] = EMPTY;
    }
    this.#next = first + count;
    this.takenFrom = first * BLOCK;
    this.takenTo = this.#next * BLOCK;
    return first;
  }

  #grow(): void {
    // To the full size at once: pages of the slab that are never written cost nothing, and growing by steps copies.
    const slots = this.#maxSlots;
    const bytes = new Uint8Array(slots * BLOCK);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    const blockIn = new Int32Array(slots).fill(EMPTY);
    blockIn.set(this.#blockIn);
    this.#blockIn = blockIn;
    const runOf = new Uint8Array(slots);
    runOf.set(this.#runOf);
    this.#runOf = runOf;
    this.#slots = slots;
  }
}

/** Views of one buffer, of 0 to MAX_RUN blocks. */
function landings(): Uint8Array[] {
  const buffer = new ArrayBuffer(MAX_RUN * BLOCK);
  return Array.from({ length: MAX_RUN + 1 }, (_, count) => new Uint8Array(buffer, 0, count * BLOCK));
}
