import { assertUnreachable } from '../base/index.ts';
import { quote, textToBytes } from './byte-text.ts';
import { fixedText, roundedDigits, shortestDigits } from './number-text.ts';

/** What a verb of package fmt is applied to. */
export type Operand =
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number; readonly bits: 32 | 64 }
  | { readonly kind: 'complex'; readonly real: number; readonly imaginary: number; readonly bits: 32 | 64 }
  | { readonly kind: 'string'; readonly value: string };

interface Directive {
  readonly verb: string;
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

const DIRECTIVE = /%([-+# 0]*)(\d{1,4})?(?:\.(\d{0,4}))?(.)?/gsu;

/** fmt.Sprintf(format, operand), with one operand; text around the directives stays. */
export function goFormat(format: string, operand: Operand): string {
  let used = false;
  const text = format.replace(DIRECTIVE, (_match, flags: string, width, precision, verb) => {
    if (verb === undefined) return '%!(NOVERB)';
    if (verb === '%') return '%';
    if (used) return `%!${verb}(BADINDEX)`;
    used = true;
    const directive: Directive = {
      verb,
      minus: flags.includes('-'),
      plus: flags.includes('+'),
      sharp: flags.includes('#'),
      space: flags.includes(' '),
      zero: flags.includes('0') && !flags.includes('-'),
      width: width === undefined ? undefined : Number(width),
      precision: precision === undefined ? undefined : Number(precision),
    };
    return formatOperand(directive, operand);
  });
  return used ? text : `${text}%!(EXTRA ${described(operand)})`;
}

function formatOperand(directive: Directive, operand: Operand): string {
  switch (operand.kind) {
    case 'bool':
      return 'tv'.includes(directive.verb) ? pad(directive, String(operand.value)) : bad(directive, operand);
    case 'int':
      return formatInteger(directive, operand.value) ?? bad(directive, operand);
    case 'float':
      return formatFloat(directive, operand.value, operand.bits) ?? bad(directive, operand);
    case 'complex':
      return formatComplex(directive, operand) ?? bad(directive, operand);
    case 'string':
      return formatString(directive, operand.value) ?? bad(directive, operand);
    default:
      return assertUnreachable(operand);
  }
}

const TYPE_NAMES = { bool: 'bool', int: 'int64', float: 'float64', complex: 'complex128', string: 'string' };
const NO_FLAGS = { minus: false, plus: false, sharp: false, space: false, zero: false };

const PLAIN: Directive = { ...NO_FLAGS, verb: 'v', width: undefined, precision: undefined };

const described = (operand: Operand): string =>
  `${TYPE_NAMES[operand.kind]}=${formatOperand(PLAIN, operand)}`;

const bad = (directive: Directive, operand: Operand): string => `%!${directive.verb}(${described(operand)})`;

function pad(directive: Directive, text: string): string {
  const missing = (directive.width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  return directive.minus ? text + ' '.repeat(missing) : ' '.repeat(missing) + text;
}

/** Zeros go between the sign and the digits. */
function padNumber(directive: Directive, sign: string, body: string): string {
  const missing = (directive.width ?? 0) - sign.length - body.length;
  if (directive.zero && missing > 0) return sign + '0'.repeat(missing) + body;
  return pad(directive, sign + body);
}

const signOf = (directive: Directive, negative: boolean): string =>
  negative ? '-' : directive.plus ? '+' : directive.space ? ' ' : '';

const BASES: Readonly<Record<string, { readonly base: number; readonly prefix: string }>> = {
  d: { base: 10, prefix: '' },
  v: { base: 10, prefix: '' },
  b: { base: 2, prefix: '0b' },
  o: { base: 8, prefix: '0' },
  O: { base: 8, prefix: '' },
  x: { base: 16, prefix: '0x' },
  X: { base: 16, prefix: '0X' },
};

function formatInteger(directive: Directive, value: bigint): string | undefined {
  const { verb } = directive;
  if (verb === 'c') return pad(directive, runeText(value));
  if (verb === 'q') return pad(directive, quote(runeText(value), "'", directive.plus));
  if (verb === 'U') {
    const code = `U+${BigInt.asUintN(64, value)
      .toString(16)
      .toUpperCase()
      .padStart(directive.precision ?? 4, '0')}`;
    return pad(directive, directive.sharp && isPrintable(value) ? `${code} '${runeText(value)}'` : code);
  }
  const base = BASES[verb];
  if (base === undefined) return undefined;
  const sign = signOf(directive, value < 0n);
  // Zeros fill the width but for the sign; a prefix comes on top of it.
  const zeros = directive.zero ? (directive.width ?? 0) - sign.length : 0;
  let digits = (value < 0n ? -value : value).toString(base.base).padStart(directive.precision ?? zeros, '0');
  if (value === 0n && directive.precision === 0) digits = '';
  if (verb === 'X') digits = digits.toUpperCase();
  const sharp = verb === 'o' && digits.startsWith('0') ? '' : base.prefix;
  const prefix = verb === 'O' ? '0o' : directive.sharp ? sharp : '';
  return pad(directive, sign + prefix + digits);
}

/** strconv.IsPrint */
const isPrintable = (value: bigint): boolean =>
  value === BigInt(runeText(value).codePointAt(0)!) &&
  quote(runeText(value), "'").length === runeText(value).length + 2;

function runeText(value: bigint): string {
  const valid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
  return String.fromCodePoint(valid ? Number(value) : 0xfffd);
}

function formatFloat(directive: Directive, value: number, bits: 32 | 64): string | undefined {
  if (!Number.isFinite(value) && 'eEfFgGvxXb'.includes(directive.verb)) return notFinite(directive, value);
  const negative = value < 0 || Object.is(value, -0);
  const body = floatBody(directive, Math.abs(value), bits);
  return body === undefined ? undefined : padNumber(directive, signOf(directive, negative), body);
}

function notFinite(directive: Directive, value: number): string {
  const wanted = directive.plus ? '+' : directive.space ? ' ' : undefined;
  if (Number.isNaN(value)) return pad(directive, `${wanted ?? ''}NaN`);
  return pad(directive, `${value < 0 ? '-' : (wanted ?? '+')}Inf`);
}

function floatBody(directive: Directive, magnitude: number, bits: 32 | 64): string | undefined {
  const { verb, precision } = directive;
  switch (verb) {
    case 'e':
    case 'E':
      return withCase(verb, exponentForm(magnitude, precision ?? 6));
    case 'f':
    case 'F':
      return fixedText(magnitude, precision ?? 6);
    case 'v':
    case 'g':
    case 'G':
      return withCase(verb, generalForm(magnitude, precision, bits));
    case 'x':
    case 'X':
      return withCase(verb, hexForm(magnitude, precision));
    default:
      return undefined;
  }
}

const withCase = (verb: string, text: string): string => (verb < 'a' ? text.toUpperCase() : text);

function exponentText(exponent: number): string {
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return `e${exponent < 0 ? '-' : '+'}${digits}`;
}

function exponentForm(magnitude: number, precision: number): string {
  const { digits, exponent } = roundedDigits(magnitude, precision + 1);
  const fraction = precision > 0 ? `.${digits.slice(1)}` : '';
  return digits[0] + fraction + exponentText(magnitude === 0 ? 0 : exponent - 1);
}

/** strconv's %g: with an exponent when it is below −4 or not less than the precision (6 for the shortest digits). */
function generalForm(magnitude: number, precision: number | undefined, bits: 32 | 64): string {
  const shortest = precision === undefined;
  const rounded = shortest
    ? shortestDigits(magnitude, bits)
    : roundedDigits(magnitude, Math.max(precision, 1));
  const digits = rounded.digits.replace(/(?<=.)0+$/, '');
  const point = magnitude === 0 ? 1 : rounded.exponent;
  let limit = shortest ? 6 : Math.max(precision, 1);
  if (!shortest && limit > digits.length && digits.length >= point) limit = digits.length;
  if (point - 1 < -4 || point - 1 >= limit) {
    return digits[0] + (digits.length > 1 ? `.${digits.slice(1)}` : '') + exponentText(point - 1);
  }
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (digits.length <= point) return digits + '0'.repeat(point - digits.length);
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** %x of a float: 0x1.8p+01. */
function hexForm(magnitude: number, precision: number | undefined): string {
  if (magnitude === 0) return `0x0${precision ? `.${'0'.repeat(precision)}` : ''}p+00`;
  let exponent = Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent--;
  if (2 ** (exponent + 1) <= magnitude) exponent++;
  const scaled = (magnitude / 2 ** Math.max(exponent, -1022)) * 2 ** (Math.max(exponent, -1022) - exponent);
  let mantissa = BigInt(Math.round(scaled * 2 ** 52));
  let width = 13;
  if (precision !== undefined && precision < 13) {
    const drop = BigInt(4 * (13 - precision));
    const half = 1n << (drop - 1n);
    const rest = mantissa & ((1n << drop) - 1n);
    mantissa >>= drop;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
    width = precision;
    if (mantissa >> BigInt(4 * width) > 1n) {
      mantissa >>= 1n;
      exponent++;
    }
  }
  const fractionBits = BigInt(4 * width);
  const fraction = (mantissa & ((1n << fractionBits) - 1n)).toString(16).padStart(width, '0');
  const kept = precision === undefined ? fraction.replace(/0+$/, '') : fraction.padEnd(precision, '0');
  const digits = width === 0 ? '' : kept;
  const sign = exponent < 0 ? '-' : '+';
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `0x${mantissa >> fractionBits}${digits === '' ? '' : `.${digits}`}p${sign}${power}`;
}

function formatComplex(
  directive: Directive,
  operand: Extract<Operand, { kind: 'complex' }>,
): string | undefined {
  const real = formatFloat(directive, operand.real, operand.bits);
  const imaginary = formatFloat({ ...directive, plus: true }, operand.imaginary, operand.bits);
  return real === undefined || imaginary === undefined ? undefined : `(${real}${imaginary}i)`;
}

function formatString(directive: Directive, value: string): string | undefined {
  const cut = (text: string): string =>
    directive.precision === undefined ? text : [...text].slice(0, directive.precision).join('');
  switch (directive.verb) {
    case 's':
    case 'v':
      return pad(directive, directive.verb === 'v' && directive.sharp ? quote(value) : cut(value));
    case 'q':
      return pad(directive, quotedString(directive, cut(value)));
    case 'x':
    case 'X':
      return pad(directive, withCase(directive.verb, hexBytes(directive, textToBytes(value))));
    default:
      return undefined;
  }
}

function quotedString(directive: Directive, text: string): string {
  // strconv.CanBackquote: one line, no backquote, no control characters but tab.
  const canBackquote = /^[^`\p{Cc}\u007f\ufeff]*$/u.test(text.replaceAll('\t', ''));
  return directive.sharp && canBackquote ? `\`${text}\`` : quote(text, '"', directive.plus);
}

function hexBytes(directive: Directive, bytes: Uint8Array): string {
  const kept = directive.precision === undefined ? bytes : bytes.subarray(0, directive.precision);
  const prefix = directive.sharp ? '0x' : '';
  const pairs = [...kept].map((byte) => byte.toString(16).padStart(2, '0'));
  if (directive.space) return pairs.map((pair) => prefix + pair).join(' ');
  return pairs.length === 0 ? '' : prefix + pairs.join('');
}
