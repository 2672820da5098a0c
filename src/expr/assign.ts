import { hex, type RuntimeAddress, UserError } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { runtimeTypeOf } from '../golang/values/runtime-type-of.ts';
import { underlying } from '../golang/values/shapes.ts';
import type { InterfaceType, Type } from '../image/index.ts';
import { sourceOf } from './access.ts';
import { sameTypes, sameUnderlying } from './assignability.ts';
import { DEFAULT_TYPES } from './constant.ts';
import { constantAs, constantText, scalarOf, scalarValue, untypedConstant, writeInteger } from './scalar.ts';
import { basicType } from './synthetic-types.ts';
import type { Value } from './value.ts';

/** What a value needs in the program's memory before it can stand in a variable. */
export type ObjectRequest =
  /** A new object with these contents; `type` 0: it holds no pointers. */
  | { readonly kind: 'allocate'; readonly bytes: Uint8Array; readonly type: RuntimeAddress }
  /** The `runtime.itab` of a type for an interface; 0: the type does not implement it. */
  | { readonly kind: 'itab'; readonly interface: RuntimeAddress; readonly type: RuntimeAddress };

/** Gives the bytes, asking for objects on the way: the answers are their addresses. */
export type Materialized = Generator<ObjectRequest, Uint8Array, RuntimeAddress>;

const NO_POINTERS = 0 as RuntimeAddress;
const WORD = 8;
const NILABLE = new Set<Type['kind']>(['pointer', 'slice', 'map', 'chan', 'interface', 'func']);

/** The bytes of `type` that hold the value (spec: Assignability). Throws a UserError where Go would not compile it. */
export function* materialize(program: Program, value: Value, type: Type): Materialized {
  const real = underlying(type);
  const { storage } = value;
  if (storage.kind === 'nil') {
    if (!NILABLE.has(real.kind)) throw new UserError(`cannot use nil as ${type.name}`);
    return new Uint8Array(real.size);
  }
  const constant = untypedConstant(value);
  if (real.kind === 'interface' && !sameUnderlying(value.type, type)) {
    return yield* interfaceBytes(program, value, type, real);
  }
  if (constant !== undefined) {
    const scalar = constantAs(constant, type);
    if (scalar.kind === 'string') return yield* stringBytes(scalar.bytes);
    return exactly(sourceOf(program, scalarValue(type, scalar)).bytes(0, real.size), real.size);
  }
  if (storage.kind === 'register') return registerBytes(program, value, type);
  if (!isAssignable(value.type, type)) throw cannotUse(value, type);
  if (storage.kind === 'constant') {
    if (storage.constant.kind === 'string') return yield* stringBytes(storage.constant.bytes);
    return exactly(sourceOf(program, value).bytes(0, real.size), real.size);
  }
  if (storage.kind === 'contents') return yield* contentsBytes(storage.bytes, real);
  if (storage.kind === 'function') throw functionHasNoValue(storage.name);
  return sourceOf(program, value).bytes(0, real.size);
}

const exactly = (bytes: Uint8Array, size: number): Uint8Array => bytes.subarray(0, size);

export const functionHasNoValue = (name: string): UserError =>
  new UserError(`${name} is a function, not a variable that holds one`);

/** Identical types, or identical underlying types one of which has no name. */
function isAssignable(from: Type, to: Type): boolean {
  return sameTypes(from, to) || (sameUnderlying(from, to) && (isLiteral(from) || isLiteral(to)));
}

/** Whether a type is written out: `[]int`, `*main.T`, `func()`. */
const isLiteral = ({ name }: Type): boolean =>
  /^(?:[*[]|map\[|chan |<-chan |chan<- |func\(|struct \{|interface \{|unsafe\.Pointer$)/.test(name);

function cannotUse(value: Value, type: Type): UserError {
  const conversion = isScalar(value.type) && isScalar(type);
  return new UserError(
    `cannot use a value of type ${value.type.name} as ${type.name}`,
    conversion ? `convert it: ${type.name}(…)` : undefined,
  );
}

const SCALARS = new Set<Type['kind']>(['int', 'float', 'complex', 'string', 'enum']);
const isScalar = (type: Type): boolean => SCALARS.has(underlying(type).kind);

/** A register is as many bits as it has: any type of words takes it. */
function registerBytes(program: Program, value: Value, type: Type): Uint8Array {
  const real = underlying(type);
  const scalar = scalarOf(program, value);
  if (scalar?.kind !== 'int' || !['int', 'enum', 'pointer', 'bool'].includes(real.kind))
    throw cannotUse(value, type);
  const bytes = new Uint8Array(real.size);
  writeInteger(bytes, scalar.value);
  return bytes;
}

/** Strings are immutable and share their bytes: a new one gets bytes of its own. */
function* stringBytes(contents: Uint8Array): Materialized {
  const header = new Uint8Array(2 * WORD);
  if (contents.length === 0) return header;
  const address = yield { kind: 'allocate', bytes: contents, type: NO_POINTERS };
  writeInteger(header.subarray(0, WORD), BigInt(address));
  writeInteger(header.subarray(WORD), BigInt(contents.length));
  return header;
}

/** What was computed here: a string, or a slice of bytes or runes. */
function* contentsBytes(contents: Uint8Array, real: Type): Materialized {
  const header = yield* stringBytes(contents);
  if (real.kind !== 'slice') return header;
  const length = BigInt(Math.floor(contents.length / Math.max(real.element.size, 1)));
  const slice = new Uint8Array(3 * WORD);
  slice.set(header);
  writeInteger(slice.subarray(WORD, 2 * WORD), length);
  writeInteger(slice.subarray(2 * WORD), length);
  return slice;
}

/** runtime.eface {_type, data}, runtime.iface {tab, data}; what is no pointer is boxed. */
function* interfaceBytes(program: Program, given: Value, type: Type, real: InterfaceType): Materialized {
  const value = typed(program, given);
  if (value.storage.kind === 'function') throw functionHasNoValue(value.storage.name);
  if (underlying(value.type).kind === 'interface')
    return yield* betweenInterfaces(program, value, type, real);
  const dynamic = runtimeTypeOf(program, value.type);
  if (dynamic === undefined) {
    throw new UserError(
      `cannot use a ${value.type.name} as ${type.name}: the program has no runtime type for it`,
      'a type that the program never puts into an interface may be missing',
    );
  }
  const bytes = yield* materialize(program, value, value.type);
  const first = real.empty
    ? dynamic.address
    : yield* itabFor(program, type, dynamic.address, value.type.name);
  const pair = new Uint8Array(2 * WORD);
  writeInteger(pair.subarray(0, WORD), BigInt(first));
  if (dynamic.direct) {
    pair.set(bytes.subarray(0, WORD), WORD);
    return pair;
  }
  const data = yield { kind: 'allocate', bytes, type: dynamic.address };
  writeInteger(pair.subarray(WORD), BigInt(data));
  return pair;
}

function typed(program: Program, value: Value): Value {
  const constant = untypedConstant(value);
  if (constant === undefined) return value;
  const name = DEFAULT_TYPES[constant.kind];
  const type = program.typeNamed(name) ?? basicType(name);
  if (type === undefined) throw new UserError(`the type of ${constantText(constant)} is not known`);
  return { type, storage: { kind: 'constant', constant } };
}

/** The dynamic value stays, only the first word differs. */
function* betweenInterfaces(program: Program, value: Value, type: Type, real: InterfaceType): Materialized {
  const source = sourceOf(program, value);
  const pair = source.bytes(0, 2 * WORD);
  const first = source.pointer(0);
  if (first === 0) return pair;
  const from = underlying(value.type) as InterfaceType;
  const dynamic = from.empty ? first : program.target.memory.pointer((first + WORD) as RuntimeAddress);
  const word = real.empty ? dynamic : yield* itabFor(program, type, dynamic, value.type.name);
  writeInteger(pair.subarray(0, WORD), BigInt(word));
  return pair;
}

function* itabFor(
  program: Program,
  type: Type,
  dynamic: RuntimeAddress,
  name: string,
): Generator<ObjectRequest, RuntimeAddress, RuntimeAddress> {
  const wanted = runtimeTypeOf(program, type);
  if (wanted === undefined) throw new UserError(`the program has no runtime type for ${type.name}`);
  const itab = yield { kind: 'itab', interface: wanted.address, type: dynamic };
  if (itab === 0) throw new UserError(`${name} does not implement ${type.name}`);
  return itab;
}

/** Where an assignment writes. */
export type Destination =
  | { readonly kind: 'memory'; readonly address: RuntimeAddress }
  | {
      readonly kind: 'pieces';
      readonly homes: NonNullable<Extract<Value['storage'], { kind: 'bytes' }>['homes']>;
    }
  | { readonly kind: 'register'; readonly name: string; readonly size: number };

/** Throws a UserError for what cannot be assigned to. */
export function destinationOf({ type, storage, fixed }: Value, text: string): Destination {
  if (fixed !== undefined) throw new UserError(`cannot assign to ${text}: ${fixed}`);
  switch (storage.kind) {
    case 'memory':
      return { kind: 'memory', address: storage.address };
    case 'register':
      return { kind: 'register', name: storage.name, size: storage.bytes.length };
    case 'bytes': {
      const covered = storage.homes?.reduce((sum, { from, to }) => sum + to - from, 0) ?? 0;
      if (storage.homes !== undefined && covered >= type.size && type.size > 0) {
        return { kind: 'pieces', homes: storage.homes };
      }
      throw new UserError(
        covered > 0
          ? `only a part of ${text} is kept here: it cannot be set`
          : `cannot assign to ${text}: it has no place`,
      );
    }
    case 'none':
      throw new UserError(`cannot assign to ${text}: ${storage.reason}`);
    default:
      throw new UserError(`cannot assign to ${text}: it is no variable`);
  }
}

/** The bytes for a register: an integer or a pointer, as wide as the register is. */
export function bytesForRegister(program: Program, value: Value, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const constant = untypedConstant(value);
  const scalar = constant ?? scalarOf(program, value);
  if (scalar?.kind === 'int' || scalar?.kind === 'rune') {
    const limit = 1n << BigInt(size * 8);
    if (scalar.value >= limit || scalar.value < -limit / 2n) {
      throw new UserError(`${hex(Number(scalar.value))} does not fit into ${size * 8} bits`);
    }
    writeInteger(bytes, scalar.value);
    return bytes;
  }
  const real = underlying(value.type);
  if (constant === undefined && real.kind === 'pointer') {
    bytes.set(sourceOf(program, value).bytes(0, WORD).subarray(0, size));
    return bytes;
  }
  if (value.storage.kind === 'register' && value.storage.bytes.length === size)
    return value.storage.bytes.slice();
  throw new UserError(
    'a register takes an integer or a pointer',
    size > WORD ? 'its lanes take numbers: xmm0.float64[0] = 1.5' : undefined,
  );
}
