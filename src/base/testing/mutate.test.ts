import { describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { fuzz, mutate, random } from './mutate.ts';

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const original = new Uint8Array(4096).map((_, i) => i);

describe('mutate', () => {
  it('is the same for the same seed and leaves the original alone', () => {
    for (const bytes of [original, Buffer.from(original)]) {
      const before = Uint8Array.from(bytes);
      for (let seed = 0; seed < 50; seed++)
        expect(same(mutate(bytes, seed), mutate(original, seed))).toBe(true);
      expect(same(bytes, before)).toBe(true);
    }
    expect(random(1)()).not.toBe(random(2)());
  });

  it('damages inside the range only, and sometimes cuts', () => {
    let cuts = 0;
    let changed = 0;
    for (let seed = 0; seed < 200; seed++) {
      const damaged = mutate(original, seed, { from: 1024, to: 2048 });
      if (damaged.length < original.length) cuts++;
      expect(same(damaged.subarray(0, 1024), original.subarray(0, 1024))).toBe(true);
      if (damaged.length === original.length) {
        expect(same(damaged.subarray(2048 + 64), original.subarray(2048 + 64))).toBe(true);
        if (damaged.some((byte, i) => byte !== original[i])) changed++;
      }
    }
    expect(cuts).toBeGreaterThan(5);
    expect(changed).toBeGreaterThan(150);
  });
});

describe('fuzz', () => {
  it('counts values and typed errors, and reports anything else with its seed', () => {
    let round = 0;
    const outcome = fuzz(original, { rounds: 10 }, () => {
      if (round++ % 2 === 0) throw new DataError({ file: 'x' }, 'damaged');
    });
    expect(outcome).toEqual({ values: 5, errors: 5 });
    expect(() =>
      fuzz(original, { rounds: 1, seed: 42 }, () => {
        throw new TypeError('oops');
      }),
    ).toThrow('seed 42: TypeError: oops');
    expect(() =>
      fuzz(original, { rounds: 1, maxMilliseconds: 1 }, () => {
        const start = process.cpuUsage();
        while (process.cpuUsage(start).user < 5000);
      }),
    ).toThrow('took');
  });
});
