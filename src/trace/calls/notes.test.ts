import { expect, it } from 'vitest';
import { belowNote } from './call-plan.ts';
import { namePattern } from './name-pattern.ts';
import { orphansText } from './seen-calls.ts';

it('says what is not shown below calls only where some are followed', () => {
  const request = { pattern: namePattern('main.*'), frames: 0 };
  expect(belowNote({ ...request, followCalls: 0 })).toEqual([]);
  expect(belowNote({ ...request, followCalls: 2 })).toEqual([
    expect.stringMatching(/below calls that begin from now on, not below those that were going on$/),
  ]);
});

it('counts one call as one', () => {
  expect(orphansText(1)).toMatch(/^1 call returned /);
  expect(orphansText(2)).toMatch(/^2 calls returned /);
});
