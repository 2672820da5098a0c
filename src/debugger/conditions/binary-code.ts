import { assertUnreachable, UserError } from '../../base/index.ts';
import { type ArithmeticOperator, typedArithmetic, typedShift, typedUnary } from '../../expr/arithmetic.ts';
import { binary, negotiate, unary } from '../../expr/binary.ts';
import { toInteger } from '../../expr/constant.ts';
import { compareScalars, equalScalars } from '../../expr/equality.ts';
import { constantAs, type Scalar, untypedConstant, wrap } from '../../expr/scalar.ts';
import type { BinaryOperator } from '../../expr/syntax.ts';
import type { Program } from '../../golang/index.ts';
import { underlying } from '../../golang/values/shapes.ts';
import type { Type } from '../../image/index.ts';
import type { Read } from './condition.ts';
import { likeness, type Operand, readIntegerOperand, readPointer, readScalar, typeOf } from './operand.ts';
import { TooHard } from './place-code.ts';
import { isText } from './text-code.ts';

type Operator = Exclude<BinaryOperator, '&&' | '||'>;
type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** x operator y, with the types settled now and the values read later. Errors of types are UserErrors. */
export function binaryCode(program: Program, operator: Operator, x: Operand, y: Operand): Operand {
  const folded = constantsOnly(program, operator, x, y);
  if (folded !== undefined) return folded;
  switch (operator) {
    case '==':
    case '!=':
      return test(equalCode(operator, x, y), operator === '!=');
    case '<':
    case '<=':
    case '>':
    case '>=':
      return test(orderedCode(operator, x, y));
    case '<<':
    case '>>':
      return shiftCode(operator, x, y);
    default:
      return arithmeticCode(operator, x, y);
  }
}

/** Untyped operands: known ones give a constant, the others are left to `expr` each time. */
function constantsOnly(program: Program, operator: Operator, x: Operand, y: Operand): Operand | undefined {
  if (x.kind === 'constant' && y.kind === 'constant') {
    return constantOperand(binary(program, operator, likeness(x), likeness(y)));
  }
  if (typeOf(x) !== undefined || typeOf(y) !== undefined) return undefined;
  if (x.kind === 'nil' || y.kind === 'nil') return undefined;
  return lengthCode(operator, smallNumber(x), smallNumber(y));
}

function constantOperand(value: ReturnType<typeof binary>): Operand {
  const constant = untypedConstant(value);
  if (constant === undefined) throw new TooHard();
  return { kind: 'constant', constant };
}

/** `len(x) > 3`, `len(x) - 1`: exact as long as numbers are. */
function lengthCode(operator: Operator, a: Read<number>, b: Read<number>): Operand {
  const compare = numberComparison(operator);
  if (compare !== undefined) return test((thread, memory) => compare(a(thread, memory), b(thread, memory)));
  if (operator === '+') {
    return { kind: 'length', read: (thread, memory) => a(thread, memory) + b(thread, memory) };
  }
  if (operator === '-') {
    return { kind: 'length', read: (thread, memory) => a(thread, memory) - b(thread, memory) };
  }
  throw new TooHard();
}

function smallNumber(operand: Operand): Read<number> {
  if (operand.kind === 'length') return operand.read;
  const whole = operand.kind === 'constant' ? toInteger(operand.constant) : undefined;
  const number = Number(whole);
  if (whole === undefined || Math.abs(number) >= 2 ** 48) throw new TooHard();
  return () => number;
}

function numberComparison(operator: Operator): ((a: number, b: number) => boolean) | undefined {
  switch (operator) {
    case '==':
      return (a, b) => a === b;
    case '!=':
      return (a, b) => a !== b;
    case '<':
      return (a, b) => a < b;
    case '<=':
      return (a, b) => a <= b;
    case '>':
      return (a, b) => a > b;
    case '>=':
      return (a, b) => a >= b;
    default:
      return undefined;
  }
}

const test = (read: Read<boolean>, negated = false): Operand => ({
  kind: 'test',
  read: negated ? (thread, memory) => !read(thread, memory) : read,
});

function equalCode(operator: Comparison, x: Operand, y: Operand): Read<boolean> {
  if (x.kind === 'nil' || y.kind === 'nil') return nilCode(x.kind === 'nil' ? y : x);
  // What an interface holds is found by its dynamic type.
  if (isInterface(x) || isInterface(y)) throw new TooHard();
  const type = settle(operator, x, y);
  const real = underlying(type);
  switch (real.kind) {
    case 'int':
    case 'enum':
      return integerComparison('==', type, x, y);
    case 'bool':
    case 'float':
    case 'string':
      return scalarEquality(type, x, y);
    case 'pointer':
    case 'chan': {
      const [a, b] = [readPointer(x), readPointer(y)];
      if (a === undefined || b === undefined) throw new TooHard();
      return (thread, memory) => a(thread, memory) === b(thread, memory);
    }
    case 'func':
    case 'map':
    case 'slice':
      throw new UserError(`${type.name} values can only be compared with nil`);
    default:
      throw new TooHard();
  }
}

const isInterface = (operand: Operand): boolean => {
  const type = typeOf(operand);
  return type !== undefined && underlying(type).kind === 'interface';
};

function nilCode(operand: Operand): Read<boolean> {
  if (operand.kind === 'nil' || operand.kind === 'goroutine') throw new TooHard();
  const pointer = readPointer(operand);
  if (pointer === undefined) {
    throw new UserError(`a ${typeOf(operand)?.name || 'constant'} can not be compared with nil`);
  }
  return (thread, memory) => pointer(thread, memory) === 0;
}

/** The type of both operands, as `expr` settles it. */
function settle(operator: string, x: Operand, y: Operand): Type {
  if (x.kind === 'nil' || y.kind === 'nil') throw new UserError(`operator ${operator} is not defined on nil`);
  const [a, b] = [typeOf(x), typeOf(y)];
  // What type parameters stand for is told by a dictionary; what they can hold, by their shapes.
  const parameters = a?.dictionaryIndex !== undefined || b?.dictionaryIndex !== undefined;
  if (parameters && a !== undefined && b !== undefined && a.name !== b.name) throw new TooHard();
  return negotiate(operator, likeness(x), likeness(y));
}

function orderedCode(operator: Exclude<Comparison, '==' | '!='>, x: Operand, y: Operand): Read<boolean> {
  const type = settle(operator, x, y);
  switch (underlying(type).kind) {
    case 'int':
    case 'enum':
      return integerComparison(operator, type, x, y);
    case 'float':
    case 'string':
      return scalarOrder(operator, type, x, y);
    case 'complex':
      throw new TooHard();
    default:
      throw new UserError(`operator ${operator} is not defined on ${type.name}`);
  }
}

/** The most frequent conditions, without an object for each number. */
function integerComparison(
  operator: Exclude<Comparison, '!='>,
  type: Type,
  x: Operand,
  y: Operand,
): Read<boolean> {
  const [a, b] = [integerAs(type, x), integerAs(type, y)];
  switch (operator) {
    case '==':
      return (thread, memory) => a(thread, memory) === b(thread, memory);
    case '<':
      return (thread, memory) => a(thread, memory) < b(thread, memory);
    case '<=':
      return (thread, memory) => a(thread, memory) <= b(thread, memory);
    case '>':
      return (thread, memory) => a(thread, memory) > b(thread, memory);
    case '>=':
      return (thread, memory) => a(thread, memory) >= b(thread, memory);
    default:
      return assertUnreachable(operator);
  }
}

function integerAs(type: Type, operand: Operand): Read<bigint> {
  if (operand.kind === 'constant') {
    const scalar = constantAs(operand.constant, type);
    if (scalar.kind !== 'int') throw new TooHard();
    const { value } = scalar;
    return () => value;
  }
  if (operand.kind === 'length') return lengthAs(type, operand.read);
  const read = readIntegerOperand(operand);
  // A bool here is an error of types, which is found when it is read.
  if (read === undefined) throw new TooHard();
  return read;
}

function lengthAs(type: Type, read: Read<number>): Read<bigint> {
  return (thread, memory) => {
    const value = BigInt(read(thread, memory));
    if (wrap(type, value) !== value) throw new UserError(`constant ${value} overflows ${type.name}`);
    return value;
  };
}

function scalarAs(type: Type, operand: Operand): Read<Scalar> {
  if (operand.kind === 'constant') {
    const scalar = constantAs(operand.constant, type);
    return () => scalar;
  }
  if (operand.kind === 'test' && underlying(type).kind === 'bool') {
    const { read } = operand;
    return (thread, memory) => ({ kind: 'bool', value: read(thread, memory) });
  }
  if (operand.kind === 'length' && underlying(type).kind === 'int') {
    const read = lengthAs(type, operand.read);
    return (thread, memory) => ({ kind: 'int', value: read(thread, memory) });
  }
  return readScalar(operand);
}

function scalarEquality(type: Type, x: Operand, y: Operand): Read<boolean> {
  for (const [one, other] of [
    [x, y],
    [y, x],
  ] as const) {
    if (one.kind !== 'place' || other.kind !== 'constant') continue;
    const scalar = constantAs(other.constant, type);
    if (scalar.kind === 'string') return isText(one.place, scalar.bytes);
  }
  const [a, b] = [scalarAs(type, x), scalarAs(type, y)];
  return (thread, memory) => equalScalars(a(thread, memory), b(thread, memory));
}

function scalarOrder(
  operator: Exclude<Comparison, '==' | '!='>,
  type: Type,
  x: Operand,
  y: Operand,
): Read<boolean> {
  const [a, b] = [scalarAs(type, x), scalarAs(type, y)];
  const compare = numberComparison(operator)!;
  return (thread, memory) => {
    const order = compareScalars(a(thread, memory), b(thread, memory));
    // Not a number: every order is false.
    return order !== undefined && compare(order, 0);
  };
}

function arithmeticCode(operator: ArithmeticOperator, x: Operand, y: Operand): Operand {
  const type = settle(operator, x, y);
  refuseOperator(operator, type);
  const [a, b] = [scalarAs(type, x), scalarAs(type, y)];
  return {
    kind: 'scalar',
    type,
    read: (thread, memory) => typedArithmetic(operator, type, a(thread, memory), b(thread, memory)),
  };
}

const FLOAT_OPERATORS = new Set<ArithmeticOperator>(['+', '-', '*', '/']);

function refuseOperator(operator: ArithmeticOperator, type: Type): void {
  const { kind } = underlying(type);
  if (kind === 'int' || kind === 'enum') return;
  if (kind === 'complex') throw new TooHard();
  if (kind === 'float' && FLOAT_OPERATORS.has(operator)) return;
  if (kind === 'string' && operator === '+') return;
  throw new UserError(`operator ${operator} is not defined on ${type.name}`);
}

function shiftCode(operator: '<<' | '>>', x: Operand, y: Operand): Operand {
  const type = typeOf(x);
  if (type === undefined) throw new TooHard();
  const value = readIntegerOperand(x);
  if (value === undefined) throw new UserError(`shift of type ${type.name}`);
  const count = shiftCount(y);
  return {
    kind: 'scalar',
    type,
    read: (thread, memory) => ({
      kind: 'int',
      value: typedShift(operator, type, value(thread, memory), count(thread, memory)),
    }),
  };
}

function shiftCount(y: Operand): Read<bigint> {
  const negative = (): UserError => new UserError('shift count must not be negative');
  if (y.kind === 'constant') {
    const count = toInteger(y.constant);
    if (count === undefined) throw new UserError('a shift count must be an integer');
    if (count < 0n) throw negative();
    return () => count;
  }
  const read = readIntegerOperand(y);
  if (read === undefined)
    throw y.kind === 'length' ? new TooHard() : new UserError('a shift count must be an integer');
  return (thread, memory) => {
    const count = read(thread, memory);
    if (count < 0n) throw negative();
    return count;
  };
}

export function unaryCode(program: Program, operator: '+' | '-' | '!' | '^', x: Operand): Operand {
  if (x.kind === 'constant') return constantOperand(unary(program, operator, likeness(x)));
  if (x.kind === 'test' && operator === '!') return test(x.read, true);
  const type = typeOf(x);
  if (type === undefined) throw new TooHard();
  const { kind } = underlying(type);
  if (kind === 'complex') throw new TooHard();
  const defined =
    operator === '!'
      ? kind === 'bool'
      : kind === 'int' || kind === 'enum' || (kind === 'float' && operator !== '^');
  if (!defined) throw new UserError(`operator ${operator} is not defined on ${type.name}`);
  const read = readScalar(x);
  return { kind: 'scalar', type, read: (thread, memory) => typedUnary(operator, type, read(thread, memory)) };
}
