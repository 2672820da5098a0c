/** What a program has in memory before it runs: PT_LOAD segments (gABI, chapter 5, "Program Loading"). */
import { linkedAddress, readAvailable } from '../../base/index.ts';
import type { Segment } from '../image.ts';
import type { ElfFile } from './elf-file.ts';
import { PT_LOAD } from './program-headers.ts';

export function loadSegments(elf: ElfFile): readonly Segment[] {
  return elf.programHeaders.ofType(PT_LOAD).map((header) => ({
    address: linkedAddress(header.address),
    memorySize: header.memorySize,
    fileOffset: header.fileOffset,
    fileSize: Math.min(header.fileSize, header.memorySize),
    readable: header.readable,
    writable: header.writable,
    executable: header.executable,
  }));
}

export const segmentAt = (segments: readonly Segment[], address: number): Segment | undefined =>
  segments.find((s) => address >= s.address && address < s.address + s.memorySize);

/**
 * Up to `length` bytes at an address, ending at the latest with its segment. Behind the segment's file part are
 * zeros (bss); what a cut file has lost is not there at all.
 */
export function readSegments(
  elf: ElfFile,
  segments: readonly Segment[],
  address: number,
  length: number,
): Uint8Array {
  const segment = segmentAt(segments, address);
  if (segment === undefined) return new Uint8Array(0);
  const offset = address - segment.address;
  const wanted = Math.min(length, segment.memorySize - offset);
  const stored = Math.min(wanted, Math.max(0, segment.fileSize - offset));
  const bytes = readAvailable(elf.source, segment.fileOffset + offset, stored);
  if (bytes.length < stored || stored === wanted) return bytes;
  const padded = new Uint8Array(wanted);
  padded.set(bytes);
  return padded;
}
