import { type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { Scope } from '../../expr/index.ts';
import type { Frame, Program } from '../../golang/index.ts';
import { type Declared, declaredAt } from '../../golang/values/variables.ts';
import { type FunctionInfo, type Image, isBeforeBody } from '../../image/index.ts';
import type { Module, Thread } from '../../target/index.ts';
import type { Read } from './condition.ts';

/** An instruction of a program, and what is known of every thread that stands at it. */
export interface ConditionSite {
  readonly program: Program;
  readonly pc: RuntimeAddress;
}

/** The frame that a thread is in at a site, as far as it does not depend on the thread. */
export class SiteFrame {
  readonly program: Program;
  readonly pc: RuntimeAddress;
  readonly module: Module | undefined;
  /** Of the innermost call that was inlined there. */
  readonly function: string | undefined;
  readonly declared: Declared | undefined;
  /** The canonical frame address; undefined: no simple rule gives it. */
  readonly cfa: Read<number> | undefined;
  readonly #still: Frame;

  constructor({ program, pc }: ConditionSite) {
    this.program = program;
    this.pc = pc;
    const module = program.target.modules.at(pc);
    const location = program.locate(pc, false);
    this.module = module;
    this.function = location.function;
    this.cfa = frameAddress(program, module, pc);
    this.#still = {
      ...location,
      pc,
      lookupPc: pc,
      index: 0,
      module,
      cfa: runtimeAddress(0),
      returnAddressSlot: runtimeAddress(0),
      registers: [],
      inlineDepth: inlineDepth(module, pc),
      entry: entryOf(module, pc),
      arrivedBy: 'start',
      systemStack: false,
    };
    this.declared = declaredAt(program, this.#still);
  }

  /** Nothing of the function's body has been executed. */
  get atEntry(): boolean {
    const { pc, entry, inlineDepth: depth } = this.#still;
    const image = this.module?.image;
    if (pc === entry || entry === undefined || depth > 0 || image === undefined) return pc === entry;
    return isBeforeBody(image, this.module!.toLinked(entry), this.module!.toLinked(pc));
  }

  /** Where names of packages are looked up: there is a home package, but no variables. */
  get packageScope(): Scope {
    const frame: Frame = { ...this.#still, module: undefined };
    return { program: this.program, goroutine: undefined, thread: undefined, frame };
  }

  /** All that `print` sees of a thread here, without unwinding and without lists. */
  scopeOf(thread: Thread): Scope {
    const { program } = this;
    const cfa = runtimeAddress(this.cfa?.(thread, program.target.memory) ?? 0);
    const { count, lr } = program.target.arch.dwarf;
    const registers: (number | undefined)[] = [];
    for (let dwarf = 0; dwarf < count; dwarf++) registers.push(thread.registers.get(dwarf));
    const onStack = cfa !== 0 && lr === undefined;
    const returnAddressSlot = runtimeAddress(onStack ? cfa - 8 : 0);
    return {
      program,
      goroutine: program.goroutineOn(thread.id),
      thread: thread.id,
      frame: { ...this.#still, cfa, returnAddressSlot, registers },
    };
  }
}

/** Of Go's functions from their SP table (go-frame-rule.ts), of C's from their call frame information. */
function frameAddress(
  { target }: Program,
  module: Module | undefined,
  pc: RuntimeAddress,
): Read<number> | undefined {
  const image = module?.image;
  if (module === undefined || image === undefined) return undefined;
  const linked = module.toLinked(pc);
  const { arch } = target;
  const delta = isGo(image, linked) ? image.functions?.spDelta(linked) : undefined;
  if (delta !== undefined) {
    return aboveRegister(arch.dwarf.sp, delta + (arch.dwarf.lr === undefined ? arch.pointerSize : 0));
  }
  const rule = isGo(image, linked) ? undefined : image.frames.rowAt(linked)?.cfa;
  return rule?.kind === 'register' ? aboveRegister(rule.register, rule.offset) : undefined;
}

const isGo = ({ functions }: Image, linked: number): boolean =>
  functions !== undefined && functions.find(linked as Parameters<typeof functions.find>[0]) >= 0;

/** The value of a register and something. */
export function aboveRegister(dwarf: number, offset: number): Read<number> {
  return ({ registers }) => {
    const value = registers.get(dwarf);
    if (value === undefined) throw new TargetFault(`register ${dwarf} is not known`);
    return value + offset;
  };
}

function entryOf(module: Module | undefined, pc: RuntimeAddress): RuntimeAddress | undefined {
  const functions = module?.image?.functions;
  const index = functions?.find(module!.toLinked(pc)) ?? -1;
  return index < 0 ? undefined : module!.toRuntime(functions!.entry(index));
}

/** How many calls are inlined into each other at a pc. */
function inlineDepth(module: Module | undefined, pc: RuntimeAddress): number {
  const image = module?.image;
  if (module === undefined || image === undefined) return 0;
  const linked = module.toLinked(pc);
  if (isGo(image, linked)) return image.functions!.inlining(linked)?.inlined.length ?? 0;
  let depth = -1;
  let level: FunctionInfo | undefined = image.debugInfo?.functionAt(linked);
  while (level !== undefined) {
    depth++;
    level = level.inlined.find(({ ranges }) => ranges.some(({ from, to }) => from <= linked && linked < to));
  }
  return Math.max(depth, 0);
}
