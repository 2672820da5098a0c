import { UserError } from '../base/index.ts';
import { underlying } from '../golang/values/shapes.ts';
import type { Type } from '../image/index.ts';
import { type Constant, intConstant, MAX_BITS, toComplex, toInteger, toRational } from './constant.ts';
import type { Rational } from './rational.ts';
import { rounded, type Scalar, wrap } from './scalar.ts';
import type { BinaryOperator } from './syntax.ts';

/** Operators that give a value of their operands' type. */
export type ArithmeticOperator = Exclude<
  BinaryOperator,
  '&&' | '||' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '<<' | '>>'
>;

const undefinedOn = (operator: string, what: string): UserError =>
  new UserError(`operator ${operator} is not defined on ${what}`);

const divisionByZero = (): UserError => new UserError('division by zero');

/** x operator y for values of one type (spec: Arithmetic operators): integers wrap around, floats round. */
export function typedArithmetic(operator: ArithmeticOperator, type: Type, x: Scalar, y: Scalar): Scalar {
  if (x.kind === 'int' && y.kind === 'int') {
    return { kind: 'int', value: wrap(type, integerArithmetic(operator, x.value, y.value)) };
  }
  if (x.kind === 'float' && y.kind === 'float') {
    return { kind: 'float', value: rounded(type, floatArithmetic(operator, type, x.value, y.value)) };
  }
  if (x.kind === 'complex' && y.kind === 'complex') return complexArithmetic(operator, type, x, y);
  if (x.kind === 'string' && y.kind === 'string' && operator === '+') {
    return { kind: 'string', bytes: concatenate(x.bytes, y.bytes) };
  }
  throw undefinedOn(operator, type.name);
}

function integerArithmetic(operator: ArithmeticOperator, x: bigint, y: bigint): bigint {
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      if (y === 0n) throw divisionByZero();
      return x / y;
    case '%':
      if (y === 0n) throw divisionByZero();
      return x % y;
    case '&':
      return x & y;
    case '|':
      return x | y;
    case '^':
      return x ^ y;
    case '&^':
      return x & ~y;
  }
}

/** Operands of a float32 are exact in a double and one operation on them rounds once more: as Go's hardware does. */
function floatArithmetic(operator: ArithmeticOperator, type: Type, x: number, y: number): number {
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      return x / y;
    default:
      throw undefinedOn(operator, type.name);
  }
}

type Complex = Extract<Scalar, { kind: 'complex' }>;

/** Go computes complex64 in doubles too, and rounds at the end (cmd/compile/internal/ssagen). */
function complexArithmetic(operator: ArithmeticOperator, type: Type, x: Complex, y: Complex): Complex {
  const round = underlying(type).size === 8 ? Math.fround : (value: number): number => value;
  const complex = (real: number, imaginary: number): Complex => ({
    kind: 'complex',
    real: round(real),
    imaginary: round(imaginary),
  });
  switch (operator) {
    case '+':
      return complex(x.real + y.real, x.imaginary + y.imaginary);
    case '-':
      return complex(x.real - y.real, x.imaginary - y.imaginary);
    case '*':
      return complex(
        x.real * y.real - x.imaginary * y.imaginary,
        x.real * y.imaginary + x.imaginary * y.real,
      );
    case '/': {
      const { real, imaginary } = divideComplex(x, y);
      return complex(real, imaginary);
    }
    default:
      throw undefinedOn(operator, type.name);
  }
}

/** runtime/complex.go complex128div: scaled by the larger part of the divisor, with C99's rules for infinities. */
function divideComplex(n: Complex, m: Complex): { readonly real: number; readonly imaginary: number } {
  let a: number;
  let b: number;
  let real: number;
  let imaginary: number;
  if (Math.abs(m.real) >= Math.abs(m.imaginary)) {
    const ratio = m.imaginary / m.real;
    const denominator = m.real + ratio * m.imaginary;
    real = (n.real + n.imaginary * ratio) / denominator;
    imaginary = (n.imaginary - n.real * ratio) / denominator;
  } else {
    const ratio = m.real / m.imaginary;
    const denominator = m.imaginary + ratio * m.real;
    real = (n.real * ratio + n.imaginary) / denominator;
    imaginary = (n.imaginary * ratio - n.real) / denominator;
  }
  if (!Number.isNaN(real) || !Number.isNaN(imaginary)) return { real, imaginary };
  const [c, d] = [m.real, m.imaginary];
  [a, b] = [n.real, n.imaginary];
  if (c === 0 && d === 0 && (!Number.isNaN(a) || !Number.isNaN(b))) {
    const infinity = Object.is(c, -0) ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    return { real: infinity * a, imaginary: infinity * b };
  }
  const isInfinite = (x: number): boolean => x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY;
  const unit = (x: number): number =>
    (Object.is(Math.sign(x), -0) || x < 0 ? -1 : 1) * (isInfinite(x) ? 1 : 0);
  if ((isInfinite(a) || isInfinite(b)) && Number.isFinite(c) && Number.isFinite(d)) {
    [a, b] = [unit(a), unit(b)];
    return {
      real: Number.POSITIVE_INFINITY * (a * c + b * d),
      imaginary: Number.POSITIVE_INFINITY * (b * c - a * d),
    };
  }
  if ((isInfinite(c) || isInfinite(d)) && Number.isFinite(a) && Number.isFinite(b)) {
    return { real: 0 * (a * unit(c) + b * unit(d)), imaginary: 0 * (b * unit(c) - a * unit(d)) };
  }
  return { real, imaginary };
}

function concatenate(x: Uint8Array, y: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(x.length + y.length);
  bytes.set(x);
  bytes.set(y, x.length);
  return bytes;
}

/** x operator y for untyped constants, exactly (spec: Constant expressions). */
export function constantArithmetic(operator: ArithmeticOperator, x: Constant, y: Constant): Constant {
  if (x.kind === 'string' && y.kind === 'string' && operator === '+') {
    return { kind: 'string', bytes: concatenate(x.bytes, y.bytes) };
  }
  if (isWhole(x) && isWhole(y)) {
    const value = intConstant(integerArithmetic(operator, x.value, y.value));
    return x.kind === 'rune' || y.kind === 'rune' ? { kind: 'rune', value: toInteger(value)! } : value;
  }
  const a = toComplex(x);
  const b = toComplex(y);
  if (a === undefined || b === undefined) throw undefinedOn(operator, `${x.kind} and ${y.kind} constants`);
  if (x.kind === 'complex' || y.kind === 'complex') return exactComplex(operator, a, b);
  return { kind: 'float', value: exactFloat(operator, a.real, b.real) };
}

const isWhole = (x: Constant): x is Extract<Constant, { kind: 'int' | 'rune' }> =>
  x.kind === 'int' || x.kind === 'rune';

function exactFloat(operator: ArithmeticOperator, x: Rational, y: Rational): Rational {
  const result = exactOperation(operator, x, y);
  if (result.bits > MAX_BITS) throw new UserError('constant overflow');
  return result;
}

function exactOperation(operator: ArithmeticOperator, x: Rational, y: Rational): Rational {
  switch (operator) {
    case '+':
      return x.add(y);
    case '-':
      return x.subtract(y);
    case '*':
      return x.multiply(y);
    case '/':
      if (y.isZero()) throw divisionByZero();
      return x.divide(y);
    default:
      throw undefinedOn(operator, 'float constants');
  }
}

interface ExactComplex {
  readonly real: Rational;
  readonly imaginary: Rational;
}

function exactComplex(operator: ArithmeticOperator, x: ExactComplex, y: ExactComplex): Constant {
  const both = (part: (a: Rational, b: Rational) => Rational): Constant => ({
    kind: 'complex',
    real: part(x.real, y.real),
    imaginary: part(x.imaginary, y.imaginary),
  });
  const product = (a: ExactComplex, b: ExactComplex): ExactComplex => ({
    real: exactFloat('-', a.real.multiply(b.real), a.imaginary.multiply(b.imaginary)),
    imaginary: exactFloat('+', a.real.multiply(b.imaginary), a.imaginary.multiply(b.real)),
  });
  switch (operator) {
    case '+':
      return both((a, b) => exactFloat('+', a, b));
    case '-':
      return both((a, b) => exactFloat('-', a, b));
    case '*':
      return { kind: 'complex', ...product(x, y) };
    case '/': {
      const norm = y.real.multiply(y.real).add(y.imaginary.multiply(y.imaginary));
      if (norm.isZero()) throw divisionByZero();
      const { real, imaginary } = product(x, { real: y.real, imaginary: y.imaginary.negate() });
      return { kind: 'complex', real: real.divide(norm), imaginary: imaginary.divide(norm) };
    }
    default:
      throw undefinedOn(operator, 'complex constants');
  }
}

/** Shifts of a typed integer: bits fall off, and a negative number stays negative. */
export function typedShift(operator: '<<' | '>>', type: Type, x: bigint, count: bigint): bigint {
  const bits = BigInt(underlying(type).size * 8);
  if (operator === '>>') return wrap(type, x >> (count > bits ? bits : count));
  return count >= bits ? 0n : wrap(type, x << count);
}

export function constantShift(operator: '<<' | '>>', x: bigint, count: bigint): Constant {
  if (count > BigInt(MAX_BITS)) {
    if (operator === '>>' || x === 0n) return intConstant(x < 0n ? -1n : 0n);
    throw new UserError(`shift count ${count} is too large`);
  }
  return intConstant(operator === '<<' ? x << count : x >> count);
}

/** +x, -x, ^x and !x of a typed value. */
export function typedUnary(operator: '+' | '-' | '!' | '^', type: Type, x: Scalar): Scalar {
  if (operator === '!' && x.kind === 'bool') return { kind: 'bool', value: !x.value };
  if (x.kind === 'int' && operator !== '!') {
    const value = operator === '+' ? x.value : operator === '-' ? -x.value : ~x.value;
    return { kind: 'int', value: wrap(type, value) };
  }
  if (operator === '+' && (x.kind === 'float' || x.kind === 'complex')) return x;
  if (operator === '-' && x.kind === 'float') return { kind: 'float', value: -x.value };
  if (operator === '-' && x.kind === 'complex') {
    return { kind: 'complex', real: -x.real, imaginary: -x.imaginary };
  }
  throw undefinedOn(operator, type.name);
}

export function constantUnary(operator: '+' | '-' | '!' | '^', x: Constant): Constant {
  if (operator === '!' && x.kind === 'bool') return { kind: 'bool', value: !x.value };
  if (operator === '!' || x.kind === 'bool' || x.kind === 'string')
    throw undefinedOn(operator, `a ${x.kind}`);
  if (operator === '+') return x;
  if (isWhole(x)) return { kind: x.kind, value: operator === '-' ? -x.value : ~x.value };
  if (operator === '^') throw undefinedOn(operator, `a ${x.kind}`);
  if (x.kind === 'float') return { kind: 'float', value: x.value.negate() };
  return { kind: 'complex', real: x.real.negate(), imaginary: x.imaginary.negate() };
}

/** −1, 0 or 1; undefined where numbers have no order (complex). */
export function compareConstants(x: Constant, y: Constant): number | undefined {
  const a = toRational(x);
  const b = toRational(y);
  if (a !== undefined && b !== undefined) return a.compare(b);
  return undefined;
}
