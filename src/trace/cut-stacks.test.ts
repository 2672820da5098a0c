import { expect, it } from 'vitest';
import { isCut } from './cut-stacks.ts';
import { TraceBuilder } from './trace-builder.ts';

function cutOf(writer: 'go' | 'mattock', names: readonly string[]): boolean {
  const builder = new TraceBuilder({ writer, format: '1.26', name: 'made' });
  const frames = names.map((name, i) => builder.frame(i + 1, builder.string(name), 0, i));
  const stack = builder.stack(frames);
  return isCut(builder.build(), stack);
}

it('knows stacks that lack their deeper frames, by who recorded them', () => {
  const f = (count: number): string[] => Array.from({ length: count }, () => 'main.f');
  expect(cutOf('mattock', [...f(29), 'runtime.goexit'])).toBe(false);
  expect(cutOf('mattock', f(30))).toBe(true);
  // Where a goroutine begins: no stack, a single frame.
  expect(cutOf('mattock', f(1))).toBe(false);
  expect(cutOf('go', f(127))).toBe(false);
  expect(cutOf('go', f(128))).toBe(true);
});
