import { DataError, indexOfBytes, Reader, readAvailable } from '../../base/index.ts';
import type { ElfFile } from '../elf/elf-file.ts';
import type { Segment } from '../image.ts';
import { MAGICS, MAX_HEADER_SIZE, type PclnHeader, readPclnHeader } from './layout.ts';

export const PCLNTAB = '.gopclntab';

export interface PclnLocation {
  readonly address: number;
  readonly fileOffset: number;
  /** To the end of its section, or of its segment. */
  readonly size: number;
  readonly header: PclnHeader;
  readonly headerBytes: Uint8Array;
}

/** Its section in an ordinary program, and in a position-independent one by Go < 1.26. */
const SECTIONS = [PCLNTAB, '.data.rel.ro.gopclntab'];
const CHUNK = 1 << 20;
const ALIGN = 8;
/** Header and needle must not be missed where two chunks meet. */
const OVERLAP = 8;

/**
 * By section name; or, when the system's linker has put it into .data.rel.ro (position-independent, Go < 1.26) or the
 * file has lost its section names, by looking for its header in every segment. undefined: not a Go program.
 */
export function findPclntab(elf: ElfFile, segments: readonly Segment[]): PclnLocation | undefined {
  for (const name of SECTIONS) {
    const section = elf.section(name);
    if (section !== undefined)
      return readHeaderAt(elf, section.address, section.fileOffset, section.fileSize);
  }
  const named = elf.sections.some((section) => section.name !== '');
  if (named && elf.section('.go.buildinfo') === undefined) return undefined;
  for (const segment of segments) {
    for (const at of headersIn(elf, segment)) {
      const location = tryHeaderAt(elf, segment, at);
      if (location !== undefined) return location;
    }
  }
  return undefined;
}

function readHeaderAt(elf: ElfFile, address: number, fileOffset: number, size: number): PclnLocation {
  const headerBytes = readAvailable(elf.source, fileOffset, Math.min(MAX_HEADER_SIZE, size));
  const reader = new Reader(headerBytes, { file: elf.source.name, section: PCLNTAB });
  return { address, fileOffset, size, header: readPclnHeader(reader, size), headerBytes };
}

function tryHeaderAt(elf: ElfFile, segment: Segment, at: number): PclnLocation | undefined {
  try {
    return readHeaderAt(elf, segment.address + at, segment.fileOffset + at, segment.fileSize - at);
  } catch (error) {
    // Bytes that look like the beginning of a header by chance.
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/** Where a segment has what may be a header: magic, two zeros, instruction unit, pointer size. */
function* headersIn(elf: ElfFile, segment: Segment): Generator<number> {
  const unit = elf.arch === 'amd64' ? 1 : 4;
  const needles = MAGICS.map((magic) => Uint8Array.of(magic & 0xff, 0xff, 0xff, 0xff, 0, 0, unit, 8));
  for (let done = 0; done < segment.fileSize; done += CHUNK) {
    const wanted = Math.min(CHUNK + OVERLAP, segment.fileSize - done);
    const bytes = readAvailable(elf.source, segment.fileOffset + done, wanted);
    if (bytes.length === 0) return;
    for (const needle of needles) {
      for (let at = indexOfBytes(bytes, needle); at >= 0; at = indexOfBytes(bytes, needle, at + 1)) {
        if ((segment.address + done + at) % ALIGN === 0) yield done + at;
      }
    }
  }
}
