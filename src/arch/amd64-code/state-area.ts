import type * as Iced from 'iced-x86';
import type { MachineState } from '../machine-code.ts';
import { RAX } from './register-part.ts';

/** Intel SDM vol. 1 §13.4: the x87 and SSE region and the header behind it, then AVX's upper halves. */
const LEGACY_AND_HEADER = 512 + 64;
const AVX_SIZE = 256;
const AVX_COMPONENT = 1n << 2n;

/**
 * How much of an XSAVE area is written or read. Where components behind AVX lie differs between CPUs and only cpuid
 * tells, so theirs is not counted.
 */
export function stateAreaSize(
  { MemorySize }: typeof Iced,
  it: Iced.Instruction,
): ((state: MachineState) => number) | undefined {
  if (it.memorySize !== MemorySize.Xsave && it.memorySize !== MemorySize.Xsave64) return undefined;
  return (state) => LEGACY_AND_HEADER + ((state.register(RAX) & AVX_COMPONENT) === 0n ? 0 : AVX_SIZE);
}
