import type { DecodedInstruction, MachineState } from '../../arch/index.ts';
import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { LiveTarget, LiveThread } from '../../target/index.ts';
import { machineState } from '../machine-state.ts';
import type { CodeOf } from '../stepping/function-code.ts';
import type { Instructions } from '../stepping/instructions.ts';
import type { WatchedRange } from './watchpoint.ts';

/** More places are not remembered. */
const MOST_KEPT = 10_000;

export type DataAccess = 'read' | 'write' | 'read-write';

/** An instruction that was executed, and what it did to watched memory. */
export interface Done {
  readonly instruction: DecodedInstruction;
  readonly access: DataAccess;
}

/** Finds the instruction that a thread has executed last: watch registers report when it is done. */
export class LastInstruction {
  readonly #target: LiveTarget;
  readonly #code: CodeOf;
  readonly #instructions: Instructions;
  /** By the address behind it. */
  readonly #known = new Map<number, DecodedInstruction | null>();

  constructor(target: LiveTarget, code: CodeOf, instructions: Instructions) {
    this.#target = target;
    this.#code = code;
    this.#instructions = instructions;
  }

  /**
   * Undefined where it cannot be told: code of which no function is known, or a jump that came here. A repeated string
   * instruction that was interrupted in its midst stands at the pc itself.
   */
  to(ranges: readonly WatchedRange[], thread: LiveThread): Done | undefined {
    const pc = runtimeAddress(thread.registers.get(this.#target.arch.dwarf.pc)!);
    const state = machineState(this.#target, thread);
    const before = this.#before(pc);
    const done = before && accessOf(before, ranges, state);
    if (done !== undefined) return { instruction: before!, access: done };
    const here = this.#instructions.at(pc);
    const doing = here?.flow === 'next' ? accessOf(here, ranges, state) : undefined;
    return doing === undefined ? undefined : { instruction: here!, access: doing };
  }

  forget(): void {
    this.#known.clear();
  }

  #before(pc: RuntimeAddress): DecodedInstruction | undefined {
    const known = this.#known.get(pc);
    if (known !== undefined) return known ?? undefined;
    const found = this.#search(pc);
    if (this.#known.size >= MOST_KEPT) this.#known.clear();
    this.#known.set(pc, found ?? null);
    return found;
  }

  /** Instructions have no marks at their ends: from the function's beginning one after the other. */
  #search(pc: RuntimeAddress): DecodedInstruction | undefined {
    const entry = this.#code.at(runtimeAddress(pc - 1))?.entry;
    if (entry === undefined) return undefined;
    for (const instruction of this.#instructions.between(entry, pc)) {
      if (instruction.address + instruction.length === pc) return instruction;
    }
    return undefined;
  }
}

function accessOf(
  instruction: DecodedInstruction,
  ranges: readonly WatchedRange[],
  state: MachineState,
): DataAccess | undefined {
  let all: DataAccess | undefined;
  for (const { address, size } of ranges) {
    const access = instruction.accessTo(address, size, state);
    if (access === undefined) continue;
    all = all === undefined || all === access ? access : 'read-write';
  }
  return all;
}
