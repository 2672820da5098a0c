import type { LinkedAddress, Reader } from '../../base/index.ts';
import type { VariableLocation } from '../debug-info.ts';
import { FORM } from './constants.ts';
import { type Die, indexedAddress } from './die.ts';
import type { ExpressionUnit } from './expression-context.ts';
import { readOffset } from './forms.ts';
import { BASE_SELECTION, type EntryKind, readBounds, readKind } from './list-entry.ts';

/**
 * Location lists: .debug_loc (DWARF 4 §2.6.2) and .debug_loclists (DWARF 5 §7.7.3): which expression holds at a
 * pc. The first entry that covers it wins. Views (DW_LLE_view_pair and GNU's) are skipped: several locations that
 * hold at one pc, one per statement, become the first of them.
 */

/** DW_LLE_*, by number. */
const KINDS: readonly EntryKind[] = [
  'endOfList',
  'baseAddressx',
  'startxEndx',
  'startxLength',
  'offsetPair',
  'defaultLocation',
  'baseAddress',
  'startEnd',
  'startLength',
  'viewPair',
];

const MISSING: VariableLocation = { kind: 'missing' };

/** Where the value of a location attribute is at a pc. */
export function locationAt(
  die: Die,
  attribute: number,
  pc: LinkedAddress,
  unit: ExpressionUnit,
): VariableLocation {
  const form = die.form(attribute);
  if (form === undefined) return MISSING;
  let expression: Uint8Array | undefined;
  if (die.isBlock(attribute)) expression = die.block(attribute);
  else if (die.unit.version >= 5) expression = inLocationList(die, attribute, form, pc);
  else expression = inLocations(die, attribute, pc);
  return expression === undefined || expression.length === 0
    ? MISSING
    : { kind: 'expression', expression, unit };
}

function inLocations(die: Die, attribute: number, pc: number): Uint8Array | undefined {
  const { sections } = die.unit;
  return sections.read('.debug_loc', die.number(attribute)!, (reader) => coveringLocation(die, reader, pc));
}

function coveringLocation(die: Die, reader: Reader, pc: number): Uint8Array | undefined {
  let base: number = die.unit.lowPc;
  for (;;) {
    const first = reader.int64();
    const second = first === BASE_SELECTION ? reader.uint64() : reader.int64();
    if (first === 0 && second === 0) return undefined;
    if (first === BASE_SELECTION) {
      base = second;
      continue;
    }
    const expression = reader.take(reader.uint16());
    if (pc >= base + first && pc < base + second) return expression;
  }
}

function inLocationList(die: Die, attribute: number, form: number, pc: number): Uint8Array | undefined {
  const { sections } = die.unit;
  const offset = listOffset(die, attribute, form);
  return sections.read('.debug_loclists', offset, (reader) => coveringEntry(die, reader, pc));
}

function coveringEntry({ unit }: Die, reader: Reader, pc: number): Uint8Array | undefined {
  let base: number = unit.lowPc;
  let fallback: Uint8Array | undefined;
  for (;;) {
    const kind = readKind(reader, KINDS);
    if (kind === 'endOfList') return fallback;
    if (kind === 'baseAddressx') base = indexedAddress(unit, reader.uleb128());
    else if (kind === 'baseAddress') base = reader.uint64();
    else if (kind === 'viewPair') {
      reader.uleb128();
      reader.uleb128();
    } else if (kind === 'defaultLocation') fallback = reader.take(reader.uleb128());
    else {
      const [from, to] = readBounds(unit, reader, kind, base);
      const expression = reader.take(reader.uleb128());
      if (pc >= from && pc < to) return expression;
    }
  }
}

function listOffset(die: Die, attribute: number, form: number): number {
  const value = die.number(attribute)!;
  if (form !== FORM.loclistx) return value;
  const { sections, locationListsBase, offsetSize } = die.unit;
  const entry = sections.near('.debug_loclists', locationListsBase + value * offsetSize);
  return locationListsBase + readOffset(entry, offsetSize);
}
