import type { DecodedInstruction, MachineCode } from '../../arch/index.ts';
import { hex, runtimeAddress, TargetFault, UserError } from '../../base/index.ts';
import type { MemoryRange } from '../live.ts';
import type { Kernel } from './kernel.ts';
import type { Overlay } from './live-memory.ts';

/** A place where a trap is wanted. */
export interface Trap {
  readonly address: number;
  /** The bytes that belong there, as many as a trap has. */
  original: Uint8Array;
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
  /** What a trap is. */
  readonly #trap: Uint8Array;
  readonly #there: Uint8Array;
  /** Text that somebody else has changed for now: a trap in it would be one in the middle of something. */
  #reserved: readonly ReservedText[] = [];
  #lowest = Infinity;
  #highest = -Infinity;

  constructor(kernel: Kernel, pid: number, code: MachineCode) {
    this.#kernel = kernel;
    this.#pid = pid;
    this.#code = code;
    this.#trap = code.trap.bytes;
    this.#there = new Uint8Array(this.#trap.length);
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
    const trap: Trap = {
      address,
      original: this.#trap,
      inserted: false,
      instruction: undefined,
      slot: undefined,
    };
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
    for (const [trap, there] of this.#bytesOf(traps)) {
      if ((there === undefined || !isSame(there, trap.original)) && !this.#read(trap)) continue;
      this.put(trap);
    }
  }

  /** Takes out all, but where the program has put something else meanwhile. */
  liftAll(): void {
    const traps = [...this.#traps.values()].filter(({ inserted }) => inserted);
    for (const [trap, there] of this.#bytesOf(traps)) {
      if (there !== undefined && isSame(there, this.#trap)) this.lift(trap);
      else trap.inserted = false;
    }
  }

  /** What stands in the text, valid until the next is asked for; undefined where nothing is mapped. */
  *#bytesOf(traps: readonly Trap[]): Generator<readonly [Trap, Uint8Array | undefined]> {
    const { length } = this.#trap;
    const addresses = Float64Array.from(traps, ({ address }) => address);
    const bytes = new Uint8Array(length * traps.length);
    const lengths = new Uint32Array(traps.length).fill(length);
    const all = this.#kernel.readScattered(this.#pid, addresses, lengths, bytes) === bytes.length;
    for (const [index, trap] of traps.entries()) {
      if (all) yield [trap, bytes.subarray(length * index, length * (index + 1))];
      else
        yield [
          trap,
          this.#kernel.readMemory(this.#pid, trap.address, this.#there) === length ? this.#there : undefined,
        ];
    }
  }

  /** Reads what is under a trap. False: nothing is. */
  #read(trap: Trap): boolean {
    const bytes = new Uint8Array(this.#code.longest);
    const count = this.#kernel.readMemory(this.#pid, trap.address, bytes);
    if (count < this.#trap.length) return false;
    const code = bytes.subarray(0, count);
    this.restore(trap.address, code);
    trap.original = code.slice(0, this.#trap.length);
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
      this.#kernel.writeMemory(pid, trap.address, trap.original);
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
    if (address >= this.#highest + this.#trap.length || address + bytes.length <= this.#lowest) return;
    // A trap can begin in front of what is asked for.
    const { length } = this.#trap;
    if (bytes.length < 64) {
      for (let i = 1 - length; i < bytes.length; i++) {
        const trap = this.#traps.get(address + i);
        if (trap?.inserted === true) putBack(trap, address, bytes);
      }
      return;
    }
    for (const trap of this.#traps.values()) {
      const at = trap.address - address;
      if (trap.inserted && at > -length && at < bytes.length) putBack(trap, address, bytes);
    }
  }

  /** Puts one trap in. */
  put(trap: Trap): void {
    const count = this.#kernel.writeMemory(this.#pid, trap.address, this.#trap);
    if (count === this.#trap.length) trap.inserted = true;
  }

  /** Takes one trap out for a moment. */
  lift(trap: Trap): void {
    this.#kernel.writeMemory(this.#pid, trap.address, trap.original);
    trap.inserted = false;
  }
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => one.every((byte, i) => byte === other[i]);

/** Of bytes that were read from an address on. */
function putBack({ address, original }: Trap, from: number, bytes: Uint8Array): void {
  const at = address - from;
  for (let i = Math.max(0, -at); i < original.length && at + i < bytes.length; i++)
    bytes[at + i] = original[i]!;
}
