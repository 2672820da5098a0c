import { describe, expect, it } from 'vitest';
import { amd64 } from '../amd64.ts';

const code = await amd64.loadMachineCode();

const effects = (hex: string): ReturnType<typeof code.effects> =>
  code.effects(
    Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16)),
    0x40_1000,
  );
const registers = (bits: number): number[] =>
  Array.from({ length: 16 }, (_, i) => i).filter((i) => (bits & (1 << i)) !== 0);

const CARRY = 16;
const ZERO = 4;
const ALL = 0x3f;

describe('what an instruction does', () => {
  it('is to registers and flags', () => {
    // add r12, [rax+rcx*8+16]
    const added = effects('4c 03 64 c8 10')!;
    expect(registers(added.registers)).toEqual([0, 1, 12]);
    expect(registers(added.written)).toEqual([12]);
    expect([added.flagsRead, added.flagsReplaced]).toEqual([0, ALL]);
    expect(added.memory).toEqual({ base: 0, index: 1, scale: 8, displacement: 16, isWritten: false });
    // adc eax, ebx; inc eax, which leaves the carry; jz
    expect(effects('11 d8')).toMatchObject({ flagsRead: CARRY, flagsReplaced: ALL });
    expect(effects('ff c0')!.flagsReplaced & CARRY).toBe(0);
    expect(effects('74 00')).toMatchObject({ flagsRead: ZERO, flagsReplaced: 0 });
    // push rbp; pop rbp
    expect(registers(effects('55')!.written)).toEqual([4]);
    expect(registers(effects('5d')!.written)).toEqual([4, 5]);
    expect(effects('0f ff')).toBe(undefined);
  });

  it('is to one operand in memory, if nothing else can fault', () => {
    const memory = (hex: string): unknown => effects(hex)!.memory;
    // mov [rbx-8], eax; xchg rbx, [rax]; lock cmpxchg [rsi], rbx; movups xmm0, [r13]
    expect(memory('89 43 f8')).toMatchObject({ base: 3, displacement: -8, isWritten: true });
    expect(memory('48 87 18')).toMatchObject({ base: 0, isWritten: true });
    expect(memory('f0 48 0f b1 1e')).toMatchObject({ base: 6, isWritten: true });
    expect(memory('41 0f 10 45 00')).toMatchObject({ base: 13, isWritten: false });
    // lea, nop and prefetch do not access it; div and bt do more; movsq has two; fs:, eip and no base are no plain address.
    for (const hex of [
      ...['48 8d 03', '0f 1f 03', '0f 18 0b', '48 f7 33', '48 0f a3 03', '48 a5', '64 48 8b 01'],
      ...['67 48 8b 00', '48 8b 05 00 00 00 00', '48 8b 04 c5 00 00 00 00', 'ff 30', 'c4 e2 e9 92 04 0b'],
    ]) {
      expect([hex, memory(hex)]).toEqual([hex, undefined]);
    }
  });
});
