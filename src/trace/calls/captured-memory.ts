import { decodeText, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Memory, MemoryRegion } from '../../target/index.ts';

interface Captured {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** A program's memory, some of which is as it was when a record was written. */
export class CapturedMemory implements Memory {
  readonly #now: Memory;
  readonly #constant: (address: number, length: number) => Uint8Array | undefined;
  #captured: readonly Captured[] = [];

  /** `constant`: what is never written. It can be asked for when the program has ended. */
  constructor(now: Memory, constant: (address: number, length: number) => Uint8Array | undefined) {
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

  uint8(address: RuntimeAddress): number {
    return this.#view(address, 1).getUint8(0);
  }

  uint16(address: RuntimeAddress): number {
    return this.#view(address, 2).getUint16(0, true);
  }

  uint32(address: RuntimeAddress): number {
    return this.#view(address, 4).getUint32(0, true);
  }

  int32(address: RuntimeAddress): number {
    return this.#view(address, 4).getInt32(0, true);
  }

  uint64(address: RuntimeAddress): number {
    const view = this.#view(address, 8);
    return view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  }

  bigUint64(address: RuntimeAddress): bigint {
    return this.#view(address, 8).getBigUint64(0, true);
  }

  pointer(address: RuntimeAddress): RuntimeAddress {
    return runtimeAddress(this.uint64(address));
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

  #view(address: RuntimeAddress, length: number): DataView {
    const bytes = this.read(address, length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
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
