import { closeSync, openSync } from 'node:fs';
import { EFAULT, EIO, EPERM, ESRCH, kernelError } from './errno.ts';
import type { Libc } from './libc.ts';
import { isGone, systemError } from './procfs.ts';

/** UIO_MAXIOV. */
const MOST_PIECES = 1024;
/** Up to here pread(2) on /proc/PID/mem is faster: 1.7 µs against 2.3 for a word. It needs no io vectors. */
const SMALL = 256;
/** struct iovec as four 32-bit words: base, length. */
const WORDS = 4;
const HIGH = 2 ** 32;

/**
 * Memory of other processes. process_vm_readv(2) is the fastest, and honours the protection of pages; /proc/PID/mem
 * is asked for what that did not give (pages that are PROT_NONE) and is what can write to text.
 */
export class Memory {
  readonly #libc: Libc;
  readonly #local = new Uint32Array(WORDS);
  readonly #localWide = new BigUint64Array(this.#local.buffer);
  readonly #remote = new Uint32Array(WORDS * MOST_PIECES);
  /** Descriptors of /proc/PID/mem. */
  readonly #open = new Map<number, number>();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  read(pid: number, address: number, into: Uint8Array): number {
    const { length } = into;
    if (length === 0) return 0;
    if (length <= SMALL) {
      const descriptor = this.#open.get(pid);
      if (descriptor !== undefined && this.#libc.pread(descriptor, into, length, address) === length)
        return length;
    }
    this.#setLocal(into, 0);
    this.#setRemote(0, address, length);
    const got = this.#readv(pid, 1);
    return got === length ? got : got + this.#readFile(pid, address + got, into.subarray(got));
  }

  readScattered(pid: number, addresses: Float64Array, lengths: Uint32Array, into: Uint8Array): number {
    const count = Math.min(addresses.length, lengths.length);
    let first = 0;
    let done = 0;
    while (first < count) {
      let pieces = 0;
      let wanted = 0;
      for (; pieces < MOST_PIECES && first + pieces < count; pieces++) {
        const length = lengths[first + pieces]!;
        if (done + wanted + length > into.length) break;
        this.#setRemote(pieces, addresses[first + pieces]!, length);
        wanted += length;
      }
      if (pieces === 0) return done;
      this.#setLocal(into, done);
      const got = this.#readv(pid, pieces);
      if (got === wanted) {
        first += pieces;
        done += got;
        continue;
      }
      // The piece that it stopped in may be readable in the other way; behind it, this way may work again.
      let before = 0;
      while (before + lengths[first]! <= got) before += lengths[first++]!;
      done += before;
      const length = lengths[first]!;
      const inPiece = this.read(pid, addresses[first]!, into.subarray(done, done + length));
      done += inPiece;
      if (inPiece < length) return done;
      first++;
    }
    return done;
  }

  write(pid: number, address: number, from: Uint8Array): number {
    if (from.length === 0) return 0;
    return this.#atFile(pid, 'pwrite /proc/PID/mem', (descriptor) =>
      this.#libc.pwrite(descriptor, from, from.length, address),
    );
  }

  forget(pid: number): void {
    const descriptor = this.#open.get(pid);
    if (descriptor === undefined) return;
    this.#open.delete(pid);
    closeSync(descriptor);
  }

  #setLocal(into: Uint8Array, from: number): void {
    this.#localWide[0] = this.#libc.address(into);
    if (from > 0) this.#localWide[0] += BigInt(from);
    this.#local[2] = into.length - from;
    this.#local[3] = (into.length - from) / HIGH;
  }

  #setRemote(piece: number, address: number, length: number): void {
    const at = WORDS * piece;
    this.#remote[at] = address;
    this.#remote[at + 1] = address / HIGH;
    this.#remote[at + 2] = length;
    this.#remote[at + 3] = length / HIGH;
  }

  #readv(pid: number, pieces: number): number {
    const got = this.#libc.process_vm_readv(pid, this.#local, 1, this.#remote, pieces, 0);
    if (got >= 0) return got;
    const errno = this.#libc.errno();
    // EPERM: it asks for permission anew every time, and a program may have made itself undumpable since.
    if (errno === EFAULT || errno === ESRCH || errno === EPERM) return 0;
    throw kernelError('process_vm_readv', errno);
  }

  #readFile(pid: number, address: number, into: Uint8Array): number {
    return this.#atFile(pid, 'pread /proc/PID/mem', (descriptor) =>
      this.#libc.pread(descriptor, into, into.length, address),
    );
  }

  /**
   * The open file is of the address space that the process had when it was opened: it gives 0 once that is gone. An
   * exec gives a new one, so the file is opened anew then.
   */
  #atFile(pid: number, call: string, transfer: (descriptor: number) => number): number {
    const wasOpen = this.#open.has(pid);
    const descriptor = this.#descriptor(pid);
    if (descriptor === undefined) return 0;
    const got = transfer(descriptor);
    if (got > 0) return got;
    if (got < 0) {
      const errno = this.#libc.errno();
      if (errno === EIO || errno === EFAULT || errno === ESRCH) return 0;
      throw kernelError(call, errno);
    }
    this.forget(pid);
    return wasOpen ? this.#atFile(pid, call, transfer) : 0;
  }

  #descriptor(pid: number): number | undefined {
    const known = this.#open.get(pid);
    if (known !== undefined) return known;
    try {
      const descriptor = openSync(`/proc/${pid}/mem`, 'r+');
      this.#open.set(pid, descriptor);
      return descriptor;
    } catch (error) {
      if (isGone(error)) return undefined;
      throw systemError('open /proc/PID/mem', error);
    }
  }
}
