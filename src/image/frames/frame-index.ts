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

/** One pass over a section. Descriptions of nothing (functions that the linker dropped) are left out. */
export function indexFrames(section: FrameSection): FrameIndex {
  const columns = new Columns(Math.ceil(section.bytes.length / 48));
  const cies = new Map<number, Cie>();
  const reader = readerOf(section);
  let damage: DataError | undefined;
  while (reader.remaining >= MIN_ENTRY) {
    try {
      addEntry(section, reader, cies, columns);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      damage ??= error;
      if (!skipEntry(reader, section)) break;
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

/** Growing typed arrays. */
class Columns {
  #begins: Float64Array;
  #ends: Float64Array;
  #offsets: Uint32Array;
  #count = 0;

  constructor(capacity: number) {
    this.#begins = new Float64Array(capacity);
    this.#ends = new Float64Array(capacity);
    this.#offsets = new Uint32Array(capacity);
  }

  add(begin: number, end: number, offset: number): void {
    if (!(end > begin) || begin === 0) return;
    if (this.#count === this.#begins.length) this.#grow();
    this.#begins[this.#count] = begin;
    this.#ends[this.#count] = end;
    this.#offsets[this.#count++] = offset;
  }

  sorted(): Pick<FrameIndex, 'begins' | 'ends' | 'offsets'> {
    const count = this.#count;
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    const { addresses, items } = sortedByAddress(this.#begins.subarray(0, count), order);
    const ends = new Float64Array(count);
    const offsets = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      ends[i] = this.#ends[items[i]!]!;
      offsets[i] = this.#offsets[items[i]!]!;
    }
    return { begins: addresses, ends, offsets };
  }

  #grow(): void {
    const capacity = Math.max(64, this.#begins.length * 2);
    const begins = new Float64Array(capacity);
    const ends = new Float64Array(capacity);
    const offsets = new Uint32Array(capacity);
    begins.set(this.#begins);
    ends.set(this.#ends);
    offsets.set(this.#offsets);
    this.#begins = begins;
    this.#ends = ends;
    this.#offsets = offsets;
  }
}
