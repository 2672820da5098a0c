import { DataError, type Reader } from '../../base/index.ts';
import { type AddressIndex, AddressIndexBuilder } from '../address-index.ts';
import { type Cie, type FrameSection, readCie, readEntryHead, readerOf, readFde } from './entries.ts';

/** Frame descriptions by address: their offsets in the section, by where their functions begin. */
export interface FrameIndex {
  readonly entries: AddressIndex;
  /** The first entry that could not be read; a miss may be due to it. */
  readonly damage: DataError | undefined;
}

/** The smallest frame description: length, CIE pointer, address, range. */
const MIN_ENTRY = 12;
const LENGTH_FIELD = 4;

/** Length, CIE pointer, address and range of an FDE in 32-bit DWARF, in words. */
const FDE_WORDS = 6;
const RESERVED = 0xfffffff0;
const CIE_ID = 0xffffffff;

/** A section with more damage than this is not read on. */
const MAX_DAMAGED = 100;

/** One pass over a section. */
export function indexFrames(section: FrameSection): FrameIndex {
  const entries = new AddressIndexBuilder(Math.ceil(section.bytes.length / MIN_ENTRY));
  const cies = new Map<number, Cie>();
  const reader = readerOf(section);
  let damage: DataError | undefined;
  let damaged = 0;
  while (reader.remaining >= LENGTH_FIELD) {
    if (section.kind === 'debug_frame')
      reader.seek(addOrdinaryEntries(section.bytes, reader.position, entries));
    if (reader.remaining < LENGTH_FIELD) break;
    try {
      addEntry(section, reader, cies, entries);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      damage ??= error;
      if (++damaged > MAX_DAMAGED || !skipEntry(reader, section)) break;
    }
  }
  return { entries: entries.build(), damage };
}

/**
 * Adds entries of 32-bit DWARF from an offset on, as Go's linker writes them, without an object or a call for each:
 * nearly all of the time goes here. Returns the offset of the first one that is not of this form, or is damaged.
 */
function addOrdinaryEntries(bytes: Uint8Array, start: number, entries: AddressIndexBuilder): number {
  if ((bytes.byteOffset + start) % 4 !== 0 || bytes.byteOffset % 4 !== 0) return start;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  const last = words.length - FDE_WORDS;
  const { pairs } = entries;
  let { count } = entries;
  let at = start >>> 2;
  while (at <= last) {
    const length = words[at]!;
    const next = at + 1 + (length >>> 2);
    if ((length & 3) !== 0 || length < 4 * FDE_WORDS - 4 || length >= RESERVED || next > words.length) break;
    if (words[at + 1] !== CIE_ID) {
      const from = words[at + 2]!;
      if (words[at + 3] !== 0) break; // beyond 2^32: the ordinary way
      pairs[2 * count] = at * 4;
      pairs[2 * count + 1] = from;
      // Functions that a linker dropped begin at 0, and may have no size.
      if (from !== 0 && words[at + 4] !== 0) count++;
    }
    at = next;
  }
  entries.count = count;
  return at * 4;
}

/** Reads one entry; the cursor ends behind it, or where it was if it is damaged. */
function addEntry(
  section: FrameSection,
  reader: Reader,
  cies: Map<number, Cie>,
  entries: AddressIndexBuilder,
): void {
  const start = reader.position;
  try {
    const head = readEntryHead(reader, section.kind);
    if (head === undefined) return;
    if (head.kind === 'fde') {
      if (section.kind === 'debug_frame') {
        // Addresses are always eight bytes here: no need to read the CIE.
        const from = reader.seek(head.body).uint64();
        if (from !== 0 && reader.uint64() > 0) entries.add(start, from);
      } else {
        const cie = cies.get(head.cie) ?? readCie(section, head.cie);
        cies.set(head.cie, cie);
        const { from, to } = readFde(section, head, cie);
        if (from > 0 && to > from) entries.add(start, from);
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
