import { describe, expect, it } from 'vitest';
import { linkedAddress, sectionOffset } from '../../base/index.ts';
import type { Field, Type } from '../../image/index.ts';
import { NO_VALUES } from './call-layout.ts';
import type { TracedFunction } from './call-plan.ts';
import { checkCondition } from './check-condition.ts';

const common = (name: string, size = 8) => ({
  name,
  size,
  offset: sectionOffset(0),
  runtimeType: linkedAddress(0),
  fromC: false,
});
const int: Type = { ...common('int'), kind: 'int', signed: true };
const bool: Type = { ...common('bool', 1), kind: 'bool' };
const field = (name: string, type: Type, embedded = false): Field => ({
  name,
  type,
  embedded,
  offset: 0,
  bits: undefined,
});
const struct = (name: string, ...fields: Field[]): Type => ({
  ...common(name),
  kind: 'struct',
  fields,
  union: false,
});
const pointer = (target: Type): Type => ({ ...common(`*${target.name}`), kind: 'pointer', target });
const error: Type = { ...common('error', 16), kind: 'interface', empty: false };
const base = struct('main.base', field('Id', int));
const request = struct('main.request', field('base', base, true), field('Size', int), field('Hot', bool));

const called = (name: string, values: Readonly<Record<string, Type>>, described = true): TracedFunction => ({
  name,
  address: 0,
  level: 0,
  described,
  unseenReturns: false,
  layouts: {
    exit: NO_VALUES,
    entry: {
      ...NO_VALUES,
      values: Object.entries(values).map(([of, type]) => ({ name: of, type, pieces: [], kept: 0 })),
    },
  },
});
const handle = called('main.handle', {
  n: int,
  ok: bool,
  r: pointer(request),
  list: { ...common('[]main.request', 24), kind: 'slice', element: request },
  err: error,
});

describe('conditions', () => {
  it.each([
    'n > 1',
    'ok',
    '!ok && (n == 3 || r.Size > 2)',
    'r.Id == 4 && r.Hot',
    '(*r).Size > 1',
    'list[0].Hot && len(list) > 2',
    'err != nil',
    'err.anything',
    'main.limit > n',
    'n + 1 > 2',
    'bool(ok)',
  ])('%s may hold', (text) => {
    expect(() => checkCondition(text, [handle])).not.toThrow();
  });

  it.each([
    ['n', 'column 1 of n: n is int, no bool'],
    ['n + 1', 'column 1 of n + 1: n + 1 is neither true nor false'],
    ['ok && n', 'column 7 of ok && n: n is int, no bool'],
    ['!n', 'column 2 of !n: n is int, no bool'],
    ['r.Nosuch > 1', 'column 3 of r.Nosuch > 1: main.request has no field Nosuch'],
    ['ok || list[0].No', 'column 15 of ok || list[0].No: main.request has no field No'],
    ['n.x == 1', 'column 3 of n.x == 1: int has no fields'],
    ['len(list)', 'column 1 of len(list): len(list) is neither true nor false'],
    ['m > 1', 'column 1 of m > 1: m is no argument of main.handle'],
    ['r', 'column 1 of r: r is *main.request, no bool'],
    ['5', 'column 1 of 5: 5 is neither true nor false'],
  ])('%s holds for no call', (text, message) => {
    expect(() => checkCondition(text, [handle])).toThrow(message);
  });

  it('are for all functions that they may hold for, and for those of which nothing is known', () => {
    const other = called('main.other', { r: int });
    expect(() => checkCondition('r.Size > 1', [other, handle])).not.toThrow();
    expect(() => checkCondition('r.Size > 1', [other])).toThrow('int has no fields');
    expect(() => checkCondition('x.y', [called('main.dark', {}, false)])).not.toThrow();
  });
});
