/** Finds pclntab and reads what every lookup needs: its header and functab (8 bytes per function). */
import { type LinkedAddress, PagedBytes, Reader, readAvailable } from '../../base/index.ts';
import type { ElfFile } from '../elf/elf-file.ts';
import { relocate } from '../elf/relocations.ts';
import { readSegments } from '../elf/segments.ts';
import type { Segment } from '../image.ts';
import { lazy } from '../lazy.ts';
import { GoFunctionTable } from './go-functions.ts';
import type { Extent } from './layout.ts';
import { findPclntab, PCLNTAB, type PclnLocation } from './locate.ts';
import { findModuleData, type ModuleData } from './module-data.ts';

/** What a Go program's linker says about it. */
export interface GoModule {
  readonly functions: GoFunctionTable;
  /** undefined if it cannot be found. */
  readonly moduleData: () => ModuleData | undefined;
}

/** undefined: no Go program. A damaged table throws a DataError. */
export function openGoModule(elf: ElfFile, segments: readonly Segment[]): GoModule | undefined {
  const location = findPclntab(elf, segments);
  if (location === undefined) return undefined;
  const { header } = location;
  const moduleData = lazy(() => findModuleData(elf, segments, location));
  const part = ({ from, to }: Extent) =>
    new PagedBytes(elf.source, location.fileOffset + from, to - from, PCLNTAB);
  const functions = part(header.functions);
  const { functab, base } = readFunctab(elf, location, functions);
  const parts = {
    header,
    functab,
    functions,
    textStart: base ?? textStart(elf, location, moduleData),
    names: part(header.names),
    units: part(header.units),
    files: part(header.files),
    pcValues: part(header.pcValues),
  };
  const surroundings = {
    gofunc: () => moduleData()?.gofunc ?? 0,
    gofuncEnd: () => endAround(elf, segments, moduleData()?.gofunc ?? 0),
    bytesAt: (address: LinkedAddress, length: number) => readSegments(elf, segments, address, length),
  };
  return { functions: new GoFunctionTable(parts, surroundings), moduleData };
}

function endAround(elf: ElfFile, segments: readonly Segment[], address: number): number {
  if (address === 0) return 0;
  const holds = (start: number, size: number): boolean => address >= start && address < start + size;
  const section = elf.sections.find((one) => one.address !== 0 && holds(one.address, one.size));
  if (section !== undefined) return section.address + section.size;
  const segment = segments.find((one) => holds(one.address, one.fileSize));
  return segment === undefined ? 0 : segment.address + segment.fileSize;
}

/**
 * What entry offsets count from: the header's textStart (Go 1.18 to 1.25; to be relocated in a position-independent
 * program), else moduledata.text, else section .text, which is the same unless C's start code is in front of it.
 */
function textStart(elf: ElfFile, location: PclnLocation, moduleData: () => ModuleData | undefined): number {
  const { header, headerBytes } = location;
  if (header.textStart !== 0) return header.textStart;
  const known = moduleData()?.text;
  if (known !== undefined) return known;
  if (elf.type === 'shared') {
    const relocated = relocate(elf, location.address, headerBytes);
    const value = Number(new DataView(relocated.buffer).getBigUint64(header.textStartOffset, true));
    if (value !== 0) return value;
  }
  const text = elf.section('.text');
  if (text !== undefined) return text.address;
  throw new Reader(headerBytes, { file: elf.source.name, section: PCLNTAB }).error(
    'does not say where the text begins, and neither does anything else',
    header.textStartOffset,
  );
}

/** `base`: what the offsets are relative to, when the table itself holds addresses (Go < 1.18). */
function readFunctab(
  elf: ElfFile,
  location: PclnLocation,
  functions: PagedBytes,
): { functab: Uint32Array; base?: number } {
  const { header } = location;
  const { functionCount } = header;
  const byAddress = header.version.functab === 'addresses';
  const size = byAddress ? functionCount * 16 + 8 : functionCount * 8 + 4;
  const bytes = readAvailable(elf.source, location.fileOffset + header.functions.from, size);
  if (bytes.length < size) {
    throw functions.error(
      `the table of ${functionCount} functions is cut off after ${bytes.length} bytes`,
      0,
    );
  }
  // A copy when the bytes do not stand on a word, which typed arrays ask for.
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  if (!byAddress)
    return { functab: new Uint32Array(aligned.buffer, aligned.byteOffset, 2 * functionCount + 1) };
  return offsetsOf(new BigUint64Array(aligned.buffer, aligned.byteOffset, 2 * functionCount + 1), functions);
}

function offsetsOf(table: BigUint64Array, functions: PagedBytes): { functab: Uint32Array; base: number } {
  const first = table[0]!;
  const functab = new Uint32Array(table.length);
  for (let i = 0; i < table.length; i++) {
    const value = i % 2 === 0 ? table[i]! - first : table[i]!;
    if (value < 0n || value > 0xffffffffn) throw functions.error('an entry does not fit', i * 8);
    functab[i] = Number(value);
  }
  return { functab, base: Number(first) };
}
