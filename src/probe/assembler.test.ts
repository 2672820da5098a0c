import { describe, expect, it } from 'vitest';
import { archNamed } from '../arch/index.ts';
import { Assembler } from './assembler.ts';
import {
  beside,
  R8,
  R9,
  R12,
  R13,
  R14,
  R15,
  RAX,
  RBP,
  RBX,
  RCX,
  RDI,
  RDX,
  type Register,
  RSI,
  RSP,
} from './operands.ts';

const ORIGIN = 0x1000_0000;
const disassembler = await archNamed('amd64').loadDisassembler();

/** What an independent disassembler makes of what was assembled: one line for each instruction. */
function written(emit: (code: Assembler) => void): string[] {
  const code = new Assembler(ORIGIN);
  emit(code);
  return disassembler.disassemble(code.finish(), ORIGIN, { flavour: 'intel' }).map(({ text }) => plain(text));
}

const all = Array.from({ length: 16 }, (_, i) => i as Register);
const names = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');
const halves = 'eax ecx edx ebx esp ebp esi edi r8d r9d r10d r11d r12d r13d r14d r15d'.split(' ');
const hex = (value: number): string =>
  value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;

describe('what is assembled, as another disassembler reads it', () => {
  it('moves between all registers', () => {
    for (const to of all) {
      for (const from of all) {
        expect(written((code) => code.move(to, from))).toEqual([`mov ${names[to]}, ${names[from]}`]);
        expect(written((code) => code.move32(to, from))).toEqual([`mov ${halves[to]}, ${halves[from]}`]);
        expect(written((code) => code.testBit(to, from))).toEqual([`bt ${names[to]}, ${names[from]}`]);
        expect(written((code) => code.test(to, from))).toEqual([`test ${names[to]}, ${names[from]}`]);
      }
    }
  });

  it('adds up addresses, reads and writes bytes as they are, and pushes', () => {
    for (const base of all) {
      expect(written((code) => code.push(base))).toEqual([`push ${names[base]}`]);
      for (const index of all.filter((each) => each !== RSP)) {
        const memory = { base, index, scale: 4, displacement: -0x1234 };
        expect(written((code) => code.addressOf(R13, memory))).toEqual([
          `lea r13, [${names[base]}+${names[index]}*4-0x1234]`,
        ]);
      }
      const alone = { base, index: undefined, scale: 1, displacement: 0x1234 };
      expect(written((code) => code.addressOf(RAX, alone))).toEqual([`lea rax, [${names[base]} + 0x1234]`]);
    }
    // test byte ptr [r12], 0; lock or byte ptr [r13], 0
    const bytes = new Assembler(ORIGIN);
    bytes.testMemory8(beside(R12));
    bytes.orNothing8(beside(R13));
    expect([...bytes.finish()]).toEqual([
      ...[0x41, 0xf6, 0x04, 0x24, 0x00],
      ...[0xf0, 0x41, 0x80, 0x4d, 0x00, 0x00],
    ]);
  });

  it('addresses memory beside every register, near and far', () => {
    for (const base of all) {
      for (const offset of [0, 8, -8, 127, 128, -128, -129, 0x12345]) {
        const place =
          offset === 0 ? names[base] : `${names[base]} ${offset < 0 ? '-' : '+'} ${hex(Math.abs(offset))}`;
        const lines = written((code) => {
          code.load(R9, beside(base, offset));
          code.load32(RDI, beside(base, offset));
          code.load8(R8, beside(base, offset));
          code.store(beside(base, offset), RDX);
          code.store32(beside(base, offset), R15);
          code.storeNumber(beside(base, offset), -1);
          code.storeNumber32(beside(base, offset), 7);
          code.address(RSI, beside(base, offset));
        });
        expect(lines).toEqual([
          `mov r9, [${place}]`,
          `mov edi, [${place}]`,
          `movzx r8d, [${place}]`,
          `mov [${place}], rdx`,
          `mov [${place}], r15d`,
          `mov [${place}], -0x1`,
          `mov [${place}], 0x7`,
          `lea rsi, [${place}]`,
        ]);
      }
    }
  });

  it('addresses fixed memory, whatever follows the displacement', () => {
    const at = ORIGIN + 0x5000;
    const code = new Assembler(ORIGIN);
    code.exchangeAdd({ at }, R13);
    code.increment({ at });
    code.compareMemory32({ at }, 0);
    code.compareMemory32({ at }, 1000);
    code.storeNumber({ at }, 5);
    code.calculate('sub', R15, { at });
    code.compareExchange({ at }, RDX);
    const lines = disassembler.disassemble(code.finish(), ORIGIN, { flavour: 'intel' });
    expect(lines.map(absolute)).toEqual([
      'lock xadd [0x10005000], r13',
      'lock inc [0x10005000]',
      'cmp [0x10005000], 0x0',
      'cmp [0x10005000], 0x3e8',
      'mov [0x10005000], 0x5',
      'sub r15, [0x10005000]',
      'lock cmpxchg [0x10005000], rdx',
    ]);
  });

  it('calculates with registers, numbers and memory', () => {
    expect(
      written((code) => {
        code.calculate('add', R12, R15);
        code.calculate('or', RAX, RDX);
        code.calculate('and', RBX, { number: -8 });
        code.calculate('sub', R9, { number: 16 });
        code.calculate('compare', RDX, { number: 0x10000 });
        code.calculate32('compare', RBX, { number: 8 });
        code.calculate32('and', R12, { number: 0xffffff });
        code.calculate('compare', R14, beside(RCX, 8));
        code.calculate32('xor', RDX, RDX);
        code.testByte(RDX, 7);
        code.testByte(RSI, 7);
        code.testByte(R8, 1);
        code.shiftLeft(RDX, 32);
        code.shiftRight(R13, 8);
      }),
    ).toEqual([
      'add r12, r15',
      'or rax, rdx',
      'and rbx, -0x8',
      'sub r9, 0x10',
      'cmp rdx, 0x10000',
      'cmp ebx, 0x8',
      'and r12d, 0xffffff',
      'cmp r14, [rcx + 0x8]',
      'xor edx, edx',
      'test dl, 0x7',
      'test sil, 0x7',
      'test r8b, 0x1',
      'shl rdx, 0x20',
      'shr r13, 0x8',
    ]);
  });

  it('loads numbers as long as they are', () => {
    expect(
      written((code) => {
        code.moveNumber(R13, 64);
        code.moveNumber(RAX, 0xffff_fff0);
        code.moveNumber(R8, 0x7f12_3456_789a);
      }),
    ).toEqual(['mov r13d, 0x40', 'mov eax, 0xfffffff0', 'mov r8, 0x7f123456789a']);
  });

  it('jumps forwards, backwards and away', () => {
    const code = new Assembler(ORIGIN);
    const back = code.label();
    const ahead = code.label();
    code.bind(back);
    code.branch('noCarry', ahead);
    code.branch('above', back);
    code.branch('equal', ahead);
    code.branch('greater', back);
    code.jump(back);
    code.bind(ahead);
    code.jumpTo(0x40_1000);
    code.readTimestamp();
    code.systemCall();
    const lines = disassembler.disassemble(code.finish(), ORIGIN, { flavour: 'intel' });
    expect(lines.map(({ text, target }) => [text.split(/\s+/)[0], target])).toEqual([
      ['jae', ORIGIN + 29],
      ['ja', ORIGIN],
      ['je', ORIGIN + 29],
      ['jg', ORIGIN],
      ['jmp', ORIGIN],
      ['jmp', 0x40_1000],
      ['rdtsc', undefined],
      ['syscall', undefined],
    ]);
  });

  it('refuses what does not fit', () => {
    const code = new Assembler(ORIGIN);
    expect(() => code.jumpTo(0x7fff_0000_0000)).toThrow('does not fit');
    expect(() => code.load(RSP, { at: ORIGIN + 2 ** 32 })).toThrow('does not fit');
    expect(() => code.moveNumber(RBP, -1)).toThrow('no address');
  });
});

/** The disassembler's text without what it says twice, and with signed numbers. */
function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/,(?=\S)/g, ', ')
    .replace(/(?:QWORD|DWORD|BYTE) PTR /g, '')
    .replace('movabs', 'mov')
    .replace(/\s*(?:#.*)$/, '')
    .replace(/\[(\w+)\+0x0\]/g, '[$1]')
    .replace(/\[(\w+)([+-])(0x[0-9a-f]+)\]/g, '[$1 $2 $3]')
    .replace(/0xf{8,}([0-9a-f]{1,8})\b/g, (_, low: string) =>
      hex(Number(BigInt.asIntN(64, BigInt(`0xffffffff${low.padStart(8, 'f')}`)))),
    );
}

/** With the address that is meant for one relative to the next instruction. */
const absolute = ({ text, address, length }: { text: string; address: number; length: number }): string =>
  plain(text).replace(
    /\[rip \+ (0x[0-9a-f]+)\]/,
    (_, distance: string) => `[${hex(address + length + Number(distance))}]`,
  );
