/**
 * What a CPU is, as data: registers with their DWARF numbers, and how it calls, returns and disassembles.
 * Registers travel as `RegisterFile`s: one number per DWARF register for unwinding, raw bytes for showing.
 */

import type { LinuxCalls } from './linux-calls.ts';
import type { MachineCode } from './machine-code.ts';

export type ArchName = 'amd64' | 'arm64';

export type RegisterKind = 'general' | 'flags' | 'segment' | 'float' | 'vector' | 'control';

export interface RegisterDescription {
  /** The CPU's name in lower case, as gdb and Delve know it: `rip`, `xmm3`, `x29`. */
  readonly name: string;
  /** Further names that the user may type: `pc`, `eflags`. */
  readonly aliases: readonly string[];
  readonly kind: RegisterKind;
  readonly bits: number;
  /** Number in DWARF and CFI, if it has one. */
  readonly dwarf: number | undefined;
  /** A view of `bits` bits of another register, from bit `shift` on: `ah` is `rax` from bit 8. */
  readonly part?: { readonly of: string; readonly shift: number };
  /** What its bits mean, for the registers that are sets of flags. */
  readonly flags?: readonly FlagBit[];
}

/**
 * Names a bit of `rflags`, `pstate` or `mxcsr`. A mask of several bits is a field with a value (`IOPL=3`), and an
 * empty name a bit that says nothing. `describeFlags` turns a value into names.
 */
export interface FlagBit {
  readonly mask: bigint;
  readonly name: string;
}

export interface Arch {
  readonly name: ArchName;
  readonly pointerSize: 8;
  /** The shortest instruction, by which a return address is moved back into its call. */
  readonly minInstructionLength: number;
  /** Whole registers in the order in which they are listed; views of them are found by `register` only. */
  readonly registers: readonly RegisterDescription[];
  /** Those of `rflags` or `pstate`. */
  readonly flags: readonly FlagBit[];
  /** DWARF numbers of the registers that unwinding is about. */
  readonly dwarf: {
    readonly pc: number;
    readonly sp: number;
    readonly fp: number;
    /** Where a call leaves the return address, when it is not on the stack (arm64 x30). */
    readonly lr: number | undefined;
    /** Go's ABIInternal keeps `g` here (amd64 r14, arm64 x28): src/cmd/compile/abi-internal.md. */
    readonly g: number;
    /** Go's closure context register (amd64 rdx, arm64 x26). */
    readonly closure: number;
    /** DWARF numbers 0..count-1 that a RegisterFile holds. */
    readonly count: number;
    /** Saved by C functions (System V / AAPCS64), so a caller's value survives when CFI is silent. */
    readonly calleeSavedInC: readonly number[];
  };
  /** System calls. */
  readonly linux: LinuxCalls;
  /** Finds a register by name or alias, in any case. */
  register(name: string): RegisterDescription | undefined;
  /** Finds the register that a DWARF location names. */
  registerByDwarf(dwarf: number): RegisterDescription | undefined;
  /** Loads the disassembler (wasm), once. */
  loadDisassembler(): Promise<Disassembler>;
  /** Loads what knows what instructions do (amd64: wasm), once. */
  loadMachineCode(): Promise<MachineCode>;
}

export type Flavour = 'go' | 'intel' | 'gnu';

/** What an instruction does to control flow. */
export type FlowKind = 'next' | 'call' | 'jump' | 'branch' | 'return' | 'trap' | 'syscall' | 'invalid';

export interface Instruction {
  readonly address: number;
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly flow: FlowKind;
  /** Direct target of a call, jump or branch. */
  readonly target: number | undefined;
}

/** Names an address, for operands: `runtime.mallocgc` + 0. */
export type Symbolize = (address: number) => { readonly name: string; readonly base: number } | undefined;

export interface DisassembleOptions {
  readonly flavour: Flavour;
  readonly symbolize?: Symbolize;
  /** Reads 4 or 8 bytes of constants that `go tool objdump` shows for RIP-relative loads; optional. */
  readonly fileLine?: (address: number) => string | undefined;
}

export interface Disassembler {
  /**
   * Decodes `bytes`, which stand at `address`, to their end. Bytes that are no instruction come out as one
   * `invalid` instruction (`?` in Go's syntax) of the shortest length, and decoding goes on behind it.
   */
  disassemble(bytes: Uint8Array, address: number, options: DisassembleOptions): Instruction[];
}
