import { describe, expect, test } from 'vitest';
import { runtimeAddress } from '../../base/index.ts';
import type { Frame } from '../frame.ts';
import { type ClosureFacts, enclosingFrames, loopFunction } from './range-bodies.ts';

test('loop bodies are known by their names', () => {
  expect(loopFunction('main.walk-range1')).toBe('main.walk');
  expect(loopFunction('main.f[...].func2-range12')).toBe('main.f[...].func2');
  expect(loopFunction('main.walk-range1.func1')).toBeUndefined();
  expect(loopFunction('main.walk')).toBeUndefined();
  expect(loopFunction(undefined)).toBeUndefined();
});

/** Frames of 0x100 bytes, the innermost lowest. */
const stack = (...functions: readonly string[]): Frame[] =>
  functions.map(
    (name, index) =>
      ({ index, function: name, cfa: runtimeAddress(0x1100 + index * 0x100) }) as unknown as Frame,
  );
const start = (index: number): number => 0x1000 + index * 0x100;

const facts = (closures: Readonly<Record<number, number>>, made: readonly string[] = []): ClosureFacts => ({
  closureOf: (frame) => closures[frame.index],
  made: (frame, closure) => made.includes(`${frame.index}:${closure}`),
  stackPointer: (frame) => start(frame.index),
});

const found = (frames: readonly Frame[], with_: ClosureFacts): number[] =>
  enclosingFrames(frames[0]!, frames.slice(1), with_).map((frame) => frame.index);

describe('the frames around a loop body', () => {
  test('nested loops, with iterators between', () => {
    const frames = stack('main.f-range2', 'iter.all', 'main.f-range1', 'iter.all', 'main.f', 'main.main');
    expect(found(frames, facts({ 0: start(2) + 8, 2: start(4) + 16 }))).toEqual([2, 4]);
  });

  test('an iterator that is the same function, called again', () => {
    // The body belongs to the outer call, frame 3; frame 1 is the inner call that iterates.
    const frames = stack('main.all-range1', 'main.all', 'main.all-range1', 'main.all');
    expect(found(frames, facts({ 0: start(3) + 8 }))).toEqual([3]);
  });

  test('a closure on the heap is known by the variable that holds it', () => {
    const frames = stack('main.f-range1', 'iter.all', 'main.f');
    expect(found(frames, facts({ 0: 0xc000010000 }, [`2:${0xc000010000}`]))).toEqual([2]);
    expect(found(frames, facts({ 0: 0xc000010000 }))).toEqual([]);
  });

  test('without the closure there is no telling', () => {
    const frames = stack('main.f-range1', 'main.f');
    expect(found(frames, facts({}))).toEqual([]);
    expect(found(stack('main.f', 'main.f'), facts({ 0: start(1) }))).toEqual([]);
  });
});
