import { type ByteSource, hex } from '../../base/index.ts';
import { BLOCK, CACHE_KEY_LIMIT, type FillBlocks } from './block-cache.ts';
import { lastAtOrBefore, type Piece } from './memory-map.ts';

/** A ByteSource that can read without allocating, as `FileSource` of the engine does. */
interface DirectSource extends ByteSource {
  readInto?(target: Uint8Array, offset: number): number;
}

/** Finds the file behind a mapping, or undefined: missing, or another build. */
export type MappedFile = (path: string) => ByteSource | undefined;

/**
 * The pieces of memory in columns, and where each one's bytes come from. In the cache the core's bytes are keyed by
 * their file offset, those of a mapped file by offsets behind the core's end, given out when the file is opened.
 */
export class PieceTable {
  readonly #pieces: readonly Piece[];
  readonly #starts: Float64Array;
  /** A mapped file that is missing, or shorter than its mapping, shortens its piece when it is looked for. */
  readonly #ends: Float64Array;
  /** start − key; NaN: not resolved, or nowhere. */
  readonly #shifts: Float64Array;
  readonly #resolved: Uint8Array;
  readonly #fill: (FillBlocks | undefined)[];
  readonly #core: DirectSource;
  readonly #mappedFile: MappedFile;
  #nextKey: number;
  #last = 0;

  constructor(core: ByteSource, pieces: readonly Piece[], mappedFile: MappedFile) {
    this.#core = core;
    this.#pieces = pieces;
    this.#mappedFile = mappedFile;
    this.#starts = Float64Array.from(pieces, (piece) => piece.start);
    this.#ends = Float64Array.from(pieces, (piece) => piece.end);
    this.#shifts = new Float64Array(pieces.length).fill(Number.NaN);
    this.#resolved = new Uint8Array(pieces.length);
    this.#fill = new Array(pieces.length);
    this.#nextKey = nextBlock(core.size);
  }

  /** Index of the piece that holds an address and has bytes for it, or -1. */
  at(address: number): number {
    let index = this.#last;
    if (!(address >= this.#starts[index]! && address < this.#ends[index]!)) {
      index = lastAtOrBefore(this.#starts, address);
      if (index < 0 || !(address < this.#ends[index]!)) return -1;
      this.#last = index;
    }
    if (this.#resolved[index] === 0) this.#resolve(index);
    return address < this.#ends[index]! ? index : -1;
  }

  start(index: number): number {
    return this.#starts[index]!;
  }

  end(index: number): number {
    return this.#ends[index]!;
  }

  /** Address − key in the cache, for the addresses of a piece. */
  shift(index: number): number {
    return this.#shifts[index]!;
  }

  fill(index: number): FillBlocks {
    return this.#fill[index]!;
  }

  isStored(index: number): boolean {
    return this.#pieces[index]!.from.kind === 'core';
  }

  /** In words, why nothing is readable at an address of no readable piece. */
  whyMissing(address: number): string {
    const piece = this.#pieces[lastAtOrBefore(this.#starts, address)];
    if (piece === undefined || !(address < piece.end)) return 'not mapped';
    const { from } = piece;
    switch (from.kind) {
      case 'cut':
        return `the core is cut: its file ends at ${hex(this.#core.size)}, these bytes would be at ${hex(from.fileOffset + (address - piece.start))}`;
      case 'file':
        if (this.#mappedFile(from.path) === undefined)
          return `not in the core, and its file ${from.path} was not found`;
        return `not in the core, and beyond the end of its file ${from.path}`;
      case 'core':
        return `the core file could not be read at ${hex(from.offset + (address - piece.start))}`;
      case 'omitted':
        return 'mapped, but not written to the core';
    }
  }

  #resolve(index: number): void {
    this.#resolved[index] = 1;
    const { from, start, end } = this.#pieces[index]!;
    if (from.kind === 'core') {
      const core = this.#core;
      this.#shifts[index] = start - from.offset;
      this.#fill[index] = (offset, target) => readInto(core, target, offset);
      return;
    }
    const source: DirectSource | undefined = from.kind === 'file' ? this.#mappedFile(from.path) : undefined;
    const offset = from.kind === 'file' ? from.offset : 0;
    const length = source === undefined ? 0 : Math.max(0, Math.min(end - start, source.size - offset));
    const key = this.#nextKey;
    const usable = key + length < CACHE_KEY_LIMIT ? length : 0;
    this.#nextKey = nextBlock(key + usable);
    this.#ends[index] = start + usable;
    this.#shifts[index] = start - key;
    // Keys behind the piece's end are those of the next piece.
    this.#fill[index] = (at, target) =>
      source === undefined ? 0 : readInto(source, target.subarray(0, key + usable - at), at - key + offset);
  }
}

function readInto(source: DirectSource, target: Uint8Array, offset: number): number {
  if (source.readInto !== undefined) return source.readInto(target, offset);
  const bytes = source.read(offset, target.length);
  target.set(bytes);
  return bytes.length;
}

const nextBlock = (size: number): number => (Math.ceil(size / BLOCK) + 1) * BLOCK;
