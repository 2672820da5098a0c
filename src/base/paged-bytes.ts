import type { ByteSource } from './byte-source.ts';
import { DataError } from './errors.ts';
import { decodeText } from './reader.ts';

const PAGE_SIZE = 1 << 16;
const PAGE_MASK = PAGE_SIZE - 1;

/**
 * A stretch of a file, read page by page as it is touched, or whole once somebody wants to search it. For tables of
 * which an ordinary session needs a few records out of many megabytes.
 */
export class PagedBytes {
  readonly length: number;
  readonly #source: ByteSource;
  readonly #start: number;
  readonly #section: string;
  #pages: (Uint8Array | undefined)[] = [];
  #whole: Uint8Array | undefined;

  /** `length` is cut to what the file has. */
  constructor(source: ByteSource, start: number, length: number, section: string) {
    this.#source = source;
    this.#start = start;
    this.#section = section;
    this.length = Math.max(0, Math.min(length, source.size - start));
  }

  /** A DataError at an offset of the stretch. */
  error(problem: string, offset: number): DataError {
    return new DataError({ file: this.#source.name, section: this.#section, offset }, problem);
  }

  uint8(offset: number): number {
    const byte = this.pageAt(offset)[this.indexInPage(offset)];
    if (byte === undefined) throw this.#outside(offset, 1);
    return byte;
  }

  uint32(offset: number): number {
    const page = this.pageAt(offset);
    const at = this.indexInPage(offset);
    if (at + 4 > page.length) return this.#slowUint32(offset);
    return (page[at]! | (page[at + 1]! << 8) | (page[at + 2]! << 16) | (page[at + 3]! << 24)) >>> 0;
  }

  int32(offset: number): number {
    return this.uint32(offset) | 0;
  }

  /** A copy of, or a view into, `length` bytes. */
  bytes(offset: number, length: number): Uint8Array {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.length)) throw this.#outside(offset, length);
    const page = this.pageAt(offset);
    const at = this.indexInPage(offset);
    if (at + length <= page.length) return page.subarray(at, at + length);
    return this.#read(offset, length);
  }

  /** A NUL-terminated string; the NUL at the very end may be missing from a cut file, which is an error too. */
  cString(offset: number): string {
    let text: Uint8Array = new Uint8Array(0);
    for (let at = offset; ; ) {
      const page = this.pageAt(at);
      const from = this.indexInPage(at);
      const end = page.indexOf(0, from);
      if (end >= 0 && text.length === 0) return decodeText(page, from, end);
      text = concatenate(text, page.subarray(from, end < 0 ? page.length : end));
      if (end >= 0) return decodeText(text);
      at += page.length - from;
      if (at >= this.length) throw this.error('a string has no end', offset);
    }
  }

  /** All of it in one piece, kept: further reads are served from it. */
  whole(): Uint8Array {
    if (this.#whole === undefined) {
      this.#whole = this.#read(0, this.length);
      this.#pages = [];
    }
    return this.#whole;
  }

  /** All of it in one piece, for one pass: kept only by the caller. */
  readOnce(): Uint8Array {
    return this.#whole ?? this.#read(0, this.length);
  }

  /** The bytes around an offset: a page, or everything after `whole()`. For loops that cannot afford a call per byte. */
  pageAt(offset: number): Uint8Array {
    if (!(offset >= 0 && offset < this.length)) throw this.#outside(offset, 1);
    return this.#whole ?? this.#pages[Math.floor(offset / PAGE_SIZE)] ?? this.#load(offset);
  }

  /** Where in `pageAt(offset)` that offset is. */
  indexInPage(offset: number): number {
    return this.#whole === undefined ? offset & PAGE_MASK : offset;
  }

  #load(offset: number): Uint8Array {
    const number = Math.floor(offset / PAGE_SIZE);
    const start = number * PAGE_SIZE;
    const page = this.#read(start, Math.min(PAGE_SIZE, this.length - start));
    this.#pages[number] = page;
    return page;
  }

  #read(offset: number, length: number): Uint8Array {
    const bytes = this.#source.read(this.#start + offset, length);
    if (bytes.length !== length) throw this.#outside(offset, length);
    return bytes;
  }

  #slowUint32(offset: number): number {
    const view = this.bytes(offset, 4);
    return (view[0]! | (view[1]! << 8) | (view[2]! << 16) | (view[3]! << 24)) >>> 0;
  }

  #outside(offset: number, length: number): DataError {
    return this.error(`needs ${length} bytes, outside its ${this.length}`, offset);
  }
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
