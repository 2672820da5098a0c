import type { Arch } from '../arch/index.ts';
import { type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import { evaluateAddress, type FrameRow, type RegisterRule } from '../image/index.ts';
import type { Memory } from './target.ts';

/** Register values of one frame by DWARF number; undefined: not known. */
export type Registers = readonly (number | undefined)[];

export interface RowSetting {
  readonly arch: Arch;
  readonly memory: Memory;
  /** Of the module that the row belongs to: runtime address − linked address. */
  readonly bias: number;
}

export interface CallerByRow {
  readonly cfa: number;
  /** Where the return address is kept; 0: in a register. */
  readonly returnAddressSlot: number;
  /** The caller's; `pc` is undefined if the row says that there is no caller. */
  readonly registers: (number | undefined)[];
}

/**
 * What a row of call frame information makes of a frame's registers (DWARF 5 §6.4.3). Where the row is silent: C
 * functions leave callee-saved registers as they are, and the others are lost; Go has no callee-saved registers
 * but keeps g in place, and its frame pointer chain goes through every frame (`goFrame`). Returns a text if the CFA
 * cannot be told.
 */
export function applyFrameRow(
  setting: RowSetting,
  row: FrameRow,
  registers: Registers,
  goFrame: boolean,
): CallerByRow | string {
  const { arch } = setting;
  const cfa = canonicalFrameAddress(setting, row, registers);
  if (typeof cfa === 'string') return cfa;
  const caller: (number | undefined)[] = new Array(arch.dwarf.count).fill(undefined);
  for (let dwarf = 0; dwarf < caller.length; dwarf++) {
    const rule = row.rules.get(dwarf);
    caller[dwarf] =
      rule === undefined
        ? bySilence(setting, dwarf, cfa, registers, goFrame)
        : byRule(setting, rule, dwarf, cfa, registers);
  }
  const returnRule = row.rules.get(row.returnAddressRegister);
  const slot = returnRule?.kind === 'offset' ? cfa + returnRule.offset : 0;
  const { pc, lr } = arch.dwarf;
  if (row.returnAddressRegister !== pc) {
    const saved =
      returnRule === undefined ? registers[row.returnAddressRegister] : caller[row.returnAddressRegister];
    caller[pc] = saved;
    if (lr !== undefined && slot === 0) caller[lr] = returnRule === undefined ? undefined : caller[lr];
  }
  return { cfa, returnAddressSlot: slot, registers: caller };
}

function canonicalFrameAddress(setting: RowSetting, row: FrameRow, registers: Registers): number | string {
  const { cfa } = row;
  if (cfa.kind === 'expression') {
    return (
      evaluate(setting, cfa.expression, registers) ??
      'its frame is given by an expression that cannot be computed'
    );
  }
  const base = registers[cfa.register];
  if (base !== undefined) return base + cfa.offset;
  return `its frame is relative to register ${nameOf(setting.arch, cfa.register)}, whose value is not known`;
}

function byRule(
  setting: RowSetting,
  rule: RegisterRule,
  dwarf: number,
  cfa: number,
  registers: Registers,
): number | undefined {
  switch (rule.kind) {
    case 'same':
      return registers[dwarf];
    case 'undefined':
      return undefined;
    case 'offset':
      return readSaved(setting, dwarf, runtimeAddress(cfa + rule.offset));
    case 'value':
      return cfa + rule.offset;
    case 'register':
      return registers[rule.register];
    case 'expression': {
      const value = evaluate(setting, rule.expression, registers, cfa);
      if (value === undefined) return undefined;
      return rule.saved ? readSaved(setting, dwarf, runtimeAddress(value)) : value;
    }
  }
}

/** DWARF 5 §6.4.2: the CFA is on the stack at first in a register's expression, nothing in the CFA's own. */
function evaluate(
  { memory, bias }: RowSetting,
  expression: Uint8Array,
  registers: Registers,
  cfa?: number,
): number | undefined {
  const context = {
    register: (dwarf: number) => registers[dwarf],
    cfa: () => cfa,
    frameBase: () => undefined,
    read: (address: number, length: number) => memory.tryRead(runtimeAddress(address), length)?.slice(),
    toRuntime: (linked: number) => linked + bias,
  };
  return evaluateAddress(expression, context, cfa);
}

/** A saved return address on arm64 may carry a pointer authentication code above its 48 bits. */
function readSaved({ arch, memory }: RowSetting, dwarf: number, address: RuntimeAddress): number {
  if (dwarf !== arch.dwarf.lr) return memory.uint64(address);
  return memory.uint32(address) + memory.uint16(runtimeAddress(address + 4)) * 2 ** 32;
}

function bySilence(
  setting: RowSetting,
  dwarf: number,
  cfa: number,
  registers: Registers,
  goFrame: boolean,
): number | undefined {
  const { sp, fp, g, calleeSavedInC } = setting.arch.dwarf;
  if (dwarf === sp) return cfa;
  if (!goFrame) return calleeSavedInC.includes(dwarf) ? registers[dwarf] : undefined;
  if (dwarf === g) return registers[g];
  return dwarf === fp ? goFramePointer(setting, cfa, registers) : undefined;
}

/**
 * Go's CFI says nothing about the frame pointer. Inside a frame that has saved its caller's, it points at the saved
 * one (amd64: below the return address; arm64: below SP); before and after, it still is the caller's.
 */
function goFramePointer({ arch, memory }: RowSetting, cfa: number, registers: Registers): number | undefined {
  const fp = registers[arch.dwarf.fp];
  const sp = registers[arch.dwarf.sp];
  if (fp === undefined || sp === undefined) return fp;
  if (fp < sp - 8 || fp >= cfa) return fp;
  return memory.tryRead(runtimeAddress(fp), 8) === undefined ? undefined : memory.uint64(runtimeAddress(fp));
}

function nameOf(arch: Arch, dwarf: number): string {
  return arch.registerByDwarf(dwarf)?.name ?? `number ${dwarf}`;
}
