import { indexOfBytes } from '../../base/index.ts';
import { AT, FORM } from './constants.ts';
import { INFO, readDie } from './die.ts';
import type { Unit } from './units.ts';
import { isTypeTag } from './walk-program.ts';

/** An index costs about as much as this many searches. */
const SEARCHES_PER_INDEX = 24;
/** Names have no control characters, and since Go 1.23 every abbreviation code of a type is one. */
const FIRST_PRINTABLE = 0x20;
/** The name ends at most this far in front of DW_AT_go_runtime_type: size, kind and element are between. */
const MAX_DISTANCE = 20;

/**
 * Finds a type of a unit by its runtime type, by looking for the bytes of that attribute: a type's DIE is its code,
 * its name, and a few bytes more in front of it. A handful of interface values is printed so without an index.
 */
export class RuntimeTypeScan {
  readonly #unit: Unit;
  readonly #isPossible: boolean;
  #searches = 0;

  constructor(unit: Unit) {
    this.#unit = unit;
    this.#isPossible = unit.isGo && unit.abbreviations.every(isExpected);
  }

  /** Offset of the DIE; undefined: there is none; 'index': an index is cheaper or the only certain way. */
  find(offset: number): number | undefined | 'index' {
    if (!this.#isPossible || this.#searches++ > SEARCHES_PER_INDEX) return 'index';
    const unit = this.#unit;
    const bytes = unit.sections.bytes(INFO);
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, offset, true);
    let at = indexOfBytes(bytes, value, unit.rootOffset, unit.end);
    for (; at >= 0; at = indexOfBytes(bytes, value, at + 1, unit.end)) {
      const die = this.#dieOf(bytes, at);
      if (die !== undefined) return die;
    }
    return undefined;
  }

  /** The DIE whose runtime type stands at `value`. */
  #dieOf(bytes: Uint8Array, value: number): number | undefined {
    const unit = this.#unit;
    for (let end = value - 1; end >= value - MAX_DISTANCE && end > unit.rootOffset; end--) {
      if (bytes[end] !== 0) continue;
      let start = end - 1;
      while (start > unit.rootOffset && bytes[start]! >= FIRST_PRINTABLE) start--;
      const abbreviation = unit.abbreviations[bytes[start]!];
      if (abbreviation === undefined || !isTypeTag(abbreviation.tag)) continue;
      if (readDie(unit, start)?.positionOf(AT.goRuntimeType) === value) return start;
    }
    return undefined;
  }
}

function isExpected(abbreviation: Unit['abbreviations'][number]): boolean {
  if (abbreviation === undefined || !abbreviation.names.includes(AT.goRuntimeType)) return true;
  const { code, names, forms } = abbreviation;
  return code < FIRST_PRINTABLE && names[0] === AT.name && forms[0] === FORM.string;
}
