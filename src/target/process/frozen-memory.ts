import { decodeText, type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import { MemoryWords } from '../memory-words.ts';
import type { Memory, MemoryRegion } from '../target.ts';
import type { Kernel } from './kernel.ts';

const PAGE = 4096;
/** After each that cannot be read the rest of them is asked for again. */
const PAGES_AT_ONCE = 256;
const STRING_STEP = 64;
/** Longer than this is not kept: it is no struct or stack. */
const LONGEST_KEPT = 1 << 20;

/**
 * Memory of a process as it was when each page of it was first read. Pages that are taken while the process is stopped
 * can be looked at when it has long gone on; what is missing then is read as it has become.
 */
export class FrozenMemory extends MemoryWords implements Memory {
  readonly #kernel: Kernel;
  readonly #pid: number;
  readonly #mappings: Pick<Memory, 'regions' | 'regionAt'>;
  /** By number; undefined: it cannot be read. */
  readonly #pages = new Map<number, Uint8Array | undefined>();

  constructor(kernel: Kernel, pid: number, mappings: Pick<Memory, 'regions' | 'regionAt'>) {
    super();
    this.#kernel = kernel;
    this.#pid = pid;
    this.#mappings = mappings;
  }

  /** Numbers of the pages that are held. */
  get pages(): Iterable<number> {
    return [...this.#pages].filter(([, bytes]) => bytes !== undefined).map(([page]) => page);
  }

  /** Takes these pieces as they are now. */
  hold(pieces: Iterable<readonly [address: number, length: number]>): void {
    const pages: number[] = [];
    for (const [address, length] of pieces) {
      if (!(address > 0)) continue;
      for (let page = Math.floor(address / PAGE); page * PAGE < address + length; page++) pages.push(page);
    }
    this.holdPages(pages);
  }

  /** Takes the pages of these numbers that are not there yet, in few long reads. */
  holdPages(pages: Iterable<number>): void {
    const wanted = [...new Set(pages)].filter((page) => page > 0 && !this.#pages.has(page));
    for (let first = 0; first < wanted.length; first += PAGES_AT_ONCE)
      this.#take(wanted.slice(first, first + PAGES_AT_ONCE));
  }

  #take(wanted: readonly number[]): void {
    const bytes = new Uint8Array(wanted.length * PAGE);
    for (let first = 0; first < wanted.length; ) {
      const addresses = Float64Array.from(wanted.slice(first), (page) => page * PAGE);
      const lengths = new Uint32Array(addresses.length).fill(PAGE);
      const got = this.#kernel.readScattered(this.#pid, addresses, lengths, bytes.subarray(first * PAGE));
      const end = first + Math.floor(got / PAGE);
      for (let i = first; i < end; i++) this.#pages.set(wanted[i]!, bytes.subarray(i * PAGE, (i + 1) * PAGE));
      // The one that stopped it is not readable.
      if (end < wanted.length) this.#pages.set(wanted[end]!, undefined);
      first = end + 1;
    }
  }

  read(address: RuntimeAddress, length: number): Uint8Array {
    const bytes = this.tryRead(address, length);
    if (bytes === undefined) throw new TargetFault(`cannot read ${length} bytes of memory`, address);
    return bytes;
  }

  tryRead(address: RuntimeAddress, length: number): Uint8Array | undefined {
    if (!(length > 0)) return length === 0 ? new Uint8Array(0) : undefined;
    const offset = address % PAGE;
    if (offset + length <= PAGE) {
      return this.#page((address - offset) / PAGE)?.subarray(offset, offset + length);
    }
    const bytes = this.readUpTo(address, length);
    return bytes.length === length ? bytes : undefined;
  }

  readUpTo(address: RuntimeAddress, length: number): Uint8Array {
    const { regions } = this.#mappings;
    const region = length > LONGEST_KEPT ? this.#mappings.regionAt(address) : undefined;
    // A length from damaged data: memory is not asked for before it is known to be there.
    const end = region === undefined ? regions.at(-1)?.end : region.end;
    const most = Math.max(0, Math.min(length, (end ?? 0) - address));
    const bytes = new Uint8Array(most);
    if (most > LONGEST_KEPT) return bytes.subarray(0, this.readInto(address, bytes));
    let done = 0;
    while (done < most) {
      const at = address + done;
      const offset = at % PAGE;
      const page = this.#page((at - offset) / PAGE);
      if (page === undefined) break;
      const part = page.subarray(offset, Math.min(PAGE, offset + most - done));
      bytes.set(part, done);
      done += part.length;
    }
    return bytes.subarray(0, done);
  }

  readInto(address: RuntimeAddress, target: Uint8Array): number {
    return this.#kernel.readMemory(this.#pid, address, target);
  }

  prefetch(addresses: Float64Array): void {
    this.holdPages(Array.from(addresses, (address) => Math.floor(address / PAGE)));
  }

  cString(address: RuntimeAddress, limit: number): string {
    for (let length = Math.min(STRING_STEP, limit); ; length = Math.min(length * 4, limit)) {
      const text = this.readUpTo(address, length);
      const end = text.indexOf(0);
      if (end >= 0) return decodeText(text, 0, end);
      if (text.length < length)
        throw new TargetFault('cannot read 1 byte of memory', runtimeAddress(address + text.length));
      if (length >= limit) return decodeText(text, 0, text.length);
    }
  }

  get regions(): readonly MemoryRegion[] {
    return this.#mappings.regions;
  }

  regionAt(address: RuntimeAddress): MemoryRegion | undefined {
    return this.#mappings.regionAt(address);
  }

  #page(number: number): Uint8Array | undefined {
    if (!this.#pages.has(number)) this.holdPages([number]);
    return this.#pages.get(number);
  }
}
