import type { InstructionEffects, OutlinedInstruction } from '../arch/index.ts';

/** What patching a function is decided by. */
export interface FunctionCode {
  readonly name: string;
  readonly address: number;
  /** To the next function: padding too. */
  readonly bytes: Uint8Array;
  /** All of the above. */
  readonly instructions: readonly OutlinedInstruction[];
  /** Where the jump table at an address leads: all of its words, and perhaps of those behind it, that lie in this function. */
  jumpTable(address: number): readonly number[];
  effects(instruction: OutlinedInstruction): InstructionEffects | undefined;
  /** Whether who writes the probe can do what the program's runtime does when an address does not exist. */
  readonly seesFaults: boolean;
  /** Whether traps may stand where there is no room for jumps. */
  readonly mayTrap: boolean;
}

/** Whether an address is in another function. */
export const leaves = (
  { address, bytes }: Pick<FunctionCode, 'address' | 'bytes'>,
  target: number,
): boolean => target < address || target >= address + bytes.length;
