import { describe, expect, it } from 'vitest';
import { buildSample, objdump } from '../../arch/testing/go-objdump.ts';
import { behindArm64Check } from './arm64-stack-check.ts';

describe('the check of the stack on arm64', () => {
  it('is passed by every function of a program that has one', () => {
    const functions = objdump(buildSample('arm64'), 'arm64');
    const checked = functions.filter(({ lines }) => lines[0]!.text.startsWith('MOVD 16(R28), R16'));
    expect(checked.length).toBeGreaterThan(500);
    for (const { name, bytes, lines } of checked) {
      const behind = behindArm64Check(bytes.subarray(0, 64));
      expect(behind, name).toBeGreaterThanOrEqual(12);
      expect(lines[behind / 4 - 1]!.text, name).toMatch(/^BLS /);
      // What follows keeps the return address, and moves sp, or leaves at once.
      expect(lines[behind / 4]!.text, name).toMatch(/RSP|R27|R30|B |RET|NOOP/);
    }
    const unchecked = functions.filter((each) => !checked.includes(each));
    expect(unchecked.length).toBeGreaterThan(100);
    for (const { name, bytes } of unchecked) expect(behindArm64Check(bytes.subarray(0, 64)), name).toBe(0);
  });
});
