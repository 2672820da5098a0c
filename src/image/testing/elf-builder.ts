import { ByteBuilder } from '../../base/testing/byte-builder.ts';

export interface SectionSpec {
  readonly name: string;
  readonly type?: number;
  readonly flags?: number;
  readonly address?: number;
  readonly bytes?: Uint8Array;
  /** For SHT_NOBITS. */
  readonly size?: number;
  readonly link?: number;
  readonly align?: number;
}

export interface SegmentSpec {
  readonly type: number;
  readonly flags?: number;
  readonly address?: number;
  readonly bytes: Uint8Array;
  readonly memorySize?: number;
  readonly align?: number;
}

export interface ElfSpec {
  readonly type?: number;
  readonly machine?: number;
  readonly entry?: number;
  readonly sections?: readonly SectionSpec[];
  readonly segments?: readonly SegmentSpec[];
  /** Counts in section 0, as in files with more program headers or sections than the header can say. */
  readonly extendedCounts?: boolean;
}

export const ET_EXEC = 2;
export const ET_DYN = 3;
export const ET_CORE = 4;
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;
export const SHF_ALLOC = 2;
export const SHF_COMPRESSED = 0x800;

/**
 * An ELF file: header, program headers, section headers, then what segments and sections hold. Sections are numbered
 * from 1; the last one is their names.
 */
export function buildElf(spec: ElfSpec): Uint8Array {
  const builder = new ByteBuilder();
  const segments = spec.segments ?? [];
  const sections = [...(spec.sections ?? []), { name: '.shstrtab', type: 3 }];
  const names = new ByteBuilder().u8(0);
  for (const section of sections) names.label(section.name).cstr(section.name);
  const contents = sections.map((s) =>
    s.name === '.shstrtab' ? names.build() : (s.bytes ?? new Uint8Array(0)),
  );
  const extended = spec.extendedCounts === true;
  writeHeader(
    builder,
    spec,
    extended ? 0xffff : segments.length,
    extended ? 0 : sections.length + 1,
    sections.length,
  );
  builder.label('program headers');
  for (const [i, segment] of segments.entries()) writeProgramHeader(builder, segment, i);
  builder.align(8).label('section headers');
  writeSectionZero(
    builder,
    extended ? { sections: sections.length + 1, segments: segments.length } : undefined,
  );
  for (const [i, section] of sections.entries()) {
    writeSectionHeader(builder, section, names.offsetOf(section.name), contents[i]!, i);
  }
  for (const [i, segment] of segments.entries()) builder.align(8).label(`segment ${i}`).bytes(segment.bytes);
  for (const [i, bytes] of contents.entries()) builder.align(8).label(`section ${i}`).bytes(bytes);
  return builder.build();
}

function writeHeader(
  b: ByteBuilder,
  spec: ElfSpec,
  segments: number,
  sections: number,
  nameIndex: number,
): void {
  b.u8(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1).zeros(9);
  b.u16(spec.type ?? ET_EXEC)
    .u16(spec.machine ?? EM_X86_64)
    .u32(1)
    .u64(spec.entry ?? 0);
  b.ref('program headers', 8).ref('section headers', 8);
  b.u32(0).u16(64).u16(56).u16(segments).u16(64).u16(sections).u16(nameIndex);
}

function writeProgramHeader(b: ByteBuilder, segment: SegmentSpec, index: number): void {
  const { type, flags = 4, address = 0, bytes, memorySize = bytes.length, align = 4 } = segment;
  b.u32(type).u32(flags).ref(`segment ${index}`, 8).u64(address).u64(address);
  b.u64(bytes.length).u64(memorySize).u64(align);
}

function writeSectionZero(b: ByteBuilder, counts: { sections: number; segments: number } | undefined): void {
  b.zeros(32);
  b.u64(counts?.sections ?? 0)
    .u32(0)
    .u32(counts?.segments ?? 0);
  b.zeros(16);
}

function writeSectionHeader(
  b: ByteBuilder,
  section: SectionSpec,
  name: number,
  bytes: Uint8Array,
  index: number,
): void {
  const { type = 1, flags = 0, address = 0, size = bytes.length, link = 0, align = 1 } = section;
  b.u32(name).u32(type).u64(flags).u64(address).ref(`section ${index}`, 8).u64(size);
  b.u32(link).u32(0).u64(align).u64(0);
}

export function note(owner: string, type: number, description: Uint8Array, align = 4): Uint8Array {
  const b = new ByteBuilder()
    .u32(owner.length + 1)
    .u32(description.length)
    .u32(type)
    .cstr(owner)
    .align(align);
  return b.bytes(description).align(align).build();
}
