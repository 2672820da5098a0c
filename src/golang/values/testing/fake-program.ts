import { type RuntimeAddress, runtimeAddress, TargetFault } from '../../../base/index.ts';
import type { Type } from '../../../image/index.ts';
import type { Memory, MemoryRegion } from '../../../target/index.ts';
import type { Program } from '../../program.ts';

/** Memory of a few segments; everything else is not there. */
export class FakeMemory implements Memory {
  readonly regions: readonly MemoryRegion[] = [];
  readonly #segments: { readonly start: number; readonly bytes: Uint8Array }[] = [];

  add(start: number, bytes: Uint8Array): this {
    this.#segments.push({ start, bytes });
    return this;
  }

  read(address: RuntimeAddress, length: number): Uint8Array {
    const found = this.tryRead(address, length);
    if (found === undefined) throw new TargetFault('no readable memory', address);
    return found;
  }

  tryRead(address: RuntimeAddress, length: number): Uint8Array | undefined {
    const found = this.readUpTo(address, length);
    return found.length === length ? found : undefined;
  }

  readUpTo(address: RuntimeAddress, length: number): Uint8Array {
    for (const { start, bytes } of this.#segments) {
      if (address >= start && address < start + bytes.length) {
        return bytes.slice(address - start, address - start + length);
      }
    }
    return new Uint8Array(0);
  }

  #view(address: RuntimeAddress, length: number): DataView {
    const bytes = this.read(address, length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  uint8 = (address: RuntimeAddress): number => this.#view(address, 1).getUint8(0);
  uint16 = (address: RuntimeAddress): number => this.#view(address, 2).getUint16(0, true);
  uint32 = (address: RuntimeAddress): number => this.#view(address, 4).getUint32(0, true);
  int32 = (address: RuntimeAddress): number => this.#view(address, 4).getInt32(0, true);
  bigUint64 = (address: RuntimeAddress): bigint => this.#view(address, 8).getBigUint64(0, true);
  uint64 = (address: RuntimeAddress): number => Number(this.bigUint64(address));
  pointer = (address: RuntimeAddress): RuntimeAddress => runtimeAddress(this.uint64(address));
  cString = (address: RuntimeAddress, limit: number): string => {
    const bytes = this.readUpTo(address, limit);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  };
  regionAt: (address: RuntimeAddress) => MemoryRegion | undefined = () => undefined;
}

export interface FakeProgramParts {
  readonly memory?: FakeMemory;
  readonly types?: readonly Type[];
  /** Types by the address of their `runtime._type`. */
  readonly runtimeTypes?: ReadonlyMap<number, Type>;
  readonly constants?: readonly { readonly name: string; readonly type: Type; readonly value: bigint }[];
}

/** A program of memory and types only: no goroutines, no code. */
export function fakeProgram(parts: FakeProgramParts = {}): Program {
  const { memory = new FakeMemory(), types = [], runtimeTypes = new Map(), constants = [] } = parts;
  const debugInfo = {
    globalNamed: () => undefined,
    constantNamed: (name: string) => constants.find((constant) => constant.name === name),
    constantsOfType: (name: string) => constants.filter((constant) => constant.type.name === name),
    units: () => [],
  };
  const module = { image: { debugInfo, functions: undefined } };
  return {
    target: {
      memory,
      modules: { all: [module], at: () => undefined },
      threads: [],
      arch: { register: () => undefined },
    },
    typeNamed: (name: string) => types.find((type) => type.name === name),
    typeAt: (address: number) => runtimeTypes.get(address),
  } as unknown as Program;
}
