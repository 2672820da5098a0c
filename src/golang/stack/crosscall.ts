import type { Arch } from '../../arch/index.ts';
import type { RuntimeAddress } from '../../base/index.ts';
import type { Memory } from '../../target/index.ts';
import { type Cursor, cursorAt } from './cursor.ts';

/**
 * Where crosscall2 keeps the registers that C expects back (runtime/cgo/asm_amd64.s and abi_amd64.h:
 * PUSH_REGS_HOST_TO_ABI0; asm_arm64.s): DWARF number and place.
 *
 * amd64, from CFA: rbx −56, r12 −48, r13 −40, r14 −32, r15 −24, rbp −16.
 * arm64, from sp:  x19…x28 at 32, x29 at 176, x30 at 184; the frame is 192 bytes.
 */
const AMD64_FROM_CFA: readonly (readonly [number, number])[] = [
  [3, -56],
  [12, -48],
  [13, -40],
  [14, -32],
  [15, -24],
  [6, -16],
];
const ARM64_FRAME = 192;
const ARM64_GENERAL_AT = 32;
const ARM64_FP_AT = 176;
const ARM64_LR_AT = 184;

/** The C caller of crosscall2, with the registers that it will find again. */
export function hostRegistersSavedBy(
  { arch, memory }: { readonly arch: Arch; readonly memory: Memory },
  cursor: Cursor,
  frame: { readonly cfa: number; readonly returnAddress: number },
): Cursor {
  const registers: (number | undefined)[] = new Array(arch.dwarf.count).fill(undefined);
  const word = (address: number): number => memory.uint64(address as RuntimeAddress);
  let cfa = frame.cfa;
  let pc = frame.returnAddress;
  if (arch.name === 'amd64') {
    for (const [dwarf, offset] of AMD64_FROM_CFA) registers[dwarf] = word(cfa + offset);
  } else {
    cfa = cursor.sp + ARM64_FRAME;
    pc = word(cursor.sp + ARM64_LR_AT);
    for (let i = 0; i < 10; i++) registers[19 + i] = word(cursor.sp + ARM64_GENERAL_AT + i * 8);
    registers[arch.dwarf.fp] = word(cursor.sp + ARM64_FP_AT);
  }
  registers[arch.dwarf.pc] = pc;
  registers[arch.dwarf.sp] = cfa;
  return cursorAt({ pc, sp: cfa, fp: registers[arch.dwarf.fp], registers });
}
