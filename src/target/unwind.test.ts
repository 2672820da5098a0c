import { describe, expect, it } from 'vitest';
import { archNamed } from '../arch/index.ts';
import { BytesSource, linkedAddress, runtimeAddress } from '../base/index.ts';
import { ByteBuilder } from '../base/testing/byte-builder.ts';
import type { FrameRow, Image, RegisterRule } from '../image/index.ts';
import { CoreMemory } from './core/core-memory.ts';
import { buildMemoryMap } from './core/memory-map.ts';
import { Module } from './module.ts';
import { ModuleList } from './module-list.ts';
import { unwindThread } from './thread-stack.ts';
import { type UnwindSetting, type Unwound, unwindFrame } from './unwind.ts';

const CODE = 0x400000;
const BIAS = 0x100000;
const STACK = 0x7f0000000000;
const RETURN = CODE + 0x10;

interface Spec {
  readonly arch?: 'amd64' | 'arm64';
  readonly row?: Partial<FrameRow>;
  readonly stack?: readonly (number | bigint)[];
  readonly code?: readonly number[];
  readonly go?: boolean;
}

/** One module of code, whose CFI has one row (or none), and a stack of words. */
function setting({ arch = 'amd64', row, stack = [], code = [], go = false }: Spec): UnwindSetting {
  const words = new ByteBuilder();
  for (const word of stack) words.u64(word);
  const bytes = new Uint8Array(0x3000);
  bytes.set(code, 0x100);
  bytes.set(words.build(), 0x1000);
  const segment = { fileSize: 0x1000, memorySize: 0x1000, readable: true };
  const map = buildMemoryMap(
    [
      { ...segment, address: CODE, fileOffset: 0, writable: false, executable: true },
      {
        ...segment,
        address: STACK,
        fileOffset: 0x1000,
        memorySize: 0x2000,
        fileSize: 0x2000,
        writable: true,
        executable: false,
      },
    ],
    [],
    bytes.length,
  );
  const full: FrameRow = {
    from: linkedAddress(0),
    to: linkedAddress(2 ** 40),
    cfa: { kind: 'register', register: archNamed(arch).dwarf.sp, offset: 16 },
    rules: new Map(),
    returnAddressRegister: arch === 'amd64' ? 16 : 30,
    returnAddressSigned: false,
    signalFrame: false,
    ...row,
  };
  const image = {
    frames: { rowAt: (pc: number) => (row === undefined || pc < CODE - BIAS ? undefined : full) },
    functions: go ? { find: () => 0, name: () => 'main.f', entry: () => CODE - BIAS } : undefined,
    symbols: {
      count: 1,
      at: () => ({ name: 'f', address: CODE - BIAS, size: 1, kind: 'function' }),
      byName: () => undefined,
    },
  } as unknown as Image;
  const module = new Module({
    path: '/app',
    image,
    bias: BIAS,
    start: runtimeAddress(CODE),
    end: runtimeAddress(CODE + 0x1000),
  });
  return {
    arch: archNamed(arch),
    memory: new CoreMemory(new BytesSource('core', bytes), map, () => undefined),
    modules: new ModuleList(module, []),
  };
}

const registersOf = (values: Readonly<Record<number, number>>, count = 17) =>
  Array.from({ length: count }, (_, i) => values[i]);
const at = (rule: RegisterRule['kind'], offset: number): RegisterRule =>
  ({ kind: rule, offset }) as RegisterRule;

describe('unwindFrame on amd64', () => {
  const pc = CODE + 0x80;
  const start = registersOf({ 16: pc, 7: STACK, 6: 0x66, 3: 0x33, 0: 0xaa });

  it('goes by call frame information', () => {
    const rules = new Map([
      [16, at('offset', -8)],
      [6, at('offset', -16)],
      [12, at('value', 4)],
      [13, { kind: 'register', register: 3 } as const],
      // DW_OP_plus_uconst 0xf8; DW_OP_lit8, DW_OP_minus: saved below the CFA.
      [14, { kind: 'expression', expression: new Uint8Array([0x23, 0xf8, 0x01]), saved: false } as const],
      [15, { kind: 'expression', expression: new Uint8Array([0x38, 0x1c]), saved: true } as const],
    ]);
    const step = unwindFrame(setting({ row: { rules }, stack: [0xb0, RETURN] }), start, true);
    expect(step).toMatchObject({
      kind: 'caller',
      cfa: STACK + 16,
      returnAddressSlot: STACK + 8,
      exact: false,
      how: 'cfi',
    });
    const { registers } = step as Unwound;
    expect([16, 7, 6, 12, 13, 14, 15].map((n) => registers[n])).toEqual([
      RETURN,
      STACK + 16,
      0xb0,
      STACK + 20,
      0x33,
      STACK + 16 + 0xf8,
      RETURN,
    ]);
    // C keeps rbx; rax is lost.
    expect([registers[3], registers[0]]).toEqual([0x33, undefined]);
  });

  it('looks return addresses up in the call before them', () => {
    const asked: number[] = [];
    const base = setting({ row: { rules: new Map([[16, at('offset', -8)]]) }, stack: [0, RETURN] });
    const { frames } = base.modules.executable!.image!;
    Object.assign(base.modules.executable!.image!, {
      frames: {
        rowAt: (lookup: number) => {
          asked.push(lookup);
          return frames.rowAt(linkedAddress(lookup));
        },
      },
    });
    unwindFrame(base, start, true);
    unwindFrame(base, start, false);
    expect(asked).toEqual([pc - BIAS, pc - BIAS - 1]);
  });

  it('follows the frame pointer chain of Go frames, on which Go’s CFI is silent', () => {
    const rules = new Map([[16, at('offset', -8)]]);
    const row = { rules, cfa: { kind: 'register', register: 7, offset: 32 } } as const;
    const base = setting({ row, stack: [0, 0, 0x5550, RETURN], go: true });
    const inside = unwindFrame(
      base,
      registersOf({ 16: pc, 7: STACK, 6: STACK + 16, 14: 0x99, 3: 1 }),
      true,
    ) as Unwound;
    expect([inside.registers[6], inside.registers[14], inside.registers[3]]).toEqual([
      0x5550,
      0x99,
      undefined,
    ]);
    const before = unwindFrame(base, registersOf({ 16: pc, 7: STACK, 6: STACK + 0x100 }), true) as Unwound;
    expect(before.registers[6]).toBe(STACK + 0x100);
  });

  it('ends at the outermost frame', () => {
    const undefinedRule = new Map<number, RegisterRule>([[16, { kind: 'undefined' }]]);
    expect(unwindFrame(setting({ row: { rules: undefinedRule } }), start, true)).toMatchObject({
      kind: 'end',
      bottom: true,
    });
    const rules = new Map([[16, at('offset', -8)]]);
    expect(unwindFrame(setting({ row: { rules }, stack: [0, 0] }), start, true)).toMatchObject({
      kind: 'end',
      bottom: true,
    });
  });

  it('goes by frame pointers where there is no call frame information', () => {
    const base = setting({ stack: [0, 0, STACK + 0x40, RETURN] });
    const step = unwindFrame(base, registersOf({ 16: pc, 7: STACK, 6: STACK + 16 }), true) as Unwound;
    expect(step).toMatchObject({ how: 'frame-pointer', cfa: STACK + 32, returnAddressSlot: STACK + 24 });
    expect([step.registers[16], step.registers[7], step.registers[6]]).toEqual([
      RETURN,
      STACK + 32,
      STACK + 0x40,
    ]);
  });

  it('says why it cannot go on', () => {
    const reason = (fp: number | undefined, stack: number[] = []) => {
      const step = unwindFrame(
        setting({ stack }),
        registersOf({ 16: pc, 7: STACK, ...(fp === undefined ? {} : { 6: fp }) }),
        true,
      );
      return step.kind === 'end' && !step.bottom ? step.reason : step;
    };
    expect(reason(undefined)).toBe(
      `/app has no call frame information for 0x400080, and the frame pointer is not known`,
    );
    expect(reason(STACK - 64)).toContain('does not point up the stack');
    expect(reason(STACK + 17)).toContain('does not point up the stack');
    expect(reason(STACK + 0x10000)).toContain('points where nothing is');
    expect(reason(STACK, [1, 0x1234])).toContain('leads to 0x1234, where no code is');
    const lost = unwindFrame(
      setting({ row: { cfa: { kind: 'register', register: 0, offset: 8 } } }),
      registersOf({ 16: pc, 7: STACK, 6: 3 }),
      true,
    );
    expect(lost).toMatchObject({ reason: expect.stringContaining('its frame is relative to register rax') });
  });

  it('refuses frames that lead down or nowhere', () => {
    const rules = new Map([[16, at('offset', -8)]]);
    const down = { cfa: { kind: 'register', register: 7, offset: -64 }, rules } as const;
    const base = setting({ row: down, stack: new Array(32).fill(RETURN) });
    expect(unwindFrame(base, registersOf({ 16: pc, 7: STACK + 0x100 }), true)).toMatchObject({
      reason: expect.stringContaining('below the stack pointer'),
    });
    const lost = { cfa: { kind: 'register', register: 7, offset: 0x100000 }, rules } as const;
    expect(unwindFrame(setting({ row: lost }), start, true)).toMatchObject({
      reason: expect.stringContaining('cannot read memory'),
    });
  });

  it('finds the caller of a call to nowhere', () => {
    const step = unwindFrame(
      setting({ row: {}, stack: [RETURN] }),
      registersOf({ 16: 0, 7: STACK, 3: 5 }),
      true,
    ) as Unwound;
    expect(step).toMatchObject({ how: 'bad-call', cfa: STACK + 8, returnAddressSlot: STACK });
    expect([step.registers[16], step.registers[3]]).toEqual([RETURN, 5]);
    expect(unwindFrame(setting({ row: {}, stack: [7] }), registersOf({ 16: 0, 7: STACK }), true).kind).toBe(
      'end',
    );
  });

  it('restores what a signal interrupted', () => {
    const code = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
    // flags, link, stack (3), then r8…r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip.
    const saved = [
      1,
      2,
      3,
      4,
      5,
      108,
      109,
      110,
      111,
      112,
      113,
      114,
      115,
      105,
      104,
      106,
      103,
      101,
      100,
      102,
      STACK + 0x800,
      RETURN,
    ];
    const info = [11, 1, 0x10];
    const stack = [...saved, ...new Array(38 - saved.length).fill(0), ...info, ...new Array(16).fill(0)];
    const step = unwindFrame(
      setting({ code, stack }),
      registersOf({ 16: CODE + 0x100, 7: STACK }),
      false,
    ) as Unwound;
    expect(step).toMatchObject({
      how: 'signal',
      exact: true,
      cfa: STACK,
      signal: { signo: 11, code: 1, address: 0x10 },
    });
    expect(step.registers).toEqual([
      100,
      101,
      102,
      103,
      104,
      105,
      106,
      STACK + 0x800,
      108,
      109,
      110,
      111,
      112,
      113,
      114,
      115,
      RETURN,
    ]);
  });
});

describe('unwindFrame on arm64', () => {
  const pc = CODE + 0x80;
  const arm = (values: Readonly<Record<number, number>>) => registersOf(values, 33);

  it('returns by the link register from a function that has not saved it', () => {
    const row = { cfa: { kind: 'register', register: 31, offset: 0 } } as const;
    const step = unwindFrame(
      setting({ arch: 'arm64', row }),
      arm({ 32: pc, 31: STACK, 30: RETURN, 29: 7 }),
      true,
    ) as Unwound;
    expect(step).toMatchObject({ how: 'link-register', cfa: STACK, returnAddressSlot: 0 });
    expect([step.registers[32], step.registers[30], step.registers[29]]).toEqual([RETURN, undefined, 7]);
  });

  it('takes the authentication code off a saved return address', () => {
    const row = { rules: new Map([[30, at('offset', -16)]]) };
    const stack = [(0x55n << 48n) + BigInt(RETURN)];
    const step = unwindFrame(
      setting({ arch: 'arm64', row, stack }),
      arm({ 32: pc, 31: STACK }),
      true,
    ) as Unwound;
    expect([step.registers[32], step.registers[30], step.returnAddressSlot]).toEqual([RETURN, RETURN, STACK]);
  });

  it('restores what a signal interrupted', () => {
    const code = [0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4];
    const stack = [
      ...new Array(39).fill(0),
      ...Array.from({ length: 31 }, (_, i) => i),
      STACK + 0x900,
      RETURN,
    ];
    const step = unwindFrame(
      setting({ arch: 'arm64', code, stack }),
      arm({ 32: CODE + 0x100, 31: STACK }),
      false,
    ) as Unwound;
    expect(step.how).toBe('signal');
    expect([0, 30, 31, 32].map((n) => step.registers[n])).toEqual([0, 30, STACK + 0x900, RETURN]);
  });
});

describe('unwindThread', () => {
  const thread = (values: Readonly<Record<number, number>>) => ({
    id: 1 as never,
    registers: { get: (n: number) => values[n], bytes: () => undefined },
    currentSignal: 0,
    threadPointer: undefined,
  });

  it('walks to the depth that is asked for, and names what it finds', () => {
    const rules = new Map([[16, at('offset', -8)]]);
    const base = setting({ row: { rules }, stack: [0, RETURN, 0, RETURN, 0, RETURN, 0, 0] });
    const all = unwindThread(base, thread({ 16: CODE + 0x80, 7: STACK }), 100);
    expect(all.end).toEqual({ kind: 'bottom' });
    expect(all.frames.map((f) => [f.pc, f.lookupPc, f.symbol?.name, f.symbol?.offset])).toEqual([
      [CODE + 0x80, CODE + 0x80, 'f', 0x80],
      [RETURN, RETURN - 1, 'f', 0x10],
      [RETURN, RETURN - 1, 'f', 0x10],
      [RETURN, RETURN - 1, 'f', 0x10],
    ]);
    expect(unwindThread(base, thread({ 16: CODE + 0x80, 7: STACK }), 2)).toMatchObject({
      end: { kind: 'depth' },
      frames: { length: 2 },
    });
  });

  it('leaves loops', () => {
    const row = {
      cfa: { kind: 'register', register: 7, offset: 0 },
      rules: new Map([[16, at('offset', 0)]]),
    } as const;
    const stuck = unwindThread(
      setting({ row, stack: [RETURN] }),
      thread({ 16: CODE + 0x80, 7: STACK }),
      1000,
    );
    expect(stuck).toMatchObject({ end: { kind: 'broken' }, frames: { length: 1 } });
    const code = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
    const stack = new Array(60).fill(0);
    stack[20] = STACK;
    stack[21] = CODE + 0x100;
    const signals = unwindThread(setting({ code, stack }), thread({ 16: CODE + 0x100, 7: STACK }), 1000);
    expect(signals.end).toMatchObject({
      kind: 'broken',
      reason: expect.stringContaining('leads in circles'),
    });
  });
});
