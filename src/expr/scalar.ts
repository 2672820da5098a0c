import { TargetFault, UserError } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { underlying } from '../golang/values/shapes.ts';
import { Source } from '../golang/values/source.ts';
import type { Type } from '../image/index.ts';
import { bytesToText, quote } from './byte-text.ts';
import { type Constant, toComplex, toInteger, toRational } from './constant.ts';
import { floatText } from './number-text.ts';
import { UNTYPED } from './synthetic-types.ts';
import type { Value } from './value.ts';

/** A value of a basic type, read. */
export type Scalar =
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'complex'; readonly real: number; readonly imaginary: number }
  | { readonly kind: 'string'; readonly bytes: Uint8Array };

/** Strings longer than this are not computed with. */
const MAX_STRING = 1 << 20;

/** The untyped constant that a value is, if it is one. */
export function untypedConstant(value: Value): Constant | undefined {
  return value.storage.kind === 'constant' && value.type.name === '' ? value.storage.constant : undefined;
}

/** An untyped constant as a value. */
export const constantValue = (constant: Constant): Value => ({
  type: UNTYPED[constant.kind],
  storage: { kind: 'constant', constant },
});

/** A value of a basic type, read; undefined for the others. Untyped constants are not read here. */
export function scalarOf(program: Program, value: Value): Scalar | undefined {
  const { storage } = value;
  const real = underlying(value.type);
  if (storage.kind === 'constant') return constantAs(storage.constant, value.type);
  if (storage.kind === 'register') return registerScalar(storage.bytes);
  if (storage.kind === 'contents') {
    return real.kind === 'string' ? { kind: 'string', bytes: storage.bytes } : undefined;
  }
  if (storage.kind === 'nil' || storage.kind === 'function') return undefined;
  const source = (): Source => Source.at(program.target.memory, storage);
  switch (real.kind) {
    case 'bool':
      return { kind: 'bool', value: source().uint8(0) !== 0 };
    case 'int':
      return { kind: 'int', value: source().integer(0, real.size, real.signed) };
    case 'enum':
      return { kind: 'int', value: source().integer(0, real.size, true) };
    case 'float':
      return { kind: 'float', value: real.size === 4 ? source().float32(0) : source().float64(0) };
    case 'complex':
      return readComplex(source(), real.size);
    case 'string':
      return { kind: 'string', bytes: readString(program, source()) };
    default:
      return undefined;
  }
}

function registerScalar(bytes: Uint8Array): Scalar | undefined {
  if (bytes.length > 8) return undefined;
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return { kind: 'int', value };
}

function readComplex(source: Source, size: number): Scalar {
  return size === 8
    ? { kind: 'complex', real: source.float32(0), imaginary: source.float32(4) }
    : { kind: 'complex', real: source.float64(0), imaginary: source.float64(8) };
}

function readString(program: Program, header: Source): Uint8Array {
  const length = header.int64(8);
  if (length < 0) throw new TargetFault(`invalid length: ${length}`);
  if (length > MAX_STRING) throw new UserError(`a string of ${length} bytes is too long to compute with`);
  return length === 0 ? new Uint8Array(0) : program.target.memory.read(header.pointer(0), length).slice();
}

/** A scalar as a value of a type; its kind must be the type's. */
export function scalarValue(type: Type, scalar: Scalar): Value {
  if (scalar.kind === 'string') return { type, storage: { kind: 'contents', bytes: scalar.bytes } };
  const real = underlying(type);
  const bytes = new Uint8Array(Math.max(real.size, 1));
  const view = new DataView(bytes.buffer);
  const float = (at: number, size: number, value: number): void =>
    size === 4 ? view.setFloat32(at, value, true) : view.setFloat64(at, value, true);
  switch (scalar.kind) {
    case 'bool':
      view.setUint8(0, scalar.value ? 1 : 0);
      break;
    case 'int':
      writeInteger(bytes, scalar.value);
      break;
    case 'float':
      float(0, real.size, scalar.value);
      break;
    case 'complex':
      float(0, real.size / 2, scalar.real);
      float(real.size / 2, real.size / 2, scalar.imaginary);
      break;
  }
  return { type, storage: { kind: 'bytes', bytes } };
}

/** The low bytes of an integer, little-endian. */
export function writeInteger(bytes: Uint8Array, value: bigint): void {
  let rest = BigInt.asUintN(bytes.length * 8, value);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** An integer as the type holds it: wrapped around. */
export function wrap(type: Type, value: bigint): bigint {
  const real = underlying(type);
  const signed = real.kind === 'enum' || (real.kind === 'int' && real.signed);
  return signed ? BigInt.asIntN(real.size * 8, value) : BigInt.asUintN(real.size * 8, value);
}

/** A float as the type holds it: rounded. */
export const rounded = (type: Type, value: number): number =>
  underlying(type).size === 4 ? Math.fround(value) : value;

/** An untyped constant as an operand of a type (spec: Representability); throws a UserError where Go would. */
export function constantAs(constant: Constant, type: Type): Scalar {
  const real = underlying(type);
  const cannot = (): UserError =>
    new UserError(`can not convert ${constantText(constant)} constant to ${type.name}`);
  switch (real.kind) {
    case 'bool':
      if (constant.kind === 'bool') return constant;
      throw cannot();
    case 'string':
      if (constant.kind === 'string') return constant;
      throw cannot();
    case 'int':
    case 'enum': {
      const value = toInteger(constant);
      if (value === undefined) throw cannot();
      if (wrap(type, value) !== value) throw new UserError(`constant ${value} overflows ${type.name}`);
      return { kind: 'int', value };
    }
    case 'float': {
      const value = toRational(constant);
      if (value === undefined) throw cannot();
      return { kind: 'float', value: rounded(type, value.toDouble()) };
    }
    case 'complex': {
      const value = toComplex(constant);
      if (value === undefined) throw cannot();
      return { kind: 'complex', real: value.real.toDouble(), imaginary: value.imaginary.toDouble() };
    }
    default:
      throw cannot();
  }
}

export function constantText(constant: Constant): string {
  switch (constant.kind) {
    case 'bool':
      return String(constant.value);
    case 'int':
    case 'rune':
      return String(constant.value);
    case 'float':
      return floatText(constant.value.toDouble(), 64);
    case 'complex': {
      const [real, imaginary] = [constant.real, constant.imaginary].map((part) =>
        floatText(part.toDouble(), 64),
      );
      return `(${real} + ${imaginary}i)`;
    }
    case 'string':
      return quote(bytesToText(constant.bytes));
  }
}
