import { indexOfBytes } from '../../base/index.ts';
import { AT, FORM } from './constants.ts';
import { readDie } from './die.ts';
import { GO_KIND, GO_KIND_MASK } from './go-kind.ts';
import type { Unit } from './units.ts';
import { isTypeTag } from './walk-program.ts';

/**
 * What an index costs, in searches: measured, a walk takes 15 ms until its code is hot and then about ten times as
 * long per byte as a search.
 */
const searchesPerIndex = (bytes: number): number => 10 + 40e6 / bytes;
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
    if (!this.#isPossible || this.#searches++ > searchesPerIndex(this.#unit.end - this.#unit.offset))
      return 'index';
    const unit = this.#unit;
    const bytes = unit.sections.info;
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, offset, true);
    let at = indexOfBytes(bytes, value, unit.rootOffset, unit.end);
    for (; at >= 0; at = indexOfBytes(bytes, value, at + 1, unit.end)) {
      const die = this.#dieOf(bytes, at, offset);
      if (die !== undefined) return die;
    }
    return undefined;
  }

  /**
   * The DIE whose runtime type stands at `value`. Other bytes can look like one: all that such a DIE says must fit.
   */
  #dieOf(bytes: Uint8Array, value: number, offset: number): number | undefined {
    const unit = this.#unit;
    for (let end = value - 1; end >= value - MAX_DISTANCE && end > unit.rootOffset; end--) {
      if (bytes[end] !== 0) continue;
      let start = end - 1;
      while (start > unit.rootOffset && bytes[start]! >= FIRST_PRINTABLE) start--;
      const abbreviation = unit.abbreviations[bytes[start]!];
      if (abbreviation === undefined || !isTypeTag(abbreviation.tag)) continue;
      const die = readDie(unit, start);
      if (die?.positionOf(AT.goRuntimeType) !== value || die.address(AT.goRuntimeType) !== offset) continue;
      // unsafe.Pointer has no kind.
      const kind = die.has(AT.goKind) ? die.number(AT.goKind)! : GO_KIND.unsafePointer;
      if (kind > 0 && (kind & GO_KIND_MASK) <= GO_KIND.unsafePointer && end > start + 1) return start;
    }
    return undefined;
  }
}

function isExpected(abbreviation: Unit['abbreviations'][number]): boolean {
  if (abbreviation === undefined || !abbreviation.names.includes(AT.goRuntimeType)) return true;
  const { code, names, forms } = abbreviation;
  return code < FIRST_PRINTABLE && names[0] === AT.name && forms[0] === FORM.string;
}
