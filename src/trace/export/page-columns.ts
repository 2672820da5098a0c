/**
 * Columns of whole numbers as the page carries them: LEB128, differences by zigzag. What compresses best is what gzip
 * then finds: small numbers that repeat.
 */
export class ColumnWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  /** A whole number from 0 to 2^53. */
  number(value: number): void {
    if (this.#length + 10 > this.#bytes.length) this.#grow();
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** May be below 0. */
  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** All of a column, in order; `at` gives the value of a row. */
  column(count: number, at: (row: number) => number): void {
    for (let row = 0; row < count; row++) this.number(at(row));
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** Reads what a ColumnWriter wrote. */
export class ColumnReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error("the page's data end too early");
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  signed(): number {
    const value = this.number();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  column<T extends { [row: number]: number; readonly length: number }>(into: T): T {
    for (let row = 0; row < into.length; row++) into[row] = this.number();
    return into;
  }
}
