import type { Symbolize } from './arch.ts';
import type { Arm64Operand, Arm64Register, MemoryOperand, Shift, VectorOperand } from './arm64-operands.ts';

/** Operands in Go's (Plan 9) syntax for arm64, as golang.org/x/arch/arm64/arm64asm (plan9x.go) writes them. */

export function isVectorRegister({ class: kind }: Arm64Register): boolean {
  return kind !== 'w' && kind !== 'x';
}

/** Vector registers are `F` in floating-point instructions and `V` in others. */
export function registerText(register: Arm64Register, vectorLetter: 'F' | 'V'): string {
  if (isVectorRegister(register)) return `${vectorLetter}${register.number}`;
  if (register.isStackPointer) return 'RSP';
  return register.number === 31 ? 'ZR' : `R${register.number}`;
}

const shiftSigns: Readonly<Record<string, string>> = { lsl: '<<', lsr: '>>', asr: '->', ror: '@>' };

/** `R1<<3`, `R2.SXTW<<2`. */
function shiftText({ name, amount }: Shift): string {
  const sign = shiftSigns[name];
  if (sign !== undefined) return `${sign}${amount ?? 0}`;
  return `.${name.toUpperCase()}${amount ? `<<${amount}` : ''}`;
}

/** `8(R1)`, `(R1)(R2<<3)`; what the base becomes is told by the instruction's suffix. */
function memoryText(memory: MemoryOperand): string {
  const base = `(${registerText(memory.base, 'V')})`;
  const { index, shift, offset } = memory;
  if (index === undefined) return offset === 0n ? base : `${offset}${base}`;
  const name = registerText(index, 'V');
  if (shift === undefined) return `${base}(${name})`;
  // `lsl #0` is encoded in byte accesses only; an extension there says no amount.
  const amount = shift.name === 'lsl' || shift.amount ? `<<${shift.amount}` : '';
  return `${base}(${name}${shift.name === 'lsl' ? '' : `.${shift.name.toUpperCase()}`}${amount})`;
}

/** Arm's `v1.16b` is `V1.B16`, a list is in brackets. */
function vectorText({ numbers, arrangement, index, isList }: VectorOperand): string {
  const [, count, letter] = /^(\d*)(.)$/.exec(arrangement)!;
  const names = numbers.map((number) => `V${number}.${letter!.toUpperCase()}${count}`);
  const listed = isList && (index === undefined || names.length > 1);
  const text = listed ? `[${names.join(', ')}]` : names.join(', ');
  return index === undefined ? text : `${text}[${index}]`;
}

/** Conditions as operands; branches name them by the carry flag. */
const goWords: Readonly<Record<string, string>> = { cs: 'HS', cc: 'LO', nv: 'AL' };

export function operandText(operand: Arm64Operand, vectorLetter: 'F' | 'V', wide: boolean): string {
  switch (operand.kind) {
    case 'register':
      return registerText(operand.register, vectorLetter) + (operand.shift ? shiftText(operand.shift) : '');
    case 'immediate':
      return immediateText(operand.value, operand.shift, wide);
    case 'float':
      return `$${operand.value.toFixed(6).replace(/0+$/, '')}`;
    case 'memory':
      return memoryText(operand);
    case 'vector':
      return vectorText(operand);
    case 'word':
      return goWords[operand.text] ?? operand.text.toUpperCase();
  }
}

/** Signed in 64-bit instructions, unsigned in 32-bit ones. */
function immediateText(value: bigint, shift: Shift | undefined, wide: boolean): string {
  if (shift?.amount) return `$(${value}<<${shift.amount})`;
  return `$${wide ? BigInt.asIntN(64, value) : BigInt.asUintN(32, value)}`;
}

/** A symbol at its very start, else the distance in instructions. */
export function branchText(target: number, from: number, symbolize?: Symbolize): string {
  const symbol = symbolize?.(target);
  return symbol?.base === target ? `${symbol.name}(SB)` : `${(target - from) / 4}(PC)`;
}
