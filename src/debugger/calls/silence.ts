import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';
import type { LiveTarget } from '../../target/index.ts';

/**
 * The int3 of runtime.debugCallV2 and its helpers, where no debugger is there any more to hear them: each follows
 * `MOVQ $code, R12`. As NOPs they let a call that was begun come to its end, and its goroutine go on: with the general
 * registers that the runtime kept; late-restore.ts is for the others.
 */
const NAMES = /^(?:runtime\.)?debugCall(?:V2|Panicked|\d+)$/;
const INT3 = 0xcc;
const NOP = 0x90;
/** MOVQ $imm32, R12 and MOVL $imm32, R12 (Intel SDM vol. 2, MOV). */
const MOVES = [
  [0x49, 0xc7, 0xc4],
  [0x41, 0xbc],
] as const;
const LONGEST = 4096;
const IMMEDIATE = 4;

export function silenceAnswers(target: LiveTarget, program: Program): void {
  for (const module of program.target.modules.all) {
    const functions = module.image?.functions;
    if (functions === undefined) continue;
    for (let index = 0; index < functions.count; index++) {
      if (!NAMES.test(functions.name(index))) continue;
      const start = module.toRuntime(functions.entry(index));
      const size = Math.min(module.toRuntime(functions.end(index)) - start, LONGEST);
      for (const at of answersIn(target, start, size)) target.memory.write(at, new Uint8Array([NOP]));
    }
  }
}

/** Whether that was done before. */
export const answersSilenced = (target: LiveTarget, entry: RuntimeAddress): boolean =>
  answersIn(target, entry, LONGEST, NOP).length > 0 && answersIn(target, entry, LONGEST).length === 0;

function answersIn(
  target: LiveTarget,
  start: RuntimeAddress,
  size: number,
  instruction = INT3,
): RuntimeAddress[] {
  const bytes = target.memory.readUpTo(start, size);
  const found: RuntimeAddress[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const move = MOVES.find((opcode) => opcode.every((byte, i) => bytes[at + i] === byte));
    const trap = move === undefined ? -1 : at + move.length + IMMEDIATE;
    if (bytes[trap] === instruction) found.push(runtimeAddress(start + trap));
  }
  return found;
}
