import { DataError } from './errors.ts';

const utf8 = new TextDecoder('utf-8');
const SHORT = 24;
/** 7 × 7 bits are exact in a double. */
const EXACT_LEB_BYTES = 7;
const MAX_LEB_BYTES = 20;

/** UTF-8 bytes as text; short ASCII, the ordinary case, without the decoder's fixed cost. */
export function decodeText(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start <= SHORT) {
    let text = '';
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (byte > 0x7f) return utf8.decode(bytes.subarray(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return utf8.decode(bytes.subarray(start, end));
}

/**
 * A bounds-checked, little-endian cursor over one section's bytes. A read past the end throws a DataError
 * that names file, section and offset, and leaves the cursor where it was.
 */
export class Reader {
  readonly file: string;
  readonly section: string;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #position: number;

  constructor(bytes: Uint8Array, where: { file: string; section: string }, position = 0) {
    this.bytes = bytes;
    this.file = where.file;
    this.section = where.section;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = 0;
    this.seek(position);
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.bytes.length - this.#position;
  }

  get atEnd(): boolean {
    return this.#position === this.bytes.length;
  }

  seek(position: number): this {
    if (!Number.isSafeInteger(position) || position < 0 || position > this.bytes.length) {
      throw this.error(`points to ${position}, outside its ${this.bytes.length} bytes`);
    }
    this.#position = position;
    return this;
  }

  skip(count: number): this {
    return this.seek(this.#position + count);
  }

  align(boundary: number): this {
    return this.seek(Math.ceil(this.#position / boundary) * boundary);
  }

  /** A DataError at the cursor (or at `offset`). */
  error(problem: string, offset = this.#position): DataError {
    return new DataError({ file: this.file, section: this.section, offset }, problem);
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  int8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  bigUint64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** A 64-bit value as a number: exact below 2^53, rounded above (addresses and sizes are always below). */
  uint64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  int64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at, true) + this.#view.getInt32(at + 4, true) * 2 ** 32;
  }

  /** Unsigned LEB128 (DWARF 5 §7.6), padded forms included; throws above 2^53. */
  uleb128(): number {
    return this.#leb128(false);
  }

  /** Signed LEB128 (DWARF 5 §7.6); throws outside ±2^53. */
  sleb128(): number {
    return this.#leb128(true);
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A NUL-terminated string; the cursor ends behind the NUL. */
  cString(): string {
    const end = this.bytes.indexOf(0, this.#position);
    if (end < 0) throw this.error('a string has no end');
    const text = decodeText(this.bytes, this.#position, end);
    this.#position = end + 1;
    return text;
  }

  /** A reader over `length` bytes from the cursor, which moves behind them. Offsets in its errors are its own. */
  window(length: number, section = this.section): Reader {
    return new Reader(this.take(length), { file: this.file, section });
  }

  #take(length: number): number {
    const at = this.#position;
    if (!(length >= 0) || length > this.bytes.length - at) {
      throw this.error(`needs ${length} bytes, has ${this.bytes.length - at}`);
    }
    this.#position = at + length;
    return at;
  }

  #leb128(signed: boolean): number {
    const { bytes } = this;
    const start = this.#position;
    let position = start;
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[position++];
      if (byte === undefined) throw this.error('a LEB128 number has no end');
      if (position - start > EXACT_LEB_BYTES) return this.#longLeb128(signed);
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if ((byte & 0x80) !== 0) continue;
      this.#position = position;
      return signed && (byte & 0x40) !== 0 ? value - scale : value;
    }
  }

  /** Padded or very large numbers, which a double would round on the way. */
  #longLeb128(signed: boolean): number {
    const start = this.#position;
    let position = start;
    let value = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.bytes[position++];
      if (byte === undefined) throw this.error('a LEB128 number has no end');
      if (position - start > MAX_LEB_BYTES)
        throw this.error(`a LEB128 number is longer than ${MAX_LEB_BYTES} bytes`);
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if ((byte & 0x80) !== 0) continue;
      if (signed && (byte & 0x40) !== 0) value -= 1n << shift;
      const number = Number(value);
      if (!Number.isSafeInteger(number)) throw this.error(`LEB128 number ${value} is out of range`);
      this.#position = position;
      return number;
    }
  }
}
