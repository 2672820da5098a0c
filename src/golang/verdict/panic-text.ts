import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { GoProgram } from '../go-program.ts';
import { KIND, KIND_MASK } from '../runtime-facts/constants.ts';
import { AbiType, BoundsError, ErrorAddressString, TypeAssertionError } from '../runtime-facts/structs.ts';
import { printedComplex, printedFloat } from './printed-float.ts';

const RUNTIME_ERROR = 'runtime error: ';

/** runtime/error.go, boundsErrorFmts by code; the second is for a negative index (boundsNegErrorFmts). */
const BOUNDS: readonly (readonly [string, string])[] = [
  ['index out of range [%x] with length %y', 'index out of range [%x]'],
  ['slice bounds out of range [:%x] with length %y', 'slice bounds out of range [:%x]'],
  ['slice bounds out of range [:%x] with capacity %y', 'slice bounds out of range [:%x]'],
  ['slice bounds out of range [%x:%y]', 'slice bounds out of range [%x:]'],
  ['slice bounds out of range [::%x] with length %y', 'slice bounds out of range [::%x]'],
  ['slice bounds out of range [::%x] with capacity %y', 'slice bounds out of range [::%x]'],
  ['slice bounds out of range [:%x:%y]', 'slice bounds out of range [:%x:]'],
  ['slice bounds out of range [%x:%y:]', 'slice bounds out of range [%x::]'],
  ['cannot convert slice with length %y to array or pointer to array with length %x', ''],
];

/**
 * The words in which the runtime would print a panic's argument (runtime/error.go, printpanicval), as far as no
 * method has to run for them. Once the runtime has begun to die, it has replaced errors and Stringers by the
 * strings that their methods returned (preprintpanics), so then every text is there.
 */
export function panicText(program: GoProgram, argument: RuntimeAddress): string | undefined {
  const { memory } = program.runtime;
  if (memory.tryRead(argument, 16) === undefined) return undefined;
  const type = memory.pointer(argument);
  const data = memory.pointer(runtimeAddress(argument + 8));
  if (type === 0) return 'nil';
  const name = program.types.ownName(type);
  const known = name === undefined ? undefined : runtimeErrorText(program, name, data);
  return known ?? basicText(program, type, name, data);
}

/** Errors of the runtime's own, whose Error methods we know. */
function runtimeErrorText(program: GoProgram, name: string, data: RuntimeAddress): string | undefined {
  const { runtime } = program;
  switch (name) {
    case 'runtime.errorString': {
      const text = runtime.stringAt(data);
      return text === undefined ? undefined : RUNTIME_ERROR + text;
    }
    case 'runtime.plainError':
      return runtime.stringAt(data);
    case 'runtime.errorAddressString': {
      const layout = runtime.layouts.tryOf(ErrorAddressString);
      const text = layout && runtime.stringAt(runtimeAddress(data + layout.message));
      return text === undefined ? undefined : RUNTIME_ERROR + text;
    }
    case 'runtime.boundsError':
      return boundsText(program, data);
    case '*runtime.TypeAssertionError':
      return assertionText(program, data);
    case '*runtime.PanicNilError':
      return 'panic called with nil argument (use GODEBUG=panicnil=1 to disable)';
  }
  return undefined;
}

function boundsText(program: GoProgram, data: RuntimeAddress): string | undefined {
  const { memory, layouts } = program.runtime;
  const layout = layouts.tryOf(BoundsError);
  if (layout === undefined || memory.tryRead(data, layout.size) === undefined) return undefined;
  const unsigned = memory.bigUint64(runtimeAddress(data + layout.index));
  const signed = memory.uint8(runtimeAddress(data + layout.signed)) !== 0;
  const index = signed ? BigInt.asIntN(64, unsigned) : unsigned;
  const length = BigInt.asIntN(64, memory.bigUint64(runtimeAddress(data + layout.length)));
  const formats = BOUNDS[memory.uint8(runtimeAddress(data + layout.code))];
  if (formats === undefined) return undefined;
  const format = index < 0n ? formats[1] : formats[0];
  return RUNTIME_ERROR + format.replace('%x', `${index}`).replace('%y', `${length}`);
}

function assertionText(program: GoProgram, data: RuntimeAddress): string | undefined {
  const { runtime, types } = program;
  const layout = runtime.layouts.tryOf(TypeAssertionError);
  if (layout === undefined || runtime.memory.tryRead(data, layout.size) === undefined) return undefined;
  const typeName = (offset: number): string | undefined => {
    const type = runtime.memory.pointer(runtimeAddress(data + offset));
    return type === 0 ? undefined : types.ownName(type);
  };
  const inter = typeName(layout.interfaceType) ?? 'interface';
  const asserted = typeName(layout.asserted) ?? '?';
  const concrete = typeName(layout.concrete);
  if (concrete === undefined) return `interface conversion: ${inter} is nil, not ${asserted}`;
  const missing = runtime.stringAt(runtimeAddress(data + layout.missingMethod));
  return missing === '' || missing === undefined
    ? `interface conversion: ${inter} is ${concrete}, not ${asserted}`
    : `interface conversion: ${concrete} is not ${asserted}: missing method ${missing}`;
}

/** Strings, numbers and types made of them: `main.Code(5)`, `main.Name("x")`. */
function basicText(
  program: GoProgram,
  type: RuntimeAddress,
  name: string | undefined,
  data: RuntimeAddress,
): string | undefined {
  const { memory, layouts } = program.runtime;
  const layout = layouts.tryOf(AbiType);
  if (layout === undefined) return undefined;
  const kind = memory.uint8(runtimeAddress(type + layout.kind)) & KIND_MASK;
  const text = kind === KIND.string ? program.runtime.stringAt(data) : scalarText(program, kind, data);
  if (text === undefined) return undefined;
  const plain = name === undefined || !name.includes('.');
  if (plain) return text;
  return kind === KIND.string ? `${name}("${text}")` : `${name}(${text})`;
}

function scalarText(program: GoProgram, kind: number, data: RuntimeAddress): string | undefined {
  const { memory } = program.runtime;
  const integer = (size: number, signed: boolean): string | undefined => {
    if (memory.tryRead(data, size) === undefined) return undefined;
    let value = 0n;
    for (let i = size - 1; i >= 0; i--)
      value = (value << 8n) | BigInt(memory.uint8(runtimeAddress(data + i)));
    return `${signed ? BigInt.asIntN(size * 8, value) : value}`;
  };
  // go1.26: runtime/print.go, printfloat64 writes as strconv does.
  const shortest = (program.runtime.minor ?? 0) >= 26;
  const float = (offset: number, size: 4 | 8): string | undefined => {
    const bytes = memory.tryRead(runtimeAddress(data + offset), size);
    if (bytes === undefined) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, size);
    const value = size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
    return printedFloat(value, size, shortest);
  };
  switch (kind) {
    case KIND.bool: {
      const value = integer(1, false);
      return value === undefined ? undefined : `${value !== '0'}`;
    }
    case KIND.int8:
      return integer(1, true);
    case KIND.int16:
      return integer(2, true);
    case KIND.int32:
      return integer(4, true);
    case KIND.int:
    case KIND.int64:
      return integer(8, true);
    case KIND.uint8:
      return integer(1, false);
    case KIND.uint16:
      return integer(2, false);
    case KIND.uint32:
      return integer(4, false);
    case KIND.uint:
    case KIND.uint64:
    case KIND.uintptr:
      return integer(8, false);
    case KIND.float32:
      return float(0, 4);
    case KIND.float64:
      return float(0, 8);
    case KIND.complex64:
      return printedComplex(float(0, 4), float(4, 4));
    case KIND.complex128:
      return printedComplex(float(0, 8), float(8, 8));
  }
  return undefined;
}
