/**
 * Relative relocations (x86-64 psABI R_X86_64_RELATIVE, AArch64 ELF ABI R_AARCH64_RELATIVE): in a position-independent
 * program linked by the system's linker, pointers in data are zero in the file and stand in the addends. Go's own
 * linker writes them in both places, and packed ones (SHT_RELR) are in place by definition, so neither is needed here.
 */
import { type ByteSource, readAvailable } from '../../base/index.ts';
import type { ElfFile } from './elf-file.ts';
import { PT_DYNAMIC } from './program-headers.ts';
import { SHT_RELA } from './section-headers.ts';

const RELA_SIZE = 24;
const RELATIVE = { amd64: 8, arm64: 1027 } as const;
const DT_RELA = 7;
const DT_RELASZ = 8;
const DYNAMIC_ENTRY_SIZE = 16;
/** Read in pieces of this many entries, so that a large table is never held whole. */
const CHUNK_ENTRIES = 1 << 15;
const TWO_32 = 2 ** 32;

/** Calls `visit(place, value)` for each relative relocation: the word at `place` holds `value`, both linked addresses. */
export function forEachRelative(elf: ElfFile, visit: (place: number, value: number) => void): void {
  const relative = RELATIVE[elf.arch];
  for (const table of relocationTables(elf)) {
    for (let done = 0; done < table.size; ) {
      const bytes = readAvailable(
        elf.source,
        table.offset + done,
        Math.min(CHUNK_ENTRIES * RELA_SIZE, table.size - done),
      );
      const count = Math.floor(bytes.length / RELA_SIZE);
      if (count === 0) break;
      visitEntries(bytes, count, relative, visit);
      done += count * RELA_SIZE;
    }
  }
}

/** Puts the pointers that belong into `bytes`, which stand at `address`, into a copy of them. */
export function relocate(elf: ElfFile, address: number, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const last = address + copy.length - 8;
  forEachRelative(elf, (place, value) => {
    if (place < address || place > last) return;
    view.setUint32(place - address, value % TWO_32, true);
    view.setUint32(place - address + 4, value / TWO_32, true);
  });
  return copy;
}

function visitEntries(
  bytes: Uint8Array,
  count: number,
  relative: number,
  visit: (place: number, value: number) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) {
    const at = i * RELA_SIZE;
    // r_info of a relative relocation has no symbol: its upper half is zero.
    if (view.getUint32(at + 8, true) !== relative || view.getUint32(at + 12, true) !== 0) continue;
    visit(address64(view, at), address64(view, at + 16));
  }
}

const address64 = (view: DataView, at: number) =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32;

function relocationTables(elf: ElfFile): { offset: number; size: number }[] {
  const sections = elf.sections.filter((s) => s.type === SHT_RELA && s.allocated);
  if (sections.length > 0) return sections.map((s) => ({ offset: s.fileOffset, size: s.fileSize }));
  return dynamicTable(elf);
}

/** DT_RELA of the dynamic section, for a file without section headers. */
function dynamicTable(elf: ElfFile): { offset: number; size: number }[] {
  const [dynamic] = elf.programHeaders.ofType(PT_DYNAMIC);
  if (dynamic === undefined) return [];
  const entries = dynamicEntries(elf.source, dynamic.fileOffset, dynamic.fileSize);
  const address = entries.get(DT_RELA);
  const size = entries.get(DT_RELASZ);
  if (address === undefined || size === undefined) return [];
  const offset = elf.fileOffsetOf(address);
  return offset === undefined ? [] : [{ offset, size }];
}

const MAX_DYNAMIC_SIZE = 1 << 16;

function dynamicEntries(source: ByteSource, offset: number, size: number): Map<number, number> {
  const bytes = readAvailable(source, offset, Math.min(size, MAX_DYNAMIC_SIZE));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<number, number>();
  for (let at = 0; at + DYNAMIC_ENTRY_SIZE <= bytes.length; at += DYNAMIC_ENTRY_SIZE) {
    entries.set(address64(view, at), address64(view, at + 8));
  }
  return entries;
}
