/** A place in the bytes being built that can be filled in later. */
export interface Patch {
  readonly at: number;
  readonly width: 1 | 2 | 4 | 8;
}

const INITIAL_CAPACITY = 256;

/** Builds little-endian test input field by field; every call but the queries returns the builder. */
export class ByteBuilder {
  #bytes = new Uint8Array(INITIAL_CAPACITY);
  #length = 0;
  readonly #labels = new Map<string, number>();
  readonly #awaiting: { readonly label: string; readonly patch: Patch; readonly from: number }[] = [];

  /** Bytes so far: the offset of what is written next. */
  get length(): number {
    return this.#length;
  }

  u8(...values: number[]): this {
    for (const value of values) this.#put(1, BigInt(value));
    return this;
  }

  u16(value: number): this {
    return this.#put(2, BigInt(value));
  }

  u32(value: number): this {
    return this.#put(4, BigInt(value));
  }

  u64(value: number | bigint): this {
    return this.#put(8, BigInt(value));
  }

  /** Unsigned LEB128, padded with continuation bytes to `width` if that is longer. */
  uleb(value: number | bigint, width = 0): this {
    let rest = BigInt(value);
    for (let written = 1; ; written++) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      const more = rest !== 0n || written < width;
      this.u8(more ? low | 0x80 : low);
      if (!more) return this;
    }
  }

  /** Signed LEB128, padded likewise. */
  sleb(value: number | bigint, width = 0): this {
    let rest = BigInt(value);
    for (let written = 1; ; written++) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      const done = (low & 0x40) === 0 ? rest === 0n : rest === -1n;
      const more = !done || written < width;
      this.u8(more ? low | 0x80 : low);
      if (!more) return this;
    }
  }

  bytes(bytes: Uint8Array | readonly number[]): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Text as UTF-8, without an end. */
  text(text: string): this {
    return this.bytes(new TextEncoder().encode(text));
  }

  cstr(text: string): this {
    return this.text(text).u8(0);
  }

  zeros(count: number): this {
    return this.bytes(new Uint8Array(count));
  }

  align(boundary: number, fill = 0): this {
    while (this.#length % boundary !== 0) this.u8(fill);
    return this;
  }

  /** Names this offset; fields written by `ref` before or after take it. */
  label(name: string): this {
    if (this.#labels.has(name)) throw new Error(`label ${name} is defined twice`);
    this.#labels.set(name, this.#length);
    return this;
  }

  offsetOf(label: string): number {
    const offset = this.#labels.get(label);
    if (offset === undefined) throw new Error(`label ${label} is not defined`);
    return offset;
  }

  /** A field that holds `label - from`, wherever the label turns out to be. */
  ref(label: string, width: Patch['width'], from = 0): this {
    this.#awaiting.push({ label, patch: { at: this.#length, width }, from });
    return this.zeros(width);
  }

  /** A field for `fill`. */
  hole(width: Patch['width']): Patch {
    const at = this.#length;
    this.zeros(width);
    return { at, width };
  }

  fill(patch: Patch, value: number | bigint): this {
    this.#write(patch.at, patch.width, BigInt(value));
    return this;
  }

  /** A length field of `width` bytes, then what `body` writes, whose size it holds. */
  sized(width: Patch['width'], body: (builder: this) => void): this {
    const hole = this.hole(width);
    const start = this.#length;
    body(this);
    return this.fill(hole, this.#length - start);
  }

  build(): Uint8Array {
    for (const { label, patch, from } of this.#awaiting) this.fill(patch, this.offsetOf(label) - from);
    return this.#bytes.slice(0, this.#length);
  }

  #put(width: number, value: bigint): this {
    this.#reserve(width);
    this.#write(this.#length, width, value);
    this.#length += width;
    return this;
  }

  #write(at: number, width: number, value: bigint): void {
    const wrapped = BigInt.asUintN(width * 8, value);
    if (wrapped !== value && BigInt.asIntN(width * 8, value) !== value) {
      throw new Error(`${value} does not fit ${width} bytes`);
    }
    for (let i = 0; i < width; i++) this.#bytes[at + i] = Number((wrapped >> BigInt(8 * i)) & 0xffn);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
