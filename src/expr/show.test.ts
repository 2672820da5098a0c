import { describe, expect, test } from 'vitest';
import { FakeMemory, fakeProgram } from '../golang/values/testing/fake-program.ts';
import {
  array,
  bool,
  chan,
  float64,
  func,
  int,
  int64,
  interfaceType,
  pointer,
  slice,
  string,
  struct,
  swissMap,
  uint8,
} from '../golang/values/testing/fake-types.ts';
import { bytes, words } from '../golang/values/testing/words.ts';
import type { Type } from '../image/index.ts';
import { renderMultiline } from './print.ts';
import { show } from './show.ts';
import { AT, shownIn } from './testing/shown.ts';
import { type Limits, SHORT_LIMITS, type ShownValue } from './value.ts';

/** Named constants of two types. */
const constants = () => [
  { name: 'main.Monday', type: weekday, value: 1n },
  { name: 'main.Tuesday', type: weekday, value: 2n },
  { name: 'main.Read', type: mode, value: 1n },
  { name: 'main.Write', type: mode, value: 2n },
  { name: 'main.All', type: mode, value: 7n },
];

const shown = (
  type: Type,
  value: Uint8Array,
  rest: Readonly<Record<number, Uint8Array>> = {},
  limits: Partial<Limits> = {},
  format = '',
  runtimeTypes: ReadonlyMap<number, Type> = new Map(),
): ShownValue => shownIn(type, value, { rest, limits, format, runtimeTypes, constants: constants() });

const text = (...parameters: Parameters<typeof shown>): string => shown(...parameters).text;
const lines = (...parameters: Parameters<typeof shown>): string =>
  renderMultiline(shown(...parameters), parameters[4]);

const weekday = int('main.Weekday', 8);
const mode = int('main.Mode', 8, false);
const point = struct('main.Point', { X: int64, Y: int64 });
const named = struct('main.Named', { Name: string, Point: point });
const node: Type = struct('main.Node', { Value: int64, Next: () => pointer(node) });

describe('scalars', () => {
  test.each<[Type, Uint8Array, string]>([
    [bool, bytes(1), 'true'],
    [int('int8', 1), bytes(0x80), '-128'],
    [uint8, bytes(0x80), '128'],
    [int('int16', 2), bytes(0xfe, 0xff), '-2'],
    [int('uint32', 4, false), bytes(0xff, 0xff, 0xff, 0xff), '4294967295'],
    [int64, words(-1), '-1'],
    [int('uint64', 8, false), words(-1), '18446744073709551615'],
    [float64, words(0x3ff8000000000000n), '1.5'],
    [float64, words(0x7ff0000000000000n), '+Inf'],
    [float64, words(0x7e37e43c8800759cn), `1${'0'.repeat(300)}`],
    [{ ...float64, name: 'float32', size: 4 }, bytes(0xcd, 0xcc, 0xcc, 0x3d), '0.1'],
    [
      { ...float64, kind: 'complex', name: 'complex128', size: 16 },
      words(0x3ff0000000000000n, -0x4000000000000000n),
      '(1 + -2i)',
    ],
    [weekday, words(2), 'Tuesday (2)'],
    [weekday, words(9), '9'],
    [mode, words(3), 'Read|Write (3)'],
    [mode, words(7), 'All (7)'],
    [mode, words(0), '0'],
    [int('time.Duration', 8), words(1500000000), '1.5s (1500000000)'],
    [pointer(undefined), words(0x1234), 'unsafe.Pointer(0x1234)'],
    [pointer(undefined), words(0), 'unsafe.Pointer(0x0)'],
  ])('%o', (type, value, expected) => {
    expect(text(type, value)).toBe(expected);
  });

  test('a format applies to every scalar that it can be applied to', () => {
    expect(text(int64, words(255), {}, {}, '%#x')).toBe('0xff');
    expect(text(weekday, words(2), {}, {}, '%04d')).toBe('0002');
    expect(text(slice(int64), words(0x2000, 2, 2), { 8192: words(10, 17) }, {}, '%x')).toBe(
      '[]int len: 2, cap: 2, [a,11]',
    );
    expect(text(string, words(0x2000, 2), { 8192: words('hi') }, {}, '%x')).toBe('6869');
    expect(text(bool, bytes(1), {}, {}, '%d')).toBe('true');
    expect(text(bool, bytes(1), {}, {}, '%5t')).toBe(' true');
  });
});

describe('strings', () => {
  test.each<[string, Uint8Array, number, string]>([
    ['empty', words(''), 0, '""'],
    ['plain', words('hello'), 5, '"hello"'],
    ['escapes', words('a"\\\n\t\u0007'), 6, '"a\\"\\\\\\n\\t\\a"'],
    ['wide characters', words('世界'), 6, '"世界"'],
    ['no UTF-8', bytes(0x61, 0xff, 0xc3, 0x28), 4, '"a\\xff\\xc3("'],
    ['control and format characters', words('\u0000\u007f\u00a0\u200b'), 7, '"\\x00\\x7f\\u00a0\\u200b"'],
  ])('%s', (_, contents, length, expected) => {
    expect(text(string, words(0x2000, length), { 8192: contents })).toBe(expected);
  });

  test('the limit counts bytes, and may cut a character', () => {
    const long = { 8192: words('é'.repeat(50)) };
    expect(text(string, words(0x2000, 100), long)).toBe(`"${'é'.repeat(32)}...+36 more"`);
    expect(text(string, words(0x2000, 100), long, { maxStringLength: 3 })).toBe('"é\\xc3...+97 more"');
  });

  test('damage', () => {
    expect(text(string, words(0x2000, -5))).toBe('(unreadable invalid length: -5)');
    expect(text(string, words(0x9000, 5))).toBe('(unreadable no readable memory at 0x9000)');
  });
});

describe('lists', () => {
  const numbers = { 8192: words(...Array.from({ length: 100 }, (_, i) => i)) };

  test.each<[Type, Uint8Array, Partial<Limits>, string]>([
    [slice(int64), words(0x2000, 3, 5), {}, '[]int len: 3, cap: 5, [0,1,2]'],
    [slice(int64), words(0, 0, 0), {}, '[]int len: 0, cap: 0, nil'],
    [slice(int64), words(0x2000, 0, 0), {}, '[]int len: 0, cap: 0, []'],
    [
      slice(int64),
      words(0x2000, 100, 100),
      { maxArrayValues: 3 },
      '[]int len: 100, cap: 100, [0,1,2,...+97 more]',
    ],
    [slice(int64), words(0x2000, 3, 3), SHORT_LIMITS, '[]int len: 3, cap: 3, [...]'],
    [array(2, int64), words(7, 8), {}, '[2]int [7,8]'],
    [array(0, int64), words(), {}, '[0]int []'],
    [array(2, point), words(1, 2, 3, 4), {}, '[2]main.Point [{X: 1, Y: 2},{X: 3, Y: 4}]'],
    [slice(int64), words(0x2000, -1, 5), {}, '(unreadable invalid length -1, capacity 5)'],
    [slice(int64), words(0x2000, 9, 5), {}, '(unreadable invalid length 9, capacity 5)'],
    [slice(int64), words(0, 3, 3), {}, '(unreadable length 3 without an array)'],
  ])('%o', (type, value, limits, expected) => {
    expect(text(type, value, numbers, limits)).toBe(expected);
  });

  test('unreadable elements are told, and not too often', () => {
    const none = '(unreadable no readable memory at 0x2010)';
    expect(text(slice(int64), words(0x2000, 3, 3), { 8192: words(1, 2) })).toBe(
      `[]int len: 3, cap: 3, [1,2,${none}]`,
    );
    const many = shown(slice(int64), words(0x2000, 50, 50));
    expect(many.children.length).toBe(4);
    expect(many.text).toContain('...+46 more');
  });

  test('a list that holds itself ends', () => {
    const self: Type = slice(int64, 'main.List');
    Object.defineProperty(self, 'element', { value: self });
    const value = shown(self, words(AT, 1, 1));
    expect(value.text).toMatch(/^main.List len: 1, cap: 1, \[+\.\.\.\]+$/);
  });

  test('what is asked for at most ends too', () => {
    const wide: Type = slice(int64, 'main.Wide');
    Object.defineProperty(wide, 'element', { value: wide });
    const contents = words(...Array.from({ length: 64 }, () => [AT, 64, 64]).flat());
    const started = process.cpuUsage();
    shown(wide, contents);
    expect(process.cpuUsage(started).user).toBeLessThan(20e6);
  });
});

describe('structs and pointers', () => {
  const name = { 8192: words('abc') };

  test('fields have their types, but for basic ones', () => {
    expect(text(named, words(0x2000, 3, 1, 2), name)).toBe(
      'main.Named {Name: "abc", Point: main.Point {X: 1, Y: 2}}',
    );
  });

  test('deeper ones are told by address', () => {
    const outer = struct('main.Outer', { In: struct('a/b.In', { Named: named }) });
    expect(text(outer, words(0x2000, 3, 1, 2), name)).toBe(
      'main.Outer {In: a/b.In {Named: (*main.Named)(0x1000)}}',
    );
    expect(text(outer, words(0x2000, 3, 1, 2), name, { maxVariableRecurse: 0 })).toBe(
      'main.Outer {In: (*"a/b.In")(0x1000)}',
    );
  });

  test('fields can be limited', () => {
    expect(text(point, words(1, 2), {}, { maxStructFields: 1 })).toBe('main.Point {X: 1,...+1 more}');
    expect(text(struct('main.None', {}), words())).toBe('main.None {}');
  });

  test('pointers are followed', () => {
    expect(text(pointer(point), words(0x2000), { 8192: words(1, 2) })).toBe('*main.Point {X: 1, Y: 2}');
    expect(text(pointer(point), words(0))).toBe('*main.Point nil');
    expect(text(pointer(int64), words(0x2000), { 8192: words(5) })).toBe('*5');
    expect(text(pointer(pointer(int64)), words(0x2000), { 8192: words(0x3000), 12288: words(5) })).toBe(
      '**5',
    );
    expect(text(pointer(point), words(0x2000), {}, SHORT_LIMITS)).toBe('(*main.Point)(0x2000)');
    expect(text(pointer(struct('a/b.T', {})), words(0x2000), {}, SHORT_LIMITS)).toBe('("*a/b.T")(0x2000)');
    const gone =
      'main.Point {X: (unreadable no readable memory at 0x9000), Y: (unreadable no readable memory at 0x9008)}';
    expect(text(pointer(point), words(0x9000))).toBe(`*${gone}`);
  });

  test('a ring ends', () => {
    expect(text(node, words(1, AT))).toBe(
      'main.Node {Value: 1, Next: *main.Node {Value: 1, Next: *(*main.Node)(0x1000)}}',
    );
    const loop: Type = pointer(int64, 'main.Loop');
    Object.defineProperty(loop, 'target', { value: loop });
    expect(text(loop, words(AT))).toBe('**(main.Loop)(0x1000)');
  });

  test('bit fields of C', () => {
    const flags = struct('flags', {});
    const field = (name: string, offset: number, size: number) => ({
      name,
      offset: 0,
      type: int('unsigned int', 4, false),
      embedded: false,
      bits: { offset, size },
    });
    const type = { ...flags, size: 4, fromC: true, fields: [field('low', 0, 3), field('high', 3, 9)] };
    expect(text(type, bytes(0b10101101, 0b00001111, 0, 0))).toBe('flags {low: 5, high: 501}');
  });
});

describe('interfaces', () => {
  const error = interfaceType('error', false);
  const any = interfaceType('interface {}', true);
  /** A runtime._type whose kind byte (23) says by bit 5 whether the value is in the word itself. */
  const runtimeType = (direct: boolean): Uint8Array => bytes(...Array(23).fill(0), direct ? 0x36 : 0x19);
  const types = (type: Type): ReadonlyMap<number, Type> => new Map([[0x5000, type]]);

  test('nil', () => {
    expect(text(error, words(0, 0))).toBe('error nil');
    expect(text(array(1, error), words(0, 0))).toBe('[1]error [nil]');
  });

  test('a pointer, which is the data word', () => {
    const rest = { 20480: runtimeType(true), 16384: words(0, 0x5000), 24576: words(1, 2) };
    expect(text(error, words(0x4000, 0x6000), rest, {}, '', types(pointer(point)))).toBe(
      'error(*main.Point) *{X: 1, Y: 2}',
    );
    expect(text(any, words(0x5000, 0x6000), rest, {}, '', types(pointer(point)))).toBe(
      'interface {}(*main.Point) *{X: 1, Y: 2}',
    );
    expect(text(any, words(0x5000, 0), rest, {}, '', types(pointer(point)))).toBe(
      'interface {}(*main.Point) nil',
    );
    expect(text(any, words(0x5000, 0x6000), rest, SHORT_LIMITS, '', types(pointer(point)))).toBe(
      'interface {}(*main.Point) 0x6000',
    );
  });

  test('a value behind the data word', () => {
    const rest = { 20480: runtimeType(false), 24576: words(42) };
    expect(text(any, words(0x5000, 0x6000), rest, {}, '', types(int64))).toBe('interface {}(int) 42');
    expect(
      text(slice(any), words(0x2000, 1, 1), { ...rest, 8192: words(0x5000, 0x6000) }, {}, '', types(int64)),
    ).toBe('[]interface {} len: 1, cap: 1, [42]');
  });

  test('what is too deep is told by address', () => {
    const holder = struct('main.H', { A: struct('main.I', { E: any }) });
    const rest = { 20480: runtimeType(false), 24576: words(1, 2) };
    expect(text(holder, words(0x5000, 0x6000), rest, {}, '', types(point))).toBe(
      'main.H {A: main.I {E: interface {}(main.Point) *(*interface {})(0x1000)}}',
    );
    const pointers = { ...rest, 20480: runtimeType(true) };
    expect(text(holder, words(0x5000, 0x6000), pointers, {}, '', types(pointer(point)))).toBe(
      'main.H {A: main.I {E: interface {}(*main.Point) ...}}',
    );
  });

  test('an unknown type', () => {
    expect(text(any, words(0x7000, 0x6000), { 28672: runtimeType(false) })).toBe(
      '(unreadable the dynamic type of the interface is not known: no type at 0x7000)',
    );
  });
});

describe('maps, channels, functions', () => {
  const map = swissMap(string, int64);
  const group = words(
    bytes(1, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80),
    0x3000,
    1,
    10,
    0x3001,
    1,
    20,
    ...Array(18).fill(0),
  );
  const rest = { 8192: words(2, 0, 0x2100, 0, 0), 8448: group, 12288: words('ab') };

  test('maps', () => {
    expect(text(map, words(0x2000), rest)).toBe('map[string]int ["a": 10, "b": 20, ]');
    expect(text(map, words(0x2000), rest, { maxArrayValues: 1 })).toBe(
      'map[string]int ["a": 10, ,...+1 more]',
    );
    expect(text(map, words(0x2000), rest, SHORT_LIMITS)).toBe('map[string]int [...]');
    expect(text(map, words(0))).toBe('map[string]int nil');
    expect(text(map, words(0x2000), { 8192: words(0, 0, 0x2100, 0, 0) })).toBe('map[string]int []');
    expect(text(map, words(0x9000))).toBe('(unreadable no readable memory at 0x9000)');
  });

  test('channels show what is queued, in the order in which it is received', () => {
    const header = words(2, 3, 0x2100, bytes(8, 0, 0, 0, 0, 0, 0, 0), 1, 2, 0, 0, 0, 0, 0);
    const queue = { 8192: header, 8448: words(30, 10, 20) };
    expect(text(chan(int64), words(0x2000), queue)).toBe('chan int 2/3');
    const value = shown(chan(int64), words(0x2000), queue);
    const buffer = value.children.find(({ name }) => name === 'buf')?.value;
    expect(buffer?.children.map((child) => child.value.text)).toEqual(['20', '30']);
    expect(text(chan(int64), words(0))).toBe('chan int nil');
    expect(lines(chan(int64), words(0x2000), queue)).toBe('chan int 2/3 [20,30]');
    expect(renderMultiline(value, '', true)).toContain('\n\tbuf: []int [20,30],\n');
    expect(text(chan(int64), words(0x2000), { 8192: words(9, 3, 0, 0, 0, 0) })).toBe(
      '(unreadable channel is damaged: 9 of 3 elements at 0x2000)',
    );
  });

  test('functions', () => {
    expect(text(func('func()'), words(0))).toBe('nil');
    expect(text(func('func()'), words(0x2000), { 8192: words(0x7777) })).toBe(
      '(unreadable no function at 0x7777)',
    );
  });
});

describe('over several lines', () => {
  test('a struct with composite fields, a list of structs', () => {
    expect(lines(named, words(0x2000, 3, 1, 2), { 8192: words('abc') })).toBe(
      'main.Named {\n\tName: "abc",\n\tPoint: main.Point {X: 1, Y: 2},}',
    );
    expect(lines(slice(point), words(0x2000, 2, 2), { 8192: words(1, 2, 3, 4) })).toBe(
      '[]main.Point len: 2, cap: 2, [\n\t{X: 1, Y: 2},\n\t{X: 3, Y: 4},\n]',
    );
  });

  test('scalars and short strings stay on one line', () => {
    expect(lines(slice(int64), words(0x2000, 2, 2), { 8192: words(1, 2) })).toBe(
      '[]int len: 2, cap: 2, [1,2]',
    );
    const short = { 8192: words(0x3000, 7), 12288: words('1234567') };
    expect(lines(slice(string), words(0x2000, 1, 1), short)).toBe('[]string len: 1, cap: 1, ["1234567"]');
    const long = { 8192: words(0x3000, 8), 12288: words('12345678') };
    expect(lines(slice(string), words(0x2000, 1, 1), long)).toBe(
      '[]string len: 1, cap: 1, [\n\t"12345678",\n]',
    );
  });

  test('a pointer says where it points', () => {
    expect(lines(pointer(point), words(0x2000), { 8192: words(1, 2) })).toBe(
      '(*main.Point)(0x2000)\n*main.Point {X: 1, Y: 2}',
    );
  });

  test('what is left out has a line', () => {
    expect(lines(slice(point), words(0x2000, 2, 2), { 8192: words(1, 2, 3, 4) }, { maxArrayValues: 1 })).toBe(
      '[]main.Point len: 2, cap: 2, [\n\t{X: 1, Y: 2},\n\t...+1 more\n]',
    );
  });
});

test('parts that are not there', () => {
  const program = fakeProgram();
  const place = { kind: 'bytes', bytes: words(1, 2), missing: [{ from: 8, to: 16 }] } as const;
  expect(show(program, { type: point, storage: place }).text).toBe('main.Point {X: 1, Y: (optimised out)}');
  const gone = { kind: 'none', reason: 'optimised out' } as const;
  expect(show(program, { type: point, storage: gone }).text).toBe('(optimised out)');
  const lost = { kind: 'bytes', bytes: words(0x2000, 1, 0), missing: [{ from: 16, to: 24 }] } as const;
  const memory = new FakeMemory().add(0x2000, words(7));
  expect(show(fakeProgram({ memory }), { type: slice(int64), storage: lost }).text).toBe(
    '[]int len: 1, cap: ?, [7]',
  );
  const headless = { kind: 'bytes', bytes: words(0, 5, 6), missing: [{ from: 0, to: 8 }] } as const;
  expect(show(program, { type: slice(int64), storage: headless }).text).toBe(
    '[]int len: 5, cap: 6, (optimised out)',
  );
  const capacityAlone = { kind: 'bytes', bytes: words(0, 0, 6), missing: [{ from: 0, to: 16 }] } as const;
  expect(show(program, { type: slice(int64), storage: capacityAlone }).text).toBe('(optimised out)');
});

test('the data is plain', () => {
  const value = shown(slice(int64), words(0x2000, 2, 3), { 8192: words(5, 6) });
  expect(value).toMatchObject({
    type: '[]int',
    kind: 'slice',
    address: 0x1000,
    base: 0x2000,
    length: 2,
    capacity: 3,
    state: 'loaded',
    children: [
      { name: '0', value: { type: 'int', kind: 'int', value: '5', address: 0x2000 } },
      { name: '1', value: { value: '6', text: '6' } },
    ],
  });
});
