import type { MachineState } from '../machine-code.ts';
import type { MemoryPlace } from './operands.ts';
import { type RegisterPart, readRegister } from './register-part.ts';

/** Undefined: beyond what a number holds exactly, where no program has memory. */
export type AddressOf = (state: MachineState) => number | undefined;

type MemoryAddress = Pick<
  MemoryPlace,
  'base' | 'index' | 'scale' | 'displacement' | 'addressBits' | 'segment'
>;

export function asAddress(value: bigint): number | undefined {
  const address = Number(value);
  return address <= Number.MAX_SAFE_INTEGER ? address : undefined;
}

/** The address of an operand: in numbers where all parts are small, which they nearly always are. */
export function addressOf(place: MemoryAddress): AddressOf {
  const { base, index, scale, addressBits, segment } = place;
  const exact = exactAddressOf(place);
  const displacement = Number(place.displacement);
  const plain = segment === undefined && addressBits === 64 && Number.isSafeInteger(displacement);
  if (base === undefined && index === undefined && segment === undefined) {
    const address = asAddress(BigInt.asUintN(addressBits, place.displacement));
    return () => address;
  }
  if (!plain || base === undefined || !isWhole(base)) return exact;
  if (index === undefined) return based(base.dwarf, displacement, exact);
  return isWhole(index) ? indexed(base.dwarf, index.dwarf, scale, displacement, exact) : exact;
}

function isWhole(part: RegisterPart): boolean {
  return part.bits === 64;
}

function based(base: number, displacement: number, exact: AddressOf): AddressOf {
  return (state) => {
    const start = Number(state.register(base));
    const address = start + displacement;
    const small = start <= Number.MAX_SAFE_INTEGER && address >= 0 && address <= Number.MAX_SAFE_INTEGER;
    return small ? address : exact(state);
  };
}

function indexed(
  base: number,
  index: number,
  scale: number,
  displacement: number,
  exact: AddressOf,
): AddressOf {
  return (state) => {
    // Both are without sign, so the sum is exact if it is small.
    const start = Number(state.register(base)) + Number(state.register(index)) * scale;
    const address = start + displacement;
    const small = start <= Number.MAX_SAFE_INTEGER && address >= 0 && address <= Number.MAX_SAFE_INTEGER;
    return small ? address : exact(state);
  };
}

function exactAddressOf(place: MemoryAddress): AddressOf {
  const exact = exactOffsetOf(place);
  return (state) => asAddress(exact(state));
}

/** All 64 bits of the address, with its segment; `further` is added to what is cut to the address size. */
export function exactOffsetOf(
  place: MemoryAddress,
  further?: (state: MachineState) => bigint,
): (state: MachineState) => bigint {
  const { base, index, displacement, addressBits, segment } = place;
  const scale = BigInt(place.scale);
  const readBase = base === undefined ? undefined : readRegister(base);
  const readIndex = index === undefined ? undefined : readRegister(index);
  return (state) => {
    const sum =
      (readBase === undefined ? 0n : readBase(state)) +
      (readIndex === undefined ? 0n : readIndex(state) * scale) +
      (further === undefined ? displacement : displacement + further(state));
    const offset = BigInt.asUintN(addressBits, sum);
    return segment === undefined ? offset : BigInt.asUintN(64, offset + state.segmentBase(segment));
  };
}
