import { expect, test } from 'vitest';
import { runtimeAddress } from '../../base/index.ts';
import type { Frame, Stack } from '../../golang/index.ts';
import { makeStyle } from '../output/style.ts';
import { stackText } from './stack-text.ts';

const style = makeStyle({ colour: false });

function stackOf(
  frames: readonly [pc: number, name: string, more?: Partial<Frame>][],
  end: Stack['end'] = { kind: 'bottom' },
): Stack {
  return {
    frames: frames.map(
      ([pc, name, more], index) =>
        ({
          index,
          pc: runtimeAddress(pc),
          function: name,
          position: { file: '/p/main.go', line: pc % 1000 },
          cfa: 0,
          inlineDepth: 0,
          arrivedBy: 'call',
          systemStack: false,
          ...more,
        }) as Frame,
    ),
    end,
  };
}

test('the text of a stack is that of its frames, however often it was made before', () => {
  const lines = (stack: Stack, indent = '\t') => stackText(stack, style, indent).split('\n');
  const parked = stackOf([
    [0x1000, 'main.wait'],
    [0x2000, 'main.main'],
  ]);
  const expected = [
    '\t0  0x0000000000001000 in main.wait',
    '\t   at /p/main.go:96',
    '\t1  0x0000000000002000 in main.main',
    '\t   at /p/main.go:192',
  ];
  for (let round = 0; round < 2; round++) {
    expect(lines(parked)).toEqual(expected);
    expect(lines({ ...parked })).toEqual(expected);
    expect(lines(parked, '>')[0]).toBe('>0  0x0000000000001000 in main.wait');
    // The same addresses, and yet not the same.
    const interrupted = stackOf([
      [0x1000, 'main.wait', { arrivedBy: 'signal' }],
      [0x2000, 'main.main'],
    ]);
    expect(lines(interrupted)[0]).toContain('(interrupted by a signal)');
    expect(lines({ ...parked, end: { kind: 'depth' } })).toEqual([...expected, '\t(truncated)']);
    const inlined = stackOf([
      [0x1000, 'main.inner', { inlineDepth: 1 }],
      [0x2000, 'main.main'],
    ]);
    expect(lines(inlined)[0]).toBe('\t0  0x0000000000001000 in main.inner (inlined)');
    const broken = (sp: number): Stack => ({
      ...parked,
      end: { kind: 'broken', pc: runtimeAddress(0x2000), sp: runtimeAddress(sp), reason: 'no reason' },
    });
    expect(lines(broken(0x7000)).at(-1)).toContain('sp 0x7000');
    expect(lines(broken(0x8000)).at(-1)).toContain('sp 0x8000');
  }
  expect(stackText(stackOf([]), style, '\t')).toBe('');
});
