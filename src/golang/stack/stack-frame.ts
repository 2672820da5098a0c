import type { Arch } from '../../arch/index.ts';
import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { SourcePosition } from '../../image/index.ts';
import type { Module } from '../../target/index.ts';
import type { CodePoint } from '../code/code-point.ts';
import type { Frame } from '../frame.ts';
import type { Cursor } from './cursor.ts';

/** What one step of the walk found out about a frame. */
export interface FrameExtent {
  readonly cfa: number;
  readonly returnAddressSlot: number;
}

export const UNKNOWN_EXTENT: FrameExtent = { cfa: 0, returnAddressSlot: 0 };

/** One frame; the register file is made when it is asked for, because lists of stacks never do. */
export class StackFrame implements Frame {
  readonly index: number;
  readonly pc: RuntimeAddress;
  readonly lookupPc: RuntimeAddress;
  readonly function: string | undefined;
  readonly position: SourcePosition | undefined;
  readonly module: Module | undefined;
  readonly cfa: RuntimeAddress;
  readonly returnAddressSlot: RuntimeAddress;
  readonly inlineDepth: number;
  readonly entry: RuntimeAddress | undefined;
  readonly arrivedBy: Frame['arrivedBy'];
  readonly systemStack: boolean;
  readonly #arch: Arch;
  readonly #sp: number;
  readonly #fp: number | undefined;
  readonly #known: readonly (number | undefined)[] | undefined;

  constructor(facts: {
    arch: Arch;
    index: number;
    cursor: Cursor;
    point: CodePoint;
    level: number;
    name: string | undefined;
    extent: FrameExtent;
    systemStack: boolean;
  }) {
    const { cursor, point, level, name } = facts;
    const { position } = point.levels[level]!;
    this.index = facts.index;
    this.pc = point.pc;
    this.lookupPc = point.lookupPc;
    this.function = name;
    this.position = position;
    this.module = point.module;
    this.cfa = runtimeAddress(facts.extent.cfa);
    this.returnAddressSlot = runtimeAddress(facts.extent.returnAddressSlot);
    this.inlineDepth = point.levels.length - 1 - level;
    this.entry = point.fn?.entry;
    this.arrivedBy = level === 0 ? cursor.arrivedBy : 'inlining';
    this.systemStack = facts.systemStack;
    this.#arch = facts.arch;
    this.#sp = cursor.sp;
    this.#fp = cursor.fp;
    this.#known = cursor.registers;
  }

  get registers(): readonly (number | undefined)[] {
    if (this.#known !== undefined) return this.#known;
    const { pc, sp, fp, count } = this.#arch.dwarf;
    const registers: (number | undefined)[] = new Array(count).fill(undefined);
    registers[pc] = this.pc;
    registers[sp] = this.#sp;
    registers[fp] = this.#fp;
    return registers;
  }
}
