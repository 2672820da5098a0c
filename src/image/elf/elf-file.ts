/**
 * An ELF file (System V gABI, https://gabi.xinuos.com): programs, shared libraries and cores. Opening reads the
 * header alone; tables are read when they are asked for, and hold what a cut file still has.
 */
import type { ArchName } from '../../arch/index.ts';
import { type ByteSource, type Platform, Reader, readAvailable } from '../../base/index.ts';
import {
  type ElfHeader,
  type ElfType,
  PROGRAM_HEADER_SIZE,
  readHeader,
  SECTION_HEADER_SIZE,
} from './header.ts';
import { type Note, type NoteRange, readNotes } from './notes.ts';
import { ProgramHeaders, PT_LOAD, PT_NOTE } from './program-headers.ts';
import { type Beginning, readBeginning, readContents } from './section-data.ts';
import {
  type ElfSection,
  nameSections,
  readSectionFields,
  type SectionFields,
  SHT_NOTE,
} from './section-headers.ts';

/** e_phnum of a file with more program headers than fit: the number is in sh_info of section 0. */
const PN_XNUM = 0xffff;
/** e_shstrndx likewise: in sh_link of section 0. */
const SHN_XINDEX = 0xffff;

const MAX_SECTIONS = 2 ** 20;

export class ElfFile {
  readonly source: ByteSource;
  readonly type: ElfType;
  readonly arch: ArchName;
  readonly entry: number;
  readonly #header: ElfHeader;
  readonly #platform: Platform;
  #programHeaders: ProgramHeaders | undefined;
  #sections: readonly ElfSection[] | undefined;
  #sectionsByName: Map<string, ElfSection> | undefined;

  constructor(source: ByteSource, platform: Platform) {
    this.source = source;
    this.#platform = platform;
    this.#header = readHeader(source);
    this.type = this.#header.type;
    this.arch = this.#header.arch;
    this.entry = this.#header.entry;
  }

  get programHeaders(): ProgramHeaders {
    this.#programHeaders ??= new ProgramHeaders(
      this.source,
      this.#header.programHeaderOffset,
      this.#programHeaderCount(),
    );
    return this.#programHeaders;
  }

  get sections(): readonly ElfSection[] {
    this.#sections ??= this.#readSections();
    return this.#sections;
  }

  section(name: string): ElfSection | undefined {
    if (this.#sectionsByName === undefined) {
      this.#sectionsByName = new Map();
      for (const section of this.sections) {
        if (!this.#sectionsByName.has(section.name)) this.#sectionsByName.set(section.name, section);
      }
    }
    return this.#sectionsByName.get(name);
  }

  /** A section's bytes, inflated; nothing is kept. */
  contents(section: ElfSection): Uint8Array {
    return readContents(this.source, section, this.#platform);
  }

  /** The beginning of a section, if it can be had alone and has the bytes that are wanted. */
  beginning(section: ElfSection, which: Beginning): Uint8Array | undefined {
    return readBeginning(this.source, section, this.#platform, which);
  }

  /** Notes of PT_NOTE segments and of note sections outside them (Go's linker leaves the GNU build id out). */
  notes(): Iterable<Note> {
    const ranges: NoteRange[] = this.programHeaders.ofType(PT_NOTE);
    const sections = this.sections.filter((section) => section.type === SHT_NOTE);
    for (const { fileOffset, fileSize, fields } of sections) {
      const inside = ranges.some((r) => fileOffset >= r.fileOffset && fileOffset < r.fileOffset + r.fileSize);
      if (!inside) ranges.push({ fileOffset, fileSize, align: fields.align });
    }
    return readNotes(this.source, ranges);
  }

  /** Where in the file a linked address is, if it is in a segment's file part. */
  fileOffsetOf(address: number): number | undefined {
    const { types, addresses, fileSizes, fileOffsets, count } = this.programHeaders;
    for (let i = 0; i < count; i++) {
      const offset = address - addresses[i]!;
      if (types[i] === PT_LOAD && offset >= 0 && offset < fileSizes[i]!) return fileOffsets[i]! + offset;
    }
    return undefined;
  }

  /** How many bytes the headers promise beyond the end of the file: more than 0 means that it is cut off. */
  get missingBytes(): number {
    const { programHeaders } = this;
    let end = this.#header.programHeaderOffset + this.#programHeaderCount() * PROGRAM_HEADER_SIZE;
    for (let i = 0; i < programHeaders.count; i++) {
      if (programHeaders.types[i] !== PT_LOAD && programHeaders.types[i] !== PT_NOTE) continue;
      end = Math.max(end, programHeaders.fileOffsets[i]! + programHeaders.fileSizes[i]!);
    }
    for (const section of this.sections) end = Math.max(end, section.fileOffset + section.fileSize);
    return Math.max(0, end - this.source.size);
  }

  #programHeaderCount(): number {
    const { programHeaderCount, programHeaderOffset } = this.#header;
    if (programHeaderCount !== PN_XNUM) return programHeaderCount;
    const count = this.#sectionFields(1)[0]?.info;
    if (count !== undefined && count !== 0) return count;
    // Section 0 is at the end of a kernel's core and so the first to be lost: count to where the first segment begins.
    const first = new ProgramHeaders(this.source, programHeaderOffset, 1);
    const space = (first.fileOffsets[0] ?? 0) - programHeaderOffset;
    return Math.max(PN_XNUM, Math.floor(Math.min(space, this.source.size) / PROGRAM_HEADER_SIZE));
  }

  #readSections(): readonly ElfSection[] {
    const { sectionHeaderOffset, sectionHeaderCount, sectionNameIndex } = this.#header;
    if (sectionHeaderOffset === 0) return [];
    const [first] = this.#sectionFields(1);
    if (first === undefined) return [];
    const count = sectionHeaderCount === 0 ? first.storedSize : sectionHeaderCount;
    const nameIndex = sectionNameIndex === SHN_XINDEX ? first.link : sectionNameIndex;
    const all = this.#sectionFields(count);
    return nameSections(this.source, all, nameIndex);
  }

  /** Section headers that are in the file whole. */
  #sectionFields(count: number): SectionFields[] {
    const { sectionHeaderOffset } = this.#header;
    if (sectionHeaderOffset === 0) return [];
    const bytes = readAvailable(
      this.source,
      sectionHeaderOffset,
      Math.min(count, MAX_SECTIONS) * SECTION_HEADER_SIZE,
    );
    const reader = new Reader(bytes, { file: this.source.name, section: 'section headers' });
    const all: SectionFields[] = [];
    while (reader.remaining >= SECTION_HEADER_SIZE) all.push(readSectionFields(reader));
    return all;
  }
}
