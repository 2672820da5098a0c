import type { DecodedInstruction, MachineCode } from '../../arch/index.ts';
import { hex, runtimeAddress, TargetFault, UserError } from '../../base/index.ts';
import type { MemoryRange } from '../live.ts';
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

/** Text that is not to have traps. */
export interface ReservedText extends MemoryRange {
  /** Of the function. */
  readonly name: string;
  /** The program's own bytes: nobody is to see others. */
  readonly original: Uint8Array;
}

/** The traps of one process: which are wanted, and which stand in its text now. */
export class TrapTable implements Overlay {
  readonly #kernel: Kernel;
  readonly #pid: number;
  readonly #code: MachineCode;
  readonly #traps = new Map<number, Trap>();
  readonly #byte = new Uint8Array(1);
  /** Text that somebody else has changed for now: a trap in it would be one in the middle of something. */
  #reserved: readonly ReservedText[] = [];
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

  get size(): number {
    return this.#traps.size;
  }

  get all(): Iterable<Trap> {
    return this.#traps.values();
  }

  /** No trap may stand there until something else is reserved. Throws a UserError, with nothing changed, if one does. */
  set reserved(ranges: readonly ReservedText[]) {
    for (const { address } of this.#traps.values()) {
      const range = ranges.find(({ start, end }) => address >= start && address < end);
      if (range === undefined) continue;
      throw new UserError(
        `a breakpoint or a watch stops at ${hex(address)} in ${range.name}, where a probe is to be`,
        'take it away first (`clear`), or pass it by (`toggle`)',
      );
    }
    this.#reserved = ranges;
  }

  /** Wants a trap; `now` puts it in at once. Throws a TargetFault where there is no code, or a probe. */
  add(address: number, now: boolean): void {
    if (this.#traps.has(address)) return;
    if (this.#reserved.some(({ start, end }) => address >= start && address < end))
      throw new TargetFault('cannot set a breakpoint: a probe is there', runtimeAddress(address));
    const trap: Trap = { address, original: TRAP, inserted: false, instruction: undefined, slot: undefined };
    if (!this.#read(trap))
      throw new TargetFault('cannot set a breakpoint: nothing is mapped', runtimeAddress(address));
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

  /** Puts in all; where the program has changed its text since (a plugin, a library loaded anew), what is there now. */
  insertAll(): void {
    const traps = [...this.#traps.values()].filter(({ inserted }) => !inserted);
    for (const [trap, byte] of this.#bytesOf(traps)) {
      if (byte !== trap.original && !this.#read(trap)) continue;
      this.put(trap);
    }
  }

  /** Takes out all, but where the program has put something else meanwhile. */
  liftAll(): void {
    const traps = [...this.#traps.values()].filter(({ inserted }) => inserted);
    for (const [trap, byte] of this.#bytesOf(traps)) {
      if (byte === TRAP) this.lift(trap);
      else trap.inserted = false;
    }
  }

  /** What stands in the text; undefined where nothing is mapped. */
  *#bytesOf(traps: readonly Trap[]): Generator<readonly [Trap, number | undefined]> {
    const addresses = Float64Array.from(traps, ({ address }) => address);
    const bytes = new Uint8Array(traps.length);
    const lengths = new Uint32Array(traps.length).fill(1);
    const all = this.#kernel.readScattered(this.#pid, addresses, lengths, bytes) === traps.length;
    for (const [index, trap] of traps.entries()) {
      const there = all || this.#kernel.readMemory(this.#pid, trap.address, this.#byte) === 1;
      yield [trap, there ? (all ? bytes[index] : this.#byte[0]) : undefined];
    }
  }

  /** Reads what is under a trap. False: nothing is. */
  #read(trap: Trap): boolean {
    const bytes = new Uint8Array(LONGEST_INSTRUCTION);
    const count = this.#kernel.readMemory(this.#pid, trap.address, bytes);
    if (count === 0) return false;
    const code = bytes.subarray(0, count);
    this.restore(trap.address, code);
    trap.original = code[0]!;
    trap.instruction = this.#code.decode(code, trap.address);
    return true;
  }

  /** The text is gone (exec): nothing is inserted, and nothing wanted. */
  clear(): void {
    this.#traps.clear();
    this.#reserved = [];
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
    for (const { start, original } of this.#reserved) this.#kernel.writeMemory(pid, start, original);
    this.#kernel.forget(pid);
  }

  restore(address: number, bytes: Uint8Array): void {
    for (const { start, end, original } of this.#reserved) {
      if (start >= address + bytes.length || end <= address) continue;
      const from = Math.max(start, address);
      const to = Math.min(end, address + bytes.length);
      bytes.set(original.subarray(from - start, to - start), from - address);
    }
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
