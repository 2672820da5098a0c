import { UserError } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { channelAt } from '../golang/values/channels.ts';
import { mapLength } from '../golang/values/map-entries.ts';
import { underlying } from '../golang/values/shapes.ts';
import { dereference, headerMeasure, listOf, sourceOf } from './access.ts';
import { compareOperands, negotiate } from './binary.ts';
import { intConstant, toComplex, toRational } from './constant.ts';
import type { BuiltinName } from './operations.ts';
import { constantValue, scalarOf, scalarValue, untypedConstant } from './scalar.ts';
import { basicType } from './synthetic-types.ts';
import type { Value } from './value.ts';

/** The predeclared functions (spec: Built-in functions); lengths are untyped, so that they compare with anything. */
export function builtin(program: Program, name: BuiltinName, values: readonly Value[]): Value {
  const [first, second] = values as [Value, Value];
  switch (name) {
    case 'len':
    case 'cap':
      return constantValue(intConstant(BigInt(measure(program, name, first))));
    case 'real':
    case 'imag':
      return complexPart(program, name, first);
    case 'complex':
      return makeComplex(program, first, second);
    case 'min':
    case 'max':
      return extreme(program, name, values);
  }
}

function invalid(name: string, value: Value): UserError {
  return new UserError(`invalid argument of type ${value.type.name || 'constant'} for ${name}`);
}

function measure(program: Program, name: 'len' | 'cap', value: Value): number {
  const pointed = underlying(value.type);
  const throughPointer = pointed.kind === 'pointer' && pointed.target !== undefined;
  const operand =
    throughPointer && underlying(pointed.target).kind === 'array' ? dereference(program, value) : value;
  const real = underlying(operand.type);
  if (operand.storage.kind === 'nil') throw invalid(name, operand);
  if (real.kind === 'map' && name === 'len') {
    return mapLength(program.target.memory, real, sourceOf(program, operand).pointer(0));
  }
  if (real.kind === 'chan') {
    const address = sourceOf(program, operand).pointer(0);
    if (address === 0) return 0;
    const channel = channelAt(program.target.memory, real, address);
    return name === 'len' ? channel.length : channel.capacity;
  }
  const isHeader = operand.storage.kind !== 'constant' && operand.storage.kind !== 'contents';
  if (isHeader && (real.kind === 'slice' || (real.kind === 'string' && name === 'len')))
    return headerMeasure(program, operand, name);
  const list = real.kind === 'string' && name === 'cap' ? undefined : listOf(program, operand);
  if (list === undefined) throw invalid(name, operand);
  return name === 'len' ? list.length : list.capacity;
}

function complexPart(program: Program, name: 'real' | 'imag', value: Value): Value {
  const constant = untypedConstant(value);
  if (constant !== undefined) {
    const parts = toComplex(constant);
    if (parts === undefined) throw invalid(name, value);
    return constantValue({ kind: 'float', value: name === 'real' ? parts.real : parts.imaginary });
  }
  const scalar = scalarOf(program, value);
  if (scalar?.kind !== 'complex') throw invalid(name, value);
  const type = basicType(underlying(value.type).size === 8 ? 'float32' : 'float64')!;
  return scalarValue(type, { kind: 'float', value: name === 'real' ? scalar.real : scalar.imaginary });
}

function makeComplex(program: Program, real: Value, imaginary: Value): Value {
  const constants = [real, imaginary].map((value) => {
    const constant = untypedConstant(value);
    return constant === undefined ? undefined : toRational(constant);
  });
  if (constants[0] !== undefined && constants[1] !== undefined) {
    return constantValue({ kind: 'complex', real: constants[0], imaginary: constants[1] });
  }
  const type = negotiate('complex', real, imaginary);
  const parts = [real, imaginary].map((value) => {
    const scalar = scalarOf(program, untypedConstant(value) === undefined ? value : { ...value, type });
    if (scalar?.kind !== 'float') throw invalid('complex', value);
    return scalar.value;
  });
  const result = basicType(underlying(type).size === 4 ? 'complex64' : 'complex128')!;
  return scalarValue(result, { kind: 'complex', real: parts[0]!, imaginary: parts[1]! });
}

/** min and max: NaN wins, as Go says. */
function extreme(program: Program, name: 'min' | 'max', values: readonly Value[]): Value {
  let best = values[0]!;
  for (const candidate of values.slice(1)) {
    const order = compareOperands(program, name, candidate, best);
    if (order === undefined || (name === 'min' ? order < 0 : order > 0)) {
      if (order !== undefined || !isNotANumber(program, best)) best = candidate;
    }
  }
  if (values.length === 1) compareOperands(program, name, best, best);
  return best;
}

function isNotANumber(program: Program, value: Value): boolean {
  if (untypedConstant(value) !== undefined) return false;
  const scalar = scalarOf(program, value);
  return scalar?.kind === 'float' && Number.isNaN(scalar.value);
}
