import { grown } from './event-columns.ts';
import type { StackFrame, Stacks } from './trace.ts';

const FIRST_CAPACITY = 256;

/**
 * Call stacks and their frames, each kept once. Frames are columns, stacks are runs of frame ids in one pool; both are
 * found again through open addressing, so that a stack that was seen before costs one hash of its frame ids.
 */
export class StackTable {
  readonly #strings: readonly string[];
  #pcs = new Float64Array(FIRST_CAPACITY);
  #functions = new Uint32Array(FIRST_CAPACITY);
  #files = new Uint32Array(FIRST_CAPACITY);
  #lines = new Uint32Array(FIRST_CAPACITY);
  /** Frame 0 and stack 0 are "none". */
  #frameCount = 1;
  #frameSlots = new Uint32Array(FIRST_CAPACITY * 2);
  #pool = new Uint32Array(FIRST_CAPACITY);
  #starts = new Uint32Array(FIRST_CAPACITY);
  #stackCount = 1;
  #stackSlots = new Uint32Array(FIRST_CAPACITY * 2);

  /** `strings` is the table that function and file ids point into; it may grow. */
  constructor(strings: readonly string[]) {
    this.#strings = strings;
  }

  /** The id of a frame; `functionName` and `file` are string ids. */
  frame(pc: number, functionName: number, file: number, line: number): number {
    const mask = this.#frameSlots.length - 1;
    let slot = mixed(mixed(mixed(pc % 0x1_0000_0000, functionName), file), line) & mask;
    for (;;) {
      const id = this.#frameSlots[slot]!;
      if (id === 0) break;
      if (
        this.#pcs[id] === pc &&
        this.#functions[id] === functionName &&
        this.#files[id] === file &&
        this.#lines[id] === line
      )
        return id;
      slot = (slot + 1) & mask;
    }
    return this.#addFrame(slot, pc, functionName, file, line);
  }

  /** The id of a stack of frame ids, leaf first. Of `frames` the first `count` are read. */
  stack(frames: ArrayLike<number>, count = frames.length): number {
    if (count === 0) return 0;
    const mask = this.#stackSlots.length - 1;
    let hash = count;
    for (let i = 0; i < count; i++) hash = mixed(hash, frames[i]!);
    let slot = hash & mask;
    for (;;) {
      const id = this.#stackSlots[slot]!;
      if (id === 0) break;
      if (this.#is(id, frames, count)) return id;
      slot = (slot + 1) & mask;
    }
    return this.#addStack(slot, frames, count);
  }

  view(): Stacks {
    const { frameCount, stackCount } = { frameCount: this.#frameCount, stackCount: this.#stackCount };
    const [pool, starts] = [this.#pool, this.#starts];
    const made: StackFrame[] = [];
    return {
      count: stackCount,
      frameCount,
      frames: (id) =>
        id > 0 && id < stackCount ? pool.subarray(starts[id - 1]!, starts[id]!) : new Uint32Array(0),
      frame: (id) => {
        made[id] ??= this.#makeFrame(id < frameCount ? id : 0);
        return made[id];
      },
    };
  }

  #makeFrame(id: number): StackFrame {
    return {
      pc: this.#pcs[id]!,
      function: this.#strings[this.#functions[id]!] ?? '',
      file: this.#strings[this.#files[id]!] ?? '',
      line: this.#lines[id]!,
    };
  }

  #is(id: number, frames: ArrayLike<number>, count: number): boolean {
    const start = this.#starts[id - 1]!;
    if (this.#starts[id]! - start !== count) return false;
    for (let i = 0; i < count; i++) if (this.#pool[start + i] !== frames[i]) return false;
    return true;
  }

  #addFrame(slot: number, pc: number, functionName: number, file: number, line: number): number {
    const id = this.#frameCount++;
    if (id === this.#pcs.length) {
      this.#pcs = grown(new Float64Array(id * 2), this.#pcs);
      this.#functions = grown(new Uint32Array(id * 2), this.#functions);
      this.#files = grown(new Uint32Array(id * 2), this.#files);
      this.#lines = grown(new Uint32Array(id * 2), this.#lines);
    }
    this.#pcs[id] = pc;
    this.#functions[id] = functionName;
    this.#files[id] = file;
    this.#lines[id] = line;
    this.#frameSlots[slot] = id;
    if (this.#frameCount * 2 > this.#frameSlots.length) this.#rehashFrames();
    return id;
  }

  #addStack(slot: number, frames: ArrayLike<number>, count: number): number {
    const id = this.#stackCount++;
    if (id === this.#starts.length) this.#starts = grown(new Uint32Array(id * 2), this.#starts);
    const start = this.#starts[id - 1]!;
    if (start + count > this.#pool.length)
      this.#pool = grown(new Uint32Array(Math.max(start + count, this.#pool.length * 2)), this.#pool);
    for (let i = 0; i < count; i++) this.#pool[start + i] = frames[i]!;
    this.#starts[id] = start + count;
    this.#stackSlots[slot] = id;
    if (this.#stackCount * 2 > this.#stackSlots.length) this.#rehashStacks();
    return id;
  }

  #rehashFrames(): void {
    const slots = new Uint32Array(this.#frameSlots.length * 2);
    for (let id = 1; id < this.#frameCount; id++) {
      const hash = mixed(mixed(this.#pcs[id]! % 0x1_0000_0000, this.#functions[id]!), this.#files[id]!);
      place(slots, mixed(hash, this.#lines[id]!), id);
    }
    this.#frameSlots = slots;
  }

  #rehashStacks(): void {
    const slots = new Uint32Array(this.#stackSlots.length * 2);
    for (let id = 1; id < this.#stackCount; id++) {
      const [start, end] = [this.#starts[id - 1]!, this.#starts[id]!];
      let hash = end - start;
      for (let i = start; i < end; i++) hash = mixed(hash, this.#pool[i]!);
      place(slots, hash, id);
    }
    this.#stackSlots = slots;
  }
}

/** One round of MurmurHash3's mixing on 32 bits. */
function mixed(hash: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function place(slots: Uint32Array, hash: number, id: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = id;
}
