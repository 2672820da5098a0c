import type { WritableMachineState } from '../../machine-code.ts';

/** A machine of registers and one or more pieces of memory. */
export class Machine implements WritableMachineState {
  readonly registers = new BigUint64Array(50);
  readonly vectors = new Map<number, Uint8Array>();
  readonly bases = { fs: 0n, gs: 0n };
  readonly #pieces: { readonly start: number; readonly bytes: Uint8Array; readonly view: DataView }[] = [];

  /** Readable and writable memory from `start` on. */
  map(start: number, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#pieces.push({ start, bytes, view });
  }

  register(dwarf: number): bigint {
    return this.registers[dwarf]!;
  }

  setRegister(dwarf: number, value: bigint): void {
    if (value < 0n || value >> 64n !== 0n) throw new Error(`register ${dwarf} is set to ${value}`);
    this.registers[dwarf] = value;
  }

  segmentBase(segment: 'fs' | 'gs'): bigint {
    return this.bases[segment];
  }

  vector(index: number): Uint8Array | undefined {
    return this.vectors.get(index);
  }

  read(address: number, length: number): bigint | undefined {
    const at = this.#at(address, length);
    if (at === undefined) return undefined;
    switch (length) {
      case 8:
        return at.view.getBigUint64(at.offset, true);
      case 4:
        return BigInt(at.view.getUint32(at.offset, true));
      case 2:
        return BigInt(at.view.getUint16(at.offset, true));
      default:
        return BigInt(at.view.getUint8(at.offset));
    }
  }

  write(address: number, length: number, value: bigint): boolean {
    const at = this.#at(address, length);
    if (at === undefined) return false;
    if (value < 0n || value >> BigInt(length * 8) !== 0n)
      throw new Error(`${length} bytes are set to ${value}`);
    for (let i = 0; i < length; i++)
      at.view.setUint8(at.offset + i, Number((value >> BigInt(i * 8)) & 0xffn));
    return true;
  }

  #at(address: number, length: number): { readonly view: DataView; readonly offset: number } | undefined {
    if (![1, 2, 4, 8].includes(length)) throw new Error(`a word of ${length} bytes`);
    for (const { start, bytes, view } of this.#pieces) {
      const offset = address - start;
      if (offset >= 0 && offset + length <= bytes.length) return { view, offset };
    }
    return undefined;
  }
}
