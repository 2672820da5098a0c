import { describe, expect, it } from 'vitest';
import { parseOperands } from './arm64-operands.ts';

const x = (number: number) => ({ class: 'x', number, isStackPointer: false });

describe('parseOperands', () => {
  it('reads registers and what is done to them', () => {
    expect(parseOperands('x1, wzr, x2, lsl #3')).toEqual([
      { kind: 'register', register: x(1) },
      { kind: 'register', register: { class: 'w', number: 31, isStackPointer: false } },
      { kind: 'register', register: x(2), shift: { name: 'lsl', amount: 3 } },
    ]);
    expect(parseOperands('sp, w0, uxtw')).toEqual([
      { kind: 'register', register: { class: 'x', number: 31, isStackPointer: true } },
      {
        kind: 'register',
        register: { class: 'w', number: 0, isStackPointer: false },
        shift: { name: 'uxtw' },
      },
    ]);
  });

  it('reads constants', () => {
    expect(parseOperands('#-0x10, #7, #1.50000000, #0x8e38, lsl #16')).toEqual([
      { kind: 'immediate', value: -16n },
      { kind: 'immediate', value: 7n },
      { kind: 'float', value: 1.5 },
      { kind: 'immediate', value: 0x8e38n, shift: { name: 'lsl', amount: 16 } },
    ]);
  });

  it('reads memory in all its modes', () => {
    const memory = { kind: 'memory', base: x(3), mode: 'offset', offset: 0n };
    expect(parseOperands('[x3]')).toEqual([memory]);
    expect(parseOperands('[x3, #-8]')).toEqual([{ ...memory, offset: -8n }]);
    expect(parseOperands('[x3, #0x20]!')).toEqual([{ ...memory, mode: 'pre', offset: 32n }]);
    expect(parseOperands('[x3], #64')).toEqual([{ ...memory, mode: 'post', offset: 64n }]);
    expect(parseOperands('[x3], x4')).toEqual([{ ...memory, mode: 'post', index: x(4) }]);
    expect(parseOperands('[x3, x4, lsl #3]')).toEqual([
      { ...memory, index: x(4), shift: { name: 'lsl', amount: 3 } },
    ]);
  });

  it('reads vectors and lists of them', () => {
    const vector = { kind: 'vector', isList: false, index: undefined };
    expect(parseOperands('v1.16b, v2.d[0xa]')).toEqual([
      { ...vector, numbers: [1], arrangement: '16b' },
      { ...vector, numbers: [2], arrangement: 'd', index: 10 },
    ]);
    expect(parseOperands('{v31.b, v0.b}[3], [x3]')).toEqual([
      { ...vector, numbers: [31, 0], arrangement: 'b', isList: true, index: 3 },
      { kind: 'memory', base: x(3), mode: 'offset', offset: 0n },
    ]);
  });

  it('keeps words', () => {
    expect(parseOperands('ne, pldl1keep, za0h.b[w12, #3]')).toEqual([
      { kind: 'word', text: 'ne' },
      { kind: 'word', text: 'pldl1keep' },
      { kind: 'word', text: 'za0h.b[w12, #3]' },
    ]);
    expect(parseOperands('')).toEqual([]);
  });
});
