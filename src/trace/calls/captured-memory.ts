import { decodeText, type RuntimeAddress } from '../../base/index.ts';
import { type Memory, type MemoryRegion, MemoryWords } from '../../target/index.ts';

interface Captured {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** What of a program's memory nobody writes. */
export interface Constants {
  /** Can be asked for when the program has ended. */
  bytes(address: number, length: number): Uint8Array | undefined;
  /** Written by nobody but the linker that loaded the program: it is what it was, but only the program has it. */
  isFixed(address: number): boolean;
}

/** A program's memory, some of which is as it was when a record was written. */
export class CapturedMemory extends MemoryWords implements Memory {
  readonly #now: Memory;
  readonly #constants: Constants;
  #captured: readonly Captured[] = [];
  #readLate = false;

  constructor(now: Memory, constants: Constants) {
    super();
    this.#now = now;
    this.#constants = constants;
  }

  /** Tells what `action` gives, and whether it has read what may have changed since the record was written. */
  watch<T>(action: () => T): { readonly result: T; readonly readLate: boolean } {
    this.#readLate = false;
    const result = action();
    return { result, readLate: this.#readLate };
  }

  /** What is known of the past from here on. */
  set captured(value: readonly Captured[]) {
    this.#captured = value;
  }

  read(address: RuntimeAddress, length: number): Uint8Array {
    return this.#before(address, length) ?? this.#late(address, this.#now.read(address, length));
  }

  tryRead(address: RuntimeAddress, length: number): Uint8Array | undefined {
    return this.#before(address, length) ?? this.#late(address, this.#now.tryRead(address, length));
  }

  /** What was captured ends where it ends: behind it, other things stand now. */
  readUpTo(address: RuntimeAddress, length: number): Uint8Array {
    const found = this.#holding(address, 1);
    if (found === undefined) {
      const now = this.#now.readUpTo(address, length);
      if (now.length === 0) return this.#constants.bytes(address, length) ?? now;
      return this.#constants.bytes(address, 1) === undefined ? this.#late(address, now) : now;
    }
    return found.bytes.slice(address - found.address, address - found.address + length);
  }

  cString(address: RuntimeAddress, limit: number): string {
    const found = this.#holding(address, 1);
    if (found === undefined) return this.#late(address, this.#now.cString(address, limit));
    const bytes = this.readUpTo(address, limit);
    const end = bytes.indexOf(0);
    return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
  }

  get regions(): readonly MemoryRegion[] {
    return this.#now.regions;
  }

  regionAt(address: RuntimeAddress): MemoryRegion | undefined {
    return this.#now.regionAt(address);
  }

  /** As it was when the record was written. */
  #before(address: number, length: number): Uint8Array | undefined {
    return this.#kept(address, length) ?? this.#constants.bytes(address, length);
  }

  #late<T>(address: number, read: T): T {
    if (read !== undefined && !this.#constants.isFixed(address)) this.#readLate = true;
    return read;
  }

  #kept(address: number, length: number): Uint8Array | undefined {
    const found = this.#holding(address, length);
    const at = found === undefined ? 0 : address - found.address;
    return found?.bytes.subarray(at, at + length);
  }

  #holding(address: number, length: number): Captured | undefined {
    return this.#captured.find(
      (each) => address >= each.address && address + length <= each.address + each.bytes.length,
    );
  }
}
