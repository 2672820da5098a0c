import type * as Iced from 'iced-x86';
import type { MachineState, WritableMachineState } from '../machine-code.ts';

/** A general register or a part of one. */
export interface RegisterPart {
  readonly kind: 'register';
  readonly dwarf: number;
  readonly bits: 8 | 16 | 32 | 64;
  /** 8 for ah, bh, ch and dh. */
  readonly shift: 0 | 8;
}

/** DWARF numbers of rax, rcx, rdx… r15, in the order in which instructions number them: psABI amd64, figure 3.36. */
const DWARF_OF_ENCODING = [0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15] as const;

export const RAX = 0;
export const RCX = 2;
export const RBP = 6;
export const RSP = 7;
export const RIP = 16;
export const RFLAGS = 49;

/** iced's general registers as parts of ours. */
export function registerParts({ Register }: typeof Iced): ReadonlyMap<Iced.Register, RegisterPart> {
  const parts = new Map<Iced.Register, RegisterPart>();
  const add = (register: Iced.Register, encoding: number, bits: RegisterPart['bits'], shift: 0 | 8 = 0) =>
    parts.set(register, { kind: 'register', dwarf: DWARF_OF_ENCODING[encoding]!, bits, shift });
  for (let encoding = 0; encoding < 16; encoding++) {
    add(Register.RAX + encoding, encoding, 64);
    add(Register.EAX + encoding, encoding, 32);
    add(Register.AX + encoding, encoding, 16);
  }
  // The bytes are numbered al, cl, dl, bl, ah, ch, dh, bh, spl, bpl, sil, dil, r8l…
  for (let encoding = 0; encoding < 4; encoding++) {
    add(Register.AL + encoding, encoding, 8);
    add(Register.AH + encoding, encoding, 8, 8);
    add(Register.SPL + encoding, encoding + 4, 8);
  }
  for (let encoding = 8; encoding < 16; encoding++) add(Register.R8L + encoding - 8, encoding, 8);
  return parts;
}

/** What it holds, without sign. */
export function readRegister({ dwarf, bits, shift }: RegisterPart): (state: MachineState) => bigint {
  if (bits === 64) return (state) => state.register(dwarf);
  if (shift === 0) return (state) => BigInt.asUintN(bits, state.register(dwarf));
  return (state) => BigInt.asUintN(8, state.register(dwarf) >> 8n);
}

/** 32 bits clear the upper half, fewer leave the others as they are: Intel SDM vol. 1 §3.4.1.1. */
export function writeRegister({
  dwarf,
  bits,
  shift,
}: RegisterPart): (state: WritableMachineState, value: bigint) => true {
  if (bits >= 32) {
    return (state, value) => {
      state.setRegister(dwarf, value);
      return true;
    };
  }
  const by = BigInt(shift);
  const others = BigInt.asUintN(64, ~(((1n << BigInt(bits)) - 1n) << by));
  return (state, value) => {
    state.setRegister(dwarf, (state.register(dwarf) & others) | (value << by));
    return true;
  };
}
