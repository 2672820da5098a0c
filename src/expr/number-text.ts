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

/** Rounds to `count` significant digits (more than there are gives zeros), exactly, as Go does for a precision. */
export function roundedDigits(value: number, count: number): Digits {
  const negative = value < 0 || Object.is(value, -0);
  const magnitude = Math.abs(value);
  if (magnitude === 0) return { negative, digits: '0'.repeat(Math.max(count, 1)), exponent: 1 };
  const places = Math.min(Math.max(count - 1, 0), 100);
  const { digits, exponent } = split(magnitude.toExponential(places), false);
  return { negative, digits: digits.padEnd(count, '0'), exponent };
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
function split(text: string, trim = true): { readonly digits: string; readonly exponent: number } {
  const [mantissa, exponent] = text.split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  return { digits: trim ? digits.replace(/(?<=.)0+$/, '') : digits, exponent: Number(exponent) + 1 };
}
