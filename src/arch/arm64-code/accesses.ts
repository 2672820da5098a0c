import type { MachineState, MemoryAccess } from '../machine-code.ts';
import { addressed } from './address.ts';
import { registerOf, SP } from './branches.ts';
import { type MemoryOperand, memoryOperand } from './memory-operand.ts';

export interface Touched extends MemoryAccess {
  /** It has overwritten what it addressed by: the address is not known any more. */
  readonly isOverwritten: boolean;
}

/** What is beyond is no address here: tags (bits 56 to 63) are not part of one. */
const ADDRESS_BITS = 56;
const HIGHEST = 2n ** 53n;

/** Memory that an instruction accesses, with the registers as they are before it, or behind it. */
export function accessesOf(
  word: number,
  at: number,
  state: MachineState,
  when: 'before' | 'after' = 'before',
): readonly Touched[] {
  const literal = addressed(word, at);
  if (literal !== undefined) {
    const { address, length } = literal;
    return length === 0 ? [] : [{ address, length, access: 'read', isOverwritten: false }];
  }
  const operand = memoryOperand(word);
  if (operand === undefined) return [];
  const { length, access, base, index, loaded } = operand;
  const isOverwritten =
    when === 'after' &&
    loaded.some((register) => register !== 31 && (register === base || register === index?.register));
  const address = addressOf(operand, state, when);
  return address === undefined ? [] : [{ address, length, access, isOverwritten }];
}

function addressOf(
  operand: MemoryOperand,
  state: MachineState,
  when: 'before' | 'after',
): number | undefined {
  const { base, index, displacement, writeBack, block } = operand;
  let address = base === 31 && block === undefined ? state.register(SP) : registerOf(base, state);
  address += BigInt(displacement);
  if (when === 'after' && writeBack !== undefined) address -= BigInt(writeBack);
  if (index !== undefined)
    address += extended(registerOf(index.register, state), index.option) << BigInt(index.shift);
  address = BigInt.asUintN(ADDRESS_BITS, address);
  if (block !== undefined) address -= address % BigInt(block);
  return address < HIGHEST ? Number(address) : undefined;
}

/** uxtw, lsl, sxtw, sxtx (Arm ARM, ExtendReg). */
function extended(value: bigint, option: number): bigint {
  if (option === 0b010) return BigInt.asUintN(32, value);
  return option === 0b110 ? BigInt.asIntN(32, value) : BigInt.asIntN(64, value);
}
