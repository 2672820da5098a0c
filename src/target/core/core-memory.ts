import {
  type ByteSource,
  decodeText,
  hex,
  type RuntimeAddress,
  runtimeAddress,
  TargetFault,
} from '../../base/index.ts';
import type { Memory, MemoryRegion } from '../target.ts';
import { BLOCK, BlockCache, type FillBlocks } from './block-cache.ts';
import { lastAtOrBefore, type MappedRegion, type MemoryMap, type Piece } from './memory-map.ts';

/** A ByteSource that can read without allocating, as `FileSource` of the engine does. */
interface DirectSource extends ByteSource {
  readInto?(target: Uint8Array, offset: number): number;
}

/** Finds the file behind a mapping, or undefined: missing, or another build. */
export type MappedFile = (path: string) => ByteSource | undefined;

/** Up to this length a read goes through the cache. */
const CACHED_READ = 64 * 1024;
const LONGEST_READ = 2 ** 31 - 1;
const STRING_STEP = 64;

/**
 * The memory of a core: bytes of the core file and, where it leaves pages of mapped files out, of those files.
 * Both go through one block cache: the core's blocks are keyed by file offset, those of the piece `i` of a mapped
 * file by an offset behind the core's end that is `i`'s own. Reads that stay in the window of the last one cost
 * one comparison.
 */
export class CoreMemory implements Memory {
  readonly regions: readonly MemoryRegion[];
  readonly #pieces: readonly Piece[];
  readonly #pieceStarts: Float64Array;
  /** Where its bytes end; a mapped file that is shorter than its mapping shortens it when it is opened. */
  readonly #pieceEnds: Float64Array;
  readonly #regionStarts: Float64Array;
  /** Where a piece's bytes begin in the cache's keys; NaN: nowhere. */
  readonly #keys: Float64Array;
  readonly #sources = new Map<string, DirectSource | undefined>();
  readonly #core: DirectSource;
  readonly #mappedFile: MappedFile;
  readonly #cache = new BlockCache();
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  /** The window: [lo, lo + length) lies at slab index `base`. */
  #lo = 0;
  #length = 0;
  #base = 0;
  #lastPiece = 0;
  #gathered = new Uint8Array(1024);

  constructor(core: ByteSource, map: MemoryMap, mappedFile: MappedFile) {
    this.#core = core;
    this.#mappedFile = mappedFile;
    this.#pieces = map.pieces;
    this.#pieceStarts = Float64Array.from(map.pieces, (piece) => piece.start);
    this.#pieceEnds = Float64Array.from(map.pieces, (piece) => piece.end);
    this.#regionStarts = Float64Array.from(map.regions, (region) => region.start);
    this.#keys = new Float64Array(map.pieces.length);
    let next = alignUp(core.size) + BLOCK;
    for (const [i, piece] of map.pieces.entries()) {
      if (piece.from.kind === 'core') this.#keys[i] = piece.from.offset;
      else if (piece.from.kind === 'file') {
        this.#keys[i] = next;
        next += alignUp(piece.end - piece.start) + BLOCK;
      } else this.#keys[i] = Number.NaN;
    }
    this.regions = map.regions.map((region, i) => new CoreRegion(region, () => this.#availableIn(i)));
    this.#view = this.#cache.view;
    this.#bytes = this.#cache.bytes;
  }

  uint8(address: RuntimeAddress): number {
    return this.#view.getUint8(this.#index(address, 1));
  }

  uint16(address: RuntimeAddress): number {
    return this.#view.getUint16(this.#index(address, 2), true);
  }

  uint32(address: RuntimeAddress): number {
    return this.#view.getUint32(this.#index(address, 4), true);
  }

  int32(address: RuntimeAddress): number {
    return this.#view.getInt32(this.#index(address, 4), true);
  }

  uint64(address: RuntimeAddress): number {
    const at = this.#index(address, 8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  bigUint64(address: RuntimeAddress): bigint {
    return this.#view.getBigUint64(this.#index(address, 8), true);
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
    if (at >= 0 && at + length <= this.#length) return this.#slab(this.#base + at, length);
    if (length === 0) return new Uint8Array(0);
    const piece = this.#pieceAt(address);
    if (piece < 0) return undefined;
    if (length <= CACHED_READ && this.#seek(piece, address, length)) {
      const offset = address - this.#lo;
      if (offset + length <= this.#length) return this.#slab(this.#base + offset, length);
    }
    return this.#gather(address, length);
  }

  readUpTo(address: RuntimeAddress, length: number): Uint8Array {
    const readable = this.#readable(address, Math.min(length, LONGEST_READ));
    const bytes = new Uint8Array(readable);
    return bytes.subarray(0, this.#copy(address, bytes));
  }

  cString(address: RuntimeAddress, limit: number): string {
    let text: Uint8Array = new Uint8Array(0);
    for (let length = Math.min(STRING_STEP, limit); ; length = Math.min(length * 4, limit)) {
      text = this.readUpTo(address, length);
      const end = text.indexOf(0);
      if (end >= 0) return decodeText(text, 0, end);
      if (text.length < length) throw this.#fault(runtimeAddress(address + text.length), 1);
      if (length >= limit) return decodeText(text);
    }
  }

  regionAt(address: RuntimeAddress): MemoryRegion | undefined {
    const region = this.regions[lastAtOrBefore(this.#regionStarts, address)];
    return region !== undefined && address < region.end ? region : undefined;
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
    const piece = this.#pieceAt(address);
    if (piece >= 0 && this.#seek(piece, address, size)) {
      const at = address - this.#lo;
      if (at + size <= this.#length) return this.#base + at;
    }
    const bytes = this.#gather(address, size);
    if (bytes === undefined) throw this.#fault(address as RuntimeAddress, size);
    this.#bytes.set(bytes, this.#cache.scratch);
    return this.#cache.scratch;
  }

  /** Index of the piece that holds an address and has bytes, or -1. */
  #pieceAt(address: number): number {
    let index = this.#lastPiece;
    if (!(address >= this.#pieceStarts[index]! && address < this.#pieceEnds[index]!)) {
      index = lastAtOrBefore(this.#pieceStarts, address);
      if (index < 0 || !(address < this.#pieceEnds[index]!)) return -1;
      this.#lastPiece = index;
    }
    return Number.isNaN(this.#keys[index]!) ? -1 : index;
  }

  /** Moves the window to an address of a piece; false if the bytes are not there after all. */
  #seek(index: number, address: number, wanted: number): boolean {
    const piece = this.#pieces[index]!;
    const key = this.#keys[index]!;
    const source = this.#sourceOf(index);
    const end = this.#pieceEnds[index]!;
    if (source === undefined || !(address < end)) return false;
    const cache = this.#cache;
    cache.find(key + (address - piece.start), Math.min(wanted, end - address), this.#filler(source, index));
    // The window is what the cache holds contiguously, cut to the piece.
    const from = Math.max(cache.from, key);
    const to = Math.min(cache.to, key + (end - piece.start));
    this.#lo = piece.start + (from - key);
    this.#length = Math.max(0, to - from);
    this.#base = cache.base + (from - cache.from);
    return address < this.#lo + this.#length;
  }

  #filler(source: DirectSource, index: number): FillBlocks {
    const piece = this.#pieces[index]!;
    if (piece.from.kind !== 'file') return (offset, target) => fillFrom(source, target, offset);
    const key = this.#keys[index]!;
    const shift = piece.from.offset - key;
    const end = key + (this.#pieceEnds[index]! - piece.start);
    // Keys behind the piece's end are those of the next piece.
    return (offset, target) => fillFrom(source, target.subarray(0, end - offset), offset + shift);
  }

  #sourceOf(index: number): DirectSource | undefined {
    const { from, start, end } = this.#pieces[index]!;
    if (from.kind === 'core') return this.#core;
    if (from.kind !== 'file') return undefined;
    if (!this.#sources.has(from.path)) this.#sources.set(from.path, this.#mappedFile(from.path));
    const source = this.#sources.get(from.path);
    const available = source === undefined ? 0 : Math.max(0, source.size - from.offset);
    if (available < end - start) this.#pieceEnds[index] = start + available;
    return source;
  }

  /** How many of the `length` bytes at an address can be read, as far as the map knows. */
  #readable(address: number, length: number): number {
    let at = address;
    const end = address + length;
    while (at < end) {
      const index = this.#pieceAt(at);
      if (index < 0 || this.#sourceOf(index) === undefined) break;
      const to = this.#pieceEnds[index]!;
      if (!(at < to)) break;
      at = Math.min(end, to);
    }
    return at - address;
  }

  /** How many bytes from an address on the core file itself holds. */
  storedAt(address: RuntimeAddress): number {
    const index = this.#pieceAt(address);
    return index >= 0 && this.#pieces[index]!.from.kind === 'core' ? this.#pieceEnds[index]! - address : 0;
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
      const index = this.#pieceAt(address + done);
      if (index < 0) break;
      const count = this.#copyFromPiece(index, address + done, target.subarray(done));
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  #copyFromPiece(index: number, address: number, target: Uint8Array): number {
    const piece = this.#pieces[index]!;
    const length = Math.min(target.length, this.#pieceEnds[index]! - address);
    if (length > CACHED_READ) {
      const source = this.#sourceOf(index);
      if (source === undefined || !('offset' in piece.from)) return 0;
      return fillFrom(source, target.subarray(0, length), piece.from.offset + (address - piece.start));
    }
    if (!this.#seek(index, address, length)) return 0;
    const at = address - this.#lo;
    const count = Math.min(length, this.#length - at);
    target.set(this.#slab(this.#base + at, count));
    return count;
  }

  #availableIn(region: number): number {
    const { start, end } = this.regions[region]!;
    return this.#readable(start, end - start);
  }

  #fault(address: RuntimeAddress, length: number): TargetFault {
    if (!(length >= 0 && length <= LONGEST_READ))
      return new TargetFault(`cannot read ${length} bytes of memory`, address);
    const missing = runtimeAddress(address + this.#readable(address, length));
    return new TargetFault(`cannot read memory (${this.#whyMissing(missing)})`, missing);
  }

  #whyMissing(address: RuntimeAddress): string {
    const index = lastAtOrBefore(this.#pieceStarts, address);
    const piece = this.#pieces[index];
    if (piece === undefined || !(address < piece.end)) return 'not mapped';
    const { from } = piece;
    switch (from.kind) {
      case 'cut':
        return `the core is cut: its file ends at ${hex(this.#core.size)}, these bytes would be at ${hex(from.fileOffset + (address - piece.start))}`;
      case 'file':
        if (this.#sourceOf(index) === undefined)
          return `not in the core, and its file ${from.path} was not found`;
        return `not in the core, and beyond the end of its file ${from.path}`;
      case 'core':
        return `the core file could not be read at ${hex(from.offset + (address - piece.start))}`;
      case 'omitted':
        return this.regionAt(address)?.readable === false
          ? 'mapped without rights'
          : 'not written to the core';
    }
  }
}

class CoreRegion implements MemoryRegion {
  readonly start: RuntimeAddress;
  readonly end: RuntimeAddress;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly file: string | undefined;
  readonly fileOffset: number;
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
    this.#measure = measure;
  }

  /** Measured on demand: it may have to look for the mapped file. */
  get available(): number {
    this.#available ??= this.#measure();
    return this.#available;
  }
}

function fillFrom(source: DirectSource, target: Uint8Array, offset: number): number {
  if (source.readInto !== undefined) return source.readInto(target, offset);
  const bytes = source.read(offset, target.length);
  target.set(bytes);
  return bytes.length;
}

const alignUp = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;
