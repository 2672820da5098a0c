import type { ArchName } from '../../arch/index.ts';
import type { MemoryRegion } from '../target.ts';

/**
 * The headers of a Linux core (fs/binfmt_elf.c, elf_core_dump): Elf64_Ehdr; a PT_NOTE and one PT_LOAD for each region;
 * the notes; from the next page on the contents of the regions. If e_phnum cannot count the program headers
 * (PN_XNUM), sh_info of a section header does, which stands at the end of the file.
 */

export const PAGE = 4096;
const EHDR_SIZE = 64;
const PHDR_SIZE = 56;
const SHDR_SIZE = 64;
const PN_XNUM = 0xffff;

const ET_CORE = 4;
const PT_LOAD = 1;
const PT_NOTE = 4;
const MACHINES: Readonly<Record<ArchName, number>> = { amd64: 62, arm64: 183 };

/** A region and where its contents stand. */
export interface PlacedRegion {
  readonly region: MemoryRegion;
  readonly fileOffset: number;
  /** Bytes of it that are in the file: none if nothing of it can be read. */
  readonly fileSize: number;
}

export interface CoreLayout {
  readonly regions: readonly PlacedRegion[];
  readonly notesOffset: number;
  readonly notesSize: number;
  /** Behind the contents of the last region. */
  readonly contentsEnd: number;
  /** Of the whole file. */
  readonly size: number;
}

export interface RegionSize {
  readonly region: MemoryRegion;
  readonly fileSize: number;
}

export function layOut(regions: readonly RegionSize[], notesSize: number): CoreLayout {
  const headers = regions.length + 1;
  const notesOffset = EHDR_SIZE + headers * PHDR_SIZE;
  let at = pageUp(notesOffset + notesSize);
  const placed = regions.map(({ region, fileSize }) => {
    const fileOffset = at;
    at = pageUp(at + fileSize);
    return { region, fileOffset, fileSize };
  });
  const size = headers >= PN_XNUM ? at + SHDR_SIZE : at;
  return { regions: placed, notesOffset, notesSize, contentsEnd: at, size };
}

export const pageUp = (offset: number): number => Math.ceil(offset / PAGE) * PAGE;

/** What stands before the notes. */
export function encodeHeaders(arch: ArchName, layout: CoreLayout): Uint8Array {
  const bytes = new Uint8Array(layout.notesOffset);
  const view = new DataView(bytes.buffer);
  encodeFileHeader(view, arch, layout);
  encodeProgramHeader(view, EHDR_SIZE, {
    type: PT_NOTE,
    flags: 0,
    fileOffset: layout.notesOffset,
    address: 0,
    fileSize: layout.notesSize,
    memorySize: 0,
    align: 4,
  });
  for (const [i, { region, fileOffset, fileSize }] of layout.regions.entries()) {
    encodeProgramHeader(view, EHDR_SIZE + (i + 1) * PHDR_SIZE, {
      type: PT_LOAD,
      flags: (region.readable ? 4 : 0) | (region.writable ? 2 : 0) | (region.executable ? 1 : 0),
      fileOffset,
      address: region.start,
      fileSize,
      memorySize: region.end - region.start,
      align: PAGE,
    });
  }
  return bytes;
}

function encodeFileHeader(view: DataView, arch: ArchName, layout: CoreLayout): void {
  const headers = layout.regions.length + 1;
  const extended = headers >= PN_XNUM;
  view.setUint32(0, 0x7f454c46); // big-endian: 7f E L F
  view.setUint8(4, 2); // ELFCLASS64
  view.setUint8(5, 1); // ELFDATA2LSB
  view.setUint8(6, 1); // EV_CURRENT
  view.setUint16(16, ET_CORE, true);
  view.setUint16(18, MACHINES[arch], true);
  view.setUint32(20, 1, true); // e_version
  view.setBigUint64(32, BigInt(EHDR_SIZE), true); // e_phoff
  if (extended) view.setBigUint64(40, BigInt(layout.contentsEnd), true); // e_shoff
  view.setUint16(52, EHDR_SIZE, true);
  view.setUint16(54, PHDR_SIZE, true);
  view.setUint16(56, extended ? PN_XNUM : headers, true);
  if (extended) {
    view.setUint16(58, SHDR_SIZE, true);
    view.setUint16(60, 1, true); // e_shnum
  }
}

interface ProgramHeader {
  readonly type: number;
  readonly flags: number;
  readonly fileOffset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/** Elf64_Phdr: p_type, p_flags, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align. */
function encodeProgramHeader(view: DataView, at: number, header: ProgramHeader): void {
  view.setUint32(at, header.type, true);
  view.setUint32(at + 4, header.flags, true);
  view.setBigUint64(at + 8, BigInt(header.fileOffset), true);
  view.setBigUint64(at + 16, BigInt(header.address), true);
  view.setBigUint64(at + 32, BigInt(header.fileSize), true);
  view.setBigUint64(at + 40, BigInt(header.memorySize), true);
  view.setBigUint64(at + 48, BigInt(header.align), true);
}

/** What stands at the end of a file with more program headers than e_phnum can count; else empty. */
export function encodeCountSection(layout: CoreLayout): Uint8Array {
  const bytes = new Uint8Array(layout.size - layout.contentsEnd);
  if (bytes.length === 0) return bytes;
  const view = new DataView(bytes.buffer);
  view.setBigUint64(32, 1n, true); // sh_size: e_shnum
  view.setUint32(44, layout.regions.length + 1, true); // sh_info
  return bytes;
}
