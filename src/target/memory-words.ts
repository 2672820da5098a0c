import type { RuntimeAddress } from '../base/index.ts';

/**
 * Little-endian words of a memory that only reads bytes, for those that are looked at seldom: `CoreMemory` and
 * `LiveMemory`, which everything is read from, have faster ones of their own.
 */
export abstract class MemoryWords {
  abstract read(address: RuntimeAddress, length: number): Uint8Array;

  uint8(address: RuntimeAddress): number {
    return this.read(address, 1)[0]!;
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
    return this.uint64(address) as RuntimeAddress;
  }

  #view(address: RuntimeAddress, length: number): DataView {
    const bytes = this.read(address, length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }
}
