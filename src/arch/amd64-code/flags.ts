import type { MachineState, WritableMachineState } from '../machine-code.ts';
import { RFLAGS } from './register-part.ts';

/** Status flags in rflags: Intel SDM vol. 1 §3.4.3.1. */
export const CF = 0x001;
const PF = 0x004;
const AF = 0x010;
export const ZF = 0x040;
const SF = 0x080;
export const DF = 0x400;
const OF = 0x800;
const ALL_STATUS = BigInt(CF | PF | AF | ZF | SF | OF);
const STATUS_BUT_CARRY = ALL_STATUS & ~BigInt(CF);

export function flagsOf(state: MachineState): number {
  return Number(BigInt.asUintN(16, state.register(RFLAGS)));
}

/** Sets the status flags. */
export function setStatus(state: WritableMachineState, status: number): void {
  state.setRegister(RFLAGS, (state.register(RFLAGS) & ~ALL_STATUS) | BigInt(status));
}

/** Sets them, but for the carry. */
export function setStatusButCarry(state: WritableMachineState, status: number): void {
  state.setRegister(RFLAGS, (state.register(RFLAGS) & ~STATUS_BUT_CARRY) | BigInt(status & ~CF));
}

/** Of `result = a + b + carry` in `bits` bits. */
export function statusOfSum(a: bigint, b: bigint, sum: bigint, result: bigint, bits: number): number {
  const sign = BigInt(bits - 1);
  const signs = (Number(a >> sign) << 2) | (Number(b >> sign) << 1) | Number(result >> sign);
  // Two of one sign make another: 0 + 0 = 1, 1 + 1 = 0.
  const overflow = signs === 0b001 || signs === 0b110 ? OF : 0;
  return (sum === result ? 0 : CF) | overflow | halfCarry(a, b, result) | statusOf(result, bits);
}

/** Of `result = a - b - borrow` in `bits` bits; the difference without limit tells the borrow. */
export function statusOfDifference(
  a: bigint,
  b: bigint,
  difference: bigint,
  result: bigint,
  bits: number,
): number {
  const sign = BigInt(bits - 1);
  const signs = (Number(a >> sign) << 2) | (Number(b >> sign) << 1) | Number(result >> sign);
  // 0 - 1 = 1, 1 - 0 = 0.
  const overflow = signs === 0b011 || signs === 0b100 ? OF : 0;
  return (difference < 0n ? CF : 0) | overflow | halfCarry(a, b, result) | statusOf(result, bits);
}

function halfCarry(a: bigint, b: bigint, result: bigint): number {
  const low = Number(BigInt.asUintN(8, a)) ^ Number(BigInt.asUintN(8, b)) ^ Number(BigInt.asUintN(8, result));
  return low & AF;
}

/** Zero, sign and parity. CF and OF are clear after logic; AF is undefined there, and CPUs clear it. */
export function statusOf(result: bigint, bits: number): number {
  const low = Number(BigInt.asUintN(8, result));
  // Bit n of 0x9669 says whether n has an even number of ones.
  const parity = (0x9669 >> ((low ^ (low >> 4)) & 0xf)) & 1 ? PF : 0;
  const sign = result >> BigInt(bits - 1) === 0n ? 0 : SF;
  return parity | sign | (result === 0n ? ZF : 0);
}

/** Conditions in the order of their encoding, 0 to 15: o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g. */
export function conditionOf(encoding: number): (flags: number) => boolean {
  const positive = conditions[encoding >> 1]!;
  return encoding & 1 ? (flags) => !positive(flags) : positive;
}

const less = (flags: number) => ((flags & SF) !== 0) !== ((flags & OF) !== 0);

/** Intel SDM vol. 1 appendix B, the even half. */
const conditions: readonly ((flags: number) => boolean)[] = [
  (flags) => (flags & OF) !== 0,
  (flags) => (flags & CF) !== 0,
  (flags) => (flags & ZF) !== 0,
  (flags) => (flags & (CF | ZF)) !== 0,
  (flags) => (flags & SF) !== 0,
  (flags) => (flags & PF) !== 0,
  less,
  (flags) => (flags & ZF) !== 0 || less(flags),
];
