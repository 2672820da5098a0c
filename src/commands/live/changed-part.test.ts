import { expect, it } from 'vitest';
import { arrayOf, INT, STRING, sliceOf, UINT8 } from '../../expr/synthetic-types.ts';
import type { Type } from '../../image/index.ts';
import { changedBytes, changedPart, changedWords, headerText } from './changed-part.ts';

function structOf(fields: Readonly<Record<string, Type>>): Type {
  let size = 0;
  const placed = Object.entries(fields).map(([name, type]) => {
    const offset = size;
    size += type.size;
    return { name, offset, type, embedded: false, bits: undefined };
  });
  return { ...STRING, kind: 'struct', name: 'S', size, fields: placed, union: false };
}

const words = (...values: number[]): Uint8Array => {
  const bytes = new Uint8Array(values.length * 8);
  values.forEach((value, at) => {
    new DataView(bytes.buffer).setBigInt64(at * 8, BigInt(value), true);
  });
  return bytes;
};

it('what changed is from the first byte to the last', () => {
  expect(changedBytes(Uint8Array.of(1, 2, 3, 4), Uint8Array.of(1, 0, 3, 0))).toEqual({ start: 1, end: 4 });
  expect(changedBytes(words(7), words(7))).toBeUndefined();
});

it('the part that changed is the smallest that holds all of it', () => {
  const inner = structOf({ name: STRING, ids: sliceOf(INT) });
  const outer = structOf({ id: INT, all: arrayOf(3, inner), flags: arrayOf(8, UINT8) });
  const part = (start: number, end: number, expression = 'x') => {
    const { name, type, offset } = changedPart(expression, outer, { start, end });
    return [name, type.name, offset];
  };
  expect(part(0, 4)).toEqual(['x.id', 'int', 0]);
  expect(part(8 + 40 + 8, 8 + 40 + 16)).toEqual(['x.all[1].name', 'string', 48]);
  expect(part(8 + 80 + 16, 8 + 80 + 40)).toEqual(['x.all[2].ids', '[]int', 104]);
  expect(part(8, 8 + 40)).toEqual(['x.all[0]', 'S', 8]);
  // Of an array the first element that changed.
  expect(part(8 + 39, 8 + 41)).toEqual(['x.all[0]', 'S', 8]);
  expect(part(4, 12)).toEqual(['x', 'S', 0]);
  expect(part(130, 131, '*p')).toEqual(['(*p).flags[2]', 'uint8', 130]);
});

it('a header that is written in part', () => {
  expect(changedWords(STRING, words(0, 0), words(0, 5))).toEqual({ changed: ['length'], kept: ['data'] });
  expect(changedWords(STRING, words(0, 0), words(16, 5))).toBeUndefined();
  expect(changedWords(STRING, words(3, 5), words(3, 5))).toBeUndefined();
  expect(changedWords(INT, words(3), words(5))).toBeUndefined();
  expect(changedWords(sliceOf(INT), words(1, 2, 3), words(9, 2, 7))).toEqual({
    changed: ['array', 'capacity'],
    kept: ['length'],
  });
  expect(headerText(sliceOf(INT), words(0x10, -1, 3))).toBe('array 0x10, length -1, capacity 3');
  expect(headerText(INT, words(1))).toBeUndefined();
});
