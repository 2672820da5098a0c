import type { MachineState } from '../machine-code.ts';
import { type AddressOf, asAddress, exactOffsetOf } from './address.ts';
import type { MemoryPlace } from './operands.ts';
import { type RegisterPart, readRegister } from './register-part.ts';

/**
 * `bt`, `btc`, `btr` and `bts` with a register take it for a signed distance in bits, and touch the word of their
 * operand's size that has the bit: Intel SDM vol. 2, "BT—Bit Test".
 */
export function bitOffsetOf(place: MemoryPlace, bits: RegisterPart): AddressOf {
  const distance = readRegister(bits);
  const size = BigInt(place.size);
  const shift = BigInt(Math.log2(place.size * 8));
  const words = (state: MachineState) => (BigInt.asIntN(bits.bits, distance(state)) >> shift) * size;
  const exact = exactOffsetOf(place, words);
  return (state) => asAddress(exact(state));
}
