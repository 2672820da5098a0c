import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type ByteSource, UserError } from '../../base/index.ts';

/** Positioned reads of a file. The file stays open until `close`, so it may be unlinked or replaced meanwhile. */
export class FileSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #fd: number;

  constructor(name: string, fd: number) {
    this.name = name;
    this.#fd = fd;
    this.size = fstatSync(fd).size;
  }

  static open(path: string): FileSource {
    const fd = openForReading(path);
    const stat = fstatSync(fd);
    if (stat.isFile()) return new FileSource(path, fd);
    closeSync(fd);
    throw new UserError(`${path} is ${stat.isDirectory() ? 'a directory' : 'not a regular file'}`);
  }

  read(offset: number, length: number): Uint8Array {
    const present = Math.max(0, Math.min(length, this.size - offset));
    const bytes = Buffer.allocUnsafeSlow(present);
    const done = this.readInto(bytes, offset);
    return done === present ? bytes : bytes.subarray(0, done);
  }

  /** Fills `target` from `offset` on; gives how many bytes there were. */
  readInto(target: Uint8Array, offset: number): number {
    let done = 0;
    while (done < target.length && offset + done < this.size) {
      const count = readSync(this.#fd, target, done, target.length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'a part of the path is not a directory',
  EMFILE: 'too many files are open',
};

function openForReading(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw new UserError(`cannot open ${path}: ${REASONS[code] ?? code}`);
  }
}

/** The code of an error of the operating system (`ENOENT`), or undefined: another kind of error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
