/**
 * runtime.moduledata, of which the addresses are needed that pclntab is relative to. It stands in section .go.module
 * (Go ≥ 1.26) or in data, where it begins with a pointer to pclntab; symbols are not needed to find it.
 *
 *   pcHeader *pcHeader; funcnametab, cutab, filetab, pctab, pclntable, ftab: slices {pointer, len, cap};
 *   findfunctab, minpc, maxpc, text, etext … types, etypes … gofunc (where layout.ts says)
 */
import { type LinkedAddress, linkedAddress, readAvailable } from '../../base/index.ts';
import type { ElfFile } from '../elf/elf-file.ts';
import { forEachRelative, relocate } from '../elf/relocations.ts';
import { readSegments } from '../elf/segments.ts';
import type { Segment } from '../image.ts';
import type { PclnHeader } from './layout.ts';

const SIZE = 336;
const FUNCNAMETAB = 8;
const FTAB_LENGTH = 8 + 5 * 24 + 8;
const MINPC = 160;
const MAXPC = 168;
const TEXT = 176;
const ETEXT = 184;
const CHUNK = 1 << 20;
/** Other pointers to pclntab are few: debuggers' and profilers' data at most. */
const MAX_CANDIDATES = 64;

export interface ModuleData {
  readonly address: LinkedAddress;
  readonly text: number;
  /** Where runtime._type data begins and ends (`runtime.types`, `runtime.etypes`). */
  readonly types: number;
  readonly etypes: number;
  /** Base of funcdata offsets. 0 before Go 1.18. */
  readonly gofunc: number;
}

export interface PclnPlace {
  readonly address: number;
  readonly header: PclnHeader;
}

export function findModuleData(
  elf: ElfFile,
  segments: readonly Segment[],
  pcln: PclnPlace,
): ModuleData | undefined {
  const section = elf.section('.go.module');
  if (section !== undefined) {
    const found = readModuleData(elf, segments, section.address, pcln);
    if (found !== undefined) return found;
  }
  let tries = 0;
  for (const candidate of pointersTo(elf, segments, pcln.address)) {
    if (++tries > MAX_CANDIDATES) break;
    const found = readModuleData(elf, segments, candidate, pcln);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** undefined: what stands there is not the moduledata of this pclntab. */
function readModuleData(
  elf: ElfFile,
  segments: readonly Segment[],
  address: number,
  pcln: PclnPlace,
): ModuleData | undefined {
  const raw = readSegments(elf, segments, address, SIZE);
  if (raw.length < SIZE) return undefined;
  const bytes = elf.type === 'shared' ? relocate(elf, address, raw) : raw;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (offset: number) => Number(view.getBigUint64(offset, true));
  const { header } = pcln;
  const isIt =
    word(0) === pcln.address &&
    word(FUNCNAMETAB) === pcln.address + header.names.from &&
    word(FTAB_LENGTH) === header.functionCount + 1 &&
    word(MINPC) < word(MAXPC) &&
    word(TEXT) <= word(MINPC) &&
    word(MAXPC) <= word(ETEXT);
  if (!isIt) return undefined;
  const { gofunc, types } = header.version;
  return {
    address: linkedAddress(address),
    text: word(TEXT),
    types: word(types),
    etypes: word(types + 8),
    gofunc: gofunc === undefined ? 0 : word(gofunc),
  };
}

/** Places in data that hold `target`, in the file or by relocation. */
function* pointersTo(elf: ElfFile, segments: readonly Segment[], target: number): Generator<number> {
  const low = target % 2 ** 32;
  const high = Math.floor(target / 2 ** 32);
  for (const segment of segments) {
    if (!segment.writable) continue;
    const shift = (8 - (segment.address % 8)) % 8;
    for (let done = shift; done < segment.fileSize; done += CHUNK) {
      const bytes = readAvailable(
        elf.source,
        segment.fileOffset + done,
        Math.min(CHUNK, segment.fileSize - done),
      );
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at + 8 <= bytes.length; at += 8) {
        if (view.getUint32(at, true) === low && view.getUint32(at + 4, true) === high) {
          yield segment.address + done + at;
        }
      }
      if (bytes.length === 0) break;
    }
  }
  if (elf.type !== 'shared') return;
  const relocated: number[] = [];
  forEachRelative(elf, (place, value) => {
    if (value === target) relocated.push(place);
  });
  yield* relocated;
}
