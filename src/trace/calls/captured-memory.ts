import { decodeText, type RuntimeAddress } from '../../base/index.ts';
import { type Memory, type MemoryRegion, MemoryWords } from '../../target/index.ts';

interface Captured {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** A program's memory, some of which is as it was when a record was written. */
export class CapturedMemory extends MemoryWords implements Memory {
  readonly #now: Memory;
  readonly #constant: (address: number, length: number) => Uint8Array | undefined;
  #captured: readonly Captured[] = [];

  /** `constant`: what is never written. It can be asked for when the program has ended. */
  constructor(now: Memory, constant: (address: number, length: number) => Uint8Array | undefined) {
    super();
    this.#now = now;
    this.#constant = constant;
  }

  /** What is known of the past from here on. */
  set captured(value: readonly Captured[]) {
    this.#captured = value;
  }

  read(address: RuntimeAddress, length: number): Uint8Array {
    return this.#kept(address, length) ?? this.#constant(address, length) ?? this.#now.read(address, length);
  }

  tryRead(address: RuntimeAddress, length: number): Uint8Array | undefined {
    return (
      this.#kept(address, length) ?? this.#constant(address, length) ?? this.#now.tryRead(address, length)
    );
  }

  /** What was captured ends where it ends: behind it, other things stand now. */
  readUpTo(address: RuntimeAddress, length: number): Uint8Array {
    const found = this.#holding(address, 1);
    if (found === undefined) {
      const now = this.#now.readUpTo(address, length);
      return now.length > 0 ? now : (this.#constant(address, length) ?? now);
    }
    return found.bytes.slice(address - found.address, address - found.address + length);
  }

  cString(address: RuntimeAddress, limit: number): string {
    const found = this.#holding(address, 1);
    if (found === undefined) return this.#now.cString(address, limit);
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
