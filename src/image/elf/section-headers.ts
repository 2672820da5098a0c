/**
 * Section headers (System V gABI, chapter 4, "Sections"). A file cut in the middle has the headers that are there;
 * if the section name table is lost, all names are empty.
 */
import {
  type ByteSource,
  decodeText,
  type LinkedAddress,
  linkedAddress,
  type Reader,
  readAvailable,
} from '../../base/index.ts';
import type { Section } from '../image.ts';
import { type Compression, readCompression } from './section-data.ts';

export const SHT_SYMTAB = 2;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_DYNSYM = 11;

const SHF_WRITE = 0x1;
const SHF_ALLOC = 0x2;
const SHF_COMPRESSED = 0x800;
const MAX_NAMES = 2 ** 26;
const OLD_COMPRESSED = '.zdebug_';

export interface SectionFields {
  readonly nameOffset: number;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly fileOffset: number;
  /** sh_size. */
  readonly storedSize: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entrySize: number;
}

export class ElfSection implements Section {
  readonly name: string;
  readonly type: number;
  readonly address: LinkedAddress;
  readonly fileOffset: number;
  readonly fileSize: number;
  readonly allocated: boolean;
  readonly writable: boolean;
  /** SHF_COMPRESSED, or the older `.zdebug_` names of Go ≤ 1.18, which are shown as `.debug_`. */
  readonly style: 'plain' | 'chdr' | 'zdebug';
  readonly fields: SectionFields;
  readonly #source: ByteSource;
  #compression: Compression | undefined;

  constructor(source: ByteSource, name: string, fields: SectionFields) {
    const old = name.startsWith(OLD_COMPRESSED);
    this.name = old ? `.debug_${name.slice(OLD_COMPRESSED.length)}` : name;
    this.type = fields.type;
    this.address = linkedAddress(fields.address);
    this.fileOffset = fields.fileOffset;
    this.fileSize = fields.type === SHT_NOBITS ? 0 : fields.storedSize;
    this.allocated = (fields.flags & SHF_ALLOC) !== 0;
    this.writable = (fields.flags & SHF_WRITE) !== 0;
    this.style = (fields.flags & SHF_COMPRESSED) !== 0 ? 'chdr' : old ? 'zdebug' : 'plain';
    this.fields = fields;
    this.#source = source;
  }

  get size(): number {
    return this.compressed?.size ?? this.fields.storedSize;
  }

  get compression(): 'none' | 'zlib' | 'zstd' {
    return this.compressed?.kind ?? 'none';
  }

  /** How its contents are compressed, from their first bytes; undefined: they are not. */
  get compressed(): Compression | undefined {
    if (this.style === 'plain') return undefined;
    this.#compression ??= readCompression(this.#source, this);
    return this.#compression;
  }
}

/** One header, from 64 bytes. */
export function readSectionFields(reader: Reader): SectionFields {
  return {
    nameOffset: reader.uint32(),
    type: reader.uint32(),
    flags: Number(reader.bigUint64() & 0xffffffffn),
    address: reader.uint64(),
    fileOffset: reader.uint64(),
    storedSize: reader.uint64(),
    link: reader.uint32(),
    info: reader.uint32(),
    align: reader.uint64(),
    entrySize: reader.uint64(),
  };
}

export function nameSections(
  source: ByteSource,
  all: readonly SectionFields[],
  nameIndex: number,
): readonly ElfSection[] {
  const table = all[nameIndex];
  const names =
    table === undefined
      ? new Uint8Array(0)
      : readAvailable(source, table.fileOffset, Math.min(table.storedSize, MAX_NAMES));
  return all.map((fields) => new ElfSection(source, nameAt(names, fields.nameOffset), fields));
}

function nameAt(names: Uint8Array, offset: number): string {
  if (offset >= names.length) return '';
  const end = names.indexOf(0, offset);
  return decodeText(names, offset, end < 0 ? names.length : end);
}
