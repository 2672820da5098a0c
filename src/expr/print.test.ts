import { describe, expect, test } from 'vitest';
import {
  array,
  chan,
  int64,
  interfaceType,
  pointer,
  slice,
  string,
  struct,
  uint8,
} from '../golang/values/testing/fake-types.ts';
import { bytes, words } from '../golang/values/testing/words.ts';
import type { Type } from '../image/index.ts';
import { renderMultiline } from './print.ts';
import { type Surroundings, shownIn } from './testing/shown.ts';

const lines = (type: Type, value: Uint8Array, rest: Surroundings['rest'] = {}, format = ''): string =>
  renderMultiline(shownIn(type, value, { rest, format }), format);

const mutex = struct('sync.Mutex', { _: struct('sync.noCopy', {}), state: int64, sema: int64 });
const line = struct('main.Line', { Name: string, Lock: mutex });
const big = struct('main.Big', { A: int64, B: int64, C: int64, D: int64, E: int64 });
const outer = (inside: Type) => struct('main.Outer', { Middle: struct('main.Middle', { In: inside }) });

/** abi.Type (internal/abi/type.go) of what an interface holds without a pointer to it: TFlag and Kind_ at 20 and 23. */
const directType = bytes(...Array(20).fill(0), 0x20, 8, 8, 0x36);

describe('beyond the limit of depth', () => {
  test('small structs are shown, without what only aligns them', () => {
    expect(lines(outer(mutex), words(1, 0))).toBe(
      'main.Outer {\n\tMiddle: main.Middle {\n\t\tIn: sync.Mutex {state: 1, sema: 0},},}',
    );
    expect(
      lines(slice(pointer(line)), words(0x2000, 1, 1), {
        8192: words(0x3000),
        12288: words(0x4000, 2, 1, 0),
        16384: words('ab'),
      }),
    ).toContain('Lock: sync.Mutex {state: 1, sema: 0}');
  });

  test('of others and of pointers to them the address is told, in a form that can be typed', () => {
    expect(lines(outer(big), words(1, 2, 3, 4, 5))).toContain('In: (*main.Big)(0x1000)');
    expect(lines(outer(pointer(big)), words(0x2000), { 8192: words(1, 2, 3, 4, 5) })).toContain(
      'In: (*main.Big)(0x2000)',
    );
    expect(lines(outer(pointer(mutex)), words(0x2000), { 8192: words(1, 2) })).toContain(
      'In: *sync.Mutex {state: 1, sema: 2}',
    );
  });

  test('what Delve prints stays what it was', () => {
    expect(shownIn(outer(mutex), words(1, 0)).text).toBe(
      'main.Outer {Middle: main.Middle {In: (*sync.Mutex)(0x1000)}}',
    );
    expect(shownIn(outer(pointer(big)), words(0x2000), { rest: { 8192: words(1, 2, 3, 4, 5) } }).text).toBe(
      'main.Outer {Middle: main.Middle {In: *(*main.Big)(0x2000)}}',
    );
  });

  test('a struct within itself, as damaged debug information may have it, is not small', () => {
    const odd: Type = struct('main.Odd', { Self: () => odd });
    expect(lines(outer(odd), words(0))).toContain('(*main.Odd)(0x1000)');
  });

  test('interfaces show small things that they hold', () => {
    const wrapped = struct('errors.errorString', { s: string });
    const any = interfaceType('interface {}', true);
    const shown = shownIn(outer(any), words(0x5000, 0x2000), {
      rest: { 8192: words(0x3000, 4), 12288: words('lost'), 20480: directType },
      runtimeTypes: new Map([[0x5000, pointer(wrapped)]]),
    });
    expect(renderMultiline(shown)).toContain('In: interface {}(*errors.errorString) *{s: "lost"}');
    expect(shown.text).toContain('In: interface {}(*errors.errorString) ...');
  });
});

test('a channel in a value is told by what it holds', () => {
  const header = words(2, 3, 0x2100, bytes(8, 0, 0, 0, 1, 0, 0, 0), 1, 2, 0, 0, 0, 0, 0);
  const rest = { 8192: header, 8448: words(30, 10, 20) };
  const service = struct('main.Service', { Jobs: chan(int64) });
  expect(lines(service, words(0x2000), rest)).toContain('Jobs: chan int 2/3 (closed) [20,30]');
  expect(lines(service, words(0))).toContain('Jobs: chan int nil');
});

describe('bytes, for verbs that package fmt has for text', () => {
  const rest = { 8192: words('héllo') };
  test.each([
    ['%s', 'héllo'],
    ['%q', '"héllo"'],
    ['%x', '68c3a96c6c6f'],
    ['% X', '68 C3 A9 6C 6C 6F'],
    ['%d', '[]uint8 len: 6, cap: 6, [104,195,169,108,108,111]'],
  ])('%s', (format, expected) => {
    expect(lines(slice(uint8), words(0x2000, 6, 6), rest, format)).toBe(expected);
  });

  test('arrays, and what the limits leave out', () => {
    expect(lines(array(3, uint8), words('abc'), {}, '%s')).toBe('abc');
    const long = shownIn(slice(uint8), words(0x2000, 6, 6), {
      rest,
      limits: { maxArrayValues: 1 },
      format: '%s',
    });
    expect(renderMultiline(long, '%s')).toBe('h...+5 more');
    expect(lines(slice(int64), words(0x2000, 2, 2), { 8192: words(10, 17) }, '%x')).toBe(
      '[]int len: 2, cap: 2, [a,11]',
    );
  });
});
