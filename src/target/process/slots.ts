import type { Kernel } from './kernel.ts';
import type { Trap } from './trap-table.ts';

/**
 * A page near the program's text where instructions under traps are executed, so that no trap has to be taken out while
 * other threads run. A slot holds the relocated instruction and a jump to the one behind it: `jmp [rip+0]`, then the
 * 8 bytes of the address.
 */
const SLOT = 32;
const PAGE = 4096;
const JUMP = [0xff, 0x25, 0, 0, 0, 0];
const JUMP_LENGTH = JUMP.length + 8;

export const SLOT_PAGE = PAGE;

export class Slots {
  readonly start: number;
  readonly #kernel: Kernel;
  readonly #pid: number;
  readonly #owners: (Trap | undefined)[] = new Array(PAGE / SLOT).fill(undefined);
  readonly #lengths = new Uint8Array(PAGE / SLOT);

  constructor(kernel: Kernel, pid: number, start: number) {
    this.#kernel = kernel;
    this.#pid = pid;
    this.start = start;
  }

  /** Address at which a trap's instruction can be executed; undefined if it cannot be moved, or all slots are taken. */
  addressFor(trap: Trap): number | undefined {
    if (trap.slot === null) return undefined;
    trap.slot ??= this.#fill(trap);
    return trap.slot === null ? undefined : this.start + trap.slot * SLOT;
  }

  /** A trap is gone. Threads may still be in its slot: the caller says when none can be. */
  free(trap: Trap): void {
    if (typeof trap.slot === 'number') this.#owners[trap.slot] = undefined;
    trap.slot = undefined;
  }

  /** Where a thread in a slot is in the program: at the trap's instruction, or behind it. */
  originOf(pc: number): { readonly pc: number; readonly executed: boolean } | undefined {
    if (pc < this.start || pc >= this.start + PAGE) return undefined;
    const index = Math.floor((pc - this.start) / SLOT);
    const trap = this.#owners[index];
    if (trap === undefined) return undefined;
    const executed = (pc - this.start) % SLOT >= this.#lengths[index]!;
    return { pc: executed ? trap.address + trap.instruction!.length : trap.address, executed };
  }

  #fill(trap: Trap): number | null {
    const index = this.#owners.indexOf(undefined);
    if (index < 0) return null;
    const address = this.start + index * SLOT;
    const moved = trap.instruction?.relocate(address);
    if (moved === undefined || moved.length + JUMP_LENGTH > SLOT) return null;
    const code = new Uint8Array(moved.length + JUMP_LENGTH);
    code.set(moved);
    code.set(JUMP, moved.length);
    const behind = BigInt(trap.address + trap.instruction!.length);
    new DataView(code.buffer).setBigUint64(moved.length + JUMP.length, behind, true);
    if (this.#kernel.writeMemory(this.#pid, address, code) !== code.length) return null;
    this.#owners[index] = trap;
    this.#lengths[index] = moved.length;
    return index;
  }
}
