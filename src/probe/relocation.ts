import type { InstructionEffects, OutlinedInstruction } from '../arch/index.ts';
import { type FunctionCode, leaves } from './function-code.ts';
import { R12, R13, R15, type Register, RSP } from './operands.ts';
import type { Step } from './patch-site.ts';

/** They are nobody's at a function's entry and at its return: facts on inline probes. */
const SCRATCH: readonly Register[] = [R12, R13, R15];
/** As InstructionEffects has them. */
const STATUS_FLAGS = 0x3f;
/** Branches that are followed to see what becomes of flags. */
const MOST_WAYS = 4;
const SHORT_BRANCH = 0x70;
const LONG_BRANCH = [0x0f, 0x80] as const;
const SHORT_JUMP = 0xeb;
const LONG_JUMP = 0xe9;

/** How the instructions of one function are executed elsewhere, those too that may fault or branch. */
export class Relocation {
  readonly #code: FunctionCode;
  readonly #effects = new Map<number, InstructionEffects | undefined>();

  constructor(code: FunctionCode) {
    this.#code = code;
  }

  /**
   * The instructions from `from` to `to` (exclusive), undefined: one of them must stay where it is. Behind the first of them
   * no register of SCRATCH is read that was written before it.
   */
  steps(from: number, to: number): readonly Step[] | undefined {
    const { instructions } = this.#code;
    const start = instructions[from]?.address ?? 0;
    const steps: Step[] = [];
    for (let i = from; i < to; i++) {
      const step = this.#step(from, i, instructions[i]!.address - start);
      if (step === undefined) return undefined;
      steps.push(step);
    }
    if (!steps.some(({ kind }) => kind === 'guarded')) return steps;
    let mentioned = 0;
    for (let i = from; i < to; i++) mentioned |= this.#effectsOf(i)?.registers ?? -1;
    const scratch = SCRATCH.find((register) => (mentioned & (1 << register)) === 0);
    return scratch === undefined
      ? undefined
      : steps.map((step) => (step.kind === 'guarded' ? { ...step, scratch } : step));
  }

  #step(from: number, i: number, at: number): Step | undefined {
    const it = this.#code.instructions[i]!;
    const { length } = it;
    if (it.movable) return { kind: 'plain', at, length, ...placed(it) };
    switch (it.flow) {
      // `ret n` is none of Go's.
      case 'return':
        return length === 1 ? { kind: 'return', at, length } : undefined;
      case 'branch':
      case 'jump':
        return this.#jump(it, at);
      case 'next':
        return this.#guarded(from, i, at);
      default:
        return undefined;
    }
  }

  #jump({ address, length, target }: OutlinedInstruction, at: number): Step | undefined {
    if (target === undefined) return undefined;
    const from = address - this.#code.address;
    const first = this.#code.bytes[from]!;
    const second = this.#code.bytes[from + 1]!;
    if (length === 2 && first === SHORT_JUMP) return { kind: 'jump', at, length, target };
    if (length === 5 && first === LONG_JUMP) return { kind: 'jump', at, length, target };
    if (length === 2 && (first & 0xf0) === SHORT_BRANCH)
      return { kind: 'branch', at, length, target, condition: first & 0xf };
    if (length === 6 && first === LONG_BRANCH[0] && (second & 0xf0) === LONG_BRANCH[1])
      return { kind: 'branch', at, length, target, condition: second & 0xf };
    return undefined;
  }

  #guarded(from: number, i: number, at: number): Step | undefined {
    if (!this.#code.seesFaults) return undefined;
    const memory = this.#effectsOf(i)?.memory;
    if (memory === undefined || !this.#flagsAreFree(i)) return undefined;
    const { length } = this.#code.instructions[i]!;
    const { scale, displacement, isWritten } = memory;
    const base = memory.base as Register;
    const index = memory.index as Register | undefined;
    const operand = { base, index, scale, displacement };
    const step = { kind: 'guarded', at, length, memory: operand, scratch: R12 } as const;
    // Compiled code makes its frame before everything else.
    if (!this.#writes(1 << RSP, 0, i)) return step;
    const addressing = (1 << base) | (index === undefined ? 0 : 1 << index);
    const isStraight = this.#code.instructions.slice(from, i).every(({ flow }) => flow === 'next');
    if (this.#writes(1 << RSP, 0, from) || !isStraight || this.#writes(addressing, from, i)) return undefined;
    return this.#flagsAreFree(from) ? { ...step, touched: isWritten ? 'written' : 'read' } : undefined;
  }

  /** Whether one of the instructions from `from` to `to` (exclusive) writes one of these registers. */
  #writes(registers: number, from: number, to: number): boolean {
    for (let i = from; i < to; i++) {
      if (this.#code.instructions[i]!.flow === 'return') continue;
      if (((this.#effectsOf(i)?.written ?? -1) & registers) !== 0) return true;
    }
    return false;
  }

  /** Whether nobody reads the flags that an instruction finds, on any way from there. */
  #flagsAreFree(from: number, flags = STATUS_FLAGS, ways = MOST_WAYS): boolean {
    const { instructions } = this.#code;
    let found = flags;
    for (let i = from; i < instructions.length; i++) {
      const { flow, target } = instructions[i]!;
      const effects = this.#effectsOf(i);
      if (effects === undefined || (effects.flagsRead & found) !== 0) return false;
      found &= ~effects.flagsReplaced;
      // Calls and returns pass no flags on.
      if (found === 0 || flow === 'return' || flow === 'call') return true;
      if (flow === 'next') continue;
      if (target === undefined || ways === 0) return false;
      const to = instructions.findIndex(({ address }) => address === target);
      if (!leaves(this.#code, target) && (to < 0 || !this.#flagsAreFree(to, found, ways - 1))) return false;
      if (flow === 'jump') return true;
      if (flow !== 'branch') return false;
    }
    return false;
  }

  #effectsOf(i: number): InstructionEffects | undefined {
    if (!this.#effects.has(i)) this.#effects.set(i, this.#code.effects(this.#code.instructions[i]!));
    return this.#effects.get(i);
  }
}

const placed = ({ distanceAt }: OutlinedInstruction): { readonly distanceAt?: number } =>
  distanceAt === undefined ? {} : { distanceAt };
