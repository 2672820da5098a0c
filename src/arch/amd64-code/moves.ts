import { asAddress, exactOffsetOf } from './address.ts';
import type { Effect } from './arithmetic.ts';
import { flagsOf } from './flags.ts';
import { bitsOf, type Operand } from './operands.ts';
import { RBP, RFLAGS, RSP } from './register-part.ts';
import { drop, push, top } from './stack.ts';
import { readOperand, writeOperand } from './values.ts';

/** mov; movzx, whose source is read without sign; movsx and movsxd, which extend it. */
export function moveEffect([to, from]: readonly Operand[], signed: boolean): Effect | undefined {
  if (to === undefined || from === undefined) return undefined;
  const bits = bitsOf(to);
  const fromBits = bitsOf(from);
  const read = readOperand(from, bits);
  const write = writeOperand(to);
  if (write === undefined) return undefined;
  if (!signed) {
    return (state) => {
      const value = read(state);
      return value !== undefined && write(state, value);
    };
  }
  return (state) => {
    const value = read(state);
    return value !== undefined && write(state, BigInt.asUintN(bits, BigInt.asIntN(fromBits, value)));
  };
}

/** The offset without its segment. */
export function leaEffect([to, from]: readonly Operand[]): Effect | undefined {
  if (to === undefined || from?.kind !== 'memory') return undefined;
  const bits = bitsOf(to);
  const offset = exactOffsetOf({ ...from, segment: undefined });
  const write = writeOperand(to);
  return write && ((state) => write(state, BigInt.asUintN(bits, offset(state))));
}

export function pushEffect(operand: Operand): Effect {
  const read = readOperand(operand, 64);
  return (state) => {
    const value = read(state);
    return value !== undefined && push(state, value);
  };
}

/** RF and VM, which pushf shows as 0. */
const HIDDEN_FLAGS = 0x30000n;

/**
 * A CPU that single-steps pushes TF too: popped later, it raises a trap after every instruction, which ends a program
 * that nobody traces any more. runtime.asyncPreempt keeps the flags so.
 */
export const pushFlagsEffect: Effect = (state) => push(state, state.register(RFLAGS) & ~HIDDEN_FLAGS);

/** Into a register: an operand in memory is addressed with the stack pointer as it is afterwards. */
export function popEffect(operand: Operand): Effect | undefined {
  if (operand.kind !== 'register') return undefined;
  const { dwarf } = operand;
  return (state) => {
    const value = top(state);
    if (value === undefined) return false;
    drop(state, 8n);
    state.setRegister(dwarf, value);
    return true;
  };
}

export const leaveEffect: Effect = (state) => {
  const frame = state.register(RBP);
  const at = asAddress(frame);
  const saved = at === undefined ? undefined : state.read(at, 8);
  if (saved === undefined) return false;
  state.setRegister(RSP, BigInt.asUintN(64, frame + 8n));
  state.setRegister(RBP, saved);
  return true;
};

/** It reads its source and clears the upper half of a 32-bit register even if it moves nothing. */
export function conditionalMoveEffect(
  [to, from]: readonly Operand[],
  condition: (flags: number) => boolean,
): Effect | undefined {
  if (to?.kind !== 'register' || from === undefined) return undefined;
  const bits = bitsOf(to);
  const readOld = readOperand(to, bits);
  const readNew = readOperand(from, bits);
  const write = writeOperand(to);
  if (write === undefined) return undefined;
  return (state) => {
    const value = readNew(state);
    if (value === undefined) return false;
    return write(state, condition(flagsOf(state)) ? value : readOld(state)!);
  };
}

export function setByConditionEffect(
  operand: Operand,
  condition: (flags: number) => boolean,
): Effect | undefined {
  const write = writeOperand(operand);
  return write && ((state) => write(state, condition(flagsOf(state)) ? 1n : 0n));
}

/** Between registers; with memory it is atomic, which is not for us. */
export function exchangeEffect([one, other]: readonly Operand[]): Effect | undefined {
  if (one?.kind !== 'register' || other?.kind !== 'register') return undefined;
  const readOne = readOperand(one, one.bits);
  const readOther = readOperand(other, other.bits);
  const writeOne = writeOperand(one)!;
  const writeOther = writeOperand(other)!;
  return (state) => {
    const a = readOne(state)!;
    const b = readOther(state)!;
    return writeOne(state, b) && writeOther(state, a);
  };
}
