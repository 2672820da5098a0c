/** Positioned reads from something file-like. Readers take this or bytes, never a path. */
export interface ByteSource {
  /** What to call it in messages: usually the path. */
  readonly name: string;
  readonly size: number;
  /** Up to `length` bytes at `offset`: fewer only at the end of the file. The result may be kept but not changed. */
  read(offset: number, length: number): Uint8Array;
}

/** What is there of a range that a file's own (perhaps damaged) headers name. */
export function readAvailable(source: ByteSource, offset: number, length: number): Uint8Array {
  const available = Math.min(length, source.size - offset);
  return offset >= 0 && available > 0 ? source.read(offset, available) : new Uint8Array(0);
}

/** What the layers below `engine` need of the platform, so that they run in a browser too. */
export interface Platform {
  /** RFC 1950 data to exactly `size` bytes; throws if it is damaged or of another size. */
  inflateZlib(data: Uint8Array, size: number): Uint8Array;
  /**
   * What the first bytes of RFC 1950 data say, at most `most` bytes: damage behind them is not seen. A platform
   * without it has all inflated where the beginning would do.
   */
  inflateZlibStart?(data: Uint8Array, most: number): Uint8Array;
}

/** A whole file held in memory. */
export class BytesSource implements ByteSource {
  readonly name: string;
  readonly #bytes: Uint8Array;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    // Not Node's Buffer, whose `slice` makes no copy.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + length);
  }
}
