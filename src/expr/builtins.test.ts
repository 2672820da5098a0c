import { expect, test } from 'vitest';
import { fakeProgram } from '../golang/values/testing/fake-program.ts';
import { int64, slice, string } from '../golang/values/testing/fake-types.ts';
import { words } from '../golang/values/testing/words.ts';
import type { Type } from '../image/index.ts';
import { builtin } from './builtins.ts';
import { show } from './show.ts';

/** A header of which the compiler dropped the words that are named. */
function measured(name: 'len' | 'cap', type: Type, numbers: readonly number[], dropped: readonly number[]) {
  const missing = dropped.map((word) => ({ from: word * 8, to: word * 8 + 8 }));
  const value = { type, storage: { kind: 'bytes', bytes: words(...numbers), missing } } as const;
  return show(fakeProgram(), builtin(fakeProgram(), name, [value])).text;
}

test('len and cap ask for their own word of a header', () => {
  const list = slice(int64);
  expect(measured('len', list, [0x2000, 2, 5], [])).toBe('2');
  expect(measured('cap', list, [0x2000, 2, 5], [])).toBe('5');
  expect(measured('len', list, [0, 2, 0], [0, 2])).toBe('2');
  expect(measured('cap', list, [0, 0, 5], [0, 1])).toBe('5');
  expect(measured('len', string, [0, 3], [0])).toBe('3');
});

test('a word that is not there is not another one', () => {
  const list = slice(int64);
  expect(() => measured('cap', list, [0x2000, 2, 0], [2])).toThrow('optimised out');
  expect(() => measured('len', list, [0x2000, 0, 5], [1])).toThrow('optimised out');
  expect(() => measured('len', string, [0x2000, 0], [1])).toThrow('optimised out');
});

test('words that cannot be true are refused', () => {
  const list = slice(int64);
  expect(() => measured('len', list, [0x2000, 9, 5], [])).toThrow('invalid length 9');
  expect(() => measured('cap', list, [0x2000, 9, 5], [])).toThrow('invalid length 9');
  expect(() => measured('len', list, [0x2000, -1, 5], [2])).toThrow('invalid length -1');
  expect(() => measured('len', string, [0x2000, -1], [])).toThrow('invalid length -1');
});
