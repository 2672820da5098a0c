const FIRST_CAPACITY = 4096;

/** Growing bytes with unsigned LEB128 numbers. */
export class BytesOut {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  length = 0;

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.length++] = value;
  }

  /** −1 goes as 2^64 − 1. */
  varint(value: number): void {
    if (value < 0) {
      for (let i = 0; i < 9; i++) this.byte(0xff);
      this.byte(1);
      return;
    }
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  raw(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  #grow(by: number): void {
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + by));
    bytes.set(this.view());
    this.#bytes = bytes;
  }
}
