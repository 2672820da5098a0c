import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** The reader of a pipe has gone: there is nobody left to tell anything. */
export class BrokenPipe extends Error {}

const REASONS: Readonly<Record<string, string>> = { ENOSPC: 'no space is left', EIO: 'the device failed' };

/** What is written cannot be written: the session ends. */
export class OutputFailure extends Error {
  constructor(code: string | undefined, cause: unknown) {
    super(`cannot write the output: ${REASONS[code ?? ''] ?? code}`, { cause });
  }
}

const RETRY_MS = 5;
const encoder = new TextEncoder();
const encoded = new Uint8Array(64 * 1024);

/**
 * Writes to a descriptor and waits until it is written. That holds a command back while its reader is slow, needs no
 * buffer, and spares the start of Node's stream for standard output.
 */
export function writeAll(descriptor: number, text: string): void {
  for (let from = 0; from < text.length; ) {
    const { read, written } = encoder.encodeInto(from === 0 ? text : text.slice(from), encoded);
    writeBytes(descriptor, encoded.subarray(0, written));
    from += read;
  }
}

function writeBytes(descriptor: number, bytes: Uint8Array): void {
  let position = 0;
  while (position < bytes.length) {
    try {
      position += writeSync(descriptor, bytes, position);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') throw new BrokenPipe();
      if (code !== 'EAGAIN') throw new OutputFailure(code, error);
      // The pipe does not block (someone else set it so) and is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

export const writeOut = (text: string): void => writeAll(1, text);
export const writeError = (text: string): void => writeAll(2, text);

/** Asked of the system first: node:tty brings sockets along, which cost more than all the rest of a start. */
export function isTerminal(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice() && isatty(descriptor);
  } catch {
    // It is closed.
    return false;
  }
}
