import type { Arch, FlagBit, RegisterDescription } from './arch.ts';
import { arm64Calls } from './linux-calls.ts';
import { flagBits, part, registerIndex, row, rows } from './registers.ts';

/**
 * arm64. DWARF numbers: "DWARF for the Arm 64-bit Architecture" §4.1. Flags: Arm ARM, C5.2 (NZCV, DAIF and the other
 * fields of PSTATE as SPSR_EL1 shows them, which is what Linux hands out) and C5.2.7–8 (fpcr, fpsr).
 */

const pstate: readonly FlagBit[] = [
  ...flagBits(28, 'V C Z N').reverse(),
  ...flagBits(20, 'IL SS PAN UAO DIT TCO').reverse(),
  ...flagBits(12, 'SSBS'),
  { mask: 0xc00n, name: 'BTYPE' },
  ...flagBits(6, 'F I A D').reverse(),
  { mask: 0x1fn, name: 'M' },
];

const fpsr: readonly FlagBit[] = [
  ...flagBits(27, 'QC V C Z N').reverse(),
  ...flagBits(0, 'IOC DZC OFC UFC IXC - - IDC').reverse(),
];

const fpcr: readonly FlagBit[] = [
  ...flagBits(24, 'FZ DN AHP').reverse(),
  { mask: 0xc0_0000n, name: 'RMode' },
  ...flagBits(19, 'FZ16'),
  ...flagBits(8, 'IOE DZE OFE UFE IXE - - IDE').reverse(),
];

const names: Readonly<Record<number, readonly string[]>> = { 29: ['fp'], 30: ['lr'] };

const registers: readonly RegisterDescription[] = [
  row('general', 64, 'pc', 32),
  row('general', 64, 'sp', 31, ['rsp']),
  ...rows(
    'general',
    64,
    31,
    (i) => `x${i}`,
    0,
    (i) => [...(names[i] ?? []), `r${i}`],
  ),
  // DWARF has no number for it. 33 is that of ELR_mode, which no program has; gdb gives its place to cpsr too.
  { ...row('flags', 64, 'pstate', 33, ['cpsr']), flags: pstate },
  row('segment', 64, 'tpidr_el0', 36, ['tpidr']),
  ...rows('vector', 128, 32, (i) => `v${i}`, 64),
  { ...row('control', 32, 'fpsr'), flags: fpsr },
  { ...row('control', 32, 'fpcr'), flags: fpcr },
];

const index = registerIndex(registers, partsOf);

function partsOf(whole: RegisterDescription): RegisterDescription[] {
  const [, letter, number] = /^([xv])(\d+)$/.exec(whole.name) ?? [];
  if (letter === 'x') return [part(whole, 32, `w${number}`)];
  if (letter !== 'v') return whole.name === 'sp' ? [part(whole, 32, 'wsp')] : [];
  return [
    part(whole, 128, `q${number}`),
    part(whole, 64, `d${number}`),
    part(whole, 32, `s${number}`),
    part(whole, 16, `h${number}`),
    part(whole, 8, `b${number}`),
  ];
}

export const arm64: Arch = {
  name: 'arm64',
  pointerSize: 8,
  minInstructionLength: 4,
  registers,
  flags: pstate,
  dwarf: {
    pc: 32,
    sp: 31,
    fp: 29,
    lr: 30,
    g: 28,
    closure: 26,
    count: 33,
    calleeSavedInC: [19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  },
  linux: arm64Calls,
  ...index,
  loadDisassembler: async () => (await import('./arm64-disassembler.ts')).loadArm64Disassembler(),
  loadMachineCode: async () => (await import('./arm64-code/decode.ts')).arm64Code,
};
