import { Rational } from './rational.ts';

/** strconv.FormatFloat(x, 'f', -1, bits): the shortest decimal that reads back as x, without an exponent. */
export function floatText(value: number, bits: 32 | 64): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const { negative, digits, exponent } = shortestDigits(value, bits);
  const sign = negative ? '-' : '';
  if (exponent <= 0) return `${sign}0${digits === '0' ? '' : `.${'0'.repeat(-exponent)}${digits}`}`;
  if (digits.length <= exponent) return sign + digits + '0'.repeat(exponent - digits.length);
  return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}

/** A finite number as ±0.digits × 10^exponent, with as few digits as identify it. */
export interface Digits {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

export function shortestDigits(value: number, bits: 32 | 64): Digits {
  const negative = value < 0 || Object.is(value, -0);
  const magnitude = Math.abs(value);
  if (magnitude === 0) return { negative, digits: '0', exponent: 0 };
  return { negative, ...split(bits === 32 ? shortest32(magnitude) : magnitude.toExponential()) };
}

/** Rounds to `count` significant digits, ties to even, of the exact value: as strconv does, and toPrecision does not. */
export function roundedDigits(value: number, count: number): Digits {
  const negative = value < 0 || Object.is(value, -0);
  const magnitude = Math.abs(value);
  if (magnitude === 0) return { negative, digits: '0'.repeat(count), exponent: 1 };
  const { exponent } = split(magnitude.toExponential());
  const digits = String(scaledInteger(magnitude, count - exponent));
  // Rounding up to a power of ten makes one digit more.
  return { negative, digits: digits.slice(0, count), exponent: exponent + digits.length - count };
}

/** The exact value of a magnitude with `places` decimals, ties to even. */
export function fixedText(magnitude: number, places: number): string {
  const digits = String(scaledInteger(magnitude, places)).padStart(places + 1, '0');
  const point = digits.length - places;
  return places === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** magnitude × 10^places, rounded to an integer, ties to even. */
function scaledInteger(magnitude: number, places: number): bigint {
  const { numerator, denominator } = Rational.ofDouble(magnitude);
  const power = 10n ** BigInt(Math.abs(places));
  const dividend = places >= 0 ? numerator * power : numerator;
  const divisor = places >= 0 ? denominator : denominator * power;
  const quotient = dividend / divisor;
  const twice = (dividend % divisor) * 2n;
  return twice > divisor || (twice === divisor && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
}

function shortest32(magnitude: number): string {
  const single = Math.fround(magnitude);
  if (!Number.isFinite(single)) return magnitude.toExponential();
  for (let places = 0; places < 9; places++) {
    const text = single.toExponential(places);
    if (Math.fround(Number(text)) === single) return text;
  }
  return single.toExponential();
}

/** `d.ddde±x` to digits and the exponent of 0.digits. */
function split(text: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa, exponent] = text.split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  return { digits: digits.replace(/(?<=.)0+$/, ''), exponent: Number(exponent) + 1 };
}
