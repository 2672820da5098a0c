import { UserError } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { dynamicValue } from '../golang/values/interfaces.ts';
import { underlying } from '../golang/values/shapes.ts';
import { Source } from '../golang/values/source.ts';
import type { InterfaceType, Type } from '../image/index.ts';
import { type Scalar, scalarOf } from './scalar.ts';
import type { Value } from './value.ts';

/** Structs and interfaces within each other that are compared at most. */
const MAX_DEPTH = 64;
const MAX_ELEMENTS = 1 << 20;

/** x == y for values of one type, one of which may also be an interface that the other's type implements. */
export function equalValues(program: Program, x: Value, y: Value, depth = 0): boolean {
  if (depth > MAX_DEPTH) throw new UserError('the values are nested too deeply to compare');
  if (x.storage.kind === 'nil') return isNil(program, y);
  if (y.storage.kind === 'nil') return isNil(program, x);
  const xInterface = interfaceOf(x);
  const yInterface = interfaceOf(y);
  if (xInterface !== undefined || yInterface !== undefined) {
    const held = [xInterface && heldBy(program, x, xInterface), yInterface && heldBy(program, y, yInterface)];
    const [a, b] = [xInterface === undefined ? x : held[0], yInterface === undefined ? y : held[1]];
    if (a === undefined || b === undefined) return a === b;
    return a.type.name === b.type.name && equalValues(program, a, b, depth + 1);
  }
  const a = scalarOf(program, x);
  const b = scalarOf(program, y);
  if (a !== undefined && b !== undefined) return equalScalars(a, b);
  return equalComposites(program, x, y, depth);
}

const interfaceOf = (value: Value): InterfaceType | undefined => {
  const real = underlying(value.type);
  return real.kind === 'interface' ? real : undefined;
};

/** The dynamic value, undefined for nil. */
function heldBy(program: Program, value: Value, type: InterfaceType): Value | undefined {
  const { storage } = value;
  if (storage.kind !== 'memory' && storage.kind !== 'bytes' && storage.kind !== 'none') return undefined;
  const dynamic = dynamicValue(program, type, Source.at(program.target.memory, storage), 0);
  if (dynamic === undefined) return undefined;
  return { type: dynamic.type, storage: dynamic.source.placeOf(dynamic.offset, dynamic.type.size) };
}

export function equalScalars(a: Scalar, b: Scalar): boolean {
  if (a.kind === 'string' && b.kind === 'string') return compareBytes(a.bytes, b.bytes) === 0;
  if (a.kind === 'complex' && b.kind === 'complex') return a.real === b.real && a.imaginary === b.imaginary;
  if (a.kind === 'string' || b.kind === 'string' || a.kind === 'complex' || b.kind === 'complex')
    return false;
  return a.kind === b.kind && a.value === b.value;
}

/** −1, 0 or 1, as Go orders strings; undefined where there is no order (NaN, bool, complex). */
export function compareScalars(a: Scalar, b: Scalar): number | undefined {
  if (a.kind === 'string' && b.kind === 'string') return compareBytes(a.bytes, b.bytes);
  if (a.kind === 'int' && b.kind === 'int') return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
  if (a.kind === 'float' && b.kind === 'float') {
    return a.value < b.value ? -1 : a.value > b.value ? 1 : a.value === b.value ? 0 : undefined;
  }
  return undefined;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  return Math.sign(a.length - b.length);
}

function equalComposites(program: Program, x: Value, y: Value, depth: number): boolean {
  const real = underlying(x.type);
  const [a, b] = [bytesOf(program, x), bytesOf(program, y)];
  const part = (type: Type, offset: number): boolean =>
    equalValues(
      program,
      { type, storage: a.placeOf(offset, type.size) },
      { type, storage: b.placeOf(offset, type.size) },
      depth + 1,
    );
  switch (real.kind) {
    case 'pointer':
    case 'chan':
      return a.integer(0, 8, false) === b.integer(0, 8, false);
    case 'struct':
      return real.fields.every((field) => field.name === '_' || part(field.type, field.offset));
    case 'array':
      if (real.length > MAX_ELEMENTS) throw new UserError('the arrays are too long to compare');
      for (let i = 0; i < real.length; i++) if (!part(real.element, i * real.element.size)) return false;
      return true;
    default:
      throw new UserError(`${x.type.name} values can only be compared with nil`);
  }
}

function bytesOf(program: Program, value: Value): Source {
  const { storage } = value;
  if (storage.kind === 'memory' || storage.kind === 'bytes' || storage.kind === 'none') {
    return Source.at(program.target.memory, storage);
  }
  throw new UserError(`a ${storage.kind} can not be compared`);
}

/** x == nil; throws a UserError for types without a nil. */
export function isNil(program: Program, value: Value): boolean {
  const { storage } = value;
  if (storage.kind === 'nil') return true;
  const real = underlying(value.type);
  switch (real.kind) {
    case 'pointer':
    case 'map':
    case 'chan':
    case 'slice':
    case 'interface':
      return storage.kind !== 'contents' && bytesOf(program, value).uint64(0) === 0;
    case 'func':
      return storage.kind !== 'function' && bytesOf(program, value).uint64(0) === 0;
    default:
      throw new UserError(`a ${value.type.name || 'constant'} can not be compared with nil`);
  }
}
