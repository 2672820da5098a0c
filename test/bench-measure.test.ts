import { describe, expect, it } from 'vitest';
import { measure, median } from '../bench/measure.ts';

const WATCHED = { first: /two/, count: /line/g };

function node(script: string): string[] {
  return [process.execPath, '-e', script];
}

describe('measuring a program', () => {
  it('sees CPU time, memory and the output', async () => {
    const script = `console.log('line one'); const held = Buffer.alloc(150e6, 1);
      while (process.cpuUsage().user < 400_000);
      console.log('line two'); process.exitCode = held[0] + 2;`;
    const measured = await measure(node(script), WATCHED, '/');
    expect(measured.cpu).toBeGreaterThan(0.2);
    expect(measured.memory).toBeGreaterThan(150);
    expect(measured.memory).toBeLessThan(400);
    expect(measured.count).toBe(2);
    expect(measured.status).toBe(3);
    expect(measured.firstOutput).toBeGreaterThan(0.25);
    expect(measured.wall).toBeGreaterThan(measured.firstOutput!);
  });

  it('keeps what a failing program says', async () => {
    const measured = await measure(node(`console.error('it broke'); process.exit(1)`), WATCHED, '/');
    expect(measured).toMatchObject({ status: 1, count: 0, firstOutput: undefined });
    expect(measured.tail).toContain('it broke');
  });

  it('keeps what is to be compared, and the beginning of it all', async () => {
    const frames = `for (let i = 0; i < 300; i++) console.log(i + '  0x' + i.toString(16) + ' in main.f' + i);`;
    const watched = { first: /0x/, count: /^\d+ {2}0x([0-9a-f]+) in (\S+)/gm, keep: true };
    const measured = await measure(node(frames), watched, '/');
    expect(measured.count).toBe(300);
    expect(measured.shown).toEqual(Array.from({ length: 300 }, (_, i) => `${i.toString(16)} main.f${i}`));
    expect(measured.head).toMatch(/^0 {2}0x0 in main\.f0\n/);
  });

  it('takes the median', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});
