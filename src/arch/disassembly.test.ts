import { beforeAll, describe, expect, it } from 'vitest';
import type { ArchName, Disassembler, Flavour, Instruction, Symbolize } from './arch.ts';
import { archNamed } from './arch-named.ts';

const loaded = {} as Record<ArchName, Disassembler>;
beforeAll(async () => {
  for (const name of ['amd64', 'arm64'] as const) loaded[name] = await archNamed(name).loadDisassembler();
});

const START = 0x401000;

/** amd64 as bytes in hex, arm64 as words. */
function decode(
  arch: ArchName,
  code: string,
  flavour: Flavour = 'go',
  address = START,
  symbolize?: Symbolize,
): Instruction[] {
  const bytes = Buffer.from(code, 'hex');
  const options = symbolize === undefined ? { flavour } : { flavour, symbolize };
  return loaded[arch].disassemble(arch === 'arm64' ? bytes.swap32() : bytes, address, options);
}

const text = (...args: Parameters<typeof decode>) => decode(...args)[0]?.text;

describe('amd64 in Go’s syntax', () => {
  it.each([
    ['493b6610', 'CMPQ SP, 0x10(R14)'],
    ['84c0', 'TESTL AL, AL'],
    ['f0480fb10a', 'LOCK CMPXCHGQ CX, 0(DX)'],
    ['f348ab', 'REP; STOSQ AX, ES:0(DI)'],
    ['664c8b3425f8ffffff', 'MOVQ 0xfffffff8, R14'],
    ['644c8b3425f8ffffff', 'MOVQ FS:0xfffffff8, R14'],
    ['f20f1044cb10', 'MOVSD_XMM 0x10(BX)(CX*8), X0'],
    ['a5', 'MOVSD DS:0(SI), ES:0(DI)'],
    ['cc', 'INT $0x3'],
    ['0f1f440000', 'NOPL 0(AX)(AX*1)'],
    ['6690', 'NOPW'],
    ['66662e0f1f840000000000', 'CS NOPW 0(AX)(AX*1)'],
    ['f2480f2acf', 'CVTSI2SDQ DI, X1'],
    ['48c7c0ffffffff', 'MOVQ $-0x1, AX'],
    ['48b8ffffffffffffff7f', 'MOVQ $0x7fffffffffffffff, AX'],
    ['d9ce', 'FXCH F6'],
    ['ca56a9', 'LRET $0xa956'],
    ['678d51ff', 'LEAL -0x1(CX), DX'],
    ['8d91ffffffff', 'LEAL 0xffffffff(CX), DX'],
    ['d7', 'XLATB DS:0(BX)'],
    ['2e7405', 'PN JE 0x401008'],
  ])('%s is %s', (code, expected) => expect(text('amd64', code)).toBe(expected));

  it('prints what x86asm cannot read by the same rules', () => {
    expect(text('amd64', 'c5fe6f16')).toBe('VMOVDQU 0(SI), Y2');
    expect(text('amd64', 'c4637bf0e11b')).toBe('RORX $0x1b, CX, R12');
    expect(text('amd64', 'c4e1fb92c8')).toBe('KMOVQ AX, K1');
    expect(text('amd64', '62f1fe486f08')).toBe('VMOVDQU64 0(AX), Z1');
    expect(text('amd64', 'f30f1efa')).toBe('ENDBR64');
  });

  const symbolize: Symbolize = (address) =>
    address >= START && address < START + 0x100 ? { name: 'main.f', base: START } : undefined;

  it('names addresses', () => {
    expect(text('amd64', 'e8fbffffff', 'go', START, symbolize)).toBe('CALL main.f(SB)');
    expect(text('amd64', 'eb05', 'go', START, symbolize)).toBe('JMP 0x401007');
    expect(text('amd64', '488d0509000000', 'go', START, symbolize)).toBe('LEAQ main.f+16(SB), AX');
    expect(text('amd64', '488d05f9ffffff', 'go', START, symbolize)).toBe('LEAQ main.f(SB), AX');
  });

  it('leaves constants alone that look like addresses', () => {
    expect(text('amd64', 'b810104000', 'go', START, symbolize)).toBe('MOVL $0x401010, AX');
  });
});

describe('arm64 in Go’s syntax', () => {
  it.each([
    ['f9400b90', 'MOVD 16(R28), R16'],
    ['f81e0ffe', 'MOVD.W R30, -32(RSP)'],
    ['f84207fe', 'MOVD.P 32(RSP), R30'],
    ['f85b6587', 'MOVD.P -74(R12), R7'],
    ['a93ffa9d', 'STP (R29, R30), -8(R20)'],
    ['6d4207e0', 'FLDPD 32(RSP), (F0, F1)'],
    ['b861d860', 'MOVWU (R3)(R1.SXTW<<2), R0'],
    ['38617820', 'MOVBU (R1)(R1<<0), R0'],
    ['eb10023f', 'CMP R16, R17'],
    ['b2400be1', 'ORR $7, ZR, R1'],
    ['b26183e0', 'MOVD $-2147483648, R0'],
    ['12800000', 'MOVW $4294967295, R0'],
    ['f2b1c706', 'MOVK $(36408<<16), R6'],
    ['d3401c21', 'UBFX $0, R1, $8, R1'],
    ['9b050461', 'MADD R5, R1, R3, R1'],
    ['9a851063', 'CSEL NE, R3, R5, R3'],
    ['fa45a06a', 'CCMP GE, R3, R5, $10'],
    ['9a9f27e0', 'CSET LO, R0'],
    ['54000123', 'BCC 9(PC)'],
    ['b7f80121', 'TBNZ $63, R1, 9(PC)'],
    ['340002a1', 'CBZW R1, 21(PC)'],
    ['d65f03c0', 'RET'],
    ['d63f0340', 'CALL (R26)'],
    ['d503201f', 'NOOP'],
    ['d503233f', 'HINT $25'],
    ['d5033ebf', 'DMB $14'],
    ['d5380000', 'MRS $16384, R0'],
    ['d51b42bf', 'MSR ZR, S3_3_C4_C2_5'],
    ['d50b7420', 'DC ZVA, R0'],
    ['f00036e0', 'ADRP 7204864(PC), R0'],
    ['885ffc1b', 'LDAXRW (R0), R27'],
    ['881bfc02', 'STLXRW R2, (R0), R27'],
    ['4cdfa001', 'VLD1.P 32(R0), [V1.B16, V2.B16]'],
    ['6e034046', 'VEXT $8, V3.B16, V2.B16, V6.B16'],
    ['4e083d06', 'VMOV V8.D[0], R6'],
    ['4e191c80', 'VMOV R4, V0.B[12]'],
    ['0e3707b6', 'VSHADD V23.B8, V29.B8, V22.B8'],
    ['5e094062', 'SHA256H V9.S4, V3, V2'],
    ['1e6e1000', 'FMOVD $1., F0'],
    ['9e780003', 'FCVTZSD F0, R3'],
    ['1e602018', 'FCMPED $(0.0), F0'],
    ['1f420020', 'FMADDD F2, F0, F1, F0'],
    ['d8cc08bc', 'PRFM -106427(PC), $28'],
  ])('%s is %s', (code, expected) => expect(text('arm64', code)).toBe(expected));

  it('prints what arm64asm cannot read by the same rules', () => {
    expect(text('arm64', 'b8e10002')).toBe('LDADDALW R1, (R0), R2');
    expect(text('arm64', 'f8e830e6')).toBe('LDORALD R8, (R7), R6');
    expect(text('arm64', 'c8fbfc02')).toBe('CASALD R27, (R0), R2');
    expect(text('arm64', '48207c82')).toBe('CASPD (R0, R1), (R4), (R2, R3)');
    expect(text('arm64', '38e28003')).toBe('SWPALB R2, (R0), R3');
    expect(text('arm64', 'ce6780c3')).toBe('SHA512H V7.D2, V6, V3');
    expect(text('arm64', 'ce9efc39')).toBe('VXAR $63, V30.D2, V1.D2, V25.D2');
  });

  it('names addresses', () => {
    const symbolize: Symbolize = () => ({ name: 'main.f', base: START });
    expect(text('arm64', '94000000', 'go', START, symbolize)).toBe('CALL main.f(SB)');
    expect(text('arm64', '94000001', 'go', START, symbolize)).toBe('CALL 1(PC)');
    expect(text('arm64', '58000000', 'go', START, symbolize)).toBe('MOVD $main.f(SB), R0');
    expect(text('arm64', '17ffffff', 'go', 0)).toBe('JMP -1(PC)');
  });
});

describe('the syntaxes of objdump', () => {
  it.each([
    ['488b44cb10', 'mov 0x10(%rbx,%rcx,8),%rax', 'mov rax,QWORD PTR [rbx+rcx*8+0x10]'],
    ['0f1f440000', 'nopl 0x0(%rax,%rax,1)', 'nop DWORD PTR [rax+rax*1+0x0]'],
    ['66662e0f1f840000000000', 'data16 cs nopw 0x0(%rax,%rax,1)', 'data16 cs nop WORD PTR [rax+rax*1+0x0]'],
    ['48d1e8', 'shr %rax', 'shr rax,1'],
    ['48c1e801', 'shr $0x1,%rax', 'shr rax,0x1'],
    ['64488b042528000000', 'mov %fs:0x28,%rax', 'mov rax,QWORD PTR fs:0x28'],
    ['ff2424', 'jmp *(%rsp)', 'jmp QWORD PTR [rsp]'],
    ['ff742418', 'push 0x18(%rsp)', 'push QWORD PTR [rsp+0x18]'],
    ['6bc064', 'imul $0x64,%eax,%eax', 'imul eax,eax,0x64'],
    ['f348ab', 'rep stos %rax,%es:(%rdi)', 'rep stos QWORD PTR es:[rdi],rax'],
    ['48b80700000001000000', 'movabs $0x100000007,%rax', 'movabs rax,0x100000007'],
    ['48c7c0ffffffff', 'mov $0xffffffffffffffff,%rax', 'mov rax,0xffffffffffffffff'],
    ['c5fd6f07', 'vmovdqa (%rdi),%ymm0', 'vmovdqa ymm0,YMMWORD PTR [rdi]'],
    ['e800000000', 'call 401005', 'call 401005'],
    ['488d0501000000', 'lea 0x1(%rip),%rax # 401008', 'lea rax,[rip+0x1] # 401008'],
  ])('%s is `%s` and `%s`', (code, gnu, intel) => {
    expect(text('amd64', code, 'gnu')).toBe(gnu);
    expect(text('amd64', code, 'intel')).toBe(intel);
  });

  it.each([
    ['f9400b90', 'ldr x16, [x28, #0x10]'],
    ['b2400be1', 'orr x1, xzr, #7'],
    ['b26183e0', 'mov x0, #0xffffffff80000000'],
    ['f85b6587', 'ldr x7, [x12], #-0x4a'],
    ['54000049', 'b.ls 401008'],
    ['b4000040', 'cbz x0, 401008'],
    ['b0000000', 'adrp x0, 402000'],
    ['58000040', 'ldr x0, 401008'],
    ['00000000', 'udf #0'],
    ['ffffffff', '.inst 0xffffffff ; undefined'],
  ])('%s is `%s`', (code, expected) => {
    expect(text('arm64', code, 'gnu')).toBe(expected);
    expect(text('arm64', code, 'intel')).toBe(expected);
  });

  it('name addresses', () => {
    const symbolize: Symbolize = () => ({ name: 'main.f', base: START });
    expect(text('amd64', 'e800000000', 'gnu', START, symbolize)).toBe('call 401005 <main.f+0x5>');
    expect(text('amd64', '488d05f9ffffff', 'gnu', START, symbolize)).toBe(
      'lea -0x7(%rip),%rax # 401000 <main.f>',
    );
    expect(text('arm64', '94000004', 'gnu', START, symbolize)).toBe('bl 401010 <main.f+0x10>');
  });
});

describe('flow and target', () => {
  it.each([
    ['90', 'next', undefined],
    ['e80b000000', 'call', 0x401010],
    ['ffd0', 'call', undefined],
    ['ff1500000000', 'call', undefined],
    ['eb0e', 'jump', 0x401010],
    ['ffe0', 'jump', undefined],
    ['740e', 'branch', 0x401010],
    ['0f850a000000', 'branch', 0x401010],
    ['e30e', 'branch', 0x401010],
    ['e2fe', 'branch', 0x401000],
    ['c3', 'return', undefined],
    ['48cf', 'return', undefined],
    ['cc', 'trap', undefined],
    ['0f0b', 'trap', undefined],
    ['f4', 'trap', undefined],
    ['0f05', 'syscall', undefined],
    ['cd80', 'syscall', undefined],
    ['cd03', 'trap', undefined],
    ['c7f80a000000', 'branch', 0x401010],
    ['06', 'invalid', undefined],
  ])('amd64 %s: %s %s', (code, flow, target) => {
    expect(decode('amd64', code)[0]).toMatchObject({ flow, target });
  });

  it.each([
    ['d503201f', 'next', undefined],
    ['94000004', 'call', 0x401010],
    ['97ffffff', 'call', 0x400ffc],
    ['d63f0340', 'call', undefined],
    ['14000004', 'jump', 0x401010],
    ['d61f0200', 'jump', undefined],
    ['54000080', 'branch', 0x401010],
    ['54ffffe0', 'branch', 0x400ffc],
    ['b4000080', 'branch', 0x401010],
    ['35ffffe0', 'branch', 0x400ffc],
    ['36000080', 'branch', 0x401010],
    ['b7ffffe1', 'branch', 0x400ffc],
    ['d65f03c0', 'return', undefined],
    ['d69f03e0', 'return', undefined],
    ['d71f0801', 'jump', undefined],
    ['d73f0801', 'call', undefined],
    ['d65f0bff', 'return', undefined],
    ['d4000001', 'syscall', undefined],
    ['d4200000', 'trap', undefined],
    ['d4400000', 'trap', undefined],
    ['00000000', 'trap', undefined],
    ['10000000', 'next', undefined],
    ['ffffffff', 'invalid', undefined],
  ])('arm64 %s: %s %s', (code, flow, target) => {
    expect(decode('arm64', code)[0]).toMatchObject({ flow, target });
  });
});

describe('bytes that are no instruction', () => {
  it('are taken one by one on amd64', () => {
    expect(decode('amd64', '0690').map(({ text, length, flow }) => [text, length, flow])).toEqual([
      ['?', 1, 'invalid'],
      ['NOPL', 1, 'next'],
    ]);
    expect(text('amd64', '06', 'gnu')).toBe('(bad)');
  });

  it('are what an instruction leaves that is cut off', () => {
    expect(decode('amd64', '90488b44').map(({ text, address }) => [text, address - START])).toEqual([
      ['NOPL', 0],
      ['?', 1],
      ['?', 2],
      ['?', 3],
    ]);
    const rest = loaded.arm64.disassemble(Buffer.from('1f2003d51f2003', 'hex'), START, { flavour: 'go' });
    expect(rest.map(({ text, length, flow }) => [text, length, flow])).toEqual([
      ['NOOP', 4, 'next'],
      ['?', 3, 'invalid'],
    ]);
    expect(loaded.arm64.disassemble(Buffer.from('1f', 'hex'), START, { flavour: 'gnu' })[0]?.text).toBe(
      '(bad)',
    );
  });

  it('are none in no bytes', () => {
    expect(decode('amd64', '')).toEqual([]);
    expect(decode('arm64', '')).toEqual([]);
  });
});

/** A xorshift generator: the same bytes each time. */
function randomBytes(count: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let state = seed;
  for (let i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** What is wrong about an instruction that came from any bytes. */
function complaint({ length, bytes, text, target }: Instruction): string | undefined {
  if (length < 1 || bytes.length !== length) return `length ${length} of ${bytes.length} bytes`;
  if (!/^\S.*$/.test(text) || /NaN|\[object|undefined(?<!; undefined)/.test(text)) return `text "${text}"`;
  return target === undefined || Number.isSafeInteger(target) ? undefined : `target ${target}`;
}

describe.each(['amd64', 'arm64'] as const)('random bytes for %s', (name) => {
  it.each(['go', 'intel', 'gnu'] as const)('come out whole in the flavour %s', (flavour) => {
    const bytes = randomBytes(10_001, 12345);
    // The highest page of Linux' user space, and the null page, whose branches leave the address space.
    for (const address of [0x7fff_ffff_f000, 0]) {
      const instructions = loaded[name].disassemble(bytes, address, { flavour });
      let at = address;
      for (const instruction of instructions) {
        if (instruction.address !== at) break;
        at += instruction.length;
      }
      expect(at).toBe(address + bytes.length);
      expect(instructions.map(complaint).filter((found) => found !== undefined)).toEqual([]);
    }
  });
});
