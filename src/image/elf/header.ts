/**
 * ELF header (System V gABI, chapter 4, "ELF Header"), 64-bit little-endian, x86-64 and AArch64.
 * Not supported, with an error that says so: 32-bit, big-endian, other machines.
 */
import type { ArchName } from '../../arch/index.ts';
import { type ByteSource, DataError, Reader } from '../../base/index.ts';

export const HEADER_SIZE = 64;
export const PROGRAM_HEADER_SIZE = 56;
export const SECTION_HEADER_SIZE = 64;

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;

const TYPES = ['none', 'relocatable', 'executable', 'shared', 'core'] as const;
export type ElfType = (typeof TYPES)[number] | 'other';

const ARCHITECTURES: ReadonlyMap<number, ArchName> = new Map([
  [62, 'amd64'],
  [183, 'arm64'],
]);

const OTHER_MACHINES: ReadonlyMap<number, string> = new Map([
  [2, 'SPARC'],
  [3, '386'],
  [8, 'MIPS'],
  [20, 'PowerPC'],
  [21, 'PowerPC64'],
  [22, 'S390'],
  [40, 'ARM'],
  [243, 'RISC-V'],
  [258, 'LoongArch'],
]);

export interface ElfHeader {
  readonly type: ElfType;
  readonly arch: ArchName;
  readonly entry: number;
  readonly programHeaderOffset: number;
  readonly sectionHeaderOffset: number;
  /** As the header has them; the extended counts of huge files are in section 0 (see ElfFile). */
  readonly programHeaderCount: number;
  readonly sectionHeaderCount: number;
  readonly sectionNameIndex: number;
}

export function readHeader(source: ByteSource): ElfHeader {
  const bytes = source.read(0, HEADER_SIZE);
  const problem = (text: string, offset?: number, remedy?: string) =>
    new DataError({ file: source.name, ...(offset === undefined ? {} : { offset }) }, text, remedy);
  if (bytes.length === 0) throw problem('the file is empty');
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw problem(`not an ELF file${looksLike(bytes)}`);
  if (bytes.length < HEADER_SIZE) {
    throw problem(`an ELF header has ${HEADER_SIZE} bytes; the file ends after ${bytes.length}`);
  }
  if (bytes[4] !== CLASS_64) throw problem('a 32-bit ELF file; only 64-bit ones can be read', 4);
  if (bytes[5] !== LITTLE_ENDIAN)
    throw problem('a big-endian ELF file; only little-endian ones can be read', 5);
  return parse(new Reader(bytes, { file: source.name, section: 'ELF header' }, 16));
}

function parse(reader: Reader): ElfHeader {
  const type = TYPES[reader.uint16()] ?? 'other';
  const machine = reader.uint16();
  const arch = ARCHITECTURES.get(machine);
  if (arch === undefined) {
    const name = OTHER_MACHINES.get(machine) ?? `machine ${machine}`;
    throw reader.error(`built for ${name}; only amd64 and arm64 can be read`, 18);
  }
  reader.skip(4);
  const entry = reader.uint64();
  const programHeaderOffset = reader.uint64();
  const sectionHeaderOffset = reader.uint64();
  reader.skip(6);
  const programHeaderSize = reader.uint16();
  const programHeaderCount = reader.uint16();
  const sectionHeaderSize = reader.uint16();
  const sectionHeaderCount = reader.uint16();
  if (programHeaderCount !== 0 && programHeaderSize !== PROGRAM_HEADER_SIZE) {
    throw reader.error(`program headers of ${programHeaderSize} bytes instead of ${PROGRAM_HEADER_SIZE}`, 54);
  }
  if (sectionHeaderOffset !== 0 && sectionHeaderSize !== SECTION_HEADER_SIZE && sectionHeaderCount !== 0) {
    throw reader.error(`section headers of ${sectionHeaderSize} bytes instead of ${SECTION_HEADER_SIZE}`, 58);
  }
  const sectionNameIndex = reader.uint16();
  return {
    type,
    arch,
    entry,
    programHeaderOffset,
    sectionHeaderOffset,
    programHeaderCount,
    sectionHeaderCount,
    sectionNameIndex,
  };
}

/** What a user may have given instead. */
function looksLike(bytes: Uint8Array): string {
  const starts = (...magic: number[]) => magic.every((byte, i) => bytes[i] === byte);
  if (starts(0x1f, 0x8b)) return ' (it is compressed with gzip)';
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return ' (it is compressed with zstd)';
  if (starts(0xcf, 0xfa, 0xed, 0xfe) || starts(0xca, 0xfe, 0xba, 0xbe)) return ' (it is a Mach-O file)';
  if (starts(0x4d, 0x5a)) return ' (it is a Windows program)';
  if (starts(0x23, 0x21)) return ' (it is a script)';
  if (starts(0x21, 0x3c, 0x61, 0x72, 0x63, 0x68)) return ' (it is an archive)';
  return '';
}
