import { expect, it } from 'vitest';
import { CallStatistics } from './call-summary.ts';

it('finds quantiles within a few percent, whatever the durations', () => {
  const statistics = new CallStatistics('f');
  expect(statistics.quantile(0.5)).toBeUndefined();
  for (let i = 1; i <= 10_000; i++) statistics.add(i * 37);
  for (const part of [0.01, 0.5, 0.9, 0.99]) {
    const exact = part * 370_000;
    expect(Math.abs(statistics.quantile(part)! - exact) / exact).toBeLessThan(0.035);
  }
  expect(statistics).toMatchObject({ returned: 10_000, shortest: 37, longest: 370_000 });
  expect(statistics.quantile(1)).toBeLessThanOrEqual(370_000);
});

it('counts by doublings, from the first that there is to the last', () => {
  const statistics = new CallStatistics('f');
  for (const duration of [0, 1, 5, 6, 40]) statistics.add(duration);
  expect(statistics.histogram()).toEqual([
    { from: 1, count: 2 },
    { from: 2, count: 0 },
    { from: 4, count: 2 },
    { from: 8, count: 0 },
    { from: 16, count: 0 },
    { from: 32, count: 1 },
  ]);
});
