import type { MachineState } from '../machine-code.ts';

/** DWARF numbers: "DWARF for the Arm 64-bit Architecture" §4.1; pstate's is ours (arm64.ts). */
export const LINK = 30;
export const SP = 31;
export const PC = 32;
export const PSTATE = 33;

/** br, blr and ret without authentication: Rn in bits 5 to 9 (Arm ARM, C4.1.94). */
const REGISTER_BRANCH = { mask: 0xff9ffc1f, value: 0xd61f0000 } as const;

/** A general register, of which 31 is zero. */
export const registerOf = (number: number, state: MachineState): bigint =>
  number === 31 ? 0n : state.register(number);

/** Where a branch to a register leads; undefined for those that authenticate, and where it is no address. */
export function branchTarget(word: number, state: MachineState): number | undefined {
  if ((word & REGISTER_BRANCH.mask) >>> 0 !== REGISTER_BRANCH.value) return undefined;
  const target = registerOf((word >>> 5) & 31, state);
  return target < 1n << 53n ? Number(target) : undefined;
}

/** Whether a conditional branch is taken: b.cond, bc.cond, cbz, cbnz, tbz, tbnz (C4.1.92). */
export function branchTaken(word: number, state: MachineState): boolean {
  if ((word & 0xff000000) >>> 0 === 0x54000000) return holds(word & 15, state.register(PSTATE));
  const value = registerOf(word & 31, state);
  const negated = (word & 0x01000000) !== 0;
  if ((word & 0x7e000000) === 0x34000000) {
    const wide = word >>> 31 === 1;
    return (wide ? value === 0n : (value & 0xffff_ffffn) === 0n) !== negated;
  }
  const bit = ((word >>> 31) << 5) | ((word >>> 19) & 31);
  return (((value >> BigInt(bit)) & 1n) === 0n) !== negated;
}

/** ConditionHolds (Arm ARM, J1.3.3): N, Z, C, V are bits 31 to 28. */
function holds(condition: number, flags: bigint): boolean {
  const [n, z, c, v] = [31n, 30n, 29n, 28n].map((bit) => ((flags >> bit) & 1n) === 1n) as [
    boolean,
    boolean,
    boolean,
    boolean,
  ];
  const results = [z, c, n, v, c && !z, n === v, n === v && !z, true];
  const result = results[condition >>> 1]!;
  // 1111 is always, too.
  return (condition & 1) === 1 && condition !== 15 ? !result : result;
}
