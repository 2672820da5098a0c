import type { WritableMachineState } from '../machine-code.ts';

/** What an instruction addresses by a distance from itself, and what it does with that. */
export interface Addressed {
  readonly address: number;
  /** Bytes that are read there; 0: the address itself is what is wanted. */
  readonly length: number;
  /** Puts it where it is wanted. False: nothing is readable there, or the register is one of the CPU's vectors. */
  load(state: WritableMachineState): boolean;
}

/** Bytes of ldr (literal) by opc: w, x, sw; 3 is prfm. */
const LITERALS = [4, 8, 4] as const;

/** adr, adrp (Arm ARM, C4.1.91 "PC-rel. addressing"), ldr and prfm (literal) (C4.1.95 "Load register (literal)"). */
export function addressed(word: number, at: number): Addressed | undefined {
  const register = word & 31;
  if ((word & 0x1f000000) === 0x10000000) {
    const distance = (signed(word, 5, 19) * 4 + ((word >>> 29) & 3)) * (word >>> 31 === 1 ? 4096 : 1);
    const base = word >>> 31 === 1 ? at - (at % 4096) : at;
    const address = base + distance;
    return { address, length: 0, load: (state) => put(state, register, BigInt.asUintN(64, BigInt(address))) };
  }
  if ((word & 0x3b000000) !== 0x18000000) return undefined;
  const address = at + 4 * signed(word, 5, 19);
  const size = word >>> 30;
  if ((word & 0x04000000) !== 0) return { address, length: 4 << size, load: () => false };
  const length = LITERALS[size];
  if (length === undefined) return { address, length: 0, load: () => true };
  return {
    address,
    length,
    load(state) {
      const value = state.read(address, length);
      if (value === undefined) return false;
      return put(state, register, size === 2 ? BigInt.asUintN(64, BigInt.asIntN(32, value)) : value);
    },
  };
}

function put(state: WritableMachineState, register: number, value: bigint): boolean {
  if (register !== 31) state.setRegister(register, value);
  return true;
}

/** A signed number of `width` bits from bit `low` on. */
export const signed = (word: number, low: number, width: number): number =>
  (word << (32 - low - width)) >> (32 - width);
