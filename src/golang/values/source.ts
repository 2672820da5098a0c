import { hex, type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { Memory } from '../../target/index.ts';
import { type ByteSpan, homesOfPart, OPTIMISED_OUT, type PieceHome, type Place } from './place.ts';

/** How much of the memory behind a value is read at once: most values need one read. */
const WINDOW = 4096;
const MAX_COVER = 65536;

/**
 * Little-endian reads relative to the start of a value, wherever its bytes are. Memory is read in windows as
 * reads reach it, so a big array costs what is looked at, and a value that is half unreadable fails only there.
 * Every read throws a TargetFault with its address where there is nothing.
 */
export class Source {
  readonly #memory: Memory;
  /** Where offset 0 is; undefined for bytes without an address. */
  readonly address: RuntimeAddress | undefined;
  readonly #missing: readonly ByteSpan[];
  readonly #homes: readonly PieceHome[] | undefined;
  #bytes: Uint8Array;
  #view: DataView;
  /** The offset of the window's first byte. */
  #start: number;

  private constructor(
    memory: Memory,
    address: RuntimeAddress | undefined,
    bytes: Uint8Array,
    missing: readonly ByteSpan[],
    homes?: readonly PieceHome[],
  ) {
    this.#memory = memory;
    this.#homes = homes;
    this.address = address;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#start = 0;
    this.#missing = missing;
  }

  static memory(memory: Memory, address: RuntimeAddress): Source {
    return new Source(memory, address, NOTHING, NO_SPANS);
  }

  static bytes(
    memory: Memory,
    bytes: Uint8Array,
    missing: readonly ByteSpan[] = NO_SPANS,
    homes?: readonly PieceHome[],
  ): Source {
    return new Source(memory, undefined, bytes, missing, homes);
  }

  /** Throws a TargetFault with the reason if the place is nowhere. */
  static at(memory: Memory, place: Place): Source {
    switch (place.kind) {
      case 'memory':
        return Source.memory(memory, place.address);
      case 'bytes':
        return Source.bytes(memory, place.bytes, place.missing, place.homes);
      case 'none':
        throw new TargetFault(place.reason);
    }
  }

  addressOf(offset: number): RuntimeAddress | undefined {
    return this.address === undefined ? undefined : runtimeAddress(this.address + offset);
  }

  /** The place of a part. */
  placeOf(offset: number, size: number): Place {
    if (this.address !== undefined) return { kind: 'memory', address: runtimeAddress(this.address + offset) };
    if (this.#missing.some((span) => span.from <= offset && offset + size <= span.to && size > 0)) {
      return { kind: 'none', reason: OPTIMISED_OUT };
    }
    const missing = this.#missing
      .filter((span) => span.from < offset + size && span.to > offset)
      .map((span) => ({ from: span.from - offset, to: span.to - offset }));
    const homes = homesOfPart(this.#homes, offset, size);
    const bytes = this.#bytes.subarray(offset, offset + size);
    return { kind: 'bytes', bytes, missing, ...(homes === undefined ? {} : { homes }) };
  }

  uint8(offset: number): number {
    const at = this.#locate(offset, 1);
    return this.#view.getUint8(at);
  }

  uint16(offset: number): number {
    const at = this.#locate(offset, 2);
    return this.#view.getUint16(at, true);
  }

  uint32(offset: number): number {
    const at = this.#locate(offset, 4);
    return this.#view.getUint32(at, true);
  }

  /** 64 bits as a number: exact below 2^53, rounded above. */
  uint64(offset: number): number {
    const at = this.#locate(offset, 8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  int64(offset: number): number {
    const at = this.#locate(offset, 8);
    return this.#view.getUint32(at, true) + this.#view.getInt32(at + 4, true) * 2 ** 32;
  }

  /** A pointer word. */
  pointer(offset: number): RuntimeAddress {
    return runtimeAddress(this.uint64(offset));
  }

  /** An integer of 1 to 16 bytes. */
  integer(offset: number, size: number, signed: boolean): bigint {
    if (size === 8) {
      const at = this.#locate(offset, 8);
      return signed ? this.#view.getBigInt64(at, true) : this.#view.getBigUint64(at, true);
    }
    if (size < 1 || size > 16) throw new TargetFault(`an integer of ${size} bytes`);
    const bytes = this.bytes(offset, size);
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    return signed ? BigInt.asIntN(size * 8, value) : value;
  }

  float32(offset: number): number {
    const at = this.#locate(offset, 4);
    return this.#view.getFloat32(at, true);
  }

  float64(offset: number): number {
    const at = this.#locate(offset, 8);
    return this.#view.getFloat64(at, true);
  }

  /** Reads ahead, where that is possible, so that the next reads in this range are one. */
  cover(offset: number, length: number): void {
    if (this.address === undefined || length > MAX_COVER) return;
    const at = offset - this.#start;
    if (at >= 0 && at + length <= this.#bytes.length) return;
    this.#load(offset, Math.max(length, WINDOW));
  }

  /** A copy of `length` bytes. */
  bytes(offset: number, length: number): Uint8Array {
    if (length > WINDOW && this.address !== undefined) {
      return this.#memory.read(runtimeAddress(this.address + offset), length).slice();
    }
    const at = this.#locate(offset, length);
    return this.#bytes.slice(at, at + length);
  }

  /** Position in the window of `length` readable bytes at `offset`; the window may be another one afterwards. */
  #locate(offset: number, length: number): number {
    const at = offset - this.#start;
    if (at >= 0 && at + length <= this.#bytes.length) {
      if (this.#missing.length > 0) this.#checkMissing(offset, length);
      return at;
    }
    if (this.address === undefined) {
      throw new TargetFault(`read of ${length} bytes at ${hex(offset)} of a value of ${this.#bytes.length}`);
    }
    this.#load(offset, Math.max(length, WINDOW));
    // Too short: the same read again, for its error.
    if (this.#bytes.length < length) this.#memory.read(runtimeAddress(this.address + offset), length);
    return 0;
  }

  #load(offset: number, length: number): void {
    this.#bytes = this.#memory.readUpTo(runtimeAddress(this.address! + offset), length);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    this.#start = offset;
  }

  #checkMissing(offset: number, length: number): void {
    for (const span of this.#missing) {
      if (span.from < offset + length && span.to > offset) throw new TargetFault(OPTIMISED_OUT);
    }
  }
}

const NOTHING = new Uint8Array(0);
const NO_SPANS: readonly ByteSpan[] = [];
