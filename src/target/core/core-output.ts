import type { RuntimeAddress } from '../../base/index.ts';
import type { Memory } from '../target.ts';
import { PAGE } from './core-headers.ts';

/** Where a core goes, from its first byte to its last. */
export interface CoreSink {
  /** Called once, before anything is written. */
  begin(size: number): void;
  /** The bytes that follow; they change when the call is over. */
  write(bytes: Uint8Array): void;
  /** As `write` of so many zeros: a hole, where the sink can make one. */
  skip(length: number): void;
}

export const PIECE = 1 << 20;
/** Shorter runs of zeros are written: a hole costs the file system more than it saves. */
const SMALLEST_HOLE = 4 * PAGE;

/** Reads memory into one buffer again and again. */
export class MemoryPiece {
  /** What was read last; zeros behind it. */
  readonly bytes = new Uint8Array(PIECE);
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** How many of the bytes at an address there are, from the first on. */
  read(address: RuntimeAddress, length: number): number {
    const got = this.#fill(address, this.bytes.subarray(0, length));
    this.bytes.fill(0, got, length);
    return got;
  }

  #fill(address: RuntimeAddress, target: Uint8Array): number {
    if (this.#memory.readInto !== undefined) return this.#memory.readInto(address, target);
    const bytes = this.#memory.readUpTo(address, target.length);
    target.set(bytes);
    return bytes.length;
  }
}

/** Passes bytes on to a sink and counts them; pages of zeros become holes. */
export class CoreOutput {
  /** Bytes that are not in holes. */
  written = 0;
  readonly #sink: CoreSink;
  readonly #size: number;
  readonly #progress: ((done: number, total: number) => void) | undefined;
  #position = 0;

  constructor(sink: CoreSink, size: number, progress: ((done: number, total: number) => void) | undefined) {
    this.#sink = sink;
    this.#size = size;
    this.#progress = progress;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#sink.write(bytes);
    this.written += bytes.length;
    this.#position += bytes.length;
  }

  skipTo(offset: number): void {
    if (offset === this.#position) return;
    this.#sink.skip(offset - this.#position);
    this.#position = offset;
  }

  /** Bytes of which many pages may be zero. They begin at a multiple of 4 in their buffer. */
  writePages(bytes: Uint8Array): void {
    const start = this.#position;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    let from = 0;
    let zeros = 0;
    for (let at = 0; at < bytes.length; at += PAGE) {
      if (isZero(words, at >> 2, Math.min(at + PAGE, bytes.length) >> 2) && at + PAGE <= bytes.length) {
        zeros += PAGE;
        continue;
      }
      if (zeros >= SMALLEST_HOLE) {
        this.write(bytes.subarray(from, at - zeros));
        this.skipTo(start + at);
        from = at;
      }
      zeros = 0;
    }
    this.write(bytes.subarray(from, bytes.length - zeros));
    this.skipTo(start + bytes.length);
    this.#progress?.(this.#position, this.#size);
  }
}

function isZero(words: Int32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (words[i] !== 0) return false;
  return true;
}
