import type { DecodedInstruction, MachineCode } from '../../arch/index.ts';
import { runtimeAddress, TargetFault } from '../../base/index.ts';
import type { Kernel } from './kernel.ts';
import type { Overlay } from './live-memory.ts';

/** int3, Intel SDM vol. 2. */
const TRAP = 0xcc;
const LONGEST_INSTRUCTION = 15;

/** A place where a trap is wanted. */
export interface Trap {
  readonly address: number;
  /** The byte that belongs there. */
  original: number;
  inserted: boolean;
  /** The instruction under it; undefined where none can be made out. */
  instruction: DecodedInstruction | undefined;
  /** Index of its slot for being executed elsewhere; undefined: not yet, null: it cannot be. */
  slot: number | null | undefined;
}

/** The traps of one process: which are wanted, and which stand in its text now. */
export class TrapTable implements Overlay {
  readonly #kernel: Kernel;
  readonly #pid: number;
  readonly #code: MachineCode;
  readonly #traps = new Map<number, Trap>();
  readonly #byte = new Uint8Array(1);
  #lowest = Infinity;
  #highest = -Infinity;

  constructor(kernel: Kernel, pid: number, code: MachineCode) {
    this.#kernel = kernel;
    this.#pid = pid;
    this.#code = code;
  }

  get(address: number): Trap | undefined {
    return this.#traps.get(address);
  }

  get all(): Iterable<Trap> {
    return this.#traps.values();
  }

  /** Wants a trap; `now` puts it in at once. Throws a TargetFault where there is no code. */
  add(address: number, now: boolean): void {
    if (this.#traps.has(address)) return;
    const bytes = new Uint8Array(LONGEST_INSTRUCTION);
    const count = this.#kernel.readMemory(this.#pid, address, bytes);
    if (count === 0)
      throw new TargetFault('cannot set a breakpoint: nothing is mapped', runtimeAddress(address));
    const code = bytes.subarray(0, count);
    if (now) this.restore(address, code);
    const trap: Trap = {
      address,
      original: code[0]!,
      inserted: false,
      instruction: this.#code.decode(code, address),
      slot: undefined,
    };
    this.#traps.set(address, trap);
    this.#lowest = Math.min(this.#lowest, address);
    this.#highest = Math.max(this.#highest, address);
    if (now) this.put(trap);
  }

  /** No longer wants a trap; gives it, so that its slot can be used again. */
  remove(address: number): Trap | undefined {
    const trap = this.#traps.get(address);
    if (trap === undefined) return undefined;
    if (trap.inserted) this.lift(trap);
    this.#traps.delete(address);
    return trap;
  }

  insertAll(): void {
    for (const trap of this.#traps.values()) if (!trap.inserted) this.put(trap);
  }

  liftAll(): void {
    for (const trap of this.#traps.values()) if (trap.inserted) this.lift(trap);
  }

  /** The text is gone (exec): nothing is inserted, and nothing wanted. */
  clear(): void {
    this.#traps.clear();
    this.#lowest = Infinity;
    this.#highest = -Infinity;
  }

  /** Gives a copy of the process (a fork's child) its own bytes. */
  cleanCopy(pid: number): void {
    for (const trap of this.#traps.values()) {
      if (!trap.inserted) continue;
      this.#byte[0] = trap.original;
      this.#kernel.writeMemory(pid, trap.address, this.#byte);
    }
    this.#kernel.forget(pid);
  }

  restore(address: number, bytes: Uint8Array): void {
    if (address > this.#highest || address + bytes.length <= this.#lowest) return;
    if (bytes.length < 64) {
      for (let i = 0; i < bytes.length; i++) {
        const trap = this.#traps.get(address + i);
        if (trap?.inserted === true) bytes[i] = trap.original;
      }
      return;
    }
    for (const trap of this.#traps.values()) {
      const at = trap.address - address;
      if (trap.inserted && at >= 0 && at < bytes.length) bytes[at] = trap.original;
    }
  }

  /** Puts one trap in. */
  put(trap: Trap): void {
    this.#byte[0] = TRAP;
    if (this.#kernel.writeMemory(this.#pid, trap.address, this.#byte) === 1) trap.inserted = true;
  }

  /** Takes one trap out for a moment. */
  lift(trap: Trap): void {
    this.#byte[0] = trap.original;
    this.#kernel.writeMemory(this.#pid, trap.address, this.#byte);
    trap.inserted = false;
  }
}
