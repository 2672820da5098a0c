import type { DecodedInstruction, MachineCode } from '../../arch/index.ts';
import type { Kernel } from './kernel.ts';
import type { Trap } from './trap-table.ts';

/**
 * A page near the program's text where instructions under traps are executed, so that no trap has to be taken out while
 * other threads run. A slot holds the relocated instruction and a jump to the one behind it.
 */
const SLOT = 32;
const PAGE = 4096;

export const SLOT_PAGE = PAGE;

/** Where a thread in a slot is in the program. */
export interface SlotOrigin {
  readonly pc: number;
  /** It is behind the instruction. */
  readonly executed: boolean;
  /** The instruction is a system call: it may take any time. */
  readonly blocks: boolean;
}

export class Slots {
  readonly start: number;
  readonly #kernel: Kernel;
  readonly #pid: number;
  readonly #code: MachineCode;
  readonly #owners: (Trap | undefined)[] = new Array(PAGE / SLOT).fill(undefined);
  /** What was put there: a trap's instruction changes when the program changes its text. */
  readonly #instructions: (DecodedInstruction | undefined)[] = [];
  readonly #lengths = new Uint8Array(PAGE / SLOT);

  constructor(kernel: Kernel, pid: number, code: MachineCode, start: number) {
    this.#code = code;
    this.#kernel = kernel;
    this.#pid = pid;
    this.start = start;
  }

  /** Address at which a trap's instruction can be executed; undefined if it cannot be moved, or all slots are taken. */
  addressFor(trap: Trap): number | undefined {
    if (trap.slot === null) return undefined;
    if (trap.slot === undefined || this.#instructions[trap.slot] !== trap.instruction) {
      trap.slot = this.#fill(trap, trap.slot ?? this.#owners.indexOf(undefined));
    }
    return trap.slot === null ? undefined : this.start + trap.slot * SLOT;
  }

  /** A trap is gone. Threads may still be in its slot: the caller says when none can be. */
  free(trap: Trap): void {
    if (typeof trap.slot === 'number') this.#owners[trap.slot] = undefined;
    trap.slot = undefined;
  }

  /** Where a thread in a slot is in the program: at the trap's instruction, or behind it. */
  originOf(pc: number): SlotOrigin | undefined {
    if (pc < this.start || pc >= this.start + PAGE) return undefined;
    const index = Math.floor((pc - this.start) / SLOT);
    const trap = this.#owners[index];
    if (trap === undefined) return undefined;
    const executed = (pc - this.start) % SLOT >= this.#lengths[index]!;
    const { length, flow } = trap.instruction!;
    return { pc: executed ? trap.address + length : trap.address, executed, blocks: flow === 'syscall' };
  }

  #fill(trap: Trap, index: number): number | null {
    if (index < 0) return null;
    this.#owners[index] = undefined;
    const address = this.start + index * SLOT;
    const moved = trap.instruction?.relocate(address);
    if (moved === undefined) return null;
    const behind = trap.address + trap.instruction!.length;
    const jump = this.#code.jump(address + moved.length, behind);
    if (jump === undefined || moved.length + jump.length > SLOT) return null;
    const code = new Uint8Array(moved.length + jump.length);
    code.set(moved);
    code.set(jump, moved.length);
    if (this.#kernel.writeMemory(this.#pid, address, code) !== code.length) return null;
    this.#owners[index] = trap;
    this.#instructions[index] = trap.instruction;
    this.#lengths[index] = moved.length;
    return index;
  }
}
