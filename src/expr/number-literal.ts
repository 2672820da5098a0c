import { UserError } from '../base/index.ts';
import type { Constant } from './constant.ts';
import type { Literal } from './literal.ts';
import { Rational } from './rational.ts';

/** Go's number literals (spec: Integer, Floating-point and Imaginary literals). */
const BASES: Readonly<Record<string, { readonly other: RegExp; readonly name: string }>> = {
  b: { other: /[^01_]/, name: 'binary' },
  o: { other: /[^0-7_]/, name: 'octal' },
  x: { other: /[^0-9a-f_]/, name: 'hexadecimal' },
};
/** A power of ten or two beyond this is no number anyone means, and costs time. */
const MAX_EXPONENT = 5000;

const NUMBER =
  /0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|[0-9._][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?|/y;

export function isLetter(text: string, at: number): boolean {
  return /[\p{L}_]/u.test(String.fromCodePoint(text.codePointAt(at)!));
}

/** What is wrong with a literal, and how far into it. */
type Fail = (problem: string, at: number) => never;

export function numberLiteral(text: string, from: number): Literal {
  const to = numberEnd(text, from);
  const whole = text.slice(from, to);
  const fail: Fail = (problem, at) => {
    throw new UserError(`${problem} in ${whole}`, undefined, from + at);
  };
  const imaginary = whole.endsWith('i');
  const body = imaginary ? whole.slice(0, -1) : whole;
  const separator = /(?<![0-9a-fA-FxXoObB])_|_(?![0-9a-fA-F_])/.exec(body);
  if (separator !== null) fail("'_' must separate successive digits", separator.index);
  const value = parseNumber(body.toLowerCase(), imaginary, fail);
  return { constant: imaginary ? imaginaryConstant(value) : value, to };
}

/** Everything that is glued to the number belongs to it, so that `0b12` and `1x` are errors of one literal. */
function numberEnd(text: string, from: number): number {
  NUMBER.lastIndex = from;
  NUMBER.exec(text);
  const word = /[\p{L}\p{Nd}_]*/uy;
  word.lastIndex = Math.max(NUMBER.lastIndex, from + 1);
  word.exec(text);
  return Math.max(word.lastIndex, from + 1);
}

function parseNumber(digits: string, imaginary: boolean, fail: Fail): Constant {
  if (/^0x[0-9a-f_]*[.p]/.test(digits)) return hexFloat(digits, fail);
  const prefixed = BASES[/^0([box])/.exec(digits)?.[1] ?? ''];
  if (prefixed !== undefined) {
    if (digits.length === 2) fail(`${prefixed.name} literal has no digits`, 2);
    const bad = prefixed.other.exec(digits.slice(2));
    if (bad !== null) fail(`invalid digit '${bad[0]}' in ${prefixed.name} literal`, bad.index + 2);
    return { kind: 'int', value: BigInt(plain(digits)) };
  }
  if (/^[0-9_]+$/.test(digits)) {
    // 0755 is octal, but 0755i is decimal, for history's sake.
    if (imaginary || !/^0[0-9_]/.test(digits)) return { kind: 'int', value: BigInt(plain(digits)) };
    const bad = /[89]/.exec(digits);
    if (bad !== null) fail(`invalid digit '${bad[0]}' in octal literal`, bad.index);
    return { kind: 'int', value: BigInt(`0o${plain(digits)}`) };
  }
  return decimalFloat(digits, fail);
}

const plain = (digits: string): string => digits.replaceAll('_', '');

function decimalFloat(digits: string, fail: Fail): Constant {
  const match = /^([0-9_]*)(?:\.([0-9_]*))?(?:e([+-]?[0-9_]+))?/.exec(digits)!;
  const [matched, whole = '', fraction = '', exponentText = '0'] = match;
  if (matched.length < digits.length) {
    if (/^e[+-]?$/.test(digits.slice(matched.length))) fail('exponent has no digits', digits.length);
    fail('malformed number', matched.length);
  }
  const places = plain(fraction).length;
  return scaled(BigInt(plain(whole + fraction) || '0'), 10n, Number(plain(exponentText)) - places, fail);
}

function hexFloat(digits: string, fail: Fail): Constant {
  const match = /^0x([0-9a-f_]*)(?:\.([0-9a-f_]*))?(?:p([+-]?[0-9_]+))?/.exec(digits)!;
  const [matched, whole = '', fraction = '', exponentText] = match;
  if (plain(whole + fraction) === '') fail('hexadecimal literal has no digits', 2);
  if (matched.length < digits.length && !/^p[+-]?$/.test(digits.slice(matched.length))) {
    fail('malformed number', matched.length);
  }
  if (exponentText === undefined) {
    fail(
      digits.includes('p') ? 'exponent has no digits' : 'hexadecimal mantissa requires a p exponent',
      digits.length,
    );
  }
  const places = 4 * plain(fraction).length;
  return scaled(BigInt(`0x${plain(whole + fraction)}`), 2n, Number(plain(exponentText!)) - places, fail);
}

/** mantissa × base^exponent, exactly. */
function scaled(mantissa: bigint, base: bigint, exponent: number, fail: Fail): Constant {
  if (Math.abs(exponent) > MAX_EXPONENT) fail('exponent too large', 0);
  const power = base ** BigInt(Math.abs(exponent));
  const value = exponent >= 0 ? Rational.of(mantissa * power) : Rational.of(mantissa, power);
  return { kind: 'float', value };
}

function imaginaryConstant(constant: Constant): Constant {
  const imaginary =
    constant.kind === 'float' ? constant.value : Rational.of(constant.kind === 'int' ? constant.value : 0n);
  return { kind: 'complex', real: Rational.of(0n), imaginary };
}
