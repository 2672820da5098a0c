import type { ArchName } from '../../arch/index.ts';
import type { Type } from '../../image/index.ts';

/**
 * Where Go passes arguments and results: ABIInternal (cmd/compile/abi-internal.md), since go1.17 on amd64 and go1.18 on
 * arm64; assembly has ABI0, all on the stack. Each value is in registers as a whole or on the stack as a whole.
 */

/** A part of a value in a register. */
export interface RegisterPiece {
  /** As in `Arch.registers`: rax, xmm0, x0, v0. */
  readonly register: string;
  /** Bytes [offset, offset + size) of the value are the register's lowest. */
  readonly offset: number;
  readonly size: number;
}

export type Assignment =
  | {
      readonly kind: 'registers';
      readonly pieces: readonly RegisterPiece[];
      /** Of a parameter: where the callee may put it, `home` bytes above the canonical frame address. */
      readonly home: number | undefined;
    }
  /** `offset` bytes above the canonical frame address. */
  | { readonly kind: 'stack'; readonly offset: number };

export interface Signature<T> {
  readonly parameters: readonly T[];
  readonly results: readonly T[];
}

interface RegisterSequence {
  readonly integers: readonly string[];
  readonly floats: readonly string[];
}

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

const SEQUENCES: Readonly<Record<ArchName, RegisterSequence>> = {
  amd64: { integers: 'rax rbx rcx rdi rsi r8 r9 r10 r11'.split(' '), floats: numbered('xmm', 15) },
  arm64: { integers: numbered('x', 16), floats: numbered('v', 16) },
};
const STACK_ONLY: RegisterSequence = { integers: [], floats: [] };
const WORD = 8;

/** Places of a call's values. On arm64 the caller's frame begins with its link register: one word more. */
export function assignCall(
  arch: ArchName,
  { parameters, results }: Signature<Type>,
  assembly = false,
): Signature<Assignment> {
  const registers = assembly ? STACK_ONLY : SEQUENCES[arch];
  const stack = new StackArea(arch === 'arm64' ? WORD : 0);
  const first = assignAll(parameters, registers, stack);
  stack.align(WORD);
  const second = assignAll(results, registers, stack);
  stack.align(WORD);
  // The spill area: a place for each parameter in registers, behind everything else.
  const homes = first.map((place, i) =>
    place.kind === 'registers' ? { ...place, home: stack.take(parameters[i]!) } : place,
  );
  return { parameters: homes, results: second };
}

function assignAll(types: readonly Type[], registers: RegisterSequence, stack: StackArea): Assignment[] {
  const used = { integers: 0, floats: 0 };
  return types.map((type) => {
    const attempt = { ...used };
    const pieces: RegisterPiece[] = [];
    if (type.size > 0 && assign(type, 0, { registers, used: attempt, pieces })) {
      Object.assign(used, attempt);
      return { kind: 'registers', pieces, home: undefined };
    }
    return { kind: 'stack', offset: stack.take(type) };
  });
}

class StackArea {
  #end: number;

  constructor(start: number) {
    this.#end = start;
  }

  align(to: number): void {
    this.#end = Math.ceil(this.#end / to) * to;
  }

  take(type: Type): number {
    this.align(alignmentOf(type));
    const offset = this.#end;
    this.#end += type.size;
    return offset;
  }
}

interface Attempt {
  readonly registers: RegisterSequence;
  readonly used: { integers: number; floats: number };
  readonly pieces: RegisterPiece[];
}

/** The recursive rule "register-assignment of a value V of underlying type T"; false: it does not fit. */
function assign(type: Type, offset: number, attempt: Attempt): boolean {
  switch (type.kind) {
    case 'bool':
    case 'int':
    case 'enum':
    case 'pointer':
    case 'map':
    case 'chan':
    case 'func':
      return take('integers', type.size, offset, attempt);
    case 'float':
      return take('floats', type.size, offset, attempt);
    case 'complex':
      return (
        take('floats', type.size / 2, offset, attempt) &&
        take('floats', type.size / 2, offset + type.size / 2, attempt)
      );
    case 'string':
    case 'interface':
      return words(2, offset, attempt);
    case 'slice':
      return words(3, offset, attempt);
    case 'array':
      if (type.length === 0) return true;
      return type.length === 1 && assign(type.element, offset, attempt);
    case 'struct':
      return type.fields.every((field) => assign(field.type, offset + field.offset, attempt));
    case 'alias':
      return assign(type.underlying, offset, attempt);
    default:
      return false;
  }
}

const words = (count: number, offset: number, attempt: Attempt): boolean => {
  for (let i = 0; i < count; i++) if (!take('integers', WORD, offset + i * WORD, attempt)) return false;
  return true;
};

function take(kind: 'integers' | 'floats', size: number, offset: number, attempt: Attempt): boolean {
  const register = attempt.registers[kind][attempt.used[kind]];
  if (register === undefined || size > WORD) return false;
  attempt.used[kind]++;
  attempt.pieces.push({ register, offset, size });
  return true;
}

function alignmentOf(type: Type): number {
  switch (type.kind) {
    case 'array':
      return alignmentOf(type.element);
    case 'struct':
      return Math.max(1, ...type.fields.map((field) => alignmentOf(field.type)));
    case 'alias':
      return alignmentOf(type.underlying);
    case 'complex':
      return type.size / 2;
    default:
      return Math.min(WORD, Math.max(1, type.size));
  }
}
