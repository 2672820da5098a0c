import { UserError } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { underlying } from '../golang/values/shapes.ts';
import type { Type } from '../image/index.ts';
import {
  type ArithmeticOperator,
  compareConstants,
  constantArithmetic,
  constantShift,
  constantUnary,
  typedArithmetic,
  typedShift,
  typedUnary,
} from './arithmetic.ts';
import { boolConstant, type Constant, DEFAULT_TYPES, toInteger } from './constant.ts';
import { compareScalars, equalScalars, equalValues } from './equality.ts';
import { constantAs, constantValue, type Scalar, scalarOf, scalarValue, untypedConstant } from './scalar.ts';
import type { BinaryOperator } from './syntax.ts';
import type { Value } from './value.ts';

type Operator = Exclude<BinaryOperator, '&&' | '||'>;

/** x operator y (spec: Operators). */
export function binary(program: Program, operator: Operator, x: Value, y: Value): Value {
  switch (operator) {
    case '==':
    case '!=':
      return constantValue(boolConstant(equal(program, operator, x, y) === (operator === '==')));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return constantValue(boolConstant(ordered(program, operator, x, y)));
    case '<<':
    case '>>':
      return shift(program, operator, x, y);
    default:
      return arithmetic(program, operator, x, y);
  }
}

export function unary(program: Program, operator: '+' | '-' | '!' | '^', x: Value): Value {
  const constant = untypedConstant(x);
  if (constant !== undefined) return constantValue(constantUnary(operator, constant));
  const scalar = scalarOf(program, x);
  if (scalar === undefined) throw new UserError(`operator ${operator} is not defined on ${x.type.name}`);
  return scalarValue(x.type, typedUnary(operator, x.type, scalar));
}

/** The type of both operands: one may be untyped. Throws a UserError if they do not go together. */
export function negotiate(operator: string, x: Value, y: Value): Type {
  for (const value of [x, y]) {
    if (value.storage.kind === 'nil') throw new UserError(`operator ${operator} is not defined on nil`);
  }
  if (untypedConstant(x) !== undefined) return y.type;
  if (untypedConstant(y) !== undefined || x.type.name === y.type.name) return x.type;
  throw new UserError(`mismatched types ${x.type.name} and ${y.type.name}`);
}

/** An operand as a scalar of the negotiated type. */
function operand(program: Program, operator: string, value: Value, type: Type): Scalar {
  const constant = untypedConstant(value);
  const scalar = constant === undefined ? scalarOf(program, value) : constantAs(constant, type);
  if (scalar === undefined) throw new UserError(`operator ${operator} is not defined on ${value.type.name}`);
  return scalar;
}

function bothUntyped(x: Value, y: Value): readonly [Constant, Constant] | undefined {
  const a = untypedConstant(x);
  const b = untypedConstant(y);
  return a === undefined || b === undefined ? undefined : [a, b];
}

function arithmetic(program: Program, operator: ArithmeticOperator, x: Value, y: Value): Value {
  const constants = bothUntyped(x, y);
  if (constants !== undefined) return constantValue(constantArithmetic(operator, ...constants));
  const type = negotiate(operator, x, y);
  const a = operand(program, operator, x, type);
  const b = operand(program, operator, y, type);
  return scalarValue(type, typedArithmetic(operator, type, a, b));
}

function shift(program: Program, operator: '<<' | '>>', x: Value, y: Value): Value {
  const count = shiftCount(program, y);
  const constant = untypedConstant(x);
  if (constant !== undefined) {
    const whole = toInteger(constant);
    if (whole === undefined) throw new UserError(`shift of a ${constant.kind} constant`);
    return constantValue(constantShift(operator, whole, count));
  }
  const scalar = scalarOf(program, x);
  if (scalar?.kind !== 'int') throw new UserError(`shift of type ${x.type.name}`);
  return scalarValue(x.type, { kind: 'int', value: typedShift(operator, x.type, scalar.value, count) });
}

function shiftCount(program: Program, y: Value): bigint {
  const constant = untypedConstant(y);
  const scalar = constant === undefined ? scalarOf(program, y) : undefined;
  const count =
    constant === undefined ? (scalar?.kind === 'int' ? scalar.value : undefined) : toInteger(constant);
  if (count === undefined) throw new UserError('a shift count must be an integer');
  if (count < 0n) throw new UserError('shift count must not be negative');
  return count;
}

function equal(program: Program, operator: string, x: Value, y: Value): boolean {
  const constants = bothUntyped(x, y);
  if (constants !== undefined) return equalConstants(operator, ...constants);
  if (x.storage.kind === 'nil' || y.storage.kind === 'nil') return equalValues(program, x, y);
  const interfaces = [x, y].filter((value) => underlying(value.type).kind === 'interface').length;
  if (interfaces === 0) {
    const type = negotiate(operator, x, y);
    const [a, b] = [typed(x, type), typed(y, type)];
    return equalValues(program, a, b);
  }
  return equalValues(program, defaultTyped(x), defaultTyped(y));
}

/** An untyped constant as a value of a type; other values as they are. */
function typed(value: Value, type: Type): Value {
  const constant = untypedConstant(value);
  return constant === undefined ? value : scalarValue(type, constantAs(constant, type));
}

/** What a constant becomes when it is compared with an interface (spec: Constants, default type). */
function defaultTyped(value: Value): Value {
  const constant = untypedConstant(value);
  return constant === undefined ? value : typed(value, { ...value.type, name: DEFAULT_TYPES[constant.kind] });
}

function equalConstants(operator: string, x: Constant, y: Constant): boolean {
  if (x.kind === 'bool' && y.kind === 'bool') return x.value === y.value;
  if (x.kind === 'string' && y.kind === 'string') return equalScalars(x, y);
  const order = compareConstants(x, y);
  if (order !== undefined) return order === 0;
  if (x.kind === 'complex' && y.kind === 'complex') {
    return x.real.compare(y.real) === 0 && x.imaginary.compare(y.imaginary) === 0;
  }
  if (x.kind === 'complex' || y.kind === 'complex') {
    const other = x.kind === 'complex' ? y : x;
    if (other.kind !== 'bool' && other.kind !== 'string') return false;
  }
  throw new UserError(`operator ${operator} is not defined on ${x.kind} and ${y.kind} constants`);
}

function ordered(program: Program, operator: '<' | '<=' | '>' | '>=', x: Value, y: Value): boolean {
  const order = compareOperands(program, operator, x, y);
  // Not a number: every order is false.
  if (order === undefined) return false;
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** −1, 0 or 1; undefined if one is not a number. Throws a UserError for types without an order. */
export function compareOperands(program: Program, operator: string, x: Value, y: Value): number | undefined {
  const constants = bothUntyped(x, y);
  if (constants !== undefined) return constantOrder(operator, ...constants);
  const type = negotiate(operator, x, y);
  const a = operand(program, operator, x, type);
  const b = operand(program, operator, y, type);
  if (a.kind === 'bool' || a.kind === 'complex') {
    throw new UserError(`operator ${operator} is not defined on ${type.name}`);
  }
  return compareScalars(a, b);
}

function constantOrder(operator: string, x: Constant, y: Constant): number {
  if (x.kind === 'string' && y.kind === 'string') return compareScalars(x, y)!;
  const order = compareConstants(x, y);
  if (order === undefined || x.kind === 'complex' || y.kind === 'complex') {
    throw new UserError(`operator ${operator} is not defined on ${x.kind} and ${y.kind} constants`);
  }
  return order;
}
