import type { LinkedAddress } from '../base/index.ts';
import type { ExpressionUnit } from './dwarf/expression-context.ts';
import type { SourcePosition } from './function-table.ts';
import type { Type } from './types.ts';

/** What DWARF says of a binary, read only as far as it is asked for. Every address is linked. */
export interface DebugInfo {
  /** Compilation units: producer, language, package. */
  units(): readonly UnitInfo[];
  /** A type by Go's full name: `main.T`, `*main.T`, `[]int`, `map[string]main.T`; also C names of cgo (`main._Ctype_int`, `struct foo`). */
  typeNamed(name: string): Type | undefined;
  /** The type whose `runtime._type` stands at a linked address. */
  typeOfRuntimeType(address: LinkedAddress): Type | undefined;
  /** Names of all types (for `types`, completion and package-shortened lookup). */
  typeNames(): readonly string[];

  /** The subprogram that covers a pc with everything declared in it, or undefined. */
  functionAt(pc: LinkedAddress): FunctionInfo | undefined;
  /** Package and global variables. */
  globalNamed(name: string): GlobalVariable | undefined;
  globalNames(): readonly string[];
  globalAt(address: LinkedAddress): GlobalVariable | undefined;
  /** Named constants with their values. */
  constantNamed(name: string): Constant | undefined;
  constantNames(): readonly string[];
  /** Constants that the type's own package declares of it. */
  constantsOfType(typeName: string): readonly Constant[];

  readonly lines: LineTable;
}

export interface UnitInfo {
  readonly name: string;
  readonly package: string | undefined;
  readonly producer: string;
  readonly language: 'go' | 'c' | 'assembly' | 'other';
  /** -N -l was not given (from DW_AT_producer's flags); undefined if the producer does not say. */
  readonly optimized: boolean | undefined;
  readonly ranges: readonly PcRange[];
  /** Split DWARF (-gsplit-dwarf): the file, not read, in which everything is that the unit does not say itself. */
  readonly splitFile: string | undefined;
}

export interface PcRange {
  readonly from: LinkedAddress;
  readonly to: LinkedAddress;
}

/** A subprogram with machine code, or one inlined expansion of it. */
export interface FunctionInfo {
  readonly name: string;
  readonly ranges: readonly PcRange[];
  readonly declared: SourcePosition | undefined;
  /** DW_AT_frame_base. Go: DW_OP_call_frame_cfa. */
  readonly frameBase: Uint8Array;
  /** Parameters, results and locals in declaration order, of this level only. */
  readonly variables: readonly VariableInfo[];
  /** Expansions inside, nested as they were inlined. */
  readonly inlined: readonly InlinedFunction[];
  readonly unit: UnitInfo;
  /** Made by the compiler around a call (DW_AT_trampoline): of a go or defer statement, of a method. */
  readonly trampoline: boolean;
}

export interface InlinedFunction extends FunctionInfo {
  readonly call: SourcePosition;
}

export interface VariableInfo {
  /** As in the source; an escaped variable's `&` is removed and `escaped` is set: its location holds a pointer to it. */
  readonly name: string;
  readonly type: Type;
  readonly role: 'parameter' | 'result' | 'local';
  readonly escaped: boolean;
  readonly declaredLine: number;
  /** Depth of lexical blocks (0: the function's own), and where the block is; a deeper one shadows. */
  readonly depth: number;
  readonly scope: readonly PcRange[];
  /** Captured variable: offset in the closure's context object (DW_AT_go_closure_offset). */
  readonly closureOffset: number | undefined;
  /** The DWARF expression that holds at a pc. `missing`: optimised out there. */
  locationAt(pc: LinkedAddress): VariableLocation;
}

export type VariableLocation =
  /** `unit` is what its operations may refer to: part of the context in which it is evaluated. */
  | { readonly kind: 'expression'; readonly expression: Uint8Array; readonly unit: ExpressionUnit }
  | { readonly kind: 'constant'; readonly value: bigint | Uint8Array }
  | { readonly kind: 'missing' };

export interface GlobalVariable {
  readonly name: string;
  readonly type: Type;
  readonly address: LinkedAddress;
  readonly unit: UnitInfo;
}

export interface Constant {
  readonly name: string;
  readonly type: Type;
  readonly value: bigint;
}

/** A row of the line table that is marked as a statement's beginning (DWARF 5 §6.2.2, is_stmt). */
export interface Statement {
  readonly address: LinkedAddress;
  readonly position: SourcePosition;
}

export interface LineTable {
  /** Innermost position of a pc. */
  position(pc: LinkedAddress): SourcePosition | undefined;
  /**
   * Where a line begins in each function and each inlined copy, lowest first: its first statement, but behind the
   * prologue where that is a function's entry. Without a row of the line there is none.
   */
  addressesOf(file: string, line: number): readonly LinkedAddress[];
  /** Lines of a file that have code. */
  linesOf(file: string): readonly number[];
  /** Where statements begin in [from, to), by address, each address once. */
  statements(from: LinkedAddress, to: LinkedAddress): readonly Statement[];
  /** First address behind the prologue of the function whose entry this is; without one, its first statement. */
  prologueEnd(entry: LinkedAddress): LinkedAddress;
  files(): readonly string[];
  /** Files whose path ends in `suffix` on a component boundary. */
  matching(suffix: string): readonly string[];
}
