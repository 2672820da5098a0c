import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DataError, UserError } from '../base/index.ts';

/** Node reads no more at once, and neither does a trace of this size fit into memory with all that follows from it. */
const MOST_BYTES = 2 ** 31 - 1;
const PIECE_BYTES = 1 << 20;

/** The bytes of a trace file, or of a pipe. */
export function readTraceFile(path: string): Uint8Array {
  const descriptor = opened(path);
  try {
    const facts = fstatSync(descriptor);
    if (facts.isDirectory()) throw new UserError(`${path} is a folder`, 'name the trace file in it');
    if (facts.size > MOST_BYTES)
      throw new UserError(`${path} is larger than 2 GiB`, 'trace for a shorter time');
    return facts.isFile() ? readAll(descriptor, facts.size, path) : readPipe(descriptor, path);
  } finally {
    closeSync(descriptor);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = WHY[code ?? ''] ?? message;
    throw new UserError(
      `cannot read ${path}: ${why}`,
      'go test -trace, runtime/trace and mattock trace write such files',
    );
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'not allowed',
  EPERM: 'not allowed',
  ENOTDIR: 'a part of the path is not a folder',
};

function readAll(descriptor: number, size: number, path: string): Uint8Array {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const read = readSync(descriptor, bytes, length, size - length, null);
    if (read === 0) break;
    length += read;
  }
  if (length === 0) throw new DataError({ file: path }, 'the file is empty');
  return bytes.subarray(0, length);
}

function readPipe(descriptor: number, path: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const piece = new Uint8Array(PIECE_BYTES);
    const read = readSync(descriptor, piece, 0, PIECE_BYTES, null);
    if (read === 0) break;
    pieces.push(piece.subarray(0, read));
    length += read;
    if (length > MOST_BYTES) throw new UserError(`${path} gives more than 2 GiB`, 'trace for a shorter time');
  }
  if (length === 0) throw new DataError({ file: path }, 'the file is empty');
  return Buffer.concat(pieces, length);
}
