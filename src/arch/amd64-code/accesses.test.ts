import { describe, expect, it } from 'vitest';
import { decode } from './testing/decode.ts';
import { Machine } from './testing/machine.ts';

describe('accesses', () => {
  it('cuts the address of a bit string to 32 bits with the distance of its bit', () => {
    const machine = new Machine();
    machine.registers[0] = 0x1000n;
    machine.registers[1] = 0xffff_ffffn;
    // bts [eax],edx
    expect(decode('67 0f ab 10').accesses(machine)).toEqual([
      { address: 0xffc, length: 4, access: 'read-write' },
    ]);
    machine.registers[0] = 0n;
    expect(decode('67 0f ab 10').accesses(machine)).toEqual([
      { address: 0xffff_fffc, length: 4, access: 'read-write' },
    ]);
  });
});

describe('accesses of', () => {
  const machine = new Machine();
  machine.registers.fill(0x1000n);

  const accesses = (hex: string, set: Readonly<Record<number, bigint>> = {}) => {
    const own = new Machine();
    own.registers.set(machine.registers);
    own.registers[49] = 0x202n;
    own.bases.fs = 0x7000n;
    own.vectors.set(1, words(0, 1, 2, -1));
    own.vectors.set(2, words(-1, 0, -1, -1));
    for (const [register, value] of Object.entries(set)) own.registers[Number(register)] = value;
    return decode(hex)
      .accesses(own)
      .map(({ address, length, access }) => `${access} ${address.toString(16)} ${length}`);
  };

  const words = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);

  it.each([
    ['lea', '48 8d 04 08', []],
    ['nop', '0f 1f 40 00', []],
    ['prefetcht0', '0f 18 08', []],
    ['push [rax]', 'ff 30', ['read 1000 8', 'write ff8 8']],
    ['call [rax]', 'ff 10', ['read 1000 8', 'write ff8 8']],
    ['ret', 'c3', ['read 1000 8']],
    ['leave', 'c9', ['read 1000 8']],
    ['cmpxchg16b [rdi]', '48 0f c7 0f', ['read-write 1000 16']],
    ['add [rax],rcx', '48 01 08', ['read-write 1000 8']],
    ['cmp [rax],rcx', '48 39 08', ['read 1000 8']],
    ['mov rax,fs:[-8]', '64 48 8b 04 25 f8 ff ff ff', ['read 6ff8 8']],
    ['mov eax,[rip+0x10]', '8b 05 10 00 00 00', ['read 400016 4']],
    ['fxsave [rdi]', '0f ae 07', ['write 1000 512']],
    ['vmovdqu ymm0,[rdi]', 'c5 fe 6f 07', ['read 1000 32']],
    ['vmovups [rdi],zmm0', '62 f1 7c 48 11 07', ['write 1000 64']],
    ['vaddps zmm0,zmm0,[rax]{1to16}', '62 f1 7c 58 58 00', ['read 1000 4']],
    ['vpgatherdd xmm0,[rax+xmm1*4],xmm2', 'c4 e2 69 90 04 88', ['read 1000 4', 'read 1008 4', 'read ffc 4']],
    ['movsq', '48 a5', ['write 1000 8', 'read 1000 8']],
  ])('%s', (_, hex, expected) => {
    expect(accesses(hex)).toEqual(expected);
  });

  it('string instructions: all elements that are left', () => {
    expect(accesses('f3 48 ab', { 2: 5n })).toEqual(['write 1000 40']);
    expect(accesses('f3 48 ab', { 2: 5n, 49: 0x602n })).toEqual(['write fe0 40']);
    expect(accesses('f3 a4', { 2: 0n })).toEqual([]);
    // A scan without limit goes to the end of what a program can have.
    expect(accesses('f2 ae', { 2: 2n ** 64n - 1n })).toEqual([`read 1000 ${2 ** 47 - 0x1000}`]);
    expect(accesses('f3 ab', { 5: 2n ** 63n })).toEqual([]);
  });

  it('saved states: as much as rax asks for', () => {
    expect(accesses('48 0f ae 27', { 0: 3n })).toEqual(['write 1000 576']);
    expect(accesses('48 0f ae 27', { 0: 7n })).toEqual(['write 1000 832']);
    expect(accesses('48 0f ae 2f', { 0: 7n })).toEqual(['read 1000 832']);
  });

  it('an address that no program has: none', () => {
    expect(accesses('48 8b 00', { 0: 2n ** 64n - 4096n })).toEqual([]);
  });
});

describe('accessTo', () => {
  const behind = (hex: string, address: number, set: Readonly<Record<number, bigint>>) => {
    const machine = new Machine();
    for (const [register, value] of Object.entries(set)) machine.registers[Number(register)] = value;
    return decode(hex).accessTo(address, 8, machine);
  };

  it.each([
    ['mov rcx,[rax]', '48 8b 08', 0x1000, { 0: 0x1000n }, 'read'],
    ['mov rcx,[rax] elsewhere', '48 8b 08', 0x1008, { 0: 0x1000n }, undefined],
    ['mov rax,[rax], whose address is lost', '48 8b 00', 0x1000, { 0: 5n }, 'read'],
    ['mov [rax],rcx', '48 89 08', 0x1004, { 0: 0x1000n }, 'write'],
    ['inc [rax]', '48 ff 00', 0x1000, { 0: 0x1000n }, 'read-write'],
    ['push [rax] to the stack', 'ff 30', 0x2000, { 0: 0x1000n, 7: 0x2000n }, 'write'],
    ['push [rax] from memory', 'ff 30', 0x1000, { 0: 0x1000n, 7: 0x2000n }, 'read'],
    ['pop rcx', '59', 0x2000, { 7: 0x2008n }, 'read'],
    ['call', 'e8 00 00 00 00', 0x2000, { 7: 0x2000n }, 'write'],
    ['ret 16', 'c2 10 00', 0x2000, { 7: 0x2018n }, 'read'],
    ['leave, which loads what it addresses by', 'c9', 0x2000, { 7: 0x2008n }, 'read'],
    ['movsq to', '48 a5', 0x1000, { 5: 0x1008n, 4: 0x2008n }, 'write'],
    ['movsq from', '48 a5', 0x2000, { 5: 0x1008n, 4: 0x2008n }, 'read'],
    ['movsq downwards', '48 a5', 0x1000, { 5: 0xff8n, 4: 0x1ff8n, 49: 0x602n }, 'write'],
    ['rep movsb, somewhere', 'f3 a4', 0x3000, { 5: 0x1008n, 4: 0x2008n }, 'read-write'],
    ['rep stosb, somewhere', 'f3 aa', 0x3000, { 5: 0x1008n }, 'write'],
    ['a gather', 'c4 e2 69 90 04 88', 0x3000, {}, 'read'],
    ['lea', '48 8d 08', 0x1000, { 0: 0x1000n }, undefined],
  ] as const)('%s', (_, hex, address, set, expected) => {
    expect(behind(hex, address, set)).toBe(expected);
  });
});
