import { hex, MattockError, type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import type { Registers } from './frame-row.ts';
import type { Module } from './module.ts';
import type { Thread } from './target.ts';
import { type UnwindSetting, type Unwound, unwindFrame } from './unwind.ts';

export interface ThreadFrame {
  readonly pc: RuntimeAddress;
  /** pc, or the call before it where pc is a return address: what tables are asked with. */
  readonly lookupPc: RuntimeAddress;
  /** 0 if the frame could not be unwound. */
  readonly cfa: number;
  readonly returnAddressSlot: number;
  readonly registers: Registers;
  readonly module: Module | undefined;
  /** Function and distance from its start, by Go's function table or by ELF symbols. */
  readonly symbol: { readonly name: string; readonly offset: number } | undefined;
  /** How this frame was found from its callee. */
  readonly foundBy: 'start' | Unwound['how'];
}

export interface ThreadStack {
  readonly frames: readonly ThreadFrame[];
  readonly end: { readonly kind: 'bottom' | 'depth' } | { readonly kind: 'broken'; readonly reason: string };
}

/** Signal handlers may run on stacks of their own; beyond this they are a loop. */
const MAX_SIGNALS = 64;

/** A thread's stack with nothing known but the machine: of a C program, or of C code in a Go program. */
export function unwindThread(setting: UnwindSetting, thread: Thread, depth: number): ThreadStack {
  const { count } = setting.arch.dwarf;
  const frames: ThreadFrame[] = [];
  let registers: Registers = Array.from({ length: count }, (_, dwarf) => thread.registers.get(dwarf));
  let exact = true;
  let foundBy: ThreadFrame['foundBy'] = 'start';
  let signals = 0;
  while (frames.length < depth) {
    const step = unwindFrame(setting, registers, exact);
    const unwound = step.kind === 'caller' ? step : undefined;
    // A handler returns to the first instruction of the trampoline: no call is before it.
    frames.push(frameOf(setting, registers, exact || unwound?.how === 'signal', foundBy, unwound));
    if (step.kind === 'end') {
      return { frames, end: step.bottom ? { kind: 'bottom' } : { kind: 'broken', reason: step.reason } };
    }
    if (step.how === 'signal' && ++signals > MAX_SIGNALS)
      return { frames, end: loop(`${MAX_SIGNALS} signal frames`) };
    const { sp } = setting.arch.dwarf;
    if (step.how !== 'signal' && step.how !== 'link-register' && !(step.registers[sp]! > registers[sp]!)) {
      return { frames, end: loop(`a stack pointer that stays at ${hex(registers[sp]!)}`) };
    }
    ({ registers, exact, how: foundBy } = step);
  }
  return { frames, end: { kind: 'depth' } };
}

function loop(what: string): ThreadStack['end'] {
  return { kind: 'broken', reason: `the stack leads in circles: ${what}` };
}

function frameOf(
  setting: UnwindSetting,
  registers: Registers,
  exact: boolean,
  foundBy: ThreadFrame['foundBy'],
  step: Unwound | undefined,
): ThreadFrame {
  const pc = runtimeAddress(registers[setting.arch.dwarf.pc] ?? 0);
  const lookupPc = runtimeAddress(exact ? pc : pc - 1);
  const module = setting.modules.at(lookupPc);
  return {
    pc,
    lookupPc,
    cfa: step?.cfa ?? 0,
    returnAddressSlot: step?.returnAddressSlot ?? 0,
    registers,
    module,
    symbol: module === undefined ? undefined : symbolAt(module, lookupPc, pc),
    foundBy,
  };
}

function symbolAt(module: Module, lookupPc: RuntimeAddress, pc: RuntimeAddress): ThreadFrame['symbol'] {
  try {
    return nameOf(module, lookupPc, pc);
  } catch (error) {
    // A damaged symbol table: whoever asks for it by itself is told; a stack is of use without names too.
    if (error instanceof MattockError) return undefined;
    throw error;
  }
}

function nameOf(module: Module, lookupPc: RuntimeAddress, pc: RuntimeAddress): ThreadFrame['symbol'] {
  const { image } = module;
  if (image === undefined) return undefined;
  const linked = module.toLinked(lookupPc);
  const index = image.functions?.find(linked) ?? -1;
  if (index >= 0) {
    const entry = module.toRuntime(image.functions!.entry(index));
    return { name: image.functions!.name(index), offset: pc - entry };
  }
  const symbol = image.symbols.at(linked);
  return symbol === undefined
    ? undefined
    : { name: symbol.name, offset: pc - module.toRuntime(symbol.address) };
}
