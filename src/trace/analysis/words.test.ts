import { describe, expect, it } from 'vitest';
import { bytesText, durationText, percent } from './words.ts';

describe('words', () => {
  it('gives durations three digits and a unit', () => {
    expect([0, 7, 999, 1000, 12_340, 999_600, 1e6, 123_456_789, 61e9].map(durationText)).toEqual([
      '0ns',
      '7ns',
      '999ns',
      '1.00µs',
      '12.3µs',
      '1.00ms',
      '1.00ms',
      '123ms',
      '61.0s',
    ]);
  });

  it('gives shares and sizes', () => {
    expect([0, 0.0004, 0.123, 0.9999, 1].map(percent)).toEqual(['0 %', '0.0 %', '12.3 %', '100 %', '100 %']);
    expect([0, 1023, 1024, 5.5 * 2 ** 30].map(bytesText)).toEqual(['0 B', '1023 B', '1.0 KiB', '5.5 GiB']);
  });
});
