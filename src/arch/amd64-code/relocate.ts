import type * as Iced from 'iced-x86';
import type { DecodedInstruction } from '../machine-code.ts';

/** Makes the bytes of an instruction for another place. */
export type Relocate = (elsewhere: number) => Uint8Array | undefined;

const never: Relocate = () => undefined;

/**
 * An instruction does the same elsewhere if the distance of what it addresses by the instruction pointer is mended.
 * Refused: control flow, traps (whoever is told of one is told its address), sysenter (it returns to a fixed place)
 * and addresses relative to a 32-bit instruction pointer.
 *
 * Copied although they tell where they stand: `syscall` leaves the address behind it in rcx, which the psABI (§A.2.1)
 * calls destroyed, and x87 instructions note theirs for fnstenv and fxsave. An instruction that faults does so at
 * its new place, which its mover has to put right, as for the address that a signal handler sees.
 */
export function relocations(
  iced: typeof Iced,
): (it: Iced.Instruction, flow: DecodedInstruction['flow'], bytes: Uint8Array, offset: number) => Relocate {
  const { Mnemonic, Register } = iced;
  return (it, flow, bytes, displacementOffset) => {
    if ((flow !== 'next' && flow !== 'syscall') || it.mnemonic === Mnemonic.Sysenter) return never;
    if (!it.isIpRelMemoryOperand) return () => bytes.slice();
    if (it.memoryBase !== Register.RIP) return never;
    const target = BigInt.asIntN(64, it.memoryDisplacement);
    const length = BigInt(it.length);
    return (elsewhere) => {
      // Addresses wrap at 2^64, and so may the distance between them.
      const distance = BigInt.asIntN(64, target - BigInt(elsewhere) - length);
      if (distance !== BigInt.asIntN(32, distance)) return undefined;
      const moved = bytes.slice();
      new DataView(moved.buffer).setInt32(displacementOffset, Number(distance), true);
      return moved;
    };
  };
}
