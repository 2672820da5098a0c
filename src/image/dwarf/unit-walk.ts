import { FORM } from './constants.ts';
import { INFO } from './die.ts';
import { sizedForm, skipForm } from './forms.ts';
import { FNV_BASIS, FNV_PRIME } from './name-hash.ts';
import type { Unit } from './units.ts';
import {
  FLAG,
  HASH_NAME,
  KEEP,
  MARK,
  SIBLING4,
  SKIP_BLOCK,
  SKIP_BLOCK1,
  SKIP_BLOCK2,
  SKIP_BLOCK4,
  SKIP_LEB,
  SKIP_STRING,
  type WalkProgram,
} from './walk-program.ts';

/**
 * One pass over every DIE of a unit: which of them are wanted (KEEP), where they are and, for those with a name
 * inline, its hash. Parallel columns, no objects.
 */
export class UnitWalk {
  dies = new Uint32Array(256);
  keeps = new Uint8Array(256);
  hashes = new Int32Array(256);
  /** Where the value is that WalkProgram marks, 0 if there is none. */
  marks = new Uint32Array(256);
  count = 0;
  readonly #unit: Unit;
  readonly #bytes: Uint8Array;
  #sibling = 0;

  constructor(unit: Unit, program: WalkProgram) {
    this.#unit = unit;
    this.#bytes = unit.sections.info;
    this.count = this.#run(program, unit.rootOffset, unit.end);
  }

  /**
   * The hot loop of the reader. Most of its time goes by before it is optimised, and compiling it costs more than
   * running it: so it is small, has few branches, and whatever is rare is a call. An index behind the end yields
   * undefined, which ends every inner loop, and every DIE takes a byte: so it ends on any input.
   */
  #run(program: WalkProgram, from: number, to: number): number {
    const bytes = this.#bytes;
    const { start, end, operations, flags } = program;
    let { dies, keeps, hashes, marks } = this;
    let count = 0;
    let at = from;
    let depth = 0;
    do {
      const die = at;
      let code = bytes[at++]!;
      if (code === 0) {
        depth--;
        continue;
      }
      if (code > 0x7f) {
        code = uleb(bytes, die);
        at = afterLeb(bytes, die);
      }
      let hash = FNV_BASIS;
      let mark = 0;
      for (let i = start[code]!, last = end[code]!; i < last; i++) {
        const operation = operations[i]!;
        if (operation > 0) at += operation;
        else if (operation === SKIP_LEB) while (bytes[at++]! > 0x7f);
        else if (operation === SKIP_STRING) while (bytes[at++]! > 0);
        else if (operation === HASH_NAME) {
          for (let byte = bytes[at++]!; byte > 0; byte = bytes[at++]!) {
            hash = Math.imul(hash ^ byte, FNV_PRIME);
          }
        } else if (operation === SKIP_BLOCK1) at += bytes[at]! + 1;
        else if (operation === MARK) mark = at;
        else at = this.#rare(operation, at);
      }
      const flag = flags[code]!;
      if (!(at <= to && flag > 0)) throw this.#damage(die, at);
      const keep = flag & FLAG.keep;
      if (keep > 0 && (depth === 1 || keep === KEEP.function)) {
        if (count === dies.length) ({ dies, keeps, hashes, marks } = this.#grow());
        dies[count] = die;
        keeps[count] = keep;
        marks[count] = mark;
        hashes[count++] = hash;
      }
      if ((flag & FLAG.children) !== 0) {
        if ((flag & FLAG.sibling) !== 0 && this.#sibling > at && this.#sibling <= to) at = this.#sibling;
        else depth++;
      }
    } while (depth > 0 && at < to);
    return count;
  }

  #grow(): this {
    const size = this.dies.length * 4;
    const { dies, keeps, hashes, marks } = this;
    this.dies = new Uint32Array(size);
    this.dies.set(dies);
    this.keeps = new Uint8Array(size);
    this.keeps.set(keeps);
    this.hashes = new Int32Array(size);
    this.hashes.set(hashes);
    this.marks = new Uint32Array(size);
    this.marks.set(marks);
    return this;
  }

  /** Does an operation that is seldom met; returns the position behind its value. */
  #rare(operation: number, at: number): number {
    const bytes = this.#bytes;
    switch (operation) {
      case SIBLING4:
        this.#sibling = this.#unit.offset + uint32(bytes, at);
        return at + 4;
      case SKIP_BLOCK2:
        return at + 2 + (bytes[at]! | (bytes[at + 1]! << 8));
      case SKIP_BLOCK4:
        return at + 4 + uint32(bytes, at);
      case SKIP_BLOCK:
        return afterLeb(bytes, at) + uleb(bytes, at);
      default:
        return this.#skipIndirect(at);
    }
  }

  /** A form that only the value itself tells; throws if nobody knows it. */
  #skipIndirect(at: number): number {
    const reader = this.#unit.sections.at(INFO, at);
    let form: number = FORM.indirect;
    while (form === FORM.indirect) form = reader.uleb128();
    skipForm(reader, sizedForm(form, this.#unit.offsetSize), this.#unit.version);
    return reader.position;
  }

  #damage(die: number, at: number): Error {
    const problem = at <= this.#unit.end ? 'an abbreviation is not declared' : 'an entry runs past its unit';
    return this.#unit.sections.error(INFO, die, problem);
  }
}

export function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** As a double: an index or length that is too large to be true is refused by whoever uses it. */
export function uleb(bytes: Uint8Array, at: number): number {
  let value = 0;
  let scale = 1;
  let byte: number;
  do {
    byte = bytes[at++]!;
    value += (byte & 0x7f) * scale;
    scale *= 128;
  } while (byte > 0x7f);
  return value;
}

function afterLeb(bytes: Uint8Array, at: number): number {
  while (bytes[at++]! > 0x7f);
  return at;
}
