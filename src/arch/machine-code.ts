/**
 * What one instruction does, for whoever executes it at another place, steps over it or wants to know which memory it
 * touches. Addresses are runtime ones, as plain numbers; one beyond 2^53 (the kernel's) is no address here.
 */
export interface MachineCode {
  /** Bytes of the longest instruction. */
  readonly longest: number;
  readonly trap: TrapInstruction;
  /** How far from its place an instruction can be relocated and jumped back to, at least. */
  readonly reach: number;
  /** Code at `from` that goes on at `to` and changes nothing else. Undefined: that is too far. */
  jump(from: number, to: number): Uint8Array | undefined;
  /** Decodes one instruction. `bytes` stand at `address`; up to `longest` are looked at. Undefined: no instruction. */
  decode(bytes: Uint8Array, address: number): DecodedInstruction | undefined;
  /** All instructions from `address` on, in one pass; it ends where there is none. */
  outline(bytes: Uint8Array, address: number): readonly OutlinedInstruction[];
  /** What the instruction that stands there does to registers, flags and memory. Undefined: no instruction. */
  effects(bytes: Uint8Array, address: number): InstructionEffects | undefined;
}

/** What is put in place of an instruction to stop whoever comes by. */
export interface TrapInstruction {
  readonly bytes: Uint8Array;
  /** So far behind it is the instruction pointer of who has executed it. */
  readonly passed: number;
  /** Of the SIGTRAP that it raises. */
  readonly signalCode: number;
  /** Bytes around the instruction pointer of who has executed a trap that say what it was, counted from there. */
  readonly window: { readonly from: number; readonly length: number };
  /** Whether those bytes are a trap, of this form or another. */
  isTrap(window: Uint8Array): boolean;
}

/** What patching needs to know of an instruction. */
export interface OutlinedInstruction {
  readonly address: number;
  readonly length: number;
  readonly flow: DecodedInstruction['flow'];
  /** Where a jump, branch or call leads; undefined where registers or memory say it. */
  readonly target: number | undefined;
  /**
   * Whether it can be executed at another place without anybody being the wiser: it falls through and cannot fault,
   * given that stack, g and the program's own data are there.
   */
  readonly movable: boolean;
  /** It addresses this by the instruction pointer. */
  readonly addresses: number | undefined;
  /** Where, counted from its first byte, the 32-bit distance of that stands. */
  readonly distanceAt: number | undefined;
}

/** What is lost or must be kept where code of another's is put in front of an instruction. Sets are of bits. */
export interface InstructionEffects {
  /** General registers, by their number in machine code, that it reads or writes. */
  readonly registers: number;
  readonly written: number;
  /** Of the six status flags, a bit each: those that it reads, and those that have other values behind it, or any. */
  readonly flagsRead: number;
  readonly flagsReplaced: number;
  /** What it always accesses, if it can fault there and in no other way. */
  readonly memory: PlainMemory | undefined;
}

/** base + index * scale + displacement, of general registers by number. */
export interface PlainMemory {
  readonly base: number;
  readonly index: number | undefined;
  readonly scale: number;
  readonly displacement: number;
  readonly isWritten: boolean;
}

export interface DecodedInstruction {
  readonly address: number;
  readonly length: number;
  readonly flow: 'next' | 'call' | 'jump' | 'branch' | 'return' | 'trap' | 'syscall';
  /**
   * Where a call, jump, branch or return leads with these registers and this memory; undefined if it cannot be read,
   * and for what only the CPU can do (far ones, returns from interrupts, transactions).
   */
  target(state: MachineState): number | undefined;
  /** Whether a branch is taken with these flags and registers. For everything else that is flow: true, else false. */
  taken(state: MachineState): boolean;
  /** Memory that it reads and writes with the registers as they are before it; implicit stack accesses too. */
  accesses(state: MachineState): readonly MemoryAccess[];
  /**
   * What it did to these bytes, asked behind it with the registers as they are then, as when a watch register reports.
   * Where it overwrote what it addressed by, any access of it may have been to them. Undefined: it did nothing there.
   */
  accessTo(address: number, length: number, after: MachineState): MemoryAccess['access'] | undefined;
  /**
   * The same instruction for another place: code that does what it does at `address` when it is put at `elsewhere`,
   * falling through to its end. Undefined: control flow (it is emulated instead), a trap, or `elsewhere` is out of
   * reach. A fault happens at `elsewhere`, and a system call leaves its address there in registers.
   */
  relocate(elsewhere: number): Uint8Array | undefined;
  /**
   * Does without the CPU what it does: control flow, and the commonest instructions of function entries, with the
   * instruction pointer. False if it is none that can be done so, or memory is not there (nothing is changed then):
   * `relocate` it. What it does to memory no watch register sees; see `accesses`. Nothing atomic is emulated.
   */
  emulate(state: WritableMachineState): boolean;
}

export interface MachineState {
  /** A register's value by DWARF number, as 64 bits. `rflags` is number 49 (System V amd64 psABI, figure 3.36). */
  register(dwarf: number): bigint;
  /** Bases of the fs and gs segments. */
  segmentBase(segment: 'fs' | 'gs'): bigint;
  /** Bytes of vector register `index`, as many as are known; without them gathers and scatters access nothing. */
  vector?(index: number): Uint8Array | undefined;
  /** A little-endian word of 1, 2, 4 or 8 bytes; undefined where nothing is readable. */
  read(address: number, length: number): bigint | undefined;
}

export interface WritableMachineState extends MachineState {
  setRegister(dwarf: number, value: bigint): void;
  /** False where the program itself could not write. */
  write(address: number, length: number, value: bigint): boolean;
}

export interface MemoryAccess {
  readonly address: number;
  /** Bytes; of a repeated string instruction all that are left. */
  readonly length: number;
  readonly access: 'read' | 'write' | 'read-write';
}
