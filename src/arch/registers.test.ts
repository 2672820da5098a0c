import { describe, expect, it } from 'vitest';
import { archNamed } from './arch-named.ts';
import { describeFlags } from './registers.ts';

describe.each(['amd64', 'arm64'] as const)('the registers of %s', (name) => {
  const arch = archNamed(name);

  it('have names and DWARF numbers of their own', () => {
    const names = arch.registers.flatMap((register) => [register.name, ...register.aliases]);
    expect(new Set(names).size).toBe(names.length);
    const numbers = arch.registers.flatMap(({ dwarf }) => (dwarf === undefined ? [] : [dwarf]));
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('are found by name, alias and number', () => {
    for (const register of arch.registers) {
      for (const alias of [register.name, ...register.aliases]) {
        expect(arch.register(alias)).toBe(register);
        expect(arch.register(alias.toUpperCase())).toBe(register);
      }
      if (register.dwarf !== undefined) expect(arch.registerByDwarf(register.dwarf)).toBe(register);
    }
    expect(arch.register('nothing')).toBeUndefined();
    expect(arch.registerByDwarf(1000)).toBeUndefined();
  });

  it('cover the numbers that unwinding is about', () => {
    for (let dwarf = 0; dwarf < arch.dwarf.count; dwarf++) {
      expect(arch.registerByDwarf(dwarf)?.kind).toBe('general');
    }
    const { pc, sp, fp, g, closure, calleeSavedInC } = arch.dwarf;
    for (const dwarf of [pc, sp, fp, g, closure, ...calleeSavedInC])
      expect(dwarf).toBeLessThan(arch.dwarf.count);
  });
});

describe('amd64', () => {
  const { register, registerByDwarf } = archNamed('amd64');

  it.each([
    ['rax', 0],
    ['rdx', 1],
    ['rcx', 2],
    ['rbx', 3],
    ['rsi', 4],
    ['rdi', 5],
    ['rbp', 6],
    ['rsp', 7],
    ['r8', 8],
    ['r15', 15],
    ['rip', 16],
    ['xmm0', 17],
    ['xmm15', 32],
    ['st0', 33],
    ['mm7', 48],
    ['rflags', 49],
    ['fs_base', 58],
    ['mxcsr', 64],
  ])('%s is DWARF %i', (name, dwarf) => {
    expect(registerByDwarf(dwarf)?.name).toBe(name);
  });

  it.each([
    ['eax', 'rax', 32, 0],
    ['ax', 'rax', 16, 0],
    ['al', 'rax', 8, 0],
    ['ah', 'rax', 8, 8],
    ['dh', 'rdx', 8, 8],
    ['sil', 'rsi', 8, 0],
    ['bpl', 'rbp', 8, 0],
    ['r10d', 'r10', 32, 0],
    ['r15b', 'r15', 8, 0],
    ['mm3', 'st3', 64, 0],
  ])('%s is a part of %s', (name, of, bits, shift) => {
    expect(register(name)).toMatchObject({ bits, part: { of, shift } });
  });

  it("knows Delve's and gdb's names", () => {
    expect(register('Rip')?.name).toBe('rip');
    expect(register('pc')?.name).toBe('rip');
    expect(register('sp')?.name).toBe('rsp');
    expect(register('eflags')?.name).toBe('rflags');
    expect(register('ST(5)')?.name).toBe('st5');
    expect(register('CW')?.name).toBe('fcw');
    expect(register('fctrl')?.name).toBe('fcw');
  });
});

describe('arm64', () => {
  const { register, registerByDwarf } = archNamed('arm64');

  it.each([
    ['x0', 0],
    ['x30', 30],
    ['sp', 31],
    ['pc', 32],
    ['tpidr_el0', 36],
    ['v0', 64],
    ['v31', 95],
  ])('%s is DWARF %i', (name, dwarf) => {
    expect(registerByDwarf(dwarf)?.name).toBe(name);
  });

  it.each([
    ['w29', 'x29', 32],
    ['wsp', 'sp', 32],
    ['q1', 'v1', 128],
    ['d31', 'v31', 64],
    ['b0', 'v0', 8],
  ])('%s is a part of %s', (name, of, bits) => {
    expect(register(name)).toMatchObject({ bits, part: { of, shift: 0 } });
  });

  it('knows the names of the conventions', () => {
    expect(register('lr')?.name).toBe('x30');
    expect(register('FP')?.name).toBe('x29');
    expect(register('r28')?.name).toBe('x28');
  });
});

describe('describeFlags', () => {
  it('names bits and fields', () => {
    const { flags } = archNamed('amd64');
    expect(describeFlags(flags, 0x246n)).toEqual(['PF', 'ZF', 'IF', 'IOPL=0']);
    expect(describeFlags(flags, 0x3202n)).toEqual(['IF', 'IOPL=3']);
  });

  it('tells bits without a name', () => {
    expect(describeFlags(archNamed('amd64').flags, 0x1_0000_8002n)).toEqual([
      'IOPL=0',
      'unknown_flags=100008000',
    ]);
  });

  it('reads the control register of SSE', () => {
    const flags = archNamed('amd64').register('mxcsr')?.flags ?? [];
    expect(describeFlags(flags, 0x1fa0n)).toEqual(['RZ/RN=0', 'PM', 'UM', 'OM', 'ZM', 'DM', 'IM', 'PE']);
  });

  it('reads the flags of arm64', () => {
    const { flags } = archNamed('arm64');
    expect(describeFlags(flags, 0x8020_1000n)).toEqual(['N', 'SS', 'SSBS', 'BTYPE=0', 'M=0']);
    expect(describeFlags(flags, 0x6000_0000n)).toEqual(['Z', 'C', 'BTYPE=0', 'M=0']);
  });
});
