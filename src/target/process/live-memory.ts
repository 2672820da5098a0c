import { decodeText, type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import { CoreMemory } from '../core/core-memory.ts';
import { lastAtOrBefore } from '../core/memory-map.ts';
import type { LiveMemory } from '../live.ts';
import type { MemoryRegion } from '../target.ts';
import type { Kernel } from './kernel.ts';
import { type ProcRegion, parseProcMaps } from './proc-maps.ts';

const PAGE = 4096;
/** More pages than this of one stop, and reading goes through a cache made for bulk. */
const MOST_PAGES = 192;
const LONGEST_CACHED = 2 * PAGE;
/** Memory for pages is made for so many at once: each piece of its own costs more than reading the page. */
const PAGES_TOGETHER = 8;
/** What other processes write into memory that they share with this one is seen after so long at the latest. */
const KEPT_MS = 50;
const STRING_STEP = 64;

/** What stands in memory in place of the program's own bytes, while it runs. */
export interface Overlay {
  /** Puts the program's own bytes over `bytes`, which were read at `address`. */
  restore(address: number, bytes: Uint8Array): void;
}

/**
 * Memory of a process. While it is stopped, pages are kept until `invalidate`, also while instructions are emulated;
 * after many pages everything goes through the cache that cores use. While it runs, every read goes to the process.
 */
export class ProcessMemory implements LiveMemory {
  readonly #kernel: Kernel;
  readonly #pid: number;
  readonly #overlay: Overlay;
  readonly #pages = new Map<number, Uint8Array>();
  /** When the first of them was read. */
  #since = 0;
  /** Room for further pages. */
  #room = new Uint8Array(0);
  #scratch = new Uint8Array(256);
  #scratchView = new DataView(this.#scratch.buffer);
  #bulk: CoreMemory | undefined;
  #regions: readonly ProcRegion[] | undefined;
  #starts: Float64Array | undefined;
  #memoryRegions: readonly MemoryRegion[] | undefined;
  #running = false;

  constructor(kernel: Kernel, pid: number, overlay: Overlay) {
    this.#kernel = kernel;
    this.#pid = pid;
    this.#overlay = overlay;
  }

  /** Whether the program runs now: then nothing is kept. */
  set running(value: boolean) {
    this.#running = value;
    this.invalidate();
  }

  /** What was kept is void: the program has run or was written. */
  invalidate(): void {
    if (this.#pages.size > 0) this.#pages.clear();
    this.#bulk = undefined;
    this.#regions = undefined;
    this.#memoryRegions = undefined;
  }

  /** An instruction has been emulated. */
  noteStep(): void {
    const isEmpty = this.#pages.size === 0 && this.#bulk === undefined;
    if (!isEmpty && Date.now() - this.#since > KEPT_MS) this.invalidate();
  }

  /** An instruction that is emulated has written there. What was given out before stays as it was. */
  noteWritten(address: number, bytes: Uint8Array): void {
    if (this.#bulk !== undefined) {
      this.invalidate();
      return;
    }
    for (let done = 0; done < bytes.length; ) {
      const offset = (address + done) % PAGE;
      const count = Math.min(bytes.length - done, PAGE - offset);
      const before = this.#pages.get(address + done - offset);
      if (before !== undefined) {
        const page = this.#newPage();
        page.set(before);
        page.set(bytes.subarray(done, done + count), offset);
        this.#pages.set(address + done - offset, page);
      }
      done += count;
    }
  }

  uint8(address: RuntimeAddress): number {
    return this.#word(address, 1).getUint8(0);
  }

  uint16(address: RuntimeAddress): number {
    return this.#word(address, 2).getUint16(0, true);
  }

  uint32(address: RuntimeAddress): number {
    return this.#bulk === undefined ? this.#word(address, 4).getUint32(0, true) : this.#bulk.uint32(address);
  }

  int32(address: RuntimeAddress): number {
    return this.#word(address, 4).getInt32(0, true);
  }

  uint64(address: RuntimeAddress): number {
    if (this.#bulk !== undefined) return this.#bulk.uint64(address);
    const view = this.#word(address, 8);
    return view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  }

  bigUint64(address: RuntimeAddress): bigint {
    return this.#word(address, 8).getBigUint64(0, true);
  }

  pointer(address: RuntimeAddress): RuntimeAddress {
    return this.uint64(address) as RuntimeAddress;
  }

  read(address: RuntimeAddress, length: number): Uint8Array {
    const bytes = this.tryRead(address, length);
    if (bytes === undefined) throw unreadable(address, length);
    return bytes;
  }

  tryRead(address: RuntimeAddress, length: number): Uint8Array | undefined {
    if (this.#bulk !== undefined) return this.#bulk.tryRead(address, length);
    if (!(length > 0)) return length === 0 ? new Uint8Array(0) : undefined;
    if (length <= LONGEST_CACHED && !this.#running) {
      const offset = address % PAGE;
      const page = this.#page(address - offset);
      if (page === undefined) return undefined;
      if (offset + length <= PAGE) return page.subarray(offset, offset + length);
    }
    const bytes = this.#direct(address, length);
    return bytes.length === length ? bytes : undefined;
  }

  readUpTo(address: RuntimeAddress, length: number): Uint8Array {
    if (this.#bulk !== undefined) return this.#bulk.readUpTo(address, length);
    // A length from damaged data: memory is not asked for before it is known to be there.
    const there = length > 16 * PAGE ? this.#mappedFrom(address, length) : length;
    return this.#direct(address, there);
  }

  readInto(address: RuntimeAddress, target: Uint8Array): number {
    const count = this.#kernel.readMemory(this.#pid, address, target);
    if (this.#running) this.#overlay.restore(address, target.subarray(0, count));
    return count;
  }

  prefetch(addresses: Float64Array): void {
    if (this.#running || addresses.length < MOST_PAGES) return;
    this.#useBulk().prefetch(addresses);
  }

  cString(address: RuntimeAddress, limit: number): string {
    for (let length = Math.min(STRING_STEP, limit); ; length = Math.min(length * 4, limit)) {
      const text = this.readUpTo(address, length);
      const end = text.indexOf(0);
      if (end >= 0) return decodeText(text, 0, end);
      if (text.length < length) throw unreadable(runtimeAddress(address + text.length), 1);
      if (length >= limit) return decodeText(text, 0, text.length);
    }
  }

  get regions(): readonly MemoryRegion[] {
    this.#memoryRegions ??= this.procRegions.map((region) => ({
      ...region,
      available: region.readable && region.pseudo !== '[vvar]' ? region.end - region.start : 0,
    }));
    return this.#memoryRegions;
  }

  regionAt(address: RuntimeAddress): MemoryRegion | undefined {
    const { regions } = this;
    const region = regions[lastAtOrBefore(this.#regionStarts(), address)];
    return region !== undefined && address < region.end ? region : undefined;
  }

  get procRegions(): readonly ProcRegion[] {
    if (this.#regions === undefined) {
      const maps = this.#kernel.procFile(this.#pid, 'maps');
      this.#regions = maps === undefined ? [] : parseProcMaps(maps);
      this.#starts = undefined;
    }
    return this.#regions;
  }

  write(address: RuntimeAddress, bytes: Uint8Array): void {
    const written = this.#kernel.writeMemory(this.#pid, address, bytes);
    const regions = this.#regions;
    this.invalidate();
    this.#regions = regions;
    if (written === bytes.length) return;
    throw new TargetFault(
      `cannot write ${bytes.length} bytes of memory: nothing is mapped`,
      runtimeAddress(address + written),
    );
  }

  #regionStarts(): Float64Array {
    const { procRegions } = this;
    this.#starts ??= Float64Array.from(procRegions, (region) => region.start);
    return this.#starts;
  }

  #mappedFrom(address: number, length: number): number {
    const { procRegions } = this;
    let end = address;
    for (let i = lastAtOrBefore(this.#regionStarts(), address); i >= 0 && i < procRegions.length; i++) {
      const region = procRegions[i]!;
      if (region.start > end || region.end <= end || !region.readable) break;
      end = region.end;
      if (end >= address + length) return length;
    }
    return end - address;
  }

  /** A view at whose index 0 the word stands. */
  #word(address: RuntimeAddress, size: number): DataView {
    if (!this.#running) {
      const bytes = this.read(address, size);
      return new DataView(bytes.buffer, bytes.byteOffset, size);
    }
    const count = this.#kernel.readMemory(this.#pid, address, this.#scratch.subarray(0, size));
    if (count < size) throw unreadable(address, size);
    this.#overlay.restore(address, this.#scratch.subarray(0, size));
    return this.#scratchView;
  }

  #page(start: number): Uint8Array | undefined {
    const known = this.#pages.get(start);
    if (known !== undefined) return known;
    if (this.#pages.size >= MOST_PAGES) {
      this.#useBulk();
      return this.#bulk!.tryRead(runtimeAddress(start), PAGE)?.slice();
    }
    const page = this.#newPage();
    if (this.#kernel.readMemory(this.#pid, start, page) < PAGE) return undefined;
    if (this.#pages.size === 0) this.#since = Date.now();
    this.#pages.set(start, page);
    return page;
  }

  #newPage(): Uint8Array {
    if (this.#room.length === 0) this.#room = new Uint8Array(PAGES_TOGETHER * PAGE);
    const page = this.#room.subarray(0, PAGE);
    this.#room = this.#room.subarray(PAGE);
    return page;
  }

  #direct(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const count = this.#kernel.readMemory(this.#pid, address, bytes);
    const result = count === length ? bytes : bytes.subarray(0, count);
    if (this.#running) this.#overlay.restore(address, result);
    return result;
  }

  /** The same cache that cores use, over the readable regions laid end to end. */
  #useBulk(): CoreMemory {
    if (this.#bulk !== undefined) return this.#bulk;
    const { procRegions } = this;
    const starts: number[] = [];
    const offsets: number[] = [];
    let size = 0;
    const pieces = procRegions.flatMap((region, index) => {
      if (!region.readable || region.pseudo === '[vvar]') return [];
      starts.push(region.start);
      offsets.push(size);
      const from = { kind: 'core' as const, offset: size };
      size += region.end - region.start;
      return [{ start: region.start, end: region.end, region: index, from }];
    });
    const offsetTable = Float64Array.from(offsets);
    const read = (offset: number, into: Uint8Array): number => {
      let done = 0;
      while (done < into.length) {
        const index = lastAtOrBefore(offsetTable, offset + done);
        const piece = pieces[index]!;
        const at = piece.start + (offset + done - offsetTable[index]!);
        const wanted = Math.min(into.length - done, piece.end - at);
        if (wanted <= 0) break;
        const count = this.#kernel.readMemory(this.#pid, at, into.subarray(done, done + wanted));
        done += count;
        if (count < wanted) break;
      }
      return done;
    };
    const source = {
      name: `process ${this.#pid}`,
      size,
      read(offset: number, length: number): Uint8Array {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
        return bytes.subarray(0, read(offset, bytes));
      },
      readInto: (into: Uint8Array, offset: number) => read(offset, into),
    };
    this.#bulk = new CoreMemory(source, { regions: procRegions, pieces }, () => undefined);
    this.#pages.clear();
    return this.#bulk;
  }
}

const unreadable = (address: RuntimeAddress, length: number): TargetFault =>
  new TargetFault(`cannot read ${length} ${length === 1 ? 'byte' : 'bytes'} of memory`, address);
