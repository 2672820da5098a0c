/** The Go functions of a binary, read from pclntab as far as they are asked for. See layout.ts for the format. */
import { indexOfBytes, type LinkedAddress, linkedAddress, type PagedBytes } from '../../base/index.ts';
import type {
  CodePlaces,
  FunctionTable,
  FunctionTraits,
  InlinedCall,
  SourcePosition,
} from '../function-table.ts';
import { lazy } from '../lazy.ts';
import { PclnPlaces } from './code-places.ts';
import { FileTable } from './file-table.ts';
import type { PclnHeader, RecordLayout } from './layout.ts';
import { pcValueAt, walkPcValues } from './pc-values.ts';
import { FUNCDATA_INL_TREE, PCDATA_INL_TREE_INDEX } from './table-numbers.ts';

/** internal/abi.FuncFlag. */
const FLAG_TOP_FRAME = 1;
const FLAG_SP_WRITE = 2;
const FLAG_ASM = 4;
/** "No such funcdata" where offsets are written. */
const NO_FUNCDATA = 0xffffffff;
/** The compiler's budget keeps inlining far below this; only a damaged tree goes in circles. */
const MAX_INLINE_DEPTH = 1000;

/** The parts of pclntab. */
export interface PclnParts {
  readonly header: PclnHeader;
  readonly textStart: number;
  /** {entry offset from textStart, record offset} per function, then the end of the last one. */
  readonly functab: Uint32Array;
  readonly names: PagedBytes;
  readonly units: PagedBytes;
  readonly files: PagedBytes;
  readonly pcValues: PagedBytes;
  /** What funcab's record offsets are relative to. */
  readonly functions: PagedBytes;
}

/** What is outside of pclntab: inline trees are in read-only data (Go < 1.26), at moduledata.gofunc. */
export interface PclnSurroundings {
  /** moduledata.gofunc; 0 if moduledata cannot be found. */
  gofunc(): number;
  /** Where what is behind gofunc ends: its section, or its segment where there are no sections. 0 where gofunc is. */
  gofuncEnd(): number;
  bytesAt(address: LinkedAddress, length: number): Uint8Array;
}

/**
 * Names that stand in the table once for each function that is called so: instances of generic functions in old ones
 * (go1.19, cmd/link/internal/ld/pcln.go, nameParts), and the two of each function of cgo, by ABI.
 */
const NAMES_OF_SEVERAL = /\[\.\.\.\]|\._C/;

export class GoFunctionTable implements FunctionTable {
  readonly count: number;
  readonly textStart: LinkedAddress;
  readonly #functab: Uint32Array;
  readonly #parts: PclnParts;
  readonly #layout: RecordLayout;
  readonly #files: FileTable;
  readonly #surroundings: PclnSurroundings;
  #nameOffsets: Int32Array | undefined;

  constructor(parts: PclnParts, surroundings: PclnSurroundings) {
    this.count = parts.header.functionCount;
    this.textStart = linkedAddress(parts.textStart);
    this.#functab = parts.functab;
    this.#parts = parts;
    this.#layout = parts.header.version.record;
    this.#files = new FileTable(parts.files, parts.units);
    this.#surroundings = surroundings;
  }

  find(pc: LinkedAddress): number {
    const functab = this.#functab;
    const offset = pc - this.textStart;
    if (this.count === 0 || !(offset >= functab[0]!) || offset >= functab[2 * this.count]!) return -1;
    let low = 0;
    let high = this.count;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (functab[2 * middle]! <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  entry(index: number): LinkedAddress {
    return linkedAddress(this.textStart + this.#functab[2 * this.#checked(index)]!);
  }

  end(index: number): LinkedAddress {
    return linkedAddress(this.textStart + this.#functab[2 * this.#checked(index) + 2]!);
  }

  name(index: number): string {
    return this.#parts.names.cString(this.#parts.functions.uint32(this.#record(index) + this.#layout.name));
  }

  byName(name: string): readonly number[] {
    const found: number[] = [];
    for (const offset of this.#findNames(name)) {
      this.#nameOffsets ??= this.#readNameOffsets();
      const offsets = this.#nameOffsets;
      for (let at = offsets.indexOf(offset); at >= 0; at = offsets.indexOf(offset, at + 1)) found.push(at);
    }
    return found;
  }

  traits(index: number): FunctionTraits {
    const record = this.#record(index);
    const { functions } = this.#parts;
    const flag = functions.uint8(record + this.#layout.flag);
    const deferReturn = functions.uint32(record + this.#layout.deferReturn);
    return {
      topFrame: (flag & FLAG_TOP_FRAME) !== 0,
      writesSp: (flag & FLAG_SP_WRITE) !== 0,
      assembly: (flag & FLAG_ASM) !== 0,
      funcId: functions.uint8(record + this.#layout.funcId),
      deferReturn: deferReturn === 0 ? 0 : this.entry(index) + deferReturn,
    };
  }

  position(pc: LinkedAddress): SourcePosition | undefined {
    const index = this.find(pc);
    return index < 0 ? undefined : this.#positionIn(index, pc - this.entry(index));
  }

  startLine(index: number): number {
    const { startLine } = this.#layout;
    return startLine === undefined ? 0 : this.#parts.functions.int32(this.#record(index) + startLine);
  }

  inlining(
    pc: LinkedAddress,
  ): { readonly inlined: readonly InlinedCall[]; readonly outer: SourcePosition } | undefined {
    const index = this.find(pc);
    if (index < 0) return undefined;
    const inlined: InlinedCall[] = [];
    const { inlinedCall } = this.#parts.header.version;
    let offset = pc - this.entry(index);
    // runtime.inlineUnwinder: parentPc is a pc of the same function, whose position and tree index are the caller's.
    for (;;) {
      const position = this.#positionIn(index, offset);
      const node = this.#pcdata(index, PCDATA_INL_TREE_INDEX, offset);
      const tree = node === undefined || node < 0 ? undefined : this.funcdata(index, FUNCDATA_INL_TREE);
      if (position === undefined) return undefined;
      if (node === undefined || node < 0 || tree === undefined) return { inlined, outer: position };
      if (inlined.length === MAX_INLINE_DEPTH) throw this.#treeError('goes in circles', index);
      const call = this.#treeNode(linkedAddress(tree + node * inlinedCall.size), index);
      inlined.push({ name: this.#parts.names.cString(call.getInt32(inlinedCall.name, true)), position });
      offset = call.getInt32(inlinedCall.parentPc, true);
      if (offset < 0) throw this.#treeError(`has a parent at ${offset}`, index);
    }
  }

  spDelta(pc: LinkedAddress): number | undefined {
    const index = this.find(pc);
    if (index < 0) return undefined;
    return this.#valueIn(index, this.#layout.pcsp, pc - this.entry(index));
  }

  pcdata(pc: LinkedAddress, table: number): number | undefined {
    const index = this.find(pc);
    return index < 0 ? undefined : this.#pcdata(index, table, pc - this.entry(index));
  }

  funcdata(index: number, which: number): LinkedAddress | undefined {
    const { functions, header } = this.#parts;
    const record = this.#record(index);
    if (which >= functions.uint8(record + this.#layout.funcdataCount)) return undefined;
    const pcdataCount = functions.uint32(record + this.#layout.pcdataCount);
    const start = record + this.#layout.size + pcdataCount * 4;
    if (header.version.funcdata === 'pointers') {
      const at = Math.ceil(start / 8) * 8 + which * 8;
      const pointer = functions.uint32(at) + functions.uint32(at + 4) * 2 ** 32;
      return pointer === 0 ? undefined : linkedAddress(pointer);
    }
    const offset = functions.uint32(start + which * 4);
    const base = offset === NO_FUNCDATA ? 0 : this.#surroundings.gofunc();
    return base === 0 ? undefined : linkedAddress(base + offset);
  }

  files(): readonly string[] {
    return this.#files.all();
  }

  get places(): CodePlaces {
    return this.#places();
  }

  readonly #places = lazy((): CodePlaces => {
    const { functions, names, header } = this.#parts;
    return new PclnPlaces({
      count: this.count,
      inlinedCall: header.version.inlinedCall,
      entry: (index) => this.entry(index),
      treeOf: (index) => this.funcdata(index, FUNCDATA_INL_TREE),
      walk: (index, table, visit) => this.#walk(this.#tableOf(index, table), visit),
      nameOffset: (name) => first(this.#findNames(name)),
      nameAt: (offset) => names.cString(offset),
      fileOffset: (path) => this.#files.offsetOf(path),
      fileOffsetOf: (index, number) =>
        this.#files.pathOffset(functions.uint32(this.#record(index) + this.#layout.cuOffset), number),
      funcdata: () => ({ start: this.#surroundings.gofunc(), end: this.#surroundings.gofuncEnd() }),
      bytesAt: (address, length) => this.#surroundings.bytesAt(address, length),
    });
  });

  #tableOf(index: number, table: 'inlining' | 'file' | 'line' | 'sp'): number {
    const { functions } = this.#parts;
    const record = this.#record(index);
    if (table === 'inlining') {
      if (PCDATA_INL_TREE_INDEX >= functions.uint32(record + this.#layout.pcdataCount)) return 0;
      return functions.uint32(record + this.#layout.size + PCDATA_INL_TREE_INDEX * 4);
    }
    const field = { file: this.#layout.pcfile, line: this.#layout.pcln, sp: this.#layout.pcsp }[table];
    return functions.uint32(record + field);
  }

  #walk(table: number, visit: (value: number, from: number, to: number) => void): void {
    const { pcValues, header } = this.#parts;
    if (table === 0 || walkPcValues(pcValues.whole(), table, header.quantum, visit)) return;
    throw pcValues.error('a pc-value table has no end', table);
  }

  #positionIn(index: number, pcOffset: number): SourcePosition | undefined {
    const file = this.#valueIn(index, this.#layout.pcfile, pcOffset);
    const line = this.#valueIn(index, this.#layout.pcln, pcOffset);
    if (file === undefined || line === undefined || file < 0 || line < 0) return undefined;
    const unit = this.#parts.functions.uint32(this.#record(index) + this.#layout.cuOffset);
    const name = this.#files.name(unit, file);
    return name === undefined ? undefined : { file: name, line };
  }

  /** `field` of the record holds the offset of a pc-value table, 0 if there is none. */
  #valueIn(index: number, field: number, pcOffset: number): number | undefined {
    return this.#valueAt(this.#parts.functions.uint32(this.#record(index) + field), pcOffset);
  }

  #valueAt(table: number, pcOffset: number): number | undefined {
    if (table === 0) return undefined;
    return pcValueAt(this.#parts.pcValues, table, pcOffset, this.#parts.header.quantum);
  }

  #pcdata(index: number, table: number, pcOffset: number): number | undefined {
    const { functions } = this.#parts;
    const record = this.#record(index);
    if (table >= functions.uint32(record + this.#layout.pcdataCount)) return undefined;
    return this.#valueAt(functions.uint32(record + this.#layout.size + table * 4), pcOffset);
  }

  #treeNode(address: LinkedAddress, index: number): DataView {
    const { size } = this.#parts.header.version.inlinedCall;
    const bytes = this.#surroundings.bytesAt(address, size);
    if (bytes.length < size) throw this.#treeError('is not in the file', index);
    return new DataView(bytes.buffer, bytes.byteOffset, size);
  }

  #treeError(problem: string, index: number): Error {
    return this.#parts.functions.error(
      `the inline tree of function ${index} ${problem}`,
      this.#record(index),
    );
  }

  /** Where runtime._func of a function is in `functions`. */
  #record(index: number): number {
    return this.#functab[2 * this.#checked(index) + 1]!;
  }

  #checked(index: number): number {
    if (index >= 0 && index < this.count) return index;
    throw new Error(`function ${index} of ${this.count}`);
  }

  /**
   * Offsets of a name in the name table: a NUL or the beginning before it, a NUL behind it. Looking further than the first
   * takes as long as the table is.
   */
  *#findNames(name: string): Iterable<number> {
    const names = this.#parts.names.whole();
    const needle = new TextEncoder().encode(`\0${name}\0`);
    const unpreceded = needle.subarray(1);
    const several = NAMES_OF_SEVERAL.test(name);
    if (indexOfBytes(names, unpreceded, 0, unpreceded.length) === 0) {
      yield 0;
      if (!several) return;
    }
    for (let at = indexOfBytes(names, needle); at >= 0; at = indexOfBytes(names, needle, at + 1)) {
      yield at + 1;
      if (!several) return;
    }
  }

  #readNameOffsets(): Int32Array {
    const { functions } = this.#parts;
    const read = functions.readOnce();
    const bytes = read.byteOffset % 4 === 0 ? read : read.slice();
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    const offsets = new Int32Array(this.count);
    const functab = this.#functab;
    const field = this.#layout.name >>> 2;
    for (let i = 0; i < offsets.length; i++) {
      const record = functab[2 * i + 1]!;
      const nameOffset = words[(record >>> 2) + field];
      if (nameOffset === undefined || (record & 3) !== 0) {
        throw functions.error(`function ${i} has its record outside, or between words`, record);
      }
      offsets[i] = nameOffset;
    }
    return offsets;
  }
}

function first(offsets: Iterable<number>): number {
  for (const offset of offsets) return offset;
  return -1;
}
