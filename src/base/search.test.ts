import { describe, expect, it } from 'vitest';
import { searchBytes } from './horspool.ts';
import { indexOfBytes } from './search.ts';
import { random } from './testing/mutate.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('indexOfBytes', () => {
  it('finds needles of every length at the beginning, in the middle and at the end', () => {
    const haystack = bytes('main.one\0main.two\0main.three\0');
    expect(indexOfBytes(haystack, bytes('main.one'))).toBe(0);
    expect(indexOfBytes(haystack, bytes('\0main.two\0'))).toBe(8);
    expect(indexOfBytes(haystack, bytes('three\0'))).toBe(23);
    expect(indexOfBytes(haystack, bytes('\0'))).toBe(8);
    expect(indexOfBytes(haystack, bytes('main.four'))).toBe(-1);
    expect(indexOfBytes(haystack, bytes(''))).toBe(0);
    expect(indexOfBytes(bytes(''), bytes('x'))).toBe(-1);
  });

  it('keeps to its bounds', () => {
    const haystack = bytes('abcdef abcdef');
    expect(indexOfBytes(haystack, bytes('abcdef'), 1)).toBe(7);
    expect(indexOfBytes(haystack, bytes('abcdef'), 1, 12)).toBe(-1);
    expect(indexOfBytes(haystack, bytes('abcdef'), 8)).toBe(-1);
    expect(indexOfBytes(haystack, bytes('abcdef'), 0, 1e9)).toBe(0);
  });

  it('agrees with String.indexOf on random input over a small alphabet', () => {
    const next = random(7);
    const letters = (count: number) => Array.from({ length: count }, () => 'ab'[next() % 2]).join('');
    for (let round = 0; round < 500; round++) {
      const haystack = letters(next() % 60);
      const needle = letters(1 + (next() % 8));
      expect(indexOfBytes(bytes(haystack), bytes(needle))).toBe(haystack.indexOf(needle));
      // What is used where there is no Buffer.
      const from = next() % 5;
      const found = searchBytes(bytes(haystack), bytes(needle), from, haystack.length);
      expect(found).toBe(haystack.indexOf(needle, from));
    }
  });
});
