import { describe, expect, it } from 'vitest';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { random } from '../../base/testing/mutate.ts';
import { evaluateAddress, evaluateExpression } from './expression.ts';
import type { ExpressionContext } from './expression-context.ts';
import { decodeOperation } from './expression-decoder.ts';
import { quickPieces } from './expression-fast-path.ts';
import { ExpressionMachine } from './expression-machine.ts';

const MEMORY = new ByteBuilder().u64(0x1122334455667788n).u64(0x2000).build();

function context(overrides: Partial<ExpressionContext> = {}): ExpressionContext {
  return {
    register: (dwarf) => (dwarf === 16 ? undefined : dwarf * 0x100),
    cfa: () => 0x7000,
    frameBase: () => 0x7000,
    read: (address, length) =>
      address >= 0x1000 && address + length <= 0x1010
        ? MEMORY.subarray(address - 0x1000, address - 0x1000 + length)
        : undefined,
    toRuntime: (linked) => linked + 0x10000,
    ...overrides,
  };
}

const expression = (write: (builder: ByteBuilder) => void): Uint8Array => {
  const builder = new ByteBuilder();
  write(builder);
  return builder.build();
};
const evaluate = (write: (builder: ByteBuilder) => void, overrides: Partial<ExpressionContext> = {}) =>
  evaluateExpression(expression(write), context(overrides));
/** What is on top of the stack after these operations. */
const top = (
  write: (builder: ByteBuilder) => void,
  overrides: Partial<ExpressionContext> = {},
): bigint | string => {
  const [piece] = evaluate((b) => {
    write(b);
    b.u8(0x9f);
  }, overrides);
  if (piece?.kind !== 'value') return piece?.kind === 'missing' ? piece.reason : 'no value';
  return new DataView(piece.bytes.buffer).getBigUint64(0, true);
};

describe('single locations', () => {
  it.each<[string, (b: ByteBuilder) => void, object]>([
    ['DW_OP_reg3', (b) => b.u8(0x53), { kind: 'register', register: 3 }],
    ['DW_OP_regx', (b) => b.u8(0x90).uleb(40), { kind: 'register', register: 40 }],
    ['DW_OP_call_frame_cfa', (b) => b.u8(0x9c), { kind: 'memory', address: 0x7000 }],
    ['DW_OP_fbreg', (b) => b.u8(0x91).sleb(-16), { kind: 'memory', address: 0x7000 - 16 }],
    ['DW_OP_breg7', (b) => b.u8(0x77).sleb(8), { kind: 'memory', address: 0x708 }],
    ['DW_OP_bregx', (b) => b.u8(0x92).uleb(7).sleb(8), { kind: 'memory', address: 0x708 }],
    ['DW_OP_addr', (b) => b.u8(3).u64(0x401000), { kind: 'memory', address: 0x411000 }],
  ])('%s', (_, write, piece) => {
    expect(evaluate(write)).toEqual([{ ...piece, size: undefined }]);
  });

  it('gives values that are nowhere', () => {
    expect(evaluate((b) => b.u8(0x9e).uleb(2).u8(1, 2))).toEqual([
      { kind: 'value', bytes: new Uint8Array([1, 2]), size: undefined },
    ]);
    expect(top((b) => b.u8(0x35))).toBe(5n);
  });

  it('says why a value is missing', () => {
    const reason = (write: (b: ByteBuilder) => void, overrides: Partial<ExpressionContext> = {}) => {
      const [piece] = evaluate(write, overrides);
      return piece?.kind === 'missing' ? piece.reason : undefined;
    };
    expect(reason(() => {})).toBe('optimised out');
    expect(reason((b) => b.u8(0x80).sleb(0))).toContain('register 16');
    expect(reason((b) => b.u8(0x9c), { cfa: () => undefined })).toContain('frame address');
    expect(reason((b) => b.u8(0xa3).uleb(1).u8(0x55).u8(0x9f))).toContain('at entry');
    expect(reason((b) => b.u8(0xa0).u32(0).sleb(0))).toContain('points to something');
    const wide = new ByteBuilder().u8(0xa0).u64(1).sleb(-4).build();
    expect(decodeOperation(wide, 0, 8)).toEqual({ opcode: 0xa0, operands: [1n, -4n], next: 10 });
    expect(reason((b) => b.u8(0x30, 0x9b))).toContain('thread-local');
    expect(reason((b) => b.u8(0xee))).toContain('0xee');
    expect(reason((b) => b.u8(0x91))).toContain('cut off');
    expect(reason((b) => b.u8(0x22))).toContain('empty stack');
  });
});

describe('pieces', () => {
  it('lists the parts that Go writes: registers, stack slots and gaps', () => {
    const pieces = evaluate((b) => b.u8(0x53, 0x93, 8, 0x93, 8, 0x91).sleb(16).u8(0x93, 4));
    expect(pieces).toEqual([
      { kind: 'register', register: 3, size: 8 },
      { kind: 'missing', size: 8, reason: 'optimised out' },
      { kind: 'memory', address: 0x7010, size: 4 },
    ]);
  });

  it('mixes them with computed parts', () => {
    const pieces = evaluate((b) => b.u8(0x55, 0x93, 4, 0x31, 0x9f, 0x93, 2, 0x93, 8, 0x50, 0x93, 8));
    expect(pieces).toEqual([
      { kind: 'register', register: 5, size: 4 },
      { kind: 'value', bytes: new Uint8Array([1, 0]), size: 2 },
      { kind: 'missing', size: 8, reason: 'optimised out' },
      { kind: 'register', register: 0, size: 8 },
    ]);
  });

  it('loses only the part that cannot be known', () => {
    const pieces = evaluate((b) => b.u8(0x30, 0x22, 0x31, 0x93, 4, 0x50, 0x93, 4));
    expect(pieces.map((piece) => [piece.kind, piece.size])).toEqual([
      ['missing', 4],
      ['register', 4],
    ]);
  });

  it('takes bit pieces of whole bytes', () => {
    expect(evaluate((b) => b.u8(0x50, 0x9d, 16, 0))).toEqual([{ kind: 'register', register: 0, size: 2 }]);
    expect(evaluate((b) => b.u8(0x50, 0x9d, 3, 0))[0]).toMatchObject({ kind: 'missing' });
  });
});

describe('computing', () => {
  const minus = (n: number): bigint => BigInt.asUintN(64, BigInt(-n));
  const pushed =
    (...values: number[]) =>
    (b: ByteBuilder) => {
      for (const value of values) b.u8(0x11).sleb(value);
      return b;
    };

  it.each<[string, bigint | string, (b: ByteBuilder) => void]>([
    ['const1u', 0xffn, (b) => b.u8(0x08, 0xff)],
    ['const1s', minus(1), (b) => b.u8(0x09, 0xff)],
    ['const2u', 0xfffen, (b) => b.u8(0x0a).u16(0xfffe)],
    ['const2s', minus(2), (b) => b.u8(0x0b).u16(0xfffe)],
    ['const4u', 0xfffffffen, (b) => b.u8(0x0c).u32(0xfffffffe)],
    ['const4s', minus(2), (b) => b.u8(0x0d).u32(0xfffffffe)],
    ['const8u', 2n ** 64n - 2n, (b) => b.u8(0x0e).u64(-2)],
    ['const8s', minus(2), (b) => b.u8(0x0f).u64(-2)],
    ['constu', 2n ** 63n + 1n, (b) => b.u8(0x10).uleb(2n ** 63n + 1n)],
    ['consts', minus(300), (b) => b.u8(0x11).sleb(-300)],
    ['dup', 10n, (b) => pushed(5)(b).u8(0x12, 0x22)],
    ['drop', 5n, (b) => pushed(5, 6)(b).u8(0x13)],
    ['over', 5n, (b) => pushed(5, 6)(b).u8(0x14)],
    ['pick', 4n, (b) => pushed(4, 5, 6)(b).u8(0x15, 2)],
    ['swap', 1n, (b) => pushed(5, 6)(b).u8(0x16, 0x1c)],
    ['rot: the second comes to the top', 5n, (b) => pushed(4, 5, 6)(b).u8(0x17)],
    ['rot: the third becomes the second', 4n, (b) => pushed(4, 5, 6)(b).u8(0x17, 0x13)],
    ['rot: the top becomes the third', 6n, (b) => pushed(4, 5, 6)(b).u8(0x17, 0x13, 0x13)],
    ['abs', 7n, (b) => pushed(-7)(b).u8(0x19)],
    ['and', 4n, (b) => pushed(12, 6)(b).u8(0x1a)],
    ['div is signed', minus(3), (b) => pushed(-7, 2)(b).u8(0x1b)],
    ['div by zero', 'its location divides by zero', (b) => pushed(1, 0)(b).u8(0x1b)],
    ['minus', minus(1), (b) => pushed(5, 6)(b).u8(0x1c)],
    ['mod', 1n, (b) => pushed(7, 2)(b).u8(0x1d)],
    ['mul', minus(12), (b) => pushed(-3, 4)(b).u8(0x1e)],
    ['neg', minus(3), (b) => pushed(3)(b).u8(0x1f)],
    ['not', minus(1), (b) => pushed(0)(b).u8(0x20)],
    ['or', 14n, (b) => pushed(12, 6)(b).u8(0x21)],
    ['plus wraps', 1n, (b) => pushed(-1, 2)(b).u8(0x22)],
    ['plus_uconst', 8n, (b) => pushed(3)(b).u8(0x23, 5)],
    ['shl', 12n, (b) => pushed(3, 2)(b).u8(0x24)],
    ['shl by too much', 0n, (b) => pushed(3, 64)(b).u8(0x24)],
    ['shr is logical', 2n ** 63n - 1n, (b) => pushed(-1, 1)(b).u8(0x25)],
    ['shra is arithmetic', minus(1), (b) => pushed(-1, 1)(b).u8(0x26)],
    ['xor', 10n, (b) => pushed(12, 6)(b).u8(0x27)],
    ['eq', 1n, (b) => pushed(3, 3)(b).u8(0x29)],
    ['ge', 0n, (b) => pushed(-1, 1)(b).u8(0x2a)],
    ['gt', 0n, (b) => pushed(-1, 1)(b).u8(0x2b)],
    ['le', 1n, (b) => pushed(-1, 1)(b).u8(0x2c)],
    ['lt', 1n, (b) => pushed(-1, 1)(b).u8(0x2d)],
    ['ne', 1n, (b) => pushed(-1, 1)(b).u8(0x2e)],
    ['skip', 5n, (b) => b.u8(0x35, 0x2f).u16(1).u8(0x36)],
    ['bra taken', 5n, (b) => b.u8(0x35, 0x31, 0x28).u16(1).u8(0x36)],
    ['bra not taken', 6n, (b) => b.u8(0x35, 0x30, 0x28).u16(1).u8(0x36)],
    ['nop', 1n, (b) => b.u8(0x31, 0x96)],
    ['breg adds', 0x208n, (b) => b.u8(0x72).sleb(8)],
    ['fbreg in a sum', 0x7009n, (b) => b.u8(0x91).sleb(8).u8(0x31, 0x22)],
    ['deref', 0x1122334455667788n, (b) => b.u8(0x0a).u16(0x1000).u8(0x06)],
    ['deref_size', 0x7788n, (b) => b.u8(0x0a).u16(0x1000).u8(0x94, 2)],
    ['deref of unreadable memory', 'memory at 0x99 cannot be read', (b) => b.u8(0x08, 0x99, 0x06)],
    ['deref_size of too much', 'memory at 0x1000 cannot be read', (b) => b.u8(0x0a).u16(0x1000).u8(0x94, 9)],
    ['xderef', 'its location uses the operation 0x18, which is not supported', (b) => b.u8(0x30, 0x30, 0x18)],
    ['a loop', 'its location goes in a circle', (b) => b.u8(0x2f).u16(-3)],
    ['a jump before its start', 'its location jumps out of itself', (b) => b.u8(0x2f).u16(-300)],
    ['a full stack', 'its location needs too much stack', (b) => b.u8(0x31, 0x2f).u16(-4)],
  ])('%s', (_, expected, write) => {
    expect(top(write)).toBe(expected);
  });

  it('asks its unit for addresses, types and other locations', () => {
    const unit = {
      indexedAddress: (index: number) => (index === 1 ? 0x2000 : undefined),
      baseType: (offset: number) => (offset === 0x30 ? { size: 2, signed: true } : undefined),
      procedure: (offset: number, inUnit: boolean) =>
        offset === 7 && inUnit
          ? expression((b) => b.u8(0x32))
          : offset === 8
            ? expression((b) => b.u8(0x99).u32(8))
            : undefined,
    };
    expect(evaluate((b) => b.u8(0xa1, 1), { unit })).toEqual([
      { kind: 'memory', address: 0x12000, size: undefined },
    ]);
    expect(top((b) => b.u8(0xa2, 1), { unit })).toBe(0x2000n);
    expect(top((b) => b.u8(0x31, 0x98).u16(7).u8(0x22), { unit })).toBe(3n);
    expect(top((b) => b.u8(0x99).u32(9), { unit })).toContain('not there');
    expect(top((b) => b.u8(0x99).u32(8), { unit })).toContain('circle');
    expect(top((b) => b.u8(0x0a).u16(0xffff).u8(0xa8, 0x30), { unit })).toBe(minus(1));
    expect(top((b) => b.u8(0xa4, 0x30, 2).u16(0x8000).u8(0xa8, 0), { unit })).toBe(minus(0x8000));
    expect(top((b) => b.u8(0xa5, 1, 0x30), { unit })).toBe(0x100n);
    expect(top((b) => b.u8(0x0a).u16(0x1000).u8(0xa6, 2, 0x30), { unit })).toBe(0x7788n);
    expect(top((b) => b.u8(0x31, 0xa8, 0x31), { unit })).toContain('type');
    expect(top((b) => b.u8(0xa1, 1))).toContain('.debug_addr');
  });

  it('knows GNU’s numbers and asks for values at entry and thread-local ones', () => {
    expect(top((b) => b.u8(0xf3, 1, 0x55), { entryValue: () => 9n })).toBe(9n);
    expect(top((b) => b.u8(0x34, 0xe0), { threadLocal: (offset) => Number(offset) + 0x100 })).toBe(0x104n);
  });
});

describe('evaluateAddress', () => {
  it('computes frame bases and CFA expressions', () => {
    expect(
      evaluateAddress(
        expression((b) => b.u8(0x9c)),
        context(),
      ),
    ).toBe(0x7000);
    expect(
      evaluateAddress(
        expression((b) => b.u8(0x56)),
        context(),
      ),
    ).toBe(0x600);
    expect(
      evaluateAddress(
        expression((b) => b.u8(0x23, 8)),
        context(),
        0x100,
      ),
    ).toBe(0x108);
    expect(
      evaluateAddress(
        expression((b) => b.u8(0x35, 0x9f)),
        context(),
      ),
    ).toBe(5);
    expect(
      evaluateAddress(
        expression((b) => b.u8(0x80).sleb(0)),
        context(),
      ),
    ).toBeUndefined();
    expect(evaluateAddress(new Uint8Array(0), context())).toBeUndefined();
  });
});

describe('the fast path', () => {
  it('says what the machine says, or nothing', () => {
    const next = random(7);
    const opcodes = [0x53, 0x9c, 0x91, 0x77, 0x03, 0x93, 0x80, 0x31, 0x22];
    let compared = 0;
    for (let round = 0; round < 3000; round++) {
      const bytes = expression((b) => {
        for (let i = 1 + (next() % 5); i > 0; i--) {
          const opcode = opcodes[next() % opcodes.length]!;
          b.u8(opcode);
          if (opcode === 0x91 || opcode === 0x77 || opcode === 0x80) b.sleb((next() % 5000) - 2500);
          else if (opcode === 0x03) b.u64(next() % 100000);
          else if (opcode === 0x93) b.uleb(next() % 200);
        }
      });
      const quick = quickPieces(bytes, context());
      if (quick === undefined) continue;
      expect(quick).toEqual(new ExpressionMachine(context()).location(bytes));
      compared++;
    }
    expect(compared).toBeGreaterThan(300);
  });

  it('survives any bytes', () => {
    const next = random(11);
    for (let round = 0; round < 5000; round++) {
      const bytes = Uint8Array.from({ length: next() % 24 }, () => next());
      for (const piece of evaluateExpression(bytes, context())) expect(piece.kind).toMatch(/^[a-z]+$/);
    }
  });
});
