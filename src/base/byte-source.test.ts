import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { BytesSource } from './byte-source.ts';

it('gives bytes of which a slice is a copy, whatever it was made of', () => {
  const whole = Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]);
  const source = new BytesSource('a file', whole.subarray(2));
  expect(source.size).toBe(6);
  const copy = source.read(1, 3).slice();
  expect([...copy]).toEqual([3, 4, 5]);
  expect(copy.buffer.byteLength).toBe(3);
});
