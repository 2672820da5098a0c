import { linkedAddress, type Reader } from '../../base/index.ts';
import type { PcRange } from '../debug-info.ts';
import { AT, FORM } from './constants.ts';
import { type Die, indexedAddress } from './die.ts';
import { readOffset } from './forms.ts';
import { BASE_SELECTION, type EntryKind, readBounds, readKind } from './list-entry.ts';

/** DW_RLE_*, by number. */
const KINDS: readonly EntryKind[] = [
  'endOfList',
  'baseAddressx',
  'startxEndx',
  'startxLength',
  'offsetPair',
  'baseAddress',
  'startEnd',
  'startLength',
];

const MAX_RANGES = 1 << 16;

/**
 * Where a DIE's machine code is: DW_AT_low_pc and DW_AT_high_pc, or a range list of .debug_ranges (DWARF 4
 * §2.17.3) or .debug_rnglists (DWARF 5 §7.25). Empty ranges are left out.
 */
export function rangesOf(die: Die): readonly PcRange[] {
  if (die.has(AT.ranges)) return die.unit.version >= 5 ? readRangeList(die) : readRanges(die);
  const from = die.address(AT.lowPc);
  if (from === undefined) return [];
  const to = die.highPc(AT.highPc, from);
  return to !== undefined && to > from ? [{ from, to }] : [];
}

function readRanges(die: Die): PcRange[] {
  const { sections } = die.unit;
  return sections.read('.debug_ranges', die.number(AT.ranges)!, (reader) => rangesIn(die, reader));
}

function rangesIn(die: Die, reader: Reader): PcRange[] {
  let base: number = die.unit.lowPc;
  const ranges: PcRange[] = [];
  for (;;) {
    const first = reader.int64();
    const second = first === BASE_SELECTION ? reader.uint64() : reader.int64();
    if (first === 0 && second === 0) return ranges;
    if (first === BASE_SELECTION) base = second;
    else push(ranges, reader, base + first, base + second);
  }
}

function readRangeList(die: Die): PcRange[] {
  const { sections } = die.unit;
  return sections.read('.debug_rnglists', listOffset(die), (reader) => listedRanges(die, reader));
}

function listedRanges({ unit }: Die, reader: Reader): PcRange[] {
  let base: number = unit.lowPc;
  const ranges: PcRange[] = [];
  for (;;) {
    const kind = readKind(reader, KINDS);
    if (kind === 'endOfList') return ranges;
    if (kind === 'baseAddressx') base = indexedAddress(unit, reader.uleb128());
    else if (kind === 'baseAddress') base = reader.uint64();
    else {
      const [from, to] = readBounds(unit, reader, kind, base);
      push(ranges, reader, from, to);
    }
  }
}

function push(ranges: PcRange[], reader: Reader, from: number, to: number): void {
  if (ranges.length >= MAX_RANGES) throw reader.error(`a range list has more than ${MAX_RANGES} entries`);
  if (to > from) ranges.push({ from: linkedAddress(from), to: linkedAddress(to) });
}

function listOffset(die: Die): number {
  const value = die.number(AT.ranges)!;
  if (die.form(AT.ranges) !== FORM.rnglistx) return value;
  const { sections, rangeListsBase, offsetSize } = die.unit;
  const entry = sections.near('.debug_rnglists', rangeListsBase + value * offsetSize);
  return rangeListsBase + readOffset(entry, offsetSize);
}

export function covers(ranges: readonly PcRange[], pc: number): boolean {
  for (const range of ranges) if (pc >= range.from && pc < range.to) return true;
  return false;
}
