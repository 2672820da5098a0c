import { expect, test } from 'vitest';
import { MattockError, runtimeAddress, TargetFault, UserError } from '../base/index.ts';
import { random } from '../base/testing/mutate.ts';
import { FakeMemory, fakeProgram } from '../golang/values/testing/fake-program.ts';
import {
  array,
  bool,
  chan,
  classicMap,
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
  uint64,
} from '../golang/values/testing/fake-types.ts';
import type { Type } from '../image/index.ts';
import { evaluate } from './evaluate.ts';
import { renderMultiline } from './print.ts';
import { show } from './show.ts';
import { fakeScope } from './testing/fake-scope.ts';
import { DEFAULT_LIMITS } from './value.ts';

/** Seeded numbers below a bound. */
function randomNumbers(seed: number): (below: number) => number {
  const next = random(seed);
  return (below) => next() % below;
}

const BASE = 0x10000;
const SIZE = 0x8000;

const node: Type = struct('main.Node', {
  Value: int64,
  Next: () => pointer(node),
  Name: string,
});
const any = interfaceType('interface {}', true);
const list: Type = slice(int64, 'main.List');
Object.defineProperty(list, 'element', { get: () => list });
const types: readonly Type[] = [
  bool,
  int64,
  uint8,
  int('time.Duration', 8),
  float64,
  { ...float64, kind: 'complex', name: 'complex64', size: 8 },
  string,
  slice(uint8),
  slice(string),
  slice(any),
  array(5, slice(any)),
  array(2 ** 30, uint64),
  pointer(node),
  pointer(pointer(pointer(node))),
  node,
  any,
  interfaceType('error', false),
  swissMap(string, node),
  swissMap(any, slice(any)),
  swissMap(array(20, uint64), array(20, uint64)),
  classicMap(string, any),
  classicMap(uint8, string),
  chan(string),
  chan(any),
  func('func()'),
  list,
  struct('time.Time', {
    wall: uint64,
    ext: int64,
    loc: pointer(
      struct('time.Location', {
        name: string,
        zone: slice(node),
        tx: slice(node),
        extend: string,
        cacheStart: int64,
        cacheEnd: int64,
        cacheZone: pointer(node),
      }),
    ),
  }),
];

/** Words that are addresses in the memory, small numbers, or anything. */
function randomMemory(pick: (below: number) => number): FakeMemory {
  const contents = new Uint8Array(SIZE);
  const view = new DataView(contents.buffer);
  for (let at = 0; at < SIZE; at += 8) {
    const choice = pick(8);
    if (choice < 4) view.setBigUint64(at, BigInt(BASE + 8 * pick(SIZE / 8)), true);
    else if (choice < 7) view.setBigUint64(at, BigInt(pick(20)), true);
    else view.setBigUint64(at, (BigInt(pick(2 ** 32)) << 32n) | BigInt(pick(2 ** 32)), true);
  }
  return new FakeMemory().add(BASE, contents);
}

/** Every type's `runtime._type` may stand anywhere. */
function randomProgram(pick: (below: number) => number) {
  const runtimeTypes = new Map(
    Array.from({ length: 400 }, () => [BASE + 8 * pick(SIZE / 8), types[pick(types.length)]!] as const),
  );
  return fakeProgram({ memory: randomMemory(pick), runtimeTypes, types });
}

test('whatever memory holds, every type is shown, and in time', () => {
  const pick = randomNumbers(0x2545f491);
  for (let round = 0; round < 12; round++) {
    const program = randomProgram(pick);
    for (const type of types) {
      const address = runtimeAddress(BASE + 8 * pick(SIZE / 8));
      const value = { type, storage: { kind: 'memory', address } } as const;
      const limits = { ...DEFAULT_LIMITS, maxArrayValues: 8, maxVariableRecurse: pick(3) };
      const shown = show(program, value, limits, pick(4) === 0 ? '%x' : '');
      expect(shown.type).toBe(type.name);
      expect(typeof shown.text).toBe('string');
      expect(typeof renderMultiline(shown)).toBe('string');
    }
  }
});

const WORDS = [
  'x', 'nil', 'true', 'int', 'string', 'main.Node', 'len', 'cap', 'min', 'complex', 'real', 'map', 'chan', 'func',
  'struct', 'interface', '0', '1', '-1', '0x10', '1.5', '2i', "'a'", '"s"', '`r`', '"a/b"', '_', '1e9', '0b', '08',
  '+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>', '&^', '&&', '||', '==', '!=', '<', '<=', '!', '(', ')', '(', ')',
  '[', ']', '{', '}', '.', ',', ':', ';', '=', '<-', '++', '...', '~r0', 'runtime', 'curg', 'frame', 'é', '世', '$',
  '(*main.Node)(0x10100)', '(*[]interface {})(0x10200)', '*(*string)(0x10300)', '(*"map[string]main.Node")(0x10400)',
  '*(*map[string]main.Node)(0x10500)', '*(*interface {})(0x10600)', '*(*chan string)(0x10700)', '*(*func())(0x10800)',
  '.(data)', '[0]', '[1:2]', '.Next', '.Value', '.(main.Node)',
]; // biome-ignore format: a list of words

test('whatever is typed, it is a value or an error that users may see', () => {
  const pick = randomNumbers(0x1234567);
  const program = randomProgram(pick);
  let values = 0;
  for (let round = 0; round < 8000; round++) {
    const parts = Array.from({ length: 1 + pick(9) }, () => WORDS[pick(WORDS.length)]!);
    const text = parts.join(pick(3) === 0 ? ' ' : '');
    try {
      show(program, evaluate(fakeScope(program), text), { ...DEFAULT_LIMITS, maxArrayValues: 4 });
      values++;
    } catch (error) {
      if (!(error instanceof UserError || error instanceof TargetFault)) throw new Error(`${text}: ${error}`);
      if (error instanceof UserError && error.column !== undefined) {
        expect(error.column).toBeGreaterThanOrEqual(0);
        expect(error.column).toBeLessThanOrEqual(text.length);
      }
    }
  }
  expect(values).toBeGreaterThan(200);
});

test('random characters', () => {
  const pick = randomNumbers(99);
  for (let round = 0; round < 6000; round++) {
    const text = Array.from({ length: pick(12) }, () =>
      String.fromCharCode(pick(4) === 0 ? pick(0x3000) : 32 + pick(95)),
    ).join('');
    try {
      evaluate(fakeScope(fakeProgram()), text);
    } catch (error) {
      if (!(error instanceof MattockError)) throw new Error(`${JSON.stringify(text)}: ${error}`);
    }
  }
});
