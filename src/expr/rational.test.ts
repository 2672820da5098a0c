import { expect, test } from 'vitest';
import { random } from '../base/testing/mutate.ts';
import { bitLength, Rational } from './rational.ts';

test('doubles come back exactly, subnormal ones too', () => {
  const next = random(3);
  const view = new DataView(new ArrayBuffer(8));
  for (let round = 0; round < 5000; round++) {
    view.setUint32(0, next());
    view.setUint32(4, next());
    if (round % 3 === 0) view.setUint16(0, view.getUint16(0) & 0x800f);
    const value = view.getFloat64(0);
    if (Number.isFinite(value)) expect(Rational.ofDouble(value).toDouble()).toBe(value === 0 ? 0 : value);
  }
});

test('decimals round as the parser of JavaScript rounds them', () => {
  const next = random(5);
  for (let round = 0; round < 3000; round++) {
    const digits = String(next()) + String(next());
    const exponent = (next() % 660) - 340;
    const power = 10n ** BigInt(Math.abs(exponent));
    const exact = exponent >= 0 ? Rational.of(BigInt(digits) * power) : Rational.of(BigInt(digits), power);
    expect(exact.toDouble()).toBe(Number(`${digits}e${exponent}`));
  }
});

test('arithmetic is exact', () => {
  const third = Rational.of(1n, 3n);
  expect(third.add(third).add(third).integer()).toBe(1n);
  expect(third.multiply(Rational.of(-6n)).integer()).toBe(-2n);
  expect(third.divide(Rational.of(-1n, 6n)).integer()).toBe(-2n);
  expect(Rational.of(4n, -6n)).toEqual(Rational.of(-2n, 3n));
  expect(third.compare(Rational.of(1n, 4n))).toBe(1);
  expect(() => third.divide(Rational.of(0n))).toThrow(RangeError);
});

test('bits', () => {
  expect([0n, 1n, 2n, 255n, 256n, -256n, 1n << 100n].map(bitLength)).toEqual([0, 1, 2, 8, 9, 9, 101]);
});
