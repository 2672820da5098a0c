import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../base/index.ts';
import { errorCode, FileSource } from './file-source.ts';

/** For the message when there is no room: "to unpack the core". */
interface Use {
  readonly purpose: string;
  readonly remedy: string;
}

const MODE = 0o600;
const HOLE = Buffer.alloc(4096);

/**
 * A file without a name, for bytes that may be secret: only this user could have opened it, and it is gone when the
 * process ends, however it ends. Blocks of zeros become holes, of which cores are full.
 */
export class TemporaryFile {
  readonly #fd: number;
  readonly #folder: string;
  readonly #use: Use;
  #length = 0;

  constructor(use: Use, folder = tmpdir()) {
    this.#use = use;
    this.#folder = folder;
    const path = join(folder, `.mattock-${randomBytes(8).toString('hex')}`);
    this.#fd = openSync(path, 'wx+', MODE);
    unlinkSync(path);
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

  /** Fills `into` with what was written from a place on. */
  read(at: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const count = readSync(this.#fd, into, done, into.length - done, at + done);
      // The file may end in a hole.
      if (count === 0) into.fill(0, done);
      done += count === 0 ? into.length : count;
    }
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
      const { purpose, remedy } = this.#use;
      throw new UserError(`${this.#folder} is full: no room ${purpose} (${megabytes} MiB so far)`, remedy);
    }
  }
}

function isHole(bytes: Uint8Array, at: number): boolean {
  const end = Math.min(at + HOLE.length, bytes.length);
  if (bytes[at] !== 0) return false;
  return HOLE.compare(bytes, at, end, 0, end - at) === 0;
}
