import { describe, expect, it } from 'vitest';
import { linkedAddress, sectionOffset } from '../../base/index.ts';
import type { Field, Type } from '../../image/index.ts';
import { type Assignment, assignCall } from './abi-internal.ts';

const common = (name: string, size: number) => ({
  name,
  size,
  offset: sectionOffset(0),
  runtimeType: linkedAddress(0),
  fromC: false,
});
const int = (size: number): Type => ({ ...common(`int${size * 8}`, size), kind: 'int', signed: true });
const float: Type = { ...common('float64', 8), kind: 'float' };
const text: Type = { ...common('string', 16), kind: 'string' };
const array = (length: number, element: Type): Type => ({
  ...common('array', element.size * length),
  kind: 'array',
  element,
  length,
});
const slice: Type = { ...common('[]int', 24), kind: 'slice', element: int(8) };
const field = (name: string, offset: number, type: Type): Field => ({
  name,
  offset,
  type,
  embedded: false,
  bits: undefined,
});
const struct = (size: number, ...fields: Field[]): Type => ({
  ...common('struct', size),
  kind: 'struct',
  fields,
  union: false,
});

const textOf = (assignment: Assignment): string =>
  assignment.kind === 'stack'
    ? `stack+${assignment.offset}`
    : assignment.pieces.map(({ register, offset }) => `${register}@${offset}`).join(' ');
const assigned = (parameters: Type[], results: Type[] = [], assembly = false) => {
  const call = assignCall('amd64', { parameters, results }, assembly);
  return { parameters: call.parameters.map(textOf), results: call.results.map(textOf) };
};

describe('places of arguments and results', () => {
  // The example of cmd/compile/abi-internal.md: func f(a1 uint8, a2 [2]uintptr, a3 uint8) (r1 struct{x uintptr; y [2]uintptr}, r2 string)
  it('is as the specification says', () => {
    const byte = int(1);
    const result = struct(24, field('x', 0, int(8)), field('y', 8, array(2, int(8))));
    expect(assigned([byte, array(2, int(8)), byte], [result, text])).toEqual({
      parameters: ['rax@0', 'stack+0', 'rbx@0'],
      results: ['stack+16', 'rax@0 rbx@8'],
    });
  });

  it('keeps integers and floats apart and values whole', () => {
    const pair = struct(16, field('i', 0, int(8)), field('f', 8, float));
    expect(assigned([pair, float, slice, slice, slice, int(4)]).parameters).toEqual([
      'rax@0 xmm0@8',
      'xmm1@0',
      'rbx@0 rcx@8 rdi@16',
      'rsi@0 r8@8 r9@16',
      'stack+0',
      'r10@0',
    ]);
  });

  it('puts all of assembly on the stack, aligned', () => {
    expect(assigned([int(1), int(4), text], [int(1), float], true)).toEqual({
      parameters: ['stack+0', 'stack+4', 'stack+8'],
      results: ['stack+24', 'stack+32'],
    });
  });
});
