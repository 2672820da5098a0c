import { UserError } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { underlying } from '../golang/values/shapes.ts';
import type { Type } from '../image/index.ts';
import { listOf, sourceOf } from './access.ts';
import { runesOf, textToBytes } from './byte-text.ts';
import { type Constant, toComplex, toRational } from './constant.ts';
import {
  constantText,
  rounded,
  type Scalar,
  scalarOf,
  scalarValue,
  untypedConstant,
  wrap,
  writeInteger,
} from './scalar.ts';
import type { Value } from './value.ts';

/** Lists longer than this are not converted. */
const MAX_LIST = 1 << 20;

/**
 * T(x) (spec: Conversions), and more of what a debugger needs: any integer is an address of any pointer type, and
 * back. Constants that do not fit are cut to size, as Delve does, not refused.
 */
export function convert(program: Program, value: Value, type: Type): Value {
  const converted =
    convertNil(value, type) ??
    convertConstant(value, type) ??
    convertList(program, value, type) ??
    convertPointer(program, value, type) ??
    convertScalar(program, value, type) ??
    retype(value, type);
  if (converted !== undefined) return converted;
  const constant = untypedConstant(value);
  const from = constant === undefined ? value.type.name : `${constantText(constant)} constant`;
  throw new UserError(`can not convert ${from} to ${type.name}`);
}

const NILABLE = new Set<Type['kind']>(['pointer', 'slice', 'map', 'chan', 'interface', 'func']);

function convertNil(value: Value, type: Type): Value | undefined {
  if (value.storage.kind !== 'nil') return undefined;
  const real = underlying(type);
  if (!NILABLE.has(real.kind)) throw new UserError(`nil is no ${type.name}`);
  return { type, storage: { kind: 'bytes', bytes: new Uint8Array(real.size) } };
}

function convertConstant(value: Value, type: Type): Value | undefined {
  const constant = untypedConstant(value);
  if (constant === undefined) return undefined;
  const real = underlying(type);
  if (real.kind === 'string' && constant.kind === 'string') {
    return { type, storage: { kind: 'contents', bytes: constant.bytes } };
  }
  if (real.kind === 'bool' && constant.kind === 'bool') return scalarValue(type, constant);
  const number = constantNumber(constant);
  return number === undefined ? undefined : convertNumber(number, type);
}

function constantNumber(constant: Constant): Scalar | undefined {
  if (constant.kind === 'int' || constant.kind === 'rune') return { kind: 'int', value: constant.value };
  const real = toRational(constant);
  if (real !== undefined) return { kind: 'float', value: real.toDouble() };
  const parts = toComplex(constant);
  if (parts === undefined) return undefined;
  return { kind: 'complex', real: parts.real.toDouble(), imaginary: parts.imaginary.toDouble() };
}

function convertScalar(program: Program, value: Value, type: Type): Value | undefined {
  const scalar = scalarOf(program, value);
  if (scalar === undefined) return undefined;
  const real = underlying(type);
  if (scalar.kind === 'bool') return real.kind === 'bool' ? scalarValue(type, scalar) : undefined;
  if (scalar.kind === 'string') return real.kind === 'string' ? retyped(value, type) : undefined;
  return convertNumber(scalar, type);
}

function convertNumber(number: Scalar, type: Type): Value | undefined {
  const real = underlying(type);
  switch (real.kind) {
    case 'int':
    case 'enum': {
      const value =
        number.kind === 'int' ? number.value : number.kind === 'float' ? truncated(number.value) : undefined;
      return value === undefined ? undefined : scalarValue(type, { kind: 'int', value: wrap(type, value) });
    }
    case 'float': {
      const value =
        number.kind === 'int' ? Number(number.value) : number.kind === 'float' ? number.value : undefined;
      return value === undefined
        ? undefined
        : scalarValue(type, { kind: 'float', value: rounded(type, value) });
    }
    case 'complex':
      return convertComplex(number, type);
    case 'string':
      return number.kind === 'int' ? runeString(number.value, type) : undefined;
    case 'pointer': {
      if (number.kind !== 'int') return undefined;
      const bytes = new Uint8Array(8);
      writeInteger(bytes, number.value);
      return { type, storage: { kind: 'bytes', bytes }, asAddress: true };
    }
    default:
      return undefined;
  }
}

function convertComplex(number: Scalar, type: Type): Value | undefined {
  if (number.kind === 'complex') return scalarValue(type, number);
  if (number.kind !== 'int' && number.kind !== 'float') return undefined;
  return scalarValue(type, { kind: 'complex', real: Number(number.value), imaginary: 0 });
}

/** What amd64's CVTTSD2SQ gives: towards zero, and the smallest integer for what does not fit. */
function truncated(value: number): bigint {
  const limit = 2 ** 63;
  if (Number.isNaN(value) || value >= limit || value < -limit) return -(1n << 63n);
  return BigInt(Math.trunc(value));
}

function runeString(value: bigint, type: Type): Value {
  const valid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
  const text = String.fromCodePoint(valid ? Number(value) : 0xfffd);
  return { type, storage: { kind: 'contents', bytes: textToBytes(text) } };
}

/** Strings to lists of bytes and runes, and back. */
function convertList(program: Program, value: Value, type: Type): Value | undefined {
  const real = underlying(type);
  const from = underlying(value.type);
  if (real.kind === 'slice' && from.kind === 'string') {
    const size = elementSize(real.element);
    if (size === undefined) return undefined;
    const bytes = listBytes(program, value);
    return { type, storage: { kind: 'contents', bytes: size === 1 ? bytes : runeBytes(bytes) } };
  }
  if (real.kind !== 'string' || (from.kind !== 'slice' && from.kind !== 'array')) return undefined;
  const size = elementSize(from.element);
  if (size === undefined) return undefined;
  const bytes = listBytes(program, value);
  return { type, storage: { kind: 'contents', bytes: size === 1 ? bytes : runeText(bytes) } };
}

/** 1 for bytes, 4 for runes, undefined for what converts to no string. */
function elementSize(element: Type): 1 | 4 | undefined {
  const real = underlying(element);
  if (real.kind !== 'int') return undefined;
  return real.size === 1 && !real.signed ? 1 : real.size === 4 && real.signed ? 4 : undefined;
}

function listBytes(program: Program, value: Value): Uint8Array {
  const constant = untypedConstant(value);
  if (constant?.kind === 'string') return constant.bytes;
  const list = listOf(program, value)!;
  if (list.length > MAX_LIST) throw new UserError(`a list of ${list.length} elements is too long to convert`);
  const size = list.length * list.element.size;
  return size === 0 ? new Uint8Array(0) : list.items.bytes(list.offset, size);
}

function runeBytes(bytes: Uint8Array): Uint8Array {
  const runes = runesOf(bytes);
  const view = new DataView(new ArrayBuffer(runes.length * 4));
  for (const [i, rune] of runes.entries()) view.setInt32(i * 4, rune, true);
  return new Uint8Array(view.buffer);
}

function runeText(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const rune = view.getInt32(at, true);
    const valid = rune >= 0 && rune <= 0x10ffff && !(rune >= 0xd800 && rune <= 0xdfff);
    text += String.fromCodePoint(valid ? rune : 0xfffd);
  }
  return textToBytes(text);
}

/** Pointers to pointers of the same or of no type, and to integers. */
function convertPointer(program: Program, value: Value, type: Type): Value | undefined {
  const from = underlying(value.type);
  if (from.kind !== 'pointer' && from.kind !== 'func' && from.kind !== 'map' && from.kind !== 'chan')
    return undefined;
  const real = underlying(type);
  if (real.kind === 'int') {
    const address = sourceOf(program, value).integer(0, 8, false);
    return scalarValue(type, { kind: 'int', value: wrap(type, address) });
  }
  if (from.kind !== 'pointer' || real.kind !== 'pointer') return undefined;
  const untyped = from.target === undefined || real.target === undefined;
  const bothKnown = from.target !== undefined && real.target !== undefined;
  const same = bothKnown && sameLayout(from.target, real.target);
  return untyped || same ? retyped(value, type) : undefined;
}

/** Types with one underlying type: only the name changes. */
function retype(value: Value, type: Type): Value | undefined {
  return sameLayout(value.type, type) ? retyped(value, type) : undefined;
}

const retyped = (value: Value, type: Type): Value => ({ ...value, type });

function sameLayout(x: Type, y: Type): boolean {
  if (x.name === y.name) return true;
  const [a, b] = [underlying(x), underlying(y)];
  if (a.kind !== b.kind || a.size !== b.size) return false;
  if (a.kind === 'struct' && b.kind === 'struct') {
    return (
      a.fields.length === b.fields.length &&
      a.fields.every((field, i) => {
        const other = b.fields[i]!;
        return (
          field.name === other.name && field.offset === other.offset && field.type.name === other.type.name
        );
      })
    );
  }
  if ((a.kind === 'slice' || a.kind === 'array') && (b.kind === 'slice' || b.kind === 'array')) {
    return a.element.name === b.element.name;
  }
  if (a.kind === 'map' && b.kind === 'map') {
    return a.key.name === b.key.name && a.element.name === b.element.name;
  }
  if (a.kind === 'chan' && b.kind === 'chan') return a.element.name === b.element.name;
  if (a.kind === 'interface' && b.kind === 'interface') return a.empty && b.empty;
  return a.kind !== 'pointer' && a.kind !== 'func' && a.kind !== 'opaque';
}
