import { indexOfBytes } from '../../base/index.ts';
import type { AbbreviationTable } from './abbreviations.ts';
import { AT, FORM, TAG } from './constants.ts';
import type { Unit } from './units.ts';

/** An index costs about as much as this many searches through the bytes it is about. */
const SEARCHES_PER_INDEX = 50;
/** Go's abbreviation codes are smaller, so that none is a letter or a digit. */
const MAX_CODE = 0x30;
const MAX_HITS = 64;
const SPACE = 0x20;

/** Which DIEs are looked for. */
interface Wanted {
  readonly isWanted: (tag: number) => boolean;
  /** Makes sure that it is what was looked for. */
  readonly accept: (offset: number) => boolean;
  /** Variables stand together, at the end of their unit. */
  readonly areTogether: boolean;
}

/**
 * Finds DIEs of a Go unit that has no index yet by looking for bytes: a name stands directly behind the
 * abbreviation code, and so does the origin of a function that has no name of its own. The byte before a hit tells
 * whether it can be a DIE of the wanted kind. A few names cost a fraction of a walk over the unit.
 */
export class NameScan {
  readonly #scannable = new Map<AbbreviationTable, boolean>();
  readonly #bytesSeen = new Map<Unit, number>();
  /** The lowest found of those that stand together: the next search begins there. */
  readonly #firstOfUnit = new Map<Unit, number>();

  /**
   * Offset of a DIE whose first value begins with `value` and which `accept` takes. undefined: there is none;
   * 'index': it must be looked up in an index, which by now is cheaper or the only certain way.
   */
  find(unit: Unit, value: Uint8Array, wanted: Wanted): number | undefined | 'index' {
    if (!this.#isWorthwhile(unit)) return 'index';
    const start = unit.rootOffset + 1;
    const hint = wanted.areTogether ? (this.#firstOfUnit.get(unit) ?? start) : start;
    let found = this.#search(unit, value, wanted, { from: hint, to: unit.end });
    if (found === undefined && hint > start) {
      found = this.#search(unit, value, wanted, { from: start, to: hint + value.length });
    }
    if (wanted.areTogether && typeof found === 'number' && (hint === start || found < hint)) {
      this.#firstOfUnit.set(unit, found);
    }
    return found;
  }

  #search(
    unit: Unit,
    value: Uint8Array,
    { isWanted, accept }: Wanted,
    window: { readonly from: number; readonly to: number },
  ): number | undefined | 'index' {
    const bytes = unit.sections.info;
    let { from } = window;
    for (let hits = 0; hits < MAX_HITS; hits++) {
      const at = indexOfBytes(bytes, value, from, window.to);
      this.#spend(unit, (at < 0 ? window.to : at) - from);
      if (at < 0) return undefined;
      const code = bytes[at - 1]!;
      const tag = unit.abbreviations[code]?.tag;
      if (tag !== undefined && isWanted(tag)) {
        // `chan main.T` ends in a name too: is the space before it one, or a code?
        if (code === SPACE && bytes[at - 2]! >= SPACE) return 'index';
        if (accept(at - 1)) return at - 1;
      }
      from = at + 1;
    }
    return 'index';
  }

  #spend(unit: Unit, bytes: number): void {
    this.#bytesSeen.set(unit, (this.#bytesSeen.get(unit) ?? 0) + bytes);
  }

  #isWorthwhile(unit: Unit): boolean {
    if ((this.#bytesSeen.get(unit) ?? 0) > (unit.end - unit.offset) * SEARCHES_PER_INDEX) return false;
    const { abbreviations } = unit;
    let scannable = this.#scannable.get(abbreviations);
    if (scannable === undefined) {
      scannable = unit.isGo && isScannable(abbreviations);
      this.#scannable.set(abbreviations, scannable);
    }
    return scannable;
  }
}

/** Codes are small, names are inline and first, and so are the origins of functions. */
function isScannable(table: AbbreviationTable): boolean {
  return table.every((abbreviation) => {
    if (abbreviation === undefined) return true;
    const { code, tag, names, forms } = abbreviation;
    if (code >= MAX_CODE) return false;
    const isCopy = tag === TAG.subprogram && names.includes(AT.abstractOrigin);
    if (isCopy) return names[0] === AT.abstractOrigin && forms[0] === FORM.refAddr;
    return !names.includes(AT.name) || (names[0] === AT.name && forms[0] === FORM.string);
  });
}
