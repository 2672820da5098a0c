import type * as Iced from 'iced-x86';
import { type RegisterPart, registerParts } from './register-part.ts';

/** What an operand in memory is addressed by: `segment:[base + index*scale + displacement]`. */
export interface MemoryPlace {
  readonly kind: 'memory';
  /** Bytes. */
  readonly size: number;
  readonly base: RegisterPart | undefined;
  readonly index: RegisterPart | undefined;
  readonly scale: number;
  /** The whole address where it is relative to the instruction pointer. */
  readonly displacement: bigint;
  /** Of the sum before the segment's base is added: 32 with the address-size prefix. */
  readonly addressBits: 32 | 64;
  /** Those whose base is not zero. */
  readonly segment: 'fs' | 'gs' | undefined;
}

export interface Immediate {
  readonly kind: 'immediate';
  /** Extended as the instruction extends it, as 64 bits without sign. */
  readonly value: bigint;
}

export type Operand = RegisterPart | MemoryPlace | Immediate;

/** The size of the operand by itself. */
export function bitsOf(operand: Operand): number {
  switch (operand.kind) {
    case 'register':
      return operand.bits;
    case 'memory':
      return operand.size * 8;
    case 'immediate':
      return 64;
  }
}

export interface OperandReader {
  readonly parts: ReadonlyMap<Iced.Register, RegisterPart>;
  /** The operands of an instruction; undefined where there is one of another kind (a vector, a segment…). */
  operands(it: Iced.Instruction): readonly Operand[] | undefined;
  segment(register: Iced.Register): MemoryPlace['segment'];
}

export function operandReader(iced: typeof Iced): OperandReader {
  const { OpKind, Register, MemorySizeExt } = iced;
  const parts = registerParts(iced);

  const segment = (register: Iced.Register): MemoryPlace['segment'] =>
    register === Register.FS ? 'fs' : register === Register.GS ? 'gs' : undefined;

  const memory = (it: Iced.Instruction): MemoryPlace | undefined => {
    const { memoryBase, memoryIndex } = it;
    const base = parts.get(memoryBase);
    const index = parts.get(memoryIndex);
    if (memoryIndex !== Register.None && index === undefined) return undefined;
    const short = memoryBase === Register.EIP || base?.bits === 32 || index?.bits === 32;
    return {
      kind: 'memory',
      size: MemorySizeExt.size(it.memorySize),
      base,
      index,
      scale: it.memoryIndexScale,
      displacement: BigInt.asIntN(64, it.memoryDisplacement),
      addressBits: short || it.memoryDisplSize === 4 ? 32 : 64,
      segment: segment(it.memorySegment),
    };
  };

  const operand = (it: Iced.Instruction, i: number): Operand | undefined => {
    const kind = it.opKind(i);
    switch (kind) {
      case OpKind.Register:
        return parts.get(it.opRegister(i));
      case OpKind.Memory:
        return memory(it);
      case OpKind.Immediate8:
      case OpKind.Immediate16:
      case OpKind.Immediate32:
      case OpKind.Immediate64:
      case OpKind.Immediate8to16:
      case OpKind.Immediate8to32:
      case OpKind.Immediate8to64:
      case OpKind.Immediate32to64:
        return { kind: 'immediate', value: BigInt.asUintN(64, it.immediate(i)) };
      default:
        return undefined;
    }
  };

  return {
    parts,
    segment,
    operands(it) {
      const operands: Operand[] = [];
      for (let i = 0; i < it.opCount; i++) {
        const read = operand(it, i);
        if (read === undefined) return undefined;
        operands.push(read);
      }
      return operands;
    },
  };
}
