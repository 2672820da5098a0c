/**
 * Floating-point numbers as the runtime prints them (runtime/print.go): up to go1.25 seven digits, a sign and an
 * exponent of three digits; since go1.26 the shortest form that reads back, as strconv's format 'g'.
 */
export function printedFloat(value: number, size: 4 | 8, shortest: boolean): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const negative = value < 0 || Object.is(value, -0);
  return shortest
    ? `${negative ? '-' : ''}${shortestForm(Math.abs(value), size)}`
    : `${negative ? '-' : '+'}${withExponent(Math.abs(value).toExponential(6), 3)}`;
}

/** `(1.5-2i)`. */
export function printedComplex(real: string | undefined, imaginary: string | undefined): string | undefined {
  if (real === undefined || imaginary === undefined) return undefined;
  return `(${real}${/^[+-]/.test(imaginary) ? '' : '+'}${imaginary}i)`;
}

const FIRST_EXPONENT = 6;

/** strconv's formatDigits writes an exponent if it is below −4, or not below 6 where the shortest form is asked for. */
function shortestForm(value: number, size: 4 | 8): string {
  const exponential = shortestDigits(value, size);
  const [mantissa, power] = exponential.split('e') as [string, string];
  const exponent = Number(power);
  const digits = mantissa.replace('.', '');
  if (value !== 0 && (exponent < -4 || exponent >= FIRST_EXPONENT)) return withExponent(exponential, 2);
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function shortestDigits(value: number, size: 4 | 8): string {
  if (size === 8) return value.toExponential();
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(8);
}

function withExponent(exponential: string, width: number): string {
  const [mantissa, power] = exponential.split('e') as [string, string];
  const exponent = Number(power);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${`${Math.abs(exponent)}`.padStart(width, '0')}`;
}
