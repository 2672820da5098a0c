/** Notes (System V gABI, chapter 5, "Note Section"): of programs their build ids, of cores everything about threads. */
import { type ByteSource, decodeText, Reader, readAvailable } from '../../base/index.ts';

export interface Note {
  /** `GNU`, `Go`, `CORE`, `LINUX`. */
  readonly owner: string;
  readonly type: number;
  readonly description: Uint8Array;
  /** Where the description is in the file. */
  readonly fileOffset: number;
}

export interface NoteRange {
  readonly fileOffset: number;
  readonly fileSize: number;
  readonly align: number;
}

const NOTE_HEADER_SIZE = 12;
const MAX_RANGE = 2 ** 30;

/** Every note that is in the file whole, in file order. Ranges that overlap an earlier one are passed over. */
export function* readNotes(source: ByteSource, ranges: readonly NoteRange[]): Generator<Note> {
  let end = 0;
  for (const range of [...ranges].sort((a, b) => a.fileOffset - b.fileOffset)) {
    if (range.fileOffset < end) continue;
    end = range.fileOffset + range.fileSize;
    yield* notesIn(source, range);
  }
}

function* notesIn(source: ByteSource, range: NoteRange): Generator<Note> {
  const bytes = readAvailable(source, range.fileOffset, Math.min(range.fileSize, MAX_RANGE));
  const reader = new Reader(bytes, { file: source.name, section: 'notes' });
  // gABI asks for 8 in 64-bit files; everybody writes 4, except .note.gnu.property, which says so in p_align.
  const align = range.align === 8 ? 8 : 4;
  while (reader.remaining >= NOTE_HEADER_SIZE) {
    const ownerSize = reader.uint32();
    const size = reader.uint32();
    const type = reader.uint32();
    const ownerStart = reader.position;
    const start = roundUp(ownerStart + ownerSize, align);
    if (start + size > bytes.length) return;
    const ownerEnd = bytes.indexOf(0, ownerStart);
    const owner = decodeText(bytes, ownerStart, clamp(ownerEnd, ownerStart, ownerStart + ownerSize));
    yield {
      owner,
      type,
      description: bytes.subarray(start, start + size),
      fileOffset: range.fileOffset + start,
    };
    reader.seek(Math.min(roundUp(start + size, align), bytes.length));
  }
}

const roundUp = (value: number, boundary: number) => Math.ceil(value / boundary) * boundary;

const clamp = (end: number, from: number, to: number) => (end < from ? to : Math.min(end, to));
