import type { Arch } from '../arch/index.ts';
import { hex, MattockError, type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import { applyFrameRow, type CallerByRow, type Registers } from './frame-row.ts';
import { isSignalTrampoline, readSignalFrame } from './signal-frame.ts';
import type { Memory, ModuleMap, SignalInfo } from './target.ts';

export interface UnwindSetting {
  readonly arch: Arch;
  readonly memory: Memory;
  readonly modules: ModuleMap;
}

/** A frame's caller. */
export interface Unwound {
  readonly kind: 'caller';
  /** Canonical frame address: the stack pointer that the caller had before the call. */
  readonly cfa: number;
  /** Where the return address is kept; 0 if it is in a register. */
  readonly returnAddressSlot: number;
  readonly registers: Registers;
  /** The caller's pc is that of an instruction that runs or runs next, not one behind a call. */
  readonly exact: boolean;
  readonly how: 'cfi' | 'frame-pointer' | 'link-register' | 'signal' | 'bad-call';
  /** For `signal`: what was delivered. */
  readonly signal?: SignalInfo | undefined;
}

/** There is no caller (`bottom`), or it could not be found: why, with addresses. */
export interface NotUnwound {
  readonly kind: 'end';
  readonly bottom: boolean;
  readonly reason: string;
}

/**
 * One step from a frame to its caller: through signal frames, by call frame information, by frame pointers where
 * there is none, and out of a call to nowhere. `exact` says that pc is not a return address: tables are then asked with
 * pc itself, else with the call before it.
 */
export function unwindFrame(
  setting: UnwindSetting,
  registers: Registers,
  exact: boolean,
): Unwound | NotUnwound {
  const { arch, memory } = setting;
  const pc = registers[arch.dwarf.pc];
  const sp = registers[arch.dwarf.sp];
  if (pc === undefined || sp === undefined)
    return broken('the program counter or the stack pointer is not known');
  try {
    if (isSignalTrampoline(arch, memory, pc)) {
      const frame = readSignalFrame(arch, memory, sp);
      return { kind: 'caller', cfa: sp, returnAddressSlot: 0, exact: true, how: 'signal', ...frame };
    }
    const byRow = unwindByRow(setting, registers, pc, exact);
    if (typeof byRow !== 'string') return byRow;
    if (exact && !isCode(setting, pc)) return unwindBadCall(setting, registers, pc, sp);
    return unwindByFramePointer(setting, registers, exact, byRow);
  } catch (error) {
    // Memory that is not there, or call frame information that is damaged.
    if (error instanceof MattockError) return broken(error.message);
    throw error;
  }
}

function broken(reason: string): NotUnwound {
  return { kind: 'end', bottom: false, reason };
}

/** The caller by CFI, or why there is none to go by. */
function unwindByRow(
  setting: UnwindSetting,
  registers: Registers,
  pc: number,
  exact: boolean,
): Unwound | NotUnwound | string {
  const lookup = runtimeAddress(exact ? pc : pc - 1);
  const module = setting.modules.at(lookup);
  if (module === undefined) return `no binary is loaded at ${hex(pc)}`;
  const { image } = module;
  if (image === undefined) return `the file of ${module.path} is missing`;
  const linked = module.toLinked(lookup);
  const row = image.frames.rowAt(linked);
  if (row === undefined) return `${module.path} has no call frame information for ${hex(pc)}`;
  const goFrame = (image.functions?.find(linked) ?? -1) >= 0;
  const caller = applyFrameRow({ ...setting, bias: module.bias }, row, registers, goFrame);
  if (typeof caller === 'string') return caller;
  return checkCaller(setting, caller, registers, row.signalFrame);
}

function checkCaller(
  { arch }: UnwindSetting,
  caller: CallerByRow,
  registers: Registers,
  signalFrame: boolean,
): Unwound | NotUnwound {
  const { pc, sp, lr } = arch.dwarf;
  const { cfa, returnAddressSlot } = caller;
  const returnAddress = caller.registers[pc];
  if (returnAddress === undefined || returnAddress === 0) {
    return { kind: 'end', bottom: true, reason: 'the outermost frame' };
  }
  if (cfa < registers[sp]! && !signalFrame) {
    return broken(`the frame would end at ${hex(cfa)}, below the stack pointer ${hex(registers[sp]!)}`);
  }
  const stuck = cfa === registers[sp] && returnAddress === registers[pc];
  if (stuck) return broken(`the frame at ${hex(cfa)} leads to itself`);
  const how = lr !== undefined && returnAddressSlot === 0 ? 'link-register' : 'cfi';
  return { kind: 'caller', cfa, returnAddressSlot, registers: caller.registers, exact: signalFrame, how };
}

/** A call through a bad function pointer: pc is where no code is, and nothing has been pushed since the call. */
function unwindBadCall(
  setting: UnwindSetting,
  registers: Registers,
  pc: number,
  sp: number,
): Unwound | NotUnwound {
  const { arch, memory } = setting;
  const { lr } = arch.dwarf;
  const returnAddress = lr === undefined ? memory.uint64(runtimeAddress(sp)) : registers[lr];
  if (returnAddress === undefined || !isCode(setting, returnAddress)) {
    return broken(`no code is at ${hex(pc)}, and the stack does not show who called it`);
  }
  const caller = [...registers];
  caller[arch.dwarf.pc] = returnAddress;
  const cfa = lr === undefined ? sp + 8 : sp;
  caller[arch.dwarf.sp] = cfa;
  return {
    kind: 'caller',
    cfa,
    returnAddressSlot: lr === undefined ? sp : 0,
    registers: caller,
    exact: false,
    how: 'bad-call',
  };
}

/**
 * By the frame pointer: the caller's frame pointer and the return address stand together where it points. amd64: the
 * caller's stack ends behind them; arm64: somewhere behind them, the frame record may be at either end of the frame.
 */
function unwindByFramePointer(
  setting: UnwindSetting,
  registers: Registers,
  exact: boolean,
  why: string,
): Unwound | NotUnwound {
  const { arch, memory } = setting;
  const { pc, sp, fp, lr, count } = arch.dwarf;
  const frame = registers[fp];
  const lowest = registers[sp]!;
  if (frame === 0) return { kind: 'end', bottom: true, reason: 'the outermost frame' };
  const problem = `${why}, and the frame pointer`;
  if (frame === undefined) return broken(`${problem} is not known`);
  if (frame % 8 !== 0 || frame < lowest - 8)
    return broken(`${problem} ${hex(frame)} does not point up the stack`);
  if (memory.tryRead(runtimeAddress(frame), 16) === undefined)
    return broken(`${problem} ${hex(frame)} points where nothing is`);
  const callerFrame = memory.uint64(runtimeAddress(frame));
  const slot = runtimeAddress(frame + 8);
  const returnAddress = lr === undefined ? memory.uint64(slot) : readReturnAddress(memory, slot);
  if (returnAddress === 0) return { kind: 'end', bottom: true, reason: 'the outermost frame' };
  if (!isCode(setting, returnAddress)) {
    return (
      linkRegisterCaller(setting, registers, exact) ??
      broken(`${problem} ${hex(frame)} leads to ${hex(returnAddress)}, where no code is`)
    );
  }
  const caller: (number | undefined)[] = new Array(count).fill(undefined);
  caller[pc] = returnAddress;
  caller[sp] = frame + 16;
  caller[fp] = callerFrame;
  return {
    kind: 'caller',
    cfa: frame + 16,
    returnAddressSlot: slot,
    registers: caller,
    exact: false,
    how: 'frame-pointer',
  };
}

/** The innermost frame may not have saved its return address yet. */
function linkRegisterCaller(
  setting: UnwindSetting,
  registers: Registers,
  exact: boolean,
): Unwound | undefined {
  const { pc, sp, lr } = setting.arch.dwarf;
  const returnAddress = lr === undefined ? undefined : registers[lr];
  if (!exact || returnAddress === undefined || !isCode(setting, returnAddress)) return undefined;
  const caller = [...registers];
  caller[pc] = returnAddress;
  caller[lr!] = undefined;
  return {
    kind: 'caller',
    cfa: registers[sp]!,
    returnAddressSlot: 0,
    registers: caller,
    exact: false,
    how: 'link-register',
  };
}

/** Without the pointer authentication code that may stand above its 48 bits. */
function readReturnAddress(memory: Memory, slot: RuntimeAddress): number {
  return memory.uint32(slot) + memory.uint16(runtimeAddress(slot + 4)) * 2 ** 32;
}

/** Where a return address may lead: executable memory, or a binary, of whose rights a core may not tell. */
function isCode({ memory, modules }: UnwindSetting, address: number): boolean {
  const region = memory.regionAt(runtimeAddress(address));
  if (region === undefined) return modules.at(runtimeAddress(address)) !== undefined;
  return region.executable || (!region.writable && region.file !== undefined);
}
