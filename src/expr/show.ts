import { assertUnreachable, MattockError, type RuntimeAddress } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { underlying } from '../golang/values/shapes.ts';
import { Source } from '../golang/values/source.ts';
import type { ArrayType, SliceType, Type } from '../image/index.ts';
import { type Constant, toComplex, toInteger, toRational } from './constant.ts';
import { Loader } from './loader.ts';
import { floatText } from './number-text.ts';
import { DEFAULT_LIMITS, type Limits, type ShownValue, type Value } from './value.ts';

/**
 * Reads a value to the limits, as data with text. `format` is a verb of package fmt (`%x`) for its scalars.
 * What cannot be read says so in its node; nothing of a target is thrown.
 */
export function show(
  program: Program,
  value: Value,
  limits: Limits = DEFAULT_LIMITS,
  format = '',
): ShownValue {
  const loader = new Loader(program, value.asAddress ? { ...limits, followPointers: false } : limits, format);
  const { type, storage } = value;
  try {
    switch (storage.kind) {
      case 'memory':
      case 'bytes':
        return loader.load(type, Source.at(program.target.memory, storage), 0, 0, value.skip);
      case 'none':
        return loader.unreadable(type, undefined, storage.reason);
      case 'constant':
        return showConstant(loader, type, storage.constant);
      case 'nil':
        return loader.node({ type: 'nil', kind: 'nil', value: 'nil' });
      case 'contents':
        return showContents(program, loader, limits, type, storage.bytes);
      case 'register':
        return showRegister(loader, type, storage.bytes);
      case 'function':
        return showFunction(loader, type, storage.name, storage.entry);
      default:
        return assertUnreachable(storage);
    }
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    return loader.unreadable(type, undefined, error.message);
  }
}

function showConstant(loader: Loader, type: Type, constant: Constant): ShownValue {
  const real = underlying(type);
  const plain = (kind: Type['kind'], value: string): ShownValue =>
    loader.node({ type: type.name, kind, value });
  const bits = real.size === 4 || (real.kind === 'complex' && real.size === 8) ? 32 : 64;
  if (constant.kind === 'bool') return plain('bool', String(constant.value));
  if (constant.kind === 'string') {
    return loader.stringNode(type, 'string', constant.bytes, constant.bytes.length, undefined, undefined);
  }
  if (real.kind === 'complex') {
    const parts = toComplex(constant)!;
    return loader.complexNode(type, parts.real.toDouble(), parts.imaginary.toDouble(), bits);
  }
  const whole = real.kind === 'float' ? undefined : toInteger(constant);
  if (whole !== undefined) return plain('int', String(whole));
  return plain('float', floatText(toRational(constant)?.toDouble() ?? Number.NaN, bits));
}

/** A string or slice whose contents were computed here. */
function showContents(
  program: Program,
  loader: Loader,
  limits: Limits,
  type: Type,
  bytes: Uint8Array,
): ShownValue {
  const real = underlying(type);
  if (real.kind === 'string') {
    const shown = bytes.subarray(0, limits.maxStringLength);
    return loader.stringNode(type, 'string', shown, bytes.length, undefined, undefined);
  }
  const { element } = real as SliceType | ArrayType;
  const length = element.size === 0 ? 0 : Math.floor(bytes.length / element.size);
  const source = Source.bytes(program.target.memory, bytes);
  const children = loader.elements(element, source, 0, length, 0);
  return loader.node({ type: type.name, kind: 'slice', length, capacity: length, children });
}

/** A register of up to 64 bits is a number, a vector register the hex digits of its bytes, the lowest first. */
function showRegister(loader: Loader, type: Type, bytes: Uint8Array): ShownValue {
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
  if (bytes.length > 8) {
    const text = digits.join('');
    return loader.node({ type: type.name, kind: 'string', value: text, length: text.length });
  }
  const value = String(BigInt(`0x${digits.reverse().join('') || '0'}`));
  return loader.node({ type: type.name, kind: 'int', value });
}

function showFunction(loader: Loader, type: Type, name: string, entry: RuntimeAddress): ShownValue {
  if (entry === 0) return loader.unreadable(type, undefined, `function ${name} is inlined`);
  return loader.node({ type: type.name, kind: 'func', address: entry, base: entry, value: name });
}
