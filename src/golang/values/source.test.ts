import { describe, expect, test } from 'vitest';
import { runtimeAddress, TargetFault } from '../../base/index.ts';
import { Source } from './source.ts';
import { FakeMemory } from './testing/fake-program.ts';
import { bytes, words } from './testing/words.ts';

const AT = runtimeAddress(0x1000);

describe('memory', () => {
  test('numbers of every size and sign', () => {
    const source = Source.memory(new FakeMemory().add(AT, words(-2, 0x3ff8000000000000n)), AT);
    expect(source.uint8(0)).toBe(0xfe);
    expect(source.uint16(0)).toBe(0xfffe);
    expect(source.uint32(0)).toBe(0xfffffffe);
    expect(source.int64(0)).toBe(-2);
    expect(source.integer(0, 8, false)).toBe(0xfffffffffffffffen);
    expect(source.integer(0, 8, true)).toBe(-2n);
    expect(source.integer(1, 3, true)).toBe(-1n);
    expect(source.float64(8)).toBe(1.5);
    expect(source.bytes(7, 2)).toEqual(bytes(0xff, 0));
  });

  test('far and backward reads', () => {
    const contents = new Uint8Array(20_000);
    for (const at of [0, 9000, 19_999]) contents[at] = at % 251;
    const source = Source.memory(new FakeMemory().add(AT, contents), AT);
    expect([19_999, 0, 9000, 0].map((at) => source.uint8(at))).toEqual([19_999 % 251, 0, 9000 % 251, 0]);
    expect(source.bytes(0, 20_000)).toEqual(contents);
    source.cover(8990, 64);
    expect(source.uint8(9000)).toBe(9000 % 251);
  });

  test('what is readable is read, and the rest is a fault at its address', () => {
    const source = Source.memory(new FakeMemory().add(AT, words(7)), AT);
    expect(source.int64(0)).toBe(7);
    expect(() => source.int64(8)).toThrow(/0x1008/);
    expect(() => source.int64(4)).toThrow(TargetFault);
    source.cover(0, 4096);
    expect(source.int64(0)).toBe(7);
  });
});

describe('bytes', () => {
  const missing = [{ from: 8, to: 16 }];

  test('a read outside is a fault', () => {
    const source = Source.bytes(new FakeMemory(), words(1));
    expect(source.int64(0)).toBe(1);
    expect(() => source.int64(1)).toThrow(TargetFault);
    expect(() => source.uint8(-1)).toThrow(TargetFault);
  });

  test('missing parts', () => {
    const source = Source.bytes(new FakeMemory(), words(1, 2, 3), missing);
    expect(source.int64(0)).toBe(1);
    expect(source.int64(16)).toBe(3);
    expect(() => source.int64(8)).toThrow('optimised out');
    expect(() => source.uint16(15)).toThrow('optimised out');
    expect(source.placeOf(8, 8)).toEqual({ kind: 'none', reason: 'optimised out' });
    expect(source.placeOf(4, 8)).toMatchObject({ kind: 'bytes', missing: [{ from: 4, to: 12 }] });
  });

  test('the place of a part', () => {
    const source = Source.memory(new FakeMemory(), AT);
    expect(source.placeOf(16, 8)).toEqual({ kind: 'memory', address: 0x1010 });
    expect(() => Source.at(new FakeMemory(), { kind: 'none', reason: 'gone' })).toThrow('gone');
  });
});
