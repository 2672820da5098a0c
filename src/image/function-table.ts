import type { LinkedAddress } from '../base/index.ts';

/** Where some machine code comes from. Lines are 1-based; 0 is unknown. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
}

/** One level of inlining at a pc: `name` was expanded at `callSite` inside the next outer function. */
export interface InlinedCall {
  readonly name: string;
  /** Where in `name` the pc is. */
  readonly position: SourcePosition;
}

/** Values of `runtime.funcFlag` and `internal/abi.FuncID` that change how a stack is walked. */
export interface FunctionTraits {
  /** abi.FuncFlagTopFrame: nothing is above (goexit, mstart, rt0_go, mcall…). */
  readonly topFrame: boolean;
  /** abi.FuncFlagSPWrite: SP is written to arbitrarily; the SP table ends. */
  readonly writesSp: boolean;
  readonly assembly: boolean;
  /** abi.FuncID as the binary's Go version numbers it; names are in `funcIdName`. */
  readonly funcId: number;
  /** Linked address of the deferreturn call, 0 if the function has none. */
  readonly deferReturn: number;
}

/**
 * The Go functions of a binary, from pclntab (`runtime.pclntab`, moduledata.pclntable). Present even in
 * stripped binaries. Functions are indexes 0..count-1 in address order: bulk work needs no objects.
 */
export interface FunctionTable {
  readonly count: number;
  /** Linked address of the first function's text (moduledata.text), to which entry offsets are relative. */
  readonly textStart: LinkedAddress;
  /** Index of the function that covers a pc, or -1. */
  find(pc: LinkedAddress): number;
  entry(index: number): LinkedAddress;
  /** Entry of the next function: padding included. */
  end(index: number): LinkedAddress;
  /** Full name with package path, as the linker wrote it: `net/http.(*conn).serve`, `main.F[go.shape.int]`. */
  name(index: number): string;
  /** Functions of exactly this name; without an index (one search of the name table, one pass over name offsets). */
  byName(name: string): readonly number[];
  traits(index: number): FunctionTraits;
  /** Innermost position at a pc (file and line tables: pcfile, pcln). undefined if the tables end before it. */
  position(pc: LinkedAddress): SourcePosition | undefined;
  /** Line of the `func` keyword, where the format has it (startLine, Go ≥ 1.20), else 0. */
  startLine(index: number): number;
  /**
   * Calls inlined at a pc, innermost first, without the function that holds the machine code; empty mostly.
   * `outer` is the position in that function. From FUNCDATA_InlTree and PCDATA_InlTreeIndex.
   */
  inlining(
    pc: LinkedAddress,
  ): { readonly inlined: readonly InlinedCall[]; readonly outer: SourcePosition } | undefined;
  /** SP delta at a pc (pcsp table): bytes between SP and the frame's return address slot's end side, as runtime.funcspdelta gives it. undefined if not known. */
  spDelta(pc: LinkedAddress): number | undefined;
  /** A PCDATA table's value at a pc (internal/abi.PCDATA_UnsafePoint 0, StackMapIndex 1…). undefined: no such table. */
  pcdata(pc: LinkedAddress, table: number): number | undefined;
  /** Linked address of a function's FUNCDATA (internal/abi.FUNCDATA_ArgsPointerMaps 0…), if it has it. */
  funcdata(index: number, which: number): LinkedAddress | undefined;
  /** Every source file named by the file table, each once. */
  files(): readonly string[];
  readonly places: CodePlaces;
}

/** Where functions and lines are in the code, copies by inlining included. The first question reads all functions. */
export interface CodePlaces {
  /** Names of the functions that have been inlined somewhere. */
  inlinedNames(): readonly string[];
  /** The first address of each place into which the function of this name was inlined. */
  inlinedCopies(name: string): readonly LinkedAddress[];
  /** Where a line begins in each function and each inlined copy: what there is without DWARF. */
  addressesOf(file: string, line: number): readonly LinkedAddress[];
  /** Where the calls begin that were made on this line and have been inlined. */
  inlinedCallsOn(file: string, line: number): readonly LinkedAddress[];
  /** The first address behind the prologue of a function: what there is without DWARF. */
  bodyStart(index: number): LinkedAddress;
}

/** Symbols of an ELF file's .symtab and .dynsym: what names C code and, unless stripped, Go data. */
export interface SymbolTable {
  readonly count: number;
  /** The function or object that covers an address. */
  at(address: LinkedAddress): ElfSymbol | undefined;
  byName(name: string): ElfSymbol | undefined;
  /** All functions, in no order; those of .dynsym again if .symtab has them too. */
  functions(): Iterable<ElfSymbol>;
}

export interface ElfSymbol {
  readonly name: string;
  readonly address: LinkedAddress;
  readonly size: number;
  readonly kind: 'function' | 'object' | 'tls' | 'other';
}

/** How to find one register of the caller (DWARF 5 §6.4.1). */
export type RegisterRule =
  | { readonly kind: 'same' }
  | { readonly kind: 'undefined' }
  /** Saved at CFA + offset. */
  | { readonly kind: 'offset'; readonly offset: number }
  /** Is CFA + offset. */
  | { readonly kind: 'value'; readonly offset: number }
  | { readonly kind: 'register'; readonly register: number }
  /** Saved where the expression says (`saved`), or is its value. */
  | { readonly kind: 'expression'; readonly expression: Uint8Array; readonly saved: boolean };

export type CfaRule =
  | { readonly kind: 'register'; readonly register: number; readonly offset: number }
  | { readonly kind: 'expression'; readonly expression: Uint8Array };

/** One row of call frame information: how the frame of a pc is unwound. */
export interface FrameRow {
  /** Linked pcs for which this row holds. */
  readonly from: LinkedAddress;
  readonly to: LinkedAddress;
  readonly cfa: CfaRule;
  /** By DWARF register; absent means the architecture's default. */
  readonly rules: ReadonlyMap<number, RegisterRule>;
  readonly returnAddressRegister: number;
  /** AArch64 pointer authentication: the saved return address carries a signature in its upper bits. */
  readonly returnAddressSigned: boolean;
  /** Augmentation S: a signal frame; its pc is not behind a call. */
  readonly signalFrame: boolean;
}

/** .debug_frame and .eh_frame. */
export interface FrameTable {
  rowAt(pc: LinkedAddress): FrameRow | undefined;
}
