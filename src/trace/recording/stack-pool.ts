import { grown } from '../event-columns.ts';
import { RECORD } from './record.ts';

const FIRST_FRAME = RECORD.frames >> 2;
const END_OF_FRAMES = RECORD.framesEnd >> 2;

/** Stacks of return addresses as the probes wrote them, each kept once. 0 is the empty one. */
export class StackPool {
  #addresses = new Float64Array(4096);
  #used = 0;
  #starts = new Uint32Array(1024);
  #count = 1;
  #table = new Uint32Array(4096);
  #hashes = new Uint32Array(1024);

  get count(): number {
    return this.#count;
  }

  /** Leaf first. */
  addresses(id: number): Float64Array {
    return this.#addresses.subarray(this.#starts[id], this.#starts[id + 1]);
  }

  /** The stack of the tall record that stands in `words` from `at` on. */
  add(words: Uint32Array, at: number): number {
    let hash = 0x811c9dc5;
    let word = at + FIRST_FRAME;
    const end = at + END_OF_FRAMES;
    for (; word < end && (words[word]! | words[word + 1]!) !== 0; word += 2) {
      hash = Math.imul(hash ^ words[word]!, 0x01000193);
      hash = Math.imul(hash ^ (hash >>> 15) ^ words[word + 1]!, 0x85ebca6b);
    }
    const length = (word - at - FIRST_FRAME) >> 1;
    if (length === 0) return 0;
    hash = (hash ^ (hash >>> 13)) >>> 0;
    const mask = this.#table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = this.#table[slot]!;
      if (id === 0) return this.#insert(words, at + FIRST_FRAME, length, hash, slot);
      if (this.#hashes[id] === hash && this.#same(id, words, at + FIRST_FRAME, length)) return id;
    }
  }

  #same(id: number, words: Uint32Array, at: number, length: number): boolean {
    const start = this.#starts[id]!;
    if (this.#starts[id + 1]! - start !== length) return false;
    for (let i = 0; i < length; i++) {
      if (this.#addresses[start + i] !== words[at + 2 * i]! + words[at + 2 * i + 1]! * 2 ** 32) return false;
    }
    return true;
  }

  #insert(words: Uint32Array, at: number, length: number, hash: number, slot: number): number {
    while (this.#used + length > this.#addresses.length) {
      this.#addresses = grown(new Float64Array(2 * this.#addresses.length), this.#addresses);
    }
    const id = this.#count++;
    if (id + 1 >= this.#starts.length) {
      this.#starts = grown(new Uint32Array(2 * this.#starts.length), this.#starts);
      this.#hashes = grown(new Uint32Array(2 * this.#hashes.length), this.#hashes);
    }
    for (let i = 0; i < length; i++) {
      this.#addresses[this.#used + i] = words[at + 2 * i]! + words[at + 2 * i + 1]! * 2 ** 32;
    }
    this.#starts[id] = this.#used;
    this.#used += length;
    this.#starts[id + 1] = this.#used;
    this.#hashes[id] = hash;
    this.#table[slot] = id;
    if (2 * this.#count > this.#table.length) this.#rehash();
    return id;
  }

  #rehash(): void {
    const table = new Uint32Array(2 * this.#table.length);
    const mask = table.length - 1;
    for (let id = 1; id < this.#count; id++) {
      let slot = this.#hashes[id]! & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = id;
    }
    this.#table = table;
  }
}
