import { MattockError, type RuntimeAddress, runtimeAddress, TargetFault, UserError } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { mapEntries, mapLength } from '../golang/values/map-entries.ts';
import { underlying } from '../golang/values/shapes.ts';
import { Source } from '../golang/values/source.ts';
import type { MapType, Type } from '../image/index.ts';
import { toInteger } from './constant.ts';
import { equalValues } from './equality.ts';
import { renderSingleLine } from './print.ts';
import { constantAs, scalarOf, scalarValue, untypedConstant } from './scalar.ts';
import { show } from './show.ts';
import { arrayOf, UINT8 } from './synthetic-types.ts';
import { sliceType } from './type-names.ts';
import type { Value } from './value.ts';

/** The bytes of a value; throws for what has none. */
export function sourceOf(program: Program, value: Value): Source {
  const { storage } = value;
  switch (storage.kind) {
    case 'memory':
    case 'bytes':
    case 'none':
      return Source.at(program.target.memory, storage);
    case 'constant': {
      const made = scalarValue(value.type, constantAs(storage.constant, value.type));
      if (made.storage.kind === 'bytes') return Source.bytes(program.target.memory, made.storage.bytes);
      throw new UserError('a constant has no bytes to look at');
    }
    case 'register':
      return Source.bytes(program.target.memory, storage.bytes);
    default:
      throw new UserError(`a ${storage.kind} has no bytes to look at`);
  }
}

/** A part of a value: its type, where it begins. */
export const partOf = (source: Source, type: Type, offset: number): Value => ({
  type,
  storage: source.placeOf(offset, type.size),
});

export class NilDereference extends UserError {
  constructor() {
    super('nil pointer dereference');
  }
}

/** What a pointer points to. */
export function dereference(program: Program, value: Value): Value {
  const real = underlying(value.type);
  if (value.storage.kind === 'nil') throw new UserError('nil can not be dereferenced');
  if (real.kind !== 'pointer') throw new UserError(`${value.type.name} is no pointer`);
  if (real.target === undefined) {
    throw new UserError(`${value.type.name} points to no type`, 'convert it to a pointer to a type first');
  }
  const address = sourceOf(program, value).pointer(0);
  if (address === 0) throw new NilDereference();
  return { type: real.target, storage: { kind: 'memory', address } };
}

/** A value behind a pointer, or the value itself. */
export function behindPointer(program: Program, value: Value): Value {
  return underlying(value.type).kind === 'pointer' ? dereference(program, value) : value;
}

/** A string, slice or array as a list: where its elements are. */
export interface List {
  readonly element: Type;
  readonly length: number;
  readonly capacity: number;
  readonly items: Source;
  /** Where the first element is in `items`. */
  readonly offset: number;
}

/** undefined: the value is no list. */
export function listOf(program: Program, value: Value): List | undefined {
  const real = underlying(value.type);
  const constant = value.storage.kind === 'constant' ? value.storage.constant : undefined;
  const bytes = value.storage.kind === 'contents' ? value.storage.bytes : undefined;
  const contents = bytes ?? (constant?.kind === 'string' ? constant.bytes : undefined);
  if (contents !== undefined) {
    const element = real.kind === 'slice' ? real.element : UINT8;
    const length = Math.floor(contents.length / Math.max(element.size, 1));
    const items = Source.bytes(program.target.memory, contents);
    return { element, length, capacity: length, items, offset: 0 };
  }
  if (real.kind === 'array') {
    const items = sourceOf(program, value);
    return { element: real.element, length: real.length, capacity: real.length, items, offset: 0 };
  }
  if (real.kind !== 'string' && real.kind !== 'slice') return undefined;
  const header = sourceOf(program, value);
  const length = header.int64(8);
  const capacity = real.kind === 'slice' ? partOr(header, CAPACITY, length) : length;
  checkLength(length, capacity);
  const items = Source.memory(program.target.memory, header.pointer(0));
  return { element: real.kind === 'slice' ? real.element : UINT8, length, capacity, items, offset: 0 };
}

/** Words of a slice's header, and of a string's, which has no capacity. */
const LENGTH = 8;
const CAPACITY = 16;

/**
 * What `len` and `cap` of a string or slice in a header say: one word, which the compiler may have kept without the
 * others, or dropped.
 */
export function headerMeasure(program: Program, value: Value, name: 'len' | 'cap'): number {
  const header = sourceOf(program, value);
  if (underlying(value.type).kind === 'string') {
    const length = header.int64(LENGTH);
    checkLength(length, length);
    return length;
  }
  const measured = header.int64(name === 'len' ? LENGTH : CAPACITY);
  if (name === 'len') checkLength(measured, partOr(header, CAPACITY, measured));
  else checkLength(partOr(header, LENGTH, 0), measured);
  return measured;
}

function checkLength(length: number, capacity: number): void {
  if (length < 0 || capacity < length) {
    throw new TargetFault(`invalid length ${length}, capacity ${capacity}`);
  }
}

/** A word, or another number that will do where the compiler dropped it. */
function partOr(header: Source, offset: number, otherwise: number): number {
  try {
    return header.int64(offset);
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    return otherwise;
  }
}

/** `x[i]` of an array, pointer to array, slice, string or map; C pointers are arrays without an end. */
export function indexValue(program: Program, operand: Value, index: Value): Value {
  const pointer = underlying(operand.type);
  if (pointer.kind === 'pointer' && pointer.fromC && pointer.target !== undefined) {
    return indexCPointer(program, operand, pointer.target, integerOf(program, index));
  }
  const value = behindPointer(program, operand);
  const real = underlying(value.type);
  if (real.kind === 'map') return mapElement(program, value, real, index);
  const list = listOf(program, value);
  if (list === undefined) throw new UserError(`${value.type.name || 'a constant'} does not support indexing`);
  const at = integerOf(program, index);
  if (at < 0n || at >= BigInt(list.length)) {
    throw new UserError(`index ${at} is out of range: the length is ${list.length}`);
  }
  const element = partOf(list.items, list.element, list.offset + Number(at) * list.element.size);
  if (real.kind === 'string') return { ...element, fixed: STRING_BYTE };
  return real.kind === 'array' ? fixedAs(value, element) : element;
}

function indexCPointer(program: Program, value: Value, target: Type, index: bigint): Value {
  const address = sourceOf(program, value).pointer(0) + Number(index) * target.size;
  return { type: target, storage: { kind: 'memory', address: runtimeAddress(address) } };
}

/** An integer for an index or length: any integer type, or a constant that is a whole number. */
export function integerOf(program: Program, value: Value): bigint {
  const constant = untypedConstant(value);
  const whole = constant === undefined ? undefined : toInteger(constant);
  if (whole !== undefined) return whole;
  const scalar = constant === undefined ? scalarOf(program, value) : undefined;
  if (scalar?.kind === 'int') return scalar.value;
  throw new UserError(`an integer is expected, not ${value.type.name || constant?.kind || 'nil'}`);
}

const MAP_ELEMENT = 'the elements of a map move as it grows';
const STRING_BYTE = 'strings are immutable, and share their bytes';

/** What is in a part of a value that may not be written, may not either. */
export const fixedAs = (whole: Value, part: Value): Value =>
  whole.fixed === undefined ? part : { ...part, fixed: whole.fixed };

/** The element of a key, found by comparing all keys: hashing them would need the program's hash function to run. */
function mapElement(program: Program, value: Value, type: MapType, index: Value): Value {
  const { memory } = program.target;
  const constant = untypedConstant(index);
  const key = constant === undefined ? index : scalarValue(type.key, constantAs(constant, type.key));
  const isInterface = underlying(type.key).kind === 'interface';
  if (!isInterface && key.storage.kind !== 'nil' && key.type.name !== type.key.name) {
    throw new UserError(`can not use a ${key.type.name} as a key of ${value.type.name}`);
  }
  for (const entry of mapEntries(memory, type, sourceOf(program, value).pointer(0))) {
    const candidate = partOf(entry.key, type.key, entry.keyOffset);
    if (equalValues(program, candidate, key)) {
      return { ...partOf(entry.element, type.element, entry.elementOffset), fixed: MAP_ELEMENT };
    }
  }
  throw new UserError(`key not found: ${renderSingleLine(show(program, key))}`);
}

/** `x[low:high]`; of a map, `m[low:]` leaves out its first entries. */
export function sliceValue(
  program: Program,
  operand: Value,
  low: bigint | undefined,
  high: bigint | undefined,
): Value {
  const pointer = underlying(operand.type);
  const arrayPointer = pointer.kind === 'pointer' && underlying(pointer.target ?? pointer).kind === 'array';
  const value = arrayPointer ? dereference(program, operand) : operand;
  const real = underlying(value.type);
  if (real.kind === 'map') return mapFrom(program, value, real, low ?? 0n, high);
  if (pointer.kind === 'pointer' && pointer.fromC && pointer.target !== undefined) {
    return cArray(program, value, pointer.target, low ?? 0n, high);
  }
  const list = listOf(program, value);
  if (list === undefined) throw new UserError(`can not slice ${value.type.name || 'a constant'}`);
  const from = low ?? 0n;
  const to = high ?? BigInt(list.length);
  if (from < 0n || to < from || to > BigInt(list.capacity)) {
    const bound = real.kind === 'slice' ? 'capacity' : 'length';
    throw new UserError(`[${from}:${to}] is out of range: the ${bound} is ${list.capacity}`);
  }
  return slicedList(program, value, list, Number(from), Number(to));
}

function slicedList(program: Program, value: Value, list: List, from: number, to: number): Value {
  const { element, items } = list;
  const start = list.offset + from * element.size;
  const type = underlying(value.type).kind === 'array' ? sliceType(program, element) : value.type;
  const address = items.addressOf(start);
  if (address === undefined) {
    const bytes = items.bytes(start, (to - from) * element.size);
    return { type, storage: { kind: 'contents', bytes } };
  }
  return { type, storage: { kind: 'bytes', bytes: listHeader(address, to - from, list.capacity - from) } };
}

/** The words of a slice or, without the last one, of a string. */
function listHeader(address: RuntimeAddress, length: number, capacity: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  view.setBigUint64(0, BigInt(address), true);
  view.setBigUint64(8, BigInt(length), true);
  view.setBigUint64(16, BigInt(capacity), true);
  return new Uint8Array(view.buffer);
}

function mapFrom(
  program: Program,
  value: Value,
  type: MapType,
  low: bigint,
  high: bigint | undefined,
): Value {
  if (high !== undefined) throw new UserError('the second slice argument must be empty for maps');
  const length = mapLength(program.target.memory, type, sourceOf(program, value).pointer(0));
  const skip = (value.skip ?? 0) + Number(low);
  if (low < 0n || skip >= length)
    throw new UserError(`map index ${low} is out of range: the length is ${length}`);
  return { ...value, skip };
}

function cArray(program: Program, value: Value, element: Type, low: bigint, high: bigint | undefined): Value {
  const to = high ?? low;
  if (low < 0n || to < low) throw new UserError(`[${low}:${to}] is out of range`);
  const address = sourceOf(program, value).pointer(0) + Number(low) * element.size;
  const type = arrayOf(Number(to - low), element);
  return { type, storage: { kind: 'memory', address: runtimeAddress(address) } };
}
