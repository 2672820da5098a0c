import type { WritableMachineState } from '../machine-code.ts';
import {
  CF,
  flagsOf,
  setStatus,
  setStatusButCarry,
  statusOf,
  statusOfDifference,
  statusOfSum,
} from './flags.ts';
import { bitsOf, type Operand } from './operands.ts';
import { readOperand, type WriteValue, writeOperand } from './values.ts';

/** Does an instruction but for the instruction pointer. False: nothing is changed. */
export type Effect = (state: WritableMachineState) => boolean;

/** What an operation makes of two operands: the value, and the flags it sets. */
type Operation = (a: bigint, b: bigint, bits: number, flags: number) => Outcome;

interface Outcome {
  readonly value: bigint;
  readonly status: number;
}

const logic =
  (operate: (a: bigint, b: bigint) => bigint): Operation =>
  (a, b, bits) => {
    const value = operate(a, b);
    return { value, status: statusOf(value, bits) };
  };

const sum: Operation = (a, b, bits) => {
  const whole = a + b;
  const value = BigInt.asUintN(bits, whole);
  return { value, status: statusOfSum(a, b, whole, value, bits) };
};

const sumWithCarry: Operation = (a, b, bits, flags) => {
  const whole = flags & CF ? a + b + 1n : a + b;
  const value = BigInt.asUintN(bits, whole);
  return { value, status: statusOfSum(a, b, whole, value, bits) };
};

const difference: Operation = (a, b, bits) => {
  const whole = a - b;
  const value = BigInt.asUintN(bits, whole);
  return { value, status: statusOfDifference(a, b, whole, value, bits) };
};

const differenceWithBorrow: Operation = (a, b, bits, flags) => {
  const whole = flags & CF ? a - b - 1n : a - b;
  const value = BigInt.asUintN(bits, whole);
  return { value, status: statusOfDifference(a, b, whole, value, bits) };
};

const or = logic((a, b) => a | b);
const and = logic((a, b) => a & b);
const xor = logic((a, b) => a ^ b);

/** By mnemonic, of two operands; cmp and test keep the flags only. */
export const binaryOperations: Readonly<Record<string, { operation: Operation; store: boolean }>> = {
  Add: { operation: sum, store: true },
  Adc: { operation: sumWithCarry, store: true },
  Sub: { operation: difference, store: true },
  Sbb: { operation: differenceWithBorrow, store: true },
  Cmp: { operation: difference, store: false },
  And: { operation: and, store: true },
  Test: { operation: and, store: false },
  Or: { operation: or, store: true },
  Xor: { operation: xor, store: true },
};

export function binaryEffect(mnemonic: string, [to, from]: readonly Operand[]): Effect | undefined {
  const rule = binaryOperations[mnemonic];
  if (rule === undefined || to === undefined || from === undefined) return undefined;
  const bits = bitsOf(to);
  const { operation, store } = rule;
  const readTo = readOperand(to, bits);
  const readFrom = readOperand(from, bits);
  const write = store ? writeOperand(to) : nowhere;
  if (write === undefined) return undefined;
  return (state) => {
    const a = readTo(state);
    const b = readFrom(state);
    if (a === undefined || b === undefined) return false;
    const { value, status } = operation(a, b, bits, flagsOf(state));
    if (!write(state, value)) return false;
    setStatus(state, status);
    return true;
  };
}

const nowhere: WriteValue = () => true;

/** inc and dec keep the carry, neg is a subtraction from zero, not sets no flags: Intel SDM vol. 2. */
export function unaryEffect(mnemonic: string, operand: Operand): Effect | undefined {
  const bits = bitsOf(operand);
  const read = readOperand(operand, bits);
  const write = writeOperand(operand);
  const operate = unaryOperations[mnemonic];
  if (operate === undefined || write === undefined) return undefined;
  const set = mnemonic === 'Neg' ? setStatus : setStatusButCarry;
  return (state) => {
    const a = read(state);
    if (a === undefined) return false;
    const { value, status } = operate(a, bits);
    if (!write(state, value)) return false;
    if (status !== undefined) set(state, status);
    return true;
  };
}

const unaryOperations: Readonly<
  Record<string, (a: bigint, bits: number) => { readonly value: bigint; readonly status: number | undefined }>
> = {
  Inc: (a, bits) => sum(a, 1n, bits, 0),
  Dec: (a, bits) => difference(a, 1n, bits, 0),
  Neg: (a, bits) => difference(0n, a, bits, 0),
  Not: (a, bits) => ({ value: BigInt.asUintN(bits, ~a), status: undefined }),
};
