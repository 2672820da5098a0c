import type { TrapInstruction } from '../machine-code.ts';

/** int3, Intel SDM vol. 2; or its long form, `int 3`. Linux says SI_KERNEL of it (arch/x86/kernel/traps.c). */
export const INT3: TrapInstruction = {
  bytes: Uint8Array.of(0xcc),
  passed: 1,
  signalCode: 0x80,
  window: { from: -2, length: 2 },
  isTrap: ([first, second]) => second === 0xcc || (first === 0xcd && second === 3),
};

/** jmp [rip+0], and the address behind it. */
const JUMP = [0xff, 0x25, 0, 0, 0, 0];

export function absoluteJump(_from: number, to: number): Uint8Array {
  const code = new Uint8Array(JUMP.length + 8);
  code.set(JUMP);
  new DataView(code.buffer).setBigUint64(JUMP.length, BigInt(to), true);
  return code;
}
