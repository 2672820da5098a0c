import { indexOfBytes, readAvailable } from '../../base/index.ts';
import type { ElfFile } from '../elf/elf-file.ts';
import type { Segment } from '../image.ts';
import { MAGICS } from './layout.ts';

export interface PclnLocation {
  readonly address: number;
  readonly fileOffset: number;
  /** To the end of its section, or of its segment. */
  readonly size: number;
}

/** Its section in an ordinary program, and in a position-independent one by Go < 1.26. */
const SECTIONS = ['.gopclntab', '.data.rel.ro.gopclntab'];
const CHUNK = 1 << 20;
const ALIGN = 8;

/** By section name, or, when the file has lost its section names, by looking for the header in every segment. */
export function findPclntab(elf: ElfFile, segments: readonly Segment[]): PclnLocation | undefined {
  for (const name of SECTIONS) {
    const section = elf.section(name);
    if (section !== undefined) {
      return { address: section.address, fileOffset: section.fileOffset, size: section.fileSize };
    }
  }
  if (elf.sections.some((section) => section.name !== '')) return undefined;
  for (const segment of segments) {
    const at = searchHeader(elf, segment);
    if (at >= 0) {
      return {
        address: segment.address + at,
        fileOffset: segment.fileOffset + at,
        size: segment.fileSize - at,
      };
    }
  }
  return undefined;
}

/** magic, two zeros, instruction unit, pointer size. */
function searchHeader(elf: ElfFile, segment: Segment): number {
  const unit = elf.arch === 'amd64' ? 1 : 4;
  const needles = MAGICS.map((magic) => Uint8Array.of(magic & 0xff, 0xff, 0xff, 0xff, 0, 0, unit, 8));
  for (let done = 0; done < segment.fileSize; done += CHUNK) {
    const bytes = readAvailable(
      elf.source,
      segment.fileOffset + done,
      Math.min(CHUNK, segment.fileSize - done),
    );
    if (bytes.length === 0) break;
    for (const needle of needles) {
      for (let at = indexOfBytes(bytes, needle); at >= 0; at = indexOfBytes(bytes, needle, at + 1)) {
        if ((segment.address + done + at) % ALIGN === 0) return done + at;
      }
    }
  }
  return -1;
}
