import { UserError } from '../base/index.ts';
import type { Constant } from './constant.ts';
import type { Literal } from './lexer.ts';
import { Rational } from './rational.ts';

/** Go's number literals (spec: Integer, Floating-point and Imaginary literals). */
const BASES: Readonly<
  Record<string, { readonly base: number; readonly digits: RegExp; readonly name: string }>
> = {
  b: { base: 2, digits: /^[01_]*$/, name: 'binary' },
  o: { base: 8, digits: /^[0-7_]*$/, name: 'octal' },
  x: { base: 16, digits: /^[0-9a-fA-F_]*$/, name: 'hexadecimal' },
};
/** A power of ten or two beyond this is no number anyone means, and costs time. */
const MAX_EXPONENT = 5000;

const NUMBER =
  /0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|[0-9._][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?|/y;
const WORD = /[\p{L}\p{Nd}_]*/uy;

export function isLetter(text: string, at: number): boolean {
  return /[\p{L}_]/u.test(String.fromCodePoint(text.codePointAt(at)!));
}

export function numberLiteral(text: string, from: number): Literal {
  const to = numberEnd(text, from);
  const whole = text.slice(from, to);
  const imaginary = whole.endsWith('i');
  const body = imaginary ? whole.slice(0, -1) : whole;
  const fail = (problem: string): never => {
    throw new UserError(`${problem} ${whole}`, undefined, from);
  };
  if (/^_|__|_$|_[^0-9a-fA-F]|[^0-9a-fA-FxXoObB]_/.test(body)) fail('_ must separate digits in');
  const digits = body.replaceAll('_', '').toLowerCase();
  const value = parseNumber(digits, imaginary, fail);
  return { constant: imaginary ? imaginaryConstant(value) : value, to };
}

/** Everything that is glued to the number belongs to it, so that `0b12` and `1x` are errors of one literal. */
function numberEnd(text: string, from: number): number {
  NUMBER.lastIndex = from;
  NUMBER.exec(text);
  WORD.lastIndex = Math.max(NUMBER.lastIndex, from + 1);
  WORD.exec(text);
  return Math.max(WORD.lastIndex, from + 1);
}

function parseNumber(digits: string, imaginary: boolean, fail: (problem: string) => never): Constant {
  if (/^0x[0-9a-f]*[.p]/.test(digits)) return hexFloat(digits, fail);
  const prefixed = BASES[/^0([box])/.exec(digits)?.[1] ?? ''];
  if (prefixed !== undefined) {
    const rest = digits.slice(2);
    if (rest === '') fail(`${prefixed.name} literal has no digits:`);
    if (!prefixed.digits.test(rest)) fail(`invalid digit in ${prefixed.name} literal`);
    return { kind: 'int', value: BigInt(digits) };
  }
  if (/^[0-9]+$/.test(digits)) {
    // 0755 is octal, but 0755i is decimal, for history's sake.
    if (imaginary || !/^0[0-9]/.test(digits)) return { kind: 'int', value: BigInt(digits) };
    if (!/^[0-7]+$/.test(digits)) fail('invalid digit in octal literal');
    return { kind: 'int', value: BigInt(`0o${digits}`) };
  }
  return decimalFloat(digits, fail);
}

function decimalFloat(digits: string, fail: (problem: string) => never): Constant {
  const match = /^([0-9]*)\.?([0-9]*)(?:e([+-]?[0-9]+))?$/.exec(digits);
  if (match === null) return fail(/e[+-]?$/.test(digits) ? 'exponent has no digits in' : 'malformed number');
  const [, whole = '', fraction = '', exponentText = '0'] = match;
  const exponent = Number(exponentText) - fraction.length;
  if (Math.abs(exponent) > MAX_EXPONENT) fail('exponent too large in');
  const mantissa = BigInt(`${whole}${fraction}` || '0');
  const value =
    exponent >= 0
      ? Rational.of(mantissa * 10n ** BigInt(exponent))
      : Rational.of(mantissa, 10n ** BigInt(-exponent));
  return { kind: 'float', value };
}

function hexFloat(digits: string, fail: (problem: string) => never): Constant {
  const match = /^0x([0-9a-f]*)\.?([0-9a-f]*)p([+-]?[0-9]+)$/.exec(digits);
  if (match === null) {
    return fail(digits.includes('p') ? 'malformed number' : 'hexadecimal mantissa requires a p exponent:');
  }
  const [, whole = '', fraction = '', exponentText = '0'] = match;
  if (whole + fraction === '') fail('hexadecimal literal has no digits:');
  const exponent = Number(exponentText) - 4 * fraction.length;
  if (Math.abs(exponent) > MAX_EXPONENT) fail('exponent too large in');
  const mantissa = BigInt(`0x${whole}${fraction}`);
  const value =
    exponent >= 0
      ? Rational.of(mantissa << BigInt(exponent))
      : Rational.of(mantissa, 1n << BigInt(-exponent));
  return { kind: 'float', value };
}

function imaginaryConstant(constant: Constant): Constant {
  const imaginary =
    constant.kind === 'float' ? constant.value : Rational.of(constant.kind === 'int' ? constant.value : 0n);
  return { kind: 'complex', real: Rational.of(0n), imaginary };
}
