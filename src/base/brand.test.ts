import { describe, expect, it } from 'vitest';
import { hex } from './brand.ts';
import { random } from './testing/mutate.ts';

describe('hex', () => {
  it('writes what toString(16) writes, on both sides of 32 bits', () => {
    const next = random(11);
    const edges = [0, 1, 15, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 0xc000012340, 2 ** 53 - 1, 2 ** 60];
    const others = Array.from({ length: 1000 }, () => next() * 2 ** (next() % 22) + (next() % 7));
    for (const value of [...edges, ...others]) {
      expect(hex(value)).toBe(`0x${value.toString(16)}`);
      if (value !== 0) expect(hex(-value)).toBe(`-0x${value.toString(16)}`);
      if (Number.isSafeInteger(value)) expect(hex(BigInt(value))).toBe(hex(value));
    }
  });
});
