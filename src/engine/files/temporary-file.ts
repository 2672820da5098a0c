import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../base/index.ts';
import { errorCode, FileSource } from './file-source.ts';

const MODE = 0o600;
const HOLE = Buffer.alloc(4096);

/**
 * A file without a name, for bytes that may be secret: only this user could have opened it, and it is gone when the
 * process ends, however it ends. Blocks of zeros become holes, of which cores are full.
 */
export class TemporaryFile {
  readonly #fd: number;
  readonly #path: string;
  #length = 0;

  constructor() {
    this.#path = join(tmpdir(), `mattock-${randomBytes(8).toString('hex')}`);
    this.#fd = openSync(this.#path, 'wx+', MODE);
    unlinkSync(this.#path);
  }

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    let from = 0;
    for (let at = 0; at < bytes.length; at += HOLE.length) {
      if (!isHole(bytes, at)) continue;
      this.#write(bytes, from, at);
      from = Math.min(at + HOLE.length, bytes.length);
    }
    this.#write(bytes, from, bytes.length);
    this.#length += bytes.length;
  }

  /** The file for reading, under the name of what it was made from. */
  finish(name: string): FileSource {
    ftruncateSync(this.#fd, this.#length);
    return new FileSource(name, this.#fd);
  }

  discard(): void {
    closeSync(this.#fd);
  }

  #write(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; ) at += this.#writeSome(bytes, at, to);
  }

  #writeSome(bytes: Uint8Array, from: number, to: number): number {
    try {
      return writeSync(this.#fd, bytes, from, to - from, this.#length + from);
    } catch (error) {
      if (errorCode(error) !== 'ENOSPC' && errorCode(error) !== 'EDQUOT') throw error;
      const megabytes = Math.round(this.#length / 2 ** 20);
      throw new UserError(
        `${tmpdir()} is full: no room to unpack the core (${megabytes} MiB so far)`,
        'Set TMPDIR to a directory with more room, or unpack the core yourself.',
      );
    }
  }
}

function isHole(bytes: Uint8Array, at: number): boolean {
  const end = Math.min(at + HOLE.length, bytes.length);
  if (bytes[at] !== 0) return false;
  return HOLE.compare(bytes, at, end, 0, end - at) === 0;
}
