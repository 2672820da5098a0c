import type { Constant } from '../../expr/constant.ts';
import { constantValue, type Scalar } from '../../expr/scalar.ts';
import type { Value } from '../../expr/value.ts';
import { underlying } from '../../golang/values/shapes.ts';
import type { Type } from '../../image/index.ts';
import type { Read } from './condition.ts';
import { type PlaceCode, partOfPlace, readFloat, readInteger, readWord, TooHard } from './place-code.ts';
import { readText } from './text-code.ts';

/** A part of a condition that has been compiled: what is known of its value, and how to get at the rest. */
export type Operand =
  /** An untyped constant: of the text. */
  | { readonly kind: 'constant'; readonly constant: Constant }
  /** An untyped integer that is not known before: a length, a thread's number. */
  | { readonly kind: 'length'; readonly read: Read<number> }
  /** What comparisons give: an untyped bool. */
  | { readonly kind: 'test'; readonly read: Read<boolean> }
  | { readonly kind: 'nil' }
  | { readonly kind: 'place'; readonly type: Type; readonly place: PlaceCode }
  /** A number, bool or text that was computed, or is in a CPU register. */
  | { readonly kind: 'scalar'; readonly type: Type; readonly read: Read<Scalar> }
  /** `runtime.curg` */
  | { readonly kind: 'goroutine' };

/** The type of what has one. */
export const typeOf = (operand: Operand): Type | undefined =>
  operand.kind === 'place' || operand.kind === 'scalar' ? operand.type : undefined;

/** A value that only stands for an operand's type, for functions that look at no more. */
export function likeness(operand: Operand): Value {
  switch (operand.kind) {
    case 'constant':
      return constantValue(operand.constant);
    case 'length':
      return constantValue({ kind: 'int', value: 0n });
    case 'test':
      return constantValue({ kind: 'bool', value: false });
    case 'nil':
      throw new TooHard();
    case 'goroutine':
      throw new TooHard();
    default:
      return { type: operand.type, storage: { kind: 'none', reason: '' } };
  }
}

/** How an operand of a basic type is read. Throws TooHard for all others. */
export function readScalar(operand: Operand): Read<Scalar> {
  if (operand.kind === 'scalar') return operand.read;
  if (operand.kind !== 'place') throw new TooHard();
  const { place, type } = operand;
  const real = underlying(type);
  switch (real.kind) {
    case 'bool': {
      const read = readInteger(place, 1, false);
      return (thread, memory) => ({ kind: 'bool', value: read(thread, memory) !== 0n });
    }
    case 'int':
    case 'enum': {
      const read = readInteger(place, real.size, real.kind === 'enum' || real.signed);
      return (thread, memory) => ({ kind: 'int', value: read(thread, memory) });
    }
    case 'float': {
      const read = readFloat(place, real.size);
      return (thread, memory) => ({ kind: 'float', value: read(thread, memory) });
    }
    case 'string': {
      const read = readText(place);
      return (thread, memory) => ({ kind: 'string', bytes: read(thread, memory) });
    }
    default:
      throw new TooHard();
  }
}

/** An integer without an object around it; undefined: the operand is none. */
export function readIntegerOperand(operand: Operand): Read<bigint> | undefined {
  if (operand.kind === 'place') {
    const real = underlying(operand.type);
    if (real.kind !== 'int' && real.kind !== 'enum') return undefined;
    return readInteger(operand.place, real.size, real.kind === 'enum' || real.signed);
  }
  if (operand.kind !== 'scalar') return undefined;
  const real = underlying(operand.type);
  if (real.kind !== 'int' && real.kind !== 'enum') return undefined;
  const { read } = operand;
  return (thread, memory) => {
    const scalar = read(thread, memory);
    if (scalar.kind !== 'int') throw new Error(`a ${scalar.kind} where an integer was`);
    return scalar.value;
  };
}

/** A pointer, channel, map or function as an address; undefined: the operand is none of these. */
export function readPointer(operand: Operand): Read<number> | undefined {
  if (operand.kind !== 'place') return undefined;
  switch (underlying(operand.type).kind) {
    case 'pointer':
    case 'chan':
    case 'map':
    case 'func':
    case 'slice':
    case 'interface':
      return readWord(partOfPlace(operand.place, 0, 8));
    default:
      return undefined;
  }
}
