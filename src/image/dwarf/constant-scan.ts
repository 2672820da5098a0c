import { indexOfBytes } from '../../base/index.ts';
import { AT, FORM, TAG } from './constants.ts';
import { readDie } from './die.ts';
import type { Unit } from './units.ts';

/** Letters and everything else that names are made of; abbreviation codes of constants are smaller. */
const FIRST_LETTER = 0x21;

/**
 * Offsets of a Go unit's constants of one type, by looking for the reference to it: Go writes a constant as its
 * code, its name, its type and its value. undefined: this unit's constants are written in another way.
 */
export function constantsOf(unit: Unit, type: number): number[] | undefined {
  if (!unit.isGo || !unit.abbreviations.every(isExpected)) return undefined;
  const bytes = unit.sections.info;
  const reference = new Uint8Array(4);
  new DataView(reference.buffer).setUint32(0, type, true);
  const found: number[] = [];
  let at = indexOfBytes(bytes, reference, unit.rootOffset, unit.end);
  for (; at >= 0; at = indexOfBytes(bytes, reference, at + 1, unit.end)) {
    if (bytes[at - 1] !== 0) continue;
    let start = at - 2;
    while (start > unit.rootOffset && bytes[start]! >= FIRST_LETTER) start--;
    if (unit.abbreviations[bytes[start]!]?.tag !== TAG.constant) continue;
    if (readDie(unit, start)?.reference(AT.type) === type) found.push(start);
  }
  return found;
}

function isExpected(abbreviation: Unit['abbreviations'][number]): boolean {
  if (abbreviation === undefined || abbreviation.tag !== TAG.constant) return true;
  const { code, names, forms } = abbreviation;
  if (code >= FIRST_LETTER) return false;
  return (
    names[0] === AT.name && forms[0] === FORM.string && names[1] === AT.type && forms[1] === FORM.refAddr
  );
}
