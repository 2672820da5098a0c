import { expect, test } from 'vitest';
import { DrainPause } from './drain-pause.ts';

const MB = 1 << 20;

test('the ring is left alone for longer while little comes, and not a moment longer when much does', () => {
  const pause = new DrainPause(2);
  expect([1, 2, 3, 4].map((drain) => pause.next(drain * 1000))).toEqual([20, 40, 40, 40]);
  const before = 4000;
  expect(pause.next(before + 2 * MB)).toBe(40);
  expect(pause.next(before + 10 * MB)).toBe(10);
  expect(pause.next(before + 18 * MB)).toBe(10);
});

test('the more CPUs there are to fill it, the oftener it is looked at', () => {
  const longest = (cpus: number): number => {
    const pause = new DrainPause(cpus);
    for (let i = 0; i < 9; i++) pause.next(0);
    return pause.next(0);
  };
  expect([1, 4, 8, 16, 128].map(longest)).toEqual([40, 40, 20, 10, 10]);
});
