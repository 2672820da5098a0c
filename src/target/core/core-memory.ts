import {
  type ByteSource,
  decodeText,
  type RuntimeAddress,
  runtimeAddress,
  TargetFault,
} from '../../base/index.ts';
import type { Memory, MemoryRegion, ObjectVisitor } from '../target.ts';
import { BLOCK, BlockCache } from './block-cache.ts';
import { lastAtOrBefore, type MappedRegion, type MemoryMap, type Piece } from './memory-map.ts';
import { type MappedFile, PieceTable } from './piece-table.ts';

/** Up to this length a read goes through the cache. */
const CACHED_READ = 64 * 1024;
const LONGEST_READ = 2 ** 31 - 1;
const STRING_STEP = 64;
/** Objects whose blocks are read together: enough for long reads, few enough for the blocks to stay until then. */
const VISITED_TOGETHER = 512;
/** Slab index at which scalars and small objects are put together that lie in several blocks. */
const SCRATCH = 0;

/**
 * The memory of a core: bytes of the core file and, where it leaves pages of mapped files out, of those files, both
 * through one block cache. Reads that stay in the window of the last one cost a comparison, those that go back to
 * the window before it an exchange.
 */
export class CoreMemory implements Memory {
  readonly regions: readonly MemoryRegion[];
  readonly #regionStarts: Float64Array;
  readonly #pieces: PieceTable;
  readonly #cache: BlockCache;
  /** The cache's slab. */
  #view: DataView;
  #bytes: Uint8Array;
  /** The window: [lo, lo + length) lies at slab index `base`. */
  #lo = 0;
  #length = 0;
  #base = 0;
  #previousLo = 0;
  #previousLength = 0;
  #previousBase = 0;
  #gathered = new Uint8Array(1024);

  constructor(core: ByteSource, map: MemoryMap, mappedFile: MappedFile) {
    this.#pieces = new PieceTable(core, map.pieces, mappedFile);
    this.#regionStarts = Float64Array.from(map.regions, (region) => region.start);
    this.regions = map.regions.map(
      (region) => new CoreRegion(region, () => this.#readable(region.start, region.end - region.start)),
    );
    this.#cache = new BlockCache(blocksOf(map.pieces));
    this.#view = this.#cache.view;
    this.#bytes = this.#cache.bytes;
  }

  // The index comes first: finding it may move the slab, and with it the view.
  uint8(address: RuntimeAddress): number {
    const at = this.#index(address, 1);
    return this.#view.getUint8(at);
  }

  uint16(address: RuntimeAddress): number {
    const at = this.#index(address, 2);
    return this.#view.getUint16(at, true);
  }

  uint32(address: RuntimeAddress): number {
    const at = this.#index(address, 4);
    return this.#view.getUint32(at, true);
  }

  int32(address: RuntimeAddress): number {
    const at = this.#index(address, 4);
    return this.#view.getInt32(at, true);
  }

  uint64(address: RuntimeAddress): number {
    const at = this.#index(address, 8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  bigUint64(address: RuntimeAddress): bigint {
    const at = this.#index(address, 8);
    return this.#view.getBigUint64(at, true);
  }

  pointer(address: RuntimeAddress): RuntimeAddress {
    return this.uint64(address) as RuntimeAddress;
  }

  read(address: RuntimeAddress, length: number): Uint8Array {
    const bytes = this.tryRead(address, length);
    if (bytes === undefined) throw this.#fault(address, length);
    return bytes;
  }

  tryRead(address: RuntimeAddress, length: number): Uint8Array | undefined {
    const at = address - this.#lo;
    if (at >= 0 && length >= 0 && at + length <= this.#length) return this.#slab(this.#base + at, length);
    if (!(length > 0)) return length === 0 ? new Uint8Array(0) : undefined;
    if (length <= CACHED_READ && this.#moveTo(address, length)) {
      const offset = address - this.#lo;
      if (offset + length <= this.#length) return this.#slab(this.#base + offset, length);
    }
    return this.#gather(address, length);
  }

  readUpTo(address: RuntimeAddress, length: number): Uint8Array {
    const bytes = new Uint8Array(this.#readable(address, Math.min(length, LONGEST_READ)));
    return bytes.subarray(0, this.#copy(address, bytes));
  }

  readInto(address: RuntimeAddress, target: Uint8Array): number {
    return this.#copy(address, target);
  }

  prefetch(addresses: Float64Array): void {
    const sorted = inOrder(addresses);
    const pieces = this.#pieces;
    let piece = -1;
    let shift = 0;
    let pieceEnd = 0;
    /** Up to here it is in the piece and in the block of the last one. */
    let blockEnd = 0;
    let blocks: number[] = [];
    const load = () => {
      if (blocks.length > 0) this.#cache.loadAll(blocks, pieces.fill(piece));
      blocks = [];
    };
    for (let i = 0; i < sorted.length; i++) {
      const address = sorted[i]!;
      if (address < blockEnd) continue;
      if (!(address < pieceEnd)) {
        const index = pieces.at(address);
        if (index < 0) continue;
        load();
        piece = index;
        shift = pieces.shift(index);
        pieceEnd = pieces.end(index);
      }
      const block = Math.floor((address - shift) / BLOCK);
      blocks.push(block);
      blockEnd = Math.min((block + 1) * BLOCK + shift, pieceEnd);
    }
    load();
    this.#view = this.#cache.view;
    this.#bytes = this.#cache.bytes;
    // The loads may have taken the slots of both windows.
    this.#length = 0;
    this.#previousLength = 0;
  }

  visitObjects(addresses: Float64Array, size: number, each: ObjectVisitor): void {
    if (size > BLOCK) return;
    for (let i = 0; i < addresses.length; i++) {
      if (i % VISITED_TOGETHER === 0) this.prefetch(addresses.subarray(i, i + VISITED_TOGETHER));
      const address = addresses[i]!;
      const inWindow = address - this.#lo;
      const at =
        inWindow >= 0 && inWindow + size <= this.#length
          ? this.#base + inWindow
          : this.#tryLocate(address, size);
      if (at >= 0) each(this.#view, at, i);
    }
  }

  cString(address: RuntimeAddress, limit: number): string {
    for (let length = Math.min(STRING_STEP, limit); ; length = Math.min(length * 4, limit)) {
      const text = this.readUpTo(address, length);
      const end = text.indexOf(0);
      if (end >= 0) return decodeText(text, 0, end);
      if (text.length < length) throw this.#fault(address, length);
      if (length >= limit) return decodeText(text);
    }
  }

  regionAt(address: RuntimeAddress): MemoryRegion | undefined {
    const region = this.regions[lastAtOrBefore(this.#regionStarts, address)];
    return region !== undefined && address < region.end ? region : undefined;
  }

  /** How many bytes from an address on the core file itself holds. */
  storedAt(address: RuntimeAddress): number {
    const index = this.#pieces.at(address);
    return index >= 0 && this.#pieces.isStored(index) ? this.#pieces.end(index) - address : 0;
  }

  #slab(at: number, length: number): Uint8Array {
    return this.#bytes.subarray(at, at + length);
  }

  /** Slab index of a scalar. */
  #index(address: number, size: number): number {
    const at = address - this.#lo;
    return at >= 0 && at + size <= this.#length ? this.#base + at : this.#locate(address, size);
  }

  #locate(address: number, size: number): number {
    const at = this.#tryLocate(address, size);
    if (at < 0) throw this.#fault(address, size);
    return at;
  }

  /** Slab index of at most a block's bytes, or -1. */
  #tryLocate(address: number, size: number): number {
    if (this.#moveTo(address, size)) {
      const at = address - this.#lo;
      if (at + size <= this.#length) return this.#base + at;
    }
    const bytes = this.#gather(address, size);
    if (bytes === undefined) return -1;
    this.#bytes.set(bytes, SCRATCH);
    return SCRATCH;
  }

  /** Moves the window to an address, to hold `wanted` bytes if they lie together; false if there are none. */
  #moveTo(address: number, wanted: number): boolean {
    const lo = this.#lo;
    const length = this.#length;
    const base = this.#base;
    const at = address - this.#previousLo;
    if (at >= 0 && at + wanted <= this.#previousLength) {
      this.#lo = this.#previousLo;
      this.#length = this.#previousLength;
      this.#base = this.#previousBase;
    } else if (!this.#seek(address, wanted)) return false;
    const { takenFrom, takenTo } = this.#cache;
    this.#previousLo = lo;
    this.#previousLength = base + length <= takenFrom || base >= takenTo ? length : 0;
    this.#previousBase = base;
    return true;
  }

  /** As `moveTo`, without remembering the window before. */
  #seek(address: number, wanted: number): boolean {
    const pieces = this.#pieces;
    const index = pieces.at(address);
    if (index < 0) return false;
    const shift = pieces.shift(index);
    const end = pieces.end(index);
    const key = address - shift;
    const block = Math.floor(key / BLOCK);
    const blocks = Math.ceil((Math.min(address + wanted, end) - shift) / BLOCK) - block;
    let slot = this.#cache.slotOf(block);
    if (slot < 0) {
      // Loading may take the slots of both windows.
      this.#length = 0;
      this.#previousLength = 0;
      const lowest = Math.ceil((pieces.start(index) - shift) / BLOCK);
      slot = this.#cache.load(block, blocks, lowest, pieces.fill(index));
      if (slot < 0) return false;
      this.#view = this.#cache.view;
      this.#bytes = this.#cache.bytes;
    }
    // The window is what the cache holds together, cut to the piece.
    const count = this.#cache.together(block, slot, blocks);
    const blockStart = block * BLOCK + shift;
    const lo = Math.max(blockStart, pieces.start(index));
    this.#lo = lo;
    this.#length = Math.min(blockStart + count * BLOCK, end) - lo;
    this.#base = slot * BLOCK + (lo - blockStart);
    return true;
  }

  /** How many of the `length` bytes at an address can be read. */
  #readable(address: number, length: number): number {
    let at = address;
    const end = address + length;
    while (at < end) {
      const index = this.#pieces.at(at);
      if (index < 0) break;
      at = Math.min(end, this.#pieces.end(index));
    }
    return Math.max(0, at - address);
  }

  /** Bytes that lie in several blocks or pieces, together. */
  #gather(address: number, length: number): Uint8Array | undefined {
    if (!(length >= 0 && length <= LONGEST_READ) || this.#readable(address, length) < length)
      return undefined;
    if (length > this.#gathered.length && length <= CACHED_READ) this.#gathered = new Uint8Array(CACHED_READ);
    const target = length <= CACHED_READ ? this.#gathered.subarray(0, length) : new Uint8Array(length);
    return this.#copy(address, target) === length ? target : undefined;
  }

  #copy(address: number, target: Uint8Array): number {
    let done = 0;
    while (done < target.length) {
      const index = this.#pieces.at(address + done);
      if (index < 0) break;
      const count = this.#copyFromPiece(index, address + done, target.subarray(done));
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  #copyFromPiece(index: number, address: number, target: Uint8Array): number {
    const length = Math.min(target.length, this.#pieces.end(index) - address);
    if (length > CACHED_READ) {
      return this.#pieces.fill(index)(address - this.#pieces.shift(index), target.subarray(0, length));
    }
    if (!this.#seek(address, length)) return 0;
    const at = address - this.#lo;
    const count = Math.min(length, this.#length - at);
    target.set(this.#slab(this.#base + at, count));
    return count;
  }

  #fault(address: number, length: number): TargetFault {
    if (!(length >= 0 && length <= LONGEST_READ)) {
      return new TargetFault(`cannot read ${length} bytes of memory`, runtimeAddress(address));
    }
    const missing = runtimeAddress(address + this.#readable(address, length));
    return new TargetFault(`cannot read memory (${this.#pieces.whyMissing(missing)})`, missing);
  }
}

/** Those that are in the block of the one before them, as neighbours mostly are, need not be sorted. */
function inOrder(addresses: Float64Array): Float64Array {
  const some = new Float64Array(addresses.length);
  let count = 0;
  let block = -1;
  for (let i = 0; i < addresses.length; i++) {
    const address = addresses[i]!;
    if (Math.floor(address / BLOCK) === block) continue;
    block = Math.floor(address / BLOCK);
    some[count++] = address;
  }
  return some.subarray(0, count).sort();
}

/** Blocks that all readable pieces together have. */
function blocksOf(pieces: readonly Piece[]): number {
  let blocks = 0;
  for (const { start, end, from } of pieces) {
    if (from.kind === 'core' || from.kind === 'file') blocks += Math.ceil((end - start) / BLOCK) + 1;
  }
  return blocks;
}

class CoreRegion implements MemoryRegion {
  readonly start: RuntimeAddress;
  readonly end: RuntimeAddress;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly file: string | undefined;
  readonly fileOffset: number;
  readonly cut: boolean;
  readonly #measure: () => number;
  #available: number | undefined;

  constructor(region: MappedRegion, measure: () => number) {
    this.start = region.start;
    this.end = region.end;
    this.readable = region.readable;
    this.writable = region.writable;
    this.executable = region.executable;
    this.file = region.file;
    this.fileOffset = region.fileOffset;
    this.cut = region.cut === true;
    this.#measure = measure;
  }

  /** Measured on demand: it may have to look for the mapped file. */
  get available(): number {
    this.#available ??= this.#measure();
    return this.#available;
  }
}
