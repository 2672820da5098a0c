import { describe, expect, it } from 'vitest';
import type { OpenCall, Outcome } from './call-stacks.ts';
import { CallStatistics, CallSummary } from './call-summary.ts';

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

describe('calls within calls of the same function', () => {
  const summary = (
    ...calls: readonly (readonly [nested: number, took: number, outcome?: Outcome, goroutine?: number])[]
  ): CallSummary => {
    const all = new CallSummary(({ function: { name } }) => name);
    for (const [nested, took, outcome = 'returned', goroutine = 1] of calls)
      all.add({ function: { name: 'f' }, nested, goroutine, thread: 9 } as OpenCall, { outcome }, took);
    return all;
  };

  it('count once in the total, each in the mean', () => {
    // Innermost first, as they end: 30 and 40 within 100, and another goroutine's in between.
    const [f] = summary([2, 10], [1, 30], [0, 7, 'returned', 2], [1, 40], [0, 100]).functions();
    expect(f).toMatchObject({ returned: 5, total: 107, sum: 187, deepest: 3, longest: 100 });
  });

  it('are what is known of one whose end nobody saw, and of one that goes on', () => {
    expect(summary([2, 10], [1, 30], [1, 40], [0, 100, 'unseen']).functions()[0]).toMatchObject({
      total: 70,
    });
    expect(summary([2, 10], [2, 5], [1, 90, 'panicked'], [0, 100, 'panicked']).functions()[0]).toMatchObject({
      total: 15,
      unwound: 2,
    });
    // What is around them has not ended yet.
    expect(summary([2, 10], [1, 30], [2, 5]).functions()[0]).toMatchObject({ total: 35, deepest: 3 });
  });

  it('are not mixed with those before a gap', () => {
    const all = summary([1, 30]);
    all.forget();
    all.add({ function: { name: 'f' }, nested: 0, goroutine: 1 } as OpenCall, { outcome: 'unseen' }, 50);
    expect(all.functions()[0]).toMatchObject({ total: 30 });
  });
});

it('counts instances of a generic function apart, and what has the same name together', () => {
  const all = new CallSummary(({ function: { name }, dictionary }) => `${name}[${dictionary % 2}]`);
  const generic = { name: 'f' };
  for (const dictionary of [1, 2, 3, 1])
    all.add(
      { function: generic, dictionary, nested: 0, goroutine: 1 } as OpenCall,
      { outcome: 'returned' },
      dictionary * 10,
    );
  expect(all.functions().map((each) => [each.function, each.returned, each.total])).toEqual([
    ['f[1]', 3, 50],
    ['f[0]', 1, 20],
  ]);
});
