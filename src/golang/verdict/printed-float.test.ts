import { expect, test } from 'vitest';
import { printedComplex, printedFloat } from './printed-float.ts';

// What println of these constants printed with go1.26.8 and with go1.24.13.
const printed: readonly (readonly [number, string, string])[] = [
  [6.25, '6.25', '+6.250000e+000'],
  [1e20, '1e+20', '+1.000000e+020'],
  [1e6, '1e+06', '+1.000000e+006'],
  [123456789, '1.23456789e+08', '+1.234568e+008'],
  [0.0001, '0.0001', '+1.000000e-004'],
  [0.00001, '1e-05', '+1.000000e-005'],
  [-0.5, '-0.5', '-5.000000e-001'],
  [100, '100', '+1.000000e+002'],
  [1.5e300, '1.5e+300', '+1.500000e+300'],
  [0, '0', '+0.000000e+000'],
];

test.each(printed)('%d', (value, since26, until25) => {
  expect(printedFloat(value, 8, true)).toBe(since26);
  expect(printedFloat(value, 8, false)).toBe(until25);
});

test('a float32 has the digits that a float32 needs', () => {
  expect(printedFloat(Math.fround(0.1), 4, true)).toBe('0.1');
});

test('what is no number', () => {
  expect([Number.NaN, Infinity, -Infinity].map((value) => printedFloat(value, 8, true))).toEqual([
    'NaN',
    '+Inf',
    '-Inf',
  ]);
});

test('complex numbers show the sign between their parts', () => {
  expect(printedComplex('1.5', '-2')).toBe('(1.5-2i)');
  expect(printedComplex('1.5', '2')).toBe('(1.5+2i)');
  expect(printedComplex('+1.500000e+000', '+2.000000e+000')).toBe('(+1.500000e+000+2.000000e+000i)');
  expect(printedComplex(undefined, '2')).toBeUndefined();
});
