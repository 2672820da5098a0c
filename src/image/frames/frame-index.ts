import { DataError, type Reader } from '../../base/index.ts';
import { sortedByAddress } from '../sort-by-address.ts';
import { type Cie, type FrameSection, readCie, readEntryHead, readerOf, readFde } from './entries.ts';

/** Frame descriptions by address: where each begins and ends, and its offset in the section. */
export interface FrameIndex {
  readonly begins: Float64Array;
  readonly ends: Float64Array;
  readonly offsets: Uint32Array;
  /** The first entry that could not be read; a miss may be due to it. */
  readonly damage: DataError | undefined;
}

/** At most so many entries are looked at behind a candidate that does not cover the pc. */
const MAX_OVERLAP = 16;
/** The smallest frame description: length, CIE pointer, address, range. */
const MIN_ENTRY = 12;
const LENGTH_FIELD = 4;

/** Length, CIE pointer, address and range of an FDE in 32-bit DWARF, in words. */
const FDE_WORDS = 6;
const RESERVED = 0xfffffff0;
const CIE_ID = 0xffffffff;
const TWO_32 = 2 ** 32;

/** A section with more damage than this is not read on. */
const MAX_DAMAGED = 100;

/** One pass over a section. */
export function indexFrames(section: FrameSection): FrameIndex {
  const columns = new Columns(Math.ceil(section.bytes.length / MIN_ENTRY));
  const cies = new Map<number, Cie>();
  const reader = readerOf(section);
  let damage: DataError | undefined;
  let damaged = 0;
  while (reader.remaining >= LENGTH_FIELD) {
    if (section.kind === 'debug_frame')
      reader.seek(addOrdinaryEntries(section.bytes, reader.position, columns));
    if (reader.remaining < LENGTH_FIELD) break;
    try {
      addEntry(section, reader, cies, columns);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      damage ??= error;
      if (++damaged > MAX_DAMAGED || !skipEntry(reader, section)) break;
    }
  }
  return { ...columns.sorted(), damage };
}

/** Offset of the description that covers a pc, or -1. */
export function findFrame(index: FrameIndex, pc: number): number {
  const { begins, ends, offsets } = index;
  let low = 0;
  let high = begins.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (begins[middle]! <= pc) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= 0 && low - i <= MAX_OVERLAP; i--) {
    if (pc < ends[i]!) return offsets[i]!;
  }
  return -1;
}

/**
 * Adds entries of 32-bit DWARF from an offset on, as Go's linker writes them, without an object or a call for each:
 * nearly all of the time goes here. Returns the offset of the first one that is not of this form, or is damaged.
 */
function addOrdinaryEntries(bytes: Uint8Array, start: number, columns: Columns): number {
  if ((bytes.byteOffset + start) % 4 !== 0 || bytes.byteOffset % 4 !== 0) return start;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  const last = words.length - FDE_WORDS;
  const { begins, ends, offsets } = columns;
  let { count } = columns;
  let at = start >>> 2;
  while (at <= last) {
    const length = words[at]!;
    const next = at + 1 + (length >>> 2);
    if ((length & 3) !== 0 || length < 4 * FDE_WORDS - 4 || length >= RESERVED || next > words.length) break;
    if (words[at + 1] !== CIE_ID) {
      const from = words[at + 2]! + words[at + 3]! * TWO_32;
      const size = words[at + 4]! + words[at + 5]! * TWO_32;
      begins[count] = from;
      ends[count] = from + size;
      offsets[count] = at * 4;
      if (from !== 0 && size !== 0) count++;
    }
    at = next;
  }
  columns.count = count;
  return at * 4;
}

/** Reads one entry; the cursor ends behind it, or where it was if it is damaged. */
function addEntry(section: FrameSection, reader: Reader, cies: Map<number, Cie>, columns: Columns): void {
  const start = reader.position;
  try {
    const head = readEntryHead(reader, section.kind);
    if (head === undefined) return;
    if (head.kind === 'fde') {
      if (section.kind === 'debug_frame') {
        // Addresses are always eight bytes here: no need to read the CIE.
        const from = reader.seek(head.body).uint64();
        columns.add(from, from + reader.uint64(), start);
      } else {
        const cie = cies.get(head.cie) ?? readCie(section, head.cie);
        cies.set(head.cie, cie);
        const { from, to } = readFde(section, head, cie);
        columns.add(from, to, start);
      }
    }
    reader.seek(head.end);
  } catch (error) {
    reader.seek(start);
    throw error;
  }
}

/** Over a damaged entry whose length still makes sense. */
function skipEntry(reader: Reader, section: FrameSection): boolean {
  const start = reader.position;
  try {
    const head = readEntryHead(reader, section.kind);
    if (head === undefined || head.end <= start) return false;
    reader.seek(head.end);
    return true;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

function isSorted(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) return false;
  return true;
}

/** What is found, in the order of the section. */
class Columns {
  readonly begins: Float64Array;
  readonly ends: Float64Array;
  readonly offsets: Uint32Array;
  count = 0;

  /** `capacity`: no section of this size can hold more entries. */
  constructor(capacity: number) {
    this.begins = new Float64Array(capacity);
    this.ends = new Float64Array(capacity);
    this.offsets = new Uint32Array(capacity);
  }

  /** Without descriptions of nothing: functions that a linker dropped begin at 0. */
  add(begin: number, end: number, offset: number): void {
    if (!(end > begin) || begin === 0) return;
    this.begins[this.count] = begin;
    this.ends[this.count] = end;
    this.offsets[this.count++] = offset;
  }

  sorted(): Pick<FrameIndex, 'begins' | 'ends' | 'offsets'> {
    const { count } = this;
    const begins = this.begins.slice(0, count);
    if (isSorted(begins))
      return { begins, ends: this.ends.slice(0, count), offsets: this.offsets.slice(0, count) };
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    const { addresses, items } = sortedByAddress(begins, order);
    const ends = new Float64Array(count);
    const offsets = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      ends[i] = this.ends[items[i]!]!;
      offsets[i] = this.offsets[items[i]!]!;
    }
    return { begins: addresses, ends, offsets };
  }
}
