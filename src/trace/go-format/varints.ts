import { DataError } from '../../base/index.ts';

/** A 64-bit number has 10 groups of 7 bits; binary.ReadUvarint takes no more either. */
const MAX_GROUPS = 10;
/** From here on a number is a negative one as Go's tracer writes it: −1 for "no thread", "no P". */
const NEGATIVE = 2 ** 63;

/** A cursor over unsigned LEB128 numbers. Those above 2^53 are rounded, −1 as a 64-bit number is told by `signed`. */
export class Varints {
  readonly bytes: Uint8Array;
  readonly file: string;
  position: number;
  end: number;

  constructor(bytes: Uint8Array, file: string, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.file = file;
    this.position = position;
    this.end = end;
  }

  get atEnd(): boolean {
    return this.position >= this.end;
  }

  byte(): number {
    if (this.position >= this.end) throw this.error('the data end early');
    return this.bytes[this.position++]!;
  }

  next(): number {
    const { bytes, end } = this;
    let at = this.position;
    if (at < end) {
      const first = bytes[at]!;
      if (first < 0x80) {
        this.position = at + 1;
        return first;
      }
    }
    let value = 0;
    let scale = 1;
    for (let group = 0; group < MAX_GROUPS; group++) {
      if (at >= end) throw this.error('a number has no end');
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.position = at;
        return value;
      }
      scale *= 128;
    }
    throw this.error('a number is longer than 64 bits');
  }

  /** A number that may be −1. */
  signed(): number {
    const value = this.next();
    return value >= NEGATIVE ? -1 : value;
  }

  error(problem: string, offset = this.position): DataError {
    return new DataError({ file: this.file, offset }, problem);
  }
}

export const orMinusOne = (value: number): number => (value >= NEGATIVE ? -1 : value);
