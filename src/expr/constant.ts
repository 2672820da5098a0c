import { UserError } from '../base/index.ts';
import { Rational } from './rational.ts';

/**
 * Go's untyped constants (spec: Constants), exact: integers and runes without bounds, floats as fractions.
 * Floats outside what a fraction can hold in reasonable size become doubles.
 */
export type Constant =
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'rune'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: Rational }
  | { readonly kind: 'complex'; readonly real: Rational; readonly imaginary: Rational }
  | { readonly kind: 'string'; readonly bytes: Uint8Array };

/** What an untyped constant of a kind becomes where nothing says otherwise (spec: Constants, default type). */
export const DEFAULT_TYPES = {
  bool: 'bool',
  int: 'int',
  rune: 'int32',
  float: 'float64',
  complex: 'complex128',
  string: 'string',
} as const;

/** More bits than this and a shift or product is a mistake, or a way to hang us (go/constant gives up at 2^512). */
export const MAX_BITS = 4096;

export const intConstant = (value: bigint): Constant => ({ kind: 'int', value: checked(value) });
export const boolConstant = (value: boolean): Constant => ({ kind: 'bool', value });

function checked(value: bigint): bigint {
  if (value >= 1n << BigInt(MAX_BITS) || value <= -(1n << BigInt(MAX_BITS))) {
    throw new UserError(`constant overflow: more than ${MAX_BITS} bits`);
  }
  return value;
}

/** A constant that is a whole number, as such: `2.0` may index and shift. */
export function toInteger(constant: Constant): bigint | undefined {
  switch (constant.kind) {
    case 'int':
    case 'rune':
      return constant.value;
    case 'float':
      return constant.value.integer();
    case 'complex':
      return constant.imaginary.isZero() ? constant.real.integer() : undefined;
    default:
      return undefined;
  }
}

/** A constant as an exact real number, if it is one. */
export function toRational(constant: Constant): Rational | undefined {
  switch (constant.kind) {
    case 'int':
    case 'rune':
      return Rational.of(constant.value);
    case 'float':
      return constant.value;
    case 'complex':
      return constant.imaginary.isZero() ? constant.real : undefined;
    default:
      return undefined;
  }
}

/** Real and imaginary part of any number. */
export function toComplex(
  constant: Constant,
): { readonly real: Rational; readonly imaginary: Rational } | undefined {
  if (constant.kind === 'complex') return constant;
  const real = toRational(constant);
  return real === undefined ? undefined : { real, imaginary: Rational.of(0n) };
}
