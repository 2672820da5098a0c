import { describe, expect, it } from 'vitest';
import { findCodeSpace } from './code-space.ts';

const MB = 1 << 20;
const GB = 2 ** 30;
const range = (start: number, end: number) => ({ start, end });

describe('a place for code', () => {
  it('lies behind the program, away from where its heap grows', () => {
    const text = range(4 * MB, 8 * MB);
    const found = findCodeSpace(
      text,
      [text, range(8 * MB, 20 * MB), range(0xc0_0000_0000, 0xc0_0400_0000)],
      64 * MB,
    )!;
    expect(found).toBeGreaterThanOrEqual(20 * MB + 256 * MB);
    expect(found + 64 * MB).toBeLessThan(2 * GB);
  });

  it('lies before a program that stands right under other things', () => {
    const text = range(0x7fff_0000_0000, 0x7fff_0100_0000);
    const found = findCodeSpace(text, [text, range(0x7fff_0100_0000, 0x7fff_f000_0000)], 64 * MB)!;
    expect(found + 64 * MB).toBeLessThanOrEqual(text.start - 256 * MB);
    expect(text.end - found).toBeLessThan(2 * GB);
  });

  it('makes do with a narrow gap, and with none says so', () => {
    const text = range(1 * GB, 1 * GB + MB);
    const gap = range(1 * GB + 100 * MB, 1 * GB + 170 * MB);
    const around = [range(0, text.start), text, range(text.end, gap.start), range(gap.end, 8 * GB)];
    expect(findCodeSpace(text, around, 64 * MB)).toBeGreaterThanOrEqual(gap.start);
    expect(findCodeSpace(text, around, 80 * MB)).toBeUndefined();
  });
});
