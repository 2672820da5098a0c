/**
 * The header of pclntab (runtime.pcHeader) and what differs between its versions: magic 0xfffffffa (Go 1.16, 1.17),
 * 0xfffffff0 (1.18, 1.19; addresses became offsets, CL 351463), 0xfffffff1 (1.20 and later; startLine was added).
 * Not supported: the older 0xfffffffb, 32-bit and big-endian tables, and text split into several sections.
 *
 *   magic uint32, pad [2]uint8, minLC uint8, ptrSize uint8, nfunc int, nfiles uint, textStart uintptr (≥ 1.18),
 *   then offsets from the header of funcnametab, cutab, filetab, pctab, pclntable.
 */
import type { Reader } from '../../base/index.ts';

export const MAX_HEADER_SIZE = 72;

/** Offsets in runtime._func. `name` and `cuOffset` are what all versions count from. */
export interface RecordLayout {
  readonly name: number;
  readonly deferReturn: number;
  readonly pcsp: number;
  readonly pcfile: number;
  readonly pcln: number;
  readonly pcdataCount: number;
  readonly cuOffset: number;
  /** undefined: Go < 1.20 does not record it. */
  readonly startLine: number | undefined;
  readonly funcId: number;
  readonly flag: number;
  readonly funcdataCount: number;
  readonly size: number;
}

/** runtime.inlinedCall. */
export interface InlinedCallLayout {
  readonly name: number;
  readonly parentPc: number;
  readonly size: number;
}

export interface PclnVersion {
  readonly magic: number;
  /** functab holds {entry, record offset} as uint32 offsets, or as uintptr addresses. */
  readonly functab: 'offsets' | 'addresses';
  /** funcdata entries are uint32 offsets from moduledata.gofunc, or pointers. */
  readonly funcdata: 'offsets' | 'pointers';
  readonly hasTextStart: boolean;
  readonly record: RecordLayout;
  readonly inlinedCall: InlinedCallLayout;
  /** Offsets of `types` and `gofunc` in runtime.moduledata; covctrs, ecovctrs were put before them in Go 1.20. */
  readonly types: number;
  readonly gofunc: number | undefined;
}

// {entry, nameoff int32, args int32, deferreturn uint32, pcsp, pcfile, pcln, npcdata, cuOffset uint32,
//  [startLine int32,] funcID uint8, flag uint8, _ uint8, nfuncdata uint8}
function recordLayout(name: number, hasStartLine: boolean): RecordLayout {
  const funcId = name + (hasStartLine ? 36 : 32);
  return {
    name,
    deferReturn: name + 8,
    pcsp: name + 12,
    pcfile: name + 16,
    pcln: name + 20,
    pcdataCount: name + 24,
    cuOffset: name + 28,
    startLine: hasStartLine ? name + 32 : undefined,
    funcId,
    flag: funcId + 1,
    funcdataCount: funcId + 3,
    size: funcId + 4,
  };
}

// Go < 1.20: {parent int16, funcID uint8, _ uint8, file int32, line int32, func_ int32, parentPc int32}
const OLD_INLINED_CALL: InlinedCallLayout = { name: 12, parentPc: 16, size: 20 };
// Go ≥ 1.20: {funcID uint8, _ [3]uint8, nameOff int32, parentPc int32, startLine int32}
const INLINED_CALL: InlinedCallLayout = { name: 4, parentPc: 8, size: 16 };

const VERSIONS: readonly PclnVersion[] = [
  {
    magic: 0xfffffffa,
    functab: 'addresses',
    funcdata: 'pointers',
    hasTextStart: false,
    record: recordLayout(8, false),
    inlinedCall: OLD_INLINED_CALL,
    types: 280,
    gofunc: undefined,
  },
  {
    magic: 0xfffffff0,
    functab: 'offsets',
    funcdata: 'offsets',
    hasTextStart: true,
    record: recordLayout(4, false),
    inlinedCall: OLD_INLINED_CALL,
    types: 280,
    gofunc: 304,
  },
  {
    magic: 0xfffffff1,
    functab: 'offsets',
    funcdata: 'offsets',
    hasTextStart: true,
    record: recordLayout(4, true),
    inlinedCall: INLINED_CALL,
    types: 296,
    gofunc: 320,
  },
];

export const MAGICS: readonly number[] = VERSIONS.map((version) => version.magic);
const OLDEST_MAGIC = 0xfffffffb;

export interface PclnHeader {
  readonly version: PclnVersion;
  /** The unit of pc deltas: 1 on amd64, 4 on arm64. */
  readonly quantum: number;
  readonly functionCount: number;
  /** 0: not in the header (Go ≥ 1.26), or to be relocated. */
  readonly textStart: number;
  /** Where textStart is in the header. */
  readonly textStartOffset: number;
  readonly names: Extent;
  readonly units: Extent;
  readonly files: Extent;
  readonly pcValues: Extent;
  readonly functions: Extent;
}

/** A part of the table, in offsets from the header. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

/** `total`: bytes from the header to the end of the table. Throws a DataError if they cannot be a pclntab. */
export function readPclnHeader(reader: Reader, total: number): PclnHeader {
  const magic = reader.uint32();
  const version = VERSIONS.find((candidate) => candidate.magic === magic);
  if (version === undefined) throw reader.error(problemWithMagic(magic), 0);
  reader.skip(2);
  const quantum = reader.uint8();
  const pointerSize = reader.uint8();
  if (quantum !== 1 && quantum !== 2 && quantum !== 4)
    throw reader.error(`an instruction unit of ${quantum} bytes`, 6);
  if (pointerSize !== 8) throw reader.error(`pointers of ${pointerSize} bytes`, 7);
  const functionCount = reader.uint64();
  reader.skip(8);
  const textStartOffset = reader.position;
  const textStart = version.hasTextStart ? reader.uint64() : 0;
  const starts = [0, 0, 0, 0, 0].map(() => reader.uint64());
  const header = {
    version,
    quantum,
    functionCount,
    textStart,
    textStartOffset,
    ...extents(starts, total, reader),
  };
  const entrySize = version.functab === 'offsets' ? 8 : 16;
  const room = header.functions.to - header.functions.from;
  if (functionCount * entrySize + entrySize / 2 > room) {
    throw reader.error(`claims ${functionCount} functions in ${room} bytes`, 8);
  }
  return header;
}

/** Each part ends where the next one begins, in whatever order they stand. */
function extents(starts: readonly number[], total: number, reader: Reader) {
  const part = (index: number): Extent => {
    const from = starts[index]!;
    if (!(from <= total)) throw reader.error(`part ${index} begins at ${from}, behind its ${total} bytes`);
    return { from, to: Math.min(total, ...starts.filter((start) => start > from)) };
  };
  return { names: part(0), units: part(1), files: part(2), pcValues: part(3), functions: part(4) };
}

function problemWithMagic(magic: number): string {
  if (magic === OLDEST_MAGIC) return 'written by Go 1.15 or older; Go 1.16 is the oldest that can be read';
  return `begins with 0x${magic.toString(16)}, which no known version of Go writes`;
}
