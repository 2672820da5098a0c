import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { constants, inflateSync } from 'node:zlib';
import type { ByteSource, Platform } from '../byte-source.ts';

/** What tests use for the platform's ports: zlib and files. */
export const testPlatform: Platform = {
  inflateZlib(data, size) {
    const inflated = inflateSync(data, {
      chunkSize: Math.max(64, size + 64),
      maxOutputLength: Math.max(1, size + 1),
    });
    if (inflated.length !== size) throw new Error(`inflates to ${inflated.length} bytes, not ${size}`);
    return new Uint8Array(inflated.buffer, inflated.byteOffset, size);
  },
  inflateZlibStart(data, most) {
    return new Uint8Array(inflateSync(data, { maxOutputLength: most, finishFlush: constants.Z_SYNC_FLUSH }));
  },
};

/** A file read by position, counting what is read. */
export class TestFile implements ByteSource {
  readonly name: string;
  readonly size: number;
  bytesRead = 0;
  reads = 0;
  readonly #descriptor: number;

  constructor(path: string) {
    this.name = path;
    this.#descriptor = openSync(path, 'r');
    this.size = fstatSync(this.#descriptor).size;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
    const count = bytes.length === 0 ? 0 : readSync(this.#descriptor, bytes, 0, bytes.length, offset);
    this.bytesRead += count;
    this.reads++;
    return bytes.subarray(0, count);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
