import { AT, FORM } from './constants.ts';
import { indexedAddress, readDie } from './die.ts';
import { FNV_BASIS, hashBytes, sameBytes } from './name-hash.ts';
import { rangesOf } from './ranges.ts';
import { UnitWalk, uint32, uleb } from './unit-walk.ts';
import type { Unit } from './units.ts';
import { KEEP, type WalkProgram } from './walk-program.ts';

/**
 * What one walk over a unit finds: its functions by address; its types, variables and constants (those at the
 * unit's own level) by name. Typed arrays only.
 */
export class UnitIndex {
  readonly unit: Unit;
  readonly #dies: Uint32Array;
  readonly #keeps: Uint8Array;
  readonly #hashes: Int32Array;
  readonly #marks: Uint32Array;
  readonly #program: WalkProgram;
  /** Open addressing over the named rows: 1 + row, 0 is free. */
  #slots: Uint32Array | undefined;
  #functions: { readonly lows: Float64Array; readonly dies: Uint32Array } | undefined;

  constructor(unit: Unit, program: WalkProgram) {
    this.unit = unit;
    const { count, dies, keeps, hashes, marks } = new UnitWalk(unit, program);
    this.#dies = dies.slice(0, count);
    this.#keeps = keeps.slice(0, count);
    this.#hashes = hashes.slice(0, count);
    this.#marks = marks.slice(0, count);
    this.#program = program;
  }

  /** Offsets of all DIEs of a kind (KEEP), in the order of the file. */
  *dies(keep: number): Generator<number> {
    for (let row = 0; row < this.#dies.length; row++) if (this.#keeps[row] === keep) yield this.#dies[row]!;
  }

  /** DIEs of a name and a kind, in the order of the file. */
  find(name: Uint8Array, hash: number, keep: number): number[] {
    this.#slots ??= this.#hashSlots();
    const slots = this.#slots;
    const mask = slots.length - 1;
    const found: number[] = [];
    for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const row = slots[slot]! - 1;
      if (this.#hashes[row] !== hash || this.#keeps[row] !== keep) continue;
      const candidate = readDie(this.unit, this.#dies[row]!)?.stringBytes(AT.name);
      if (candidate !== undefined && sameBytes(candidate, name)) found.push(this.#dies[row]!);
    }
    return found;
  }

  /** Calls back with each DW_AT_go_runtime_type that is not 0, and its DIE. */
  eachRuntimeType(visit: (offset: number, die: number) => void): void {
    const bytes = this.unit.sections.info;
    for (let row = 0; row < this.#dies.length; row++) {
      if (this.#keeps[row] !== KEEP.type || this.#marks[row] === 0) continue;
      const offset = uint32(bytes, this.#marks[row]!);
      if (offset !== 0) visit(offset, this.#dies[row]!);
    }
  }

  /** The function that may cover a pc: the one with the nearest entry at or below it. */
  functionBelow(pc: number): number | undefined {
    this.#functions ??= this.#sortedFunctions();
    const { lows, dies } = this.#functions;
    let low = 0;
    let high = lows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lows[middle]! <= pc) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : dies[low - 1]!;
  }

  #sortedFunctions(): { lows: Float64Array; dies: Uint32Array } {
    const lows: number[] = [];
    const dies: number[] = [];
    let isSorted = true;
    const add = (low: number, die: number): void => {
      if (lows.length > 0 && low < lows[lows.length - 1]!) isSorted = false;
      lows.push(low);
      dies.push(die);
    };
    for (let row = 0; row < this.#dies.length; row++) {
      if (this.#keeps[row] !== KEEP.function) continue;
      const offset = this.#dies[row]!;
      const low = this.#entry(row);
      // A function in several pieces is found by the start of each.
      if (Number.isNaN(low))
        for (const range of rangesOf(readDie(this.unit, offset)!)) add(range.from, offset);
      else add(low, offset);
    }
    if (isSorted) return { lows: Float64Array.from(lows), dies: Uint32Array.from(dies) };
    const order = Uint32Array.from(lows.keys()).sort((a, b) => lows[a]! - lows[b]!);
    return { lows: Float64Array.from(order, (i) => lows[i]!), dies: order.map((i) => dies[i]!) };
  }

  /** The address where a function is entered; NaN if DW_AT_low_pc does not say it. */
  #entry(row: number): number {
    const bytes = this.unit.sections.info;
    const at = this.#marks[row]!;
    if (at === 0) return Number.NaN;
    if (this.#program.markedForms[uleb(bytes, this.#dies[row]!)] === FORM.addrx) {
      return indexedAddress(this.unit, uleb(bytes, at));
    }
    return uint32(bytes, at) + uint32(bytes, at + 4) * 2 ** 32;
  }

  #hashSlots(): Uint32Array {
    const hashes = this.#hashes;
    let size = 4;
    while (size < hashes.length * 2) size *= 2;
    const slots = new Uint32Array(size);
    const mask = size - 1;
    for (let row = 0; row < hashes.length; row++) {
      if (this.#keeps[row] === KEEP.function) continue;
      if (hashes[row] === FNV_BASIS) hashes[row] = this.#outOfLineHash(row);
      let slot = hashes[row]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = row + 1;
    }
    return slots;
  }

  /** The walk hashes names that are inline; others (DW_FORM_strp and the like) look empty to it. */
  #outOfLineHash(row: number): number {
    const name = readDie(this.unit, this.#dies[row]!)?.stringBytes(AT.name);
    return name === undefined ? FNV_BASIS : hashBytes(name);
  }
}
