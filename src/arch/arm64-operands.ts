/**
 * The operands of an arm64 instruction, from the text that Capstone writes: Arm's assembler syntax (Arm ARM, C1.2).
 * Its text is exact where its binary details are not (capstone.ts).
 */
export type Arm64Operand =
  | { readonly kind: 'register'; readonly register: Arm64Register; readonly shift?: Shift }
  | { readonly kind: 'immediate'; readonly value: bigint; readonly shift?: Shift }
  | { readonly kind: 'float'; readonly value: number }
  | MemoryOperand
  | VectorOperand
  | { readonly kind: 'word'; readonly text: string };

export interface Arm64Register {
  /** `w` and `x` are general, the others parts of a vector register. */
  readonly class: 'w' | 'x' | 'b' | 'h' | 's' | 'd' | 'q';
  /** 31 is the zero register, or the stack pointer if `isStackPointer`. */
  readonly number: number;
  readonly isStackPointer: boolean;
}

export interface Shift {
  /** lsl, lsr, asr, ror, msl, or an extension: uxtb … sxtx. */
  readonly name: string;
  readonly amount: number | undefined;
}

export interface MemoryOperand {
  readonly kind: 'memory';
  readonly base: Arm64Register;
  readonly mode: 'offset' | 'pre' | 'post';
  readonly offset: bigint;
  readonly index?: Arm64Register;
  readonly shift?: Shift;
}

/** `v1.16b`, `v1.d[0]`, or a list of registers that follow each other. */
export interface VectorOperand {
  readonly kind: 'vector';
  readonly numbers: readonly number[];
  readonly isList: boolean;
  readonly arrangement: string;
  readonly index: number | undefined;
}

export function parseOperands(text: string): Arm64Operand[] {
  const operands: Arm64Operand[] = [];
  for (const part of splitOperands(text)) {
    const previous = operands.at(-1);
    const shift = parseShift(part);
    if (shift !== undefined && (previous?.kind === 'register' || previous?.kind === 'immediate')) {
      operands[operands.length - 1] = { ...previous, shift };
      continue;
    }
    const operand = parseOperand(part);
    if (previous?.kind === 'memory' && previous.mode === 'offset') {
      const post = postIndexed(previous, operand);
      if (post !== undefined) {
        operands[operands.length - 1] = post;
        continue;
      }
    }
    operands.push(operand);
  }
  return operands;
}

/** Splits at the commas outside of brackets and braces. */
function splitOperands(text: string): string[] {
  return text === '' ? [] : text.split(/, *(?![^[{]*[\]}])/);
}

/** `[x0], #16` and `[x0], x1`: the operand behind is added to the base afterwards. */
function postIndexed(memory: MemoryOperand, added: Arm64Operand): MemoryOperand | undefined {
  if (added.kind === 'immediate') return { ...memory, mode: 'post', offset: added.value };
  if (added.kind === 'register') return { ...memory, mode: 'post', index: added.register };
  return undefined;
}

function parseOperand(text: string): Arm64Operand {
  const register = parseRegister(text);
  if (register !== undefined) return { kind: 'register', register };
  if (/^#?-?(0x[0-9a-f]+|\d+)$/.test(text)) return { kind: 'immediate', value: parseInteger(text) };
  if (/^#-?\d+\.\d+/.test(text)) return { kind: 'float', value: Number(text.slice(1)) };
  return parseMemory(text) ?? parseVector(text) ?? { kind: 'word', text };
}

function parseInteger(text: string): bigint {
  const digits = text.replace('#', '');
  return digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits);
}

export function parseRegister(text: string): Arm64Register | undefined {
  if (text === 'sp' || text === 'wsp') {
    return { class: text === 'sp' ? 'x' : 'w', number: 31, isStackPointer: true };
  }
  const match = /^([wxbhsdq])(zr|\d+)$/.exec(text);
  if (match === null) return undefined;
  const number = match[2] === 'zr' ? 31 : Number(match[2]);
  return { class: match[1] as Arm64Register['class'], number, isStackPointer: false };
}

function parseShift(text: string): Shift | undefined {
  const match = /^(lsl|lsr|asr|ror|msl|[us]xt[bhwx])(?: #(\w+))?$/.exec(text);
  if (match === null) return undefined;
  return { name: match[1]!, amount: match[2] === undefined ? undefined : Number(match[2]) };
}

function parseMemory(text: string): MemoryOperand | undefined {
  const match = /^\[([^\]]+)\](!?)$/.exec(text);
  if (match === null) return undefined;
  const [baseText, second, third] = match[1]!.split(/, */);
  const base = parseRegister(baseText!);
  if (base === undefined) return undefined;
  const memory = { kind: 'memory', base, mode: match[2] === '!' ? 'pre' : 'offset', offset: 0n } as const;
  if (second === undefined) return memory;
  const index = parseRegister(second);
  if (index === undefined) {
    return /^#-?(0x[0-9a-f]+|\d+)$/.test(second) ? { ...memory, offset: parseInteger(second) } : undefined;
  }
  const shift = third === undefined ? undefined : parseShift(third);
  return shift === undefined ? { ...memory, index } : { ...memory, index, shift };
}

function parseVector(text: string): VectorOperand | undefined {
  const match = /^(\{?)((?:v\d+\.\w+(?:, *)?)+)\}?(?:\[(\w+)\])?$/.exec(text);
  if (match === null) return undefined;
  const registers = [...match[2]!.matchAll(/v(\d+)\.(\w+)/g)];
  return {
    kind: 'vector',
    numbers: registers.map((register) => Number(register[1])),
    isList: match[1] === '{',
    arrangement: registers[0]![2]!,
    index: match[3] === undefined ? undefined : Number(match[3]),
  };
}
