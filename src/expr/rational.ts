/** An exact fraction in lowest terms, for constant arithmetic; the denominator is positive. */
export class Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;

  private constructor(numerator: bigint, denominator: bigint) {
    this.numerator = numerator;
    this.denominator = denominator;
  }

  static of(numerator: bigint, denominator = 1n): Rational {
    if (denominator === 0n) throw new RangeError('division by zero');
    if (denominator === 1n) return new Rational(numerator, 1n);
    const divisor = greatestCommonDivisor(numerator < 0n ? -numerator : numerator, denominator);
    const sign = denominator < 0n ? -1n : 1n;
    return new Rational((sign * numerator) / divisor, (sign * denominator) / divisor);
  }

  /** The exact value of a finite double: mantissa × 2^exponent. */
  static ofDouble(value: number): Rational {
    if (Number.isInteger(value)) return new Rational(BigInt(value), 1n);
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    const bits = view.getBigUint64(0);
    const exponent = Number((bits >> 52n) & 0x7ffn);
    const fraction = bits & ((1n << 52n) - 1n);
    const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n);
    const scale = (exponent === 0 ? 1 : exponent) - 1075;
    const signed = value < 0 ? -mantissa : mantissa;
    return scale >= 0 ? new Rational(signed << BigInt(scale), 1n) : Rational.of(signed, 1n << BigInt(-scale));
  }

  add(other: Rational): Rational {
    return Rational.of(
      this.numerator * other.denominator + other.numerator * this.denominator,
      this.denominator * other.denominator,
    );
  }

  subtract(other: Rational): Rational {
    return this.add(other.negate());
  }

  multiply(other: Rational): Rational {
    return Rational.of(this.numerator * other.numerator, this.denominator * other.denominator);
  }

  /** Throws a RangeError on division by zero. */
  divide(other: Rational): Rational {
    return Rational.of(this.numerator * other.denominator, this.denominator * other.numerator);
  }

  negate(): Rational {
    return new Rational(-this.numerator, this.denominator);
  }

  compare(other: Rational): number {
    const difference = this.numerator * other.denominator - other.numerator * this.denominator;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  isZero(): boolean {
    return this.numerator === 0n;
  }

  /** Its value, if it is a whole number. */
  integer(): bigint | undefined {
    return this.denominator === 1n ? this.numerator : undefined;
  }

  /** Number of bits of the larger part: what an operation on it costs. */
  get bits(): number {
    return Math.max(bitLength(this.numerator), bitLength(this.denominator));
  }

  /** The nearest double, ties to even; infinity beyond the largest. */
  toDouble(): number {
    if (this.numerator === 0n) return 0;
    const magnitude = this.numerator < 0n ? -this.numerator : this.numerator;
    // 2^(exponent−1) ≤ magnitude ÷ denominator < 2^exponent.
    let exponent = bitLength(magnitude) - bitLength(this.denominator);
    if (shifted(magnitude, -exponent) >= shifted(this.denominator, exponent)) exponent++;
    if (exponent > 1024) return this.numerator < 0n ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    // The value in units of its last place: 53 bits, fewer for subnormals.
    const unit = Math.max(exponent - 53, -1074);
    const divisor = shifted(this.denominator, unit);
    const scaled = shifted(magnitude, -unit);
    let quotient = scaled / divisor;
    const twice = (scaled % divisor) * 2n;
    if (twice > divisor || (twice === divisor && (quotient & 1n) === 1n)) quotient++;
    // In two steps, since 2^unit alone may be subnormal or infinite; both are exact.
    const half = Math.trunc(unit / 2);
    const value = Number(quotient) * 2 ** half * 2 ** (unit - half);
    return this.numerator < 0n ? -value : value;
  }
}

/** value × 2^count for a positive count, else the value itself: the other operand is shifted then. */
const shifted = (value: bigint, count: number): bigint => (count > 0 ? value << BigInt(count) : value);

export function bitLength(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  const hex = magnitude.toString(16);
  return magnitude === 0n ? 0 : (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0]!, 16)));
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let x = a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}
