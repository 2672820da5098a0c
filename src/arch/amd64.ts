import type { Arch, FlagBit, RegisterDescription } from './arch.ts';
import { amd64Calls } from './linux-calls.ts';
import { flagBits, part, registerIndex, row, rows } from './registers.ts';

/**
 * amd64. DWARF numbers: System V ABI, AMD64 supplement 1.0, figure 3.36. Names of the x87 state: Intel SDM vol. 1
 * §8.1, with gdb's and Delve's as aliases. Flags: Intel SDM vol. 1 §3.4.3 (rflags) and §10.2.3 (mxcsr).
 */

const rflags: readonly FlagBit[] = [
  ...flagBits(0, 'CF'),
  { mask: 2n, name: '' }, // Always set.
  ...flagBits(2, 'PF - AF - ZF SF TF IF DF OF'),
  { mask: 0x3000n, name: 'IOPL' },
  ...flagBits(14, 'NT - RF VM AC VIF VIP ID'),
];

const mxcsr: readonly FlagBit[] = [
  ...flagBits(15, 'FZ'),
  { mask: 0x6000n, name: 'RZ/RN' },
  ...flagBits(0, 'IE DE ZE OE UE PE DAZ IM DM ZM OM UM PM').reverse(),
];

const registers: readonly RegisterDescription[] = [
  row('general', 64, 'rip', 16, ['pc']),
  row('general', 64, 'rsp', 7, ['sp']),
  row('general', 64, 'rax', 0),
  row('general', 64, 'rbx', 3),
  row('general', 64, 'rcx', 2),
  row('general', 64, 'rdx', 1),
  row('general', 64, 'rdi', 5),
  row('general', 64, 'rsi', 4),
  row('general', 64, 'rbp', 6, ['fp']),
  ...rows('general', 64, 8, (i) => `r${i + 8}`, 8),
  { ...row('flags', 64, 'rflags', 49, ['eflags', 'flags']), flags: rflags },
  row('segment', 16, 'es', 50),
  row('segment', 16, 'cs', 51),
  row('segment', 16, 'ss', 52),
  row('segment', 16, 'ds', 53),
  row('segment', 16, 'fs', 54),
  row('segment', 16, 'gs', 55),
  row('segment', 64, 'fs_base', 58),
  row('segment', 64, 'gs_base', 59),
  row('control', 64, 'orig_rax'),
  row('control', 16, 'fcw', 65, ['cw', 'fctrl']),
  row('control', 16, 'fsw', 66, ['sw', 'fstat']),
  row('control', 16, 'ftw', undefined, ['tw', 'ftag']),
  row('control', 16, 'fop'),
  row('control', 64, 'fip', undefined, ['fioff']),
  row('control', 64, 'fdp', undefined, ['fooff']),
  { ...row('control', 32, 'mxcsr', 64), flags: mxcsr },
  row('control', 32, 'mxcsr_mask'),
  ...rows(
    'float',
    80,
    8,
    (i) => `st${i}`,
    33,
    (i) => [`st(${i})`],
  ),
  ...rows('vector', 128, 16, (i) => `xmm${i}`, 17),
  ...rows('vector', 256, 16, (i) => `ymm${i}`),
];

const index = registerIndex(registers, partsOf);

function partsOf(whole: RegisterDescription): RegisterDescription[] {
  const { name } = whole;
  const st = /^st(\d)$/.exec(name);
  if (st) return [{ ...part(whole, 64, `mm${st[1]}`), dwarf: 41 + Number(st[1]) }];
  if (/^r\d+$/.test(name))
    return [part(whole, 32, `${name}d`), part(whole, 16, `${name}w`), part(whole, 8, `${name}b`)];
  const legacy = /^r([a-ds][xpi]|[bd][pi])$/.exec(name)?.[1];
  if (legacy === undefined) return [];
  const views = [part(whole, 32, `e${legacy}`), part(whole, 16, legacy)];
  if (!legacy.endsWith('x')) return [...views, part(whole, 8, `${legacy}l`)];
  const letter = legacy[0]!;
  return [...views, part(whole, 8, `${letter}l`), part(whole, 8, `${letter}h`, 8)];
}

export const amd64: Arch = {
  name: 'amd64',
  pointerSize: 8,
  minInstructionLength: 1,
  registers,
  flags: rflags,
  dwarf: {
    pc: 16,
    sp: 7,
    fp: 6,
    lr: undefined,
    g: 14,
    closure: 1,
    count: 17,
    calleeSavedInC: [3, 6, 12, 13, 14, 15],
  },
  linux: amd64Calls,
  ...index,
  loadDisassembler: async () => (await import('./amd64-disassembler.ts')).loadAmd64Disassembler(),
  loadMachineCode: async () => (await import('./amd64-code/decode.ts')).loadAmd64Code(),
};
