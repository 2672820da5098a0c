/**
 * Symbols by name: an open hash of symbol numbers + 1. Of equal names the first one is found. Long runs of symbols
 * that hash alike, which only a damaged table has, are cut: what is beyond is not found by name.
 */
import { nameOf, type SymbolWords } from './symbol-words.ts';

/** Names that differ only behind this are told apart by comparing them. */
const HASHED_BYTES = 200;
const MAX_PROBES = 256;

export class SymbolNames {
  readonly #slots: Uint32Array;

  constructor(tables: readonly SymbolWords[]) {
    const total = tables.reduce((sum, { count }) => sum + count, 0);
    let size = 16;
    while (size < total * 2) size *= 2;
    this.#slots = new Uint32Array(size);
    let first = 0;
    for (const table of tables) {
      this.#add(table, first);
      first += table.count;
    }
  }

  /** Candidates for a name: symbol numbers over all tables. */
  *candidates(name: Uint8Array): Generator<number> {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hashOf(name, 0) & mask; slots[slot] !== 0; slot = (slot + 1) & mask)
      yield slots[slot]! - 1;
  }

  #add(table: SymbolWords, first: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const { count, words, kept, strings } = table;
    let lastName = -1;
    for (let i = 0; i < count; i++) {
      const name = words[kept[i]!]!;
      if (name === lastName) continue;
      lastName = name;
      let slot = hashOf(strings, name) & mask;
      for (let probes = 0; probes < MAX_PROBES; probes++, slot = (slot + 1) & mask) {
        const other = slots[slot]!;
        if (other === 0) {
          slots[slot] = first + i + 1;
          break;
        }
        if (other > first && nameOf(table, other - 1 - first) === name) break;
      }
    }
  }
}

/** FNV-1a over the bytes up to a NUL or the end. */
function hashOf(bytes: Uint8Array, start: number): number {
  const end = Math.min(bytes.length, start + HASHED_BYTES);
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0) break;
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
