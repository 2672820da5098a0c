/** What an expression is evaluated against: one frame of one thread. */
export interface ExpressionContext {
  /** A register's value in this frame; undefined if it is not known there. */
  register(dwarf: number): number | bigint | undefined;
  /** The canonical frame address (DW_OP_call_frame_cfa). */
  cfa(): number | undefined;
  /** The value of the function's DW_AT_frame_base; undefined while that itself is evaluated. */
  frameBase(): number | undefined;
  /** Memory, all of it or undefined. */
  read(address: number, length: number): Uint8Array | undefined;
  /** From an address in the binary to one in the debuggee. */
  toRuntime(linked: number): number;
  /** The value that an expression had when the function was entered, if the caller can tell. */
  entryValue?(expression: Uint8Array): bigint | undefined;
  /** The address of a thread-local variable, from its offset. */
  threadLocal?(offset: bigint): number | undefined;
  /** What the unit of the expression says; without it, operations that need it leave the value missing. */
  readonly unit?: ExpressionUnit | undefined;
}

/** What operations refer to in the unit that they come from. */
export interface ExpressionUnit {
  /** Of operands that are offsets; 4 bytes where it is not said. */
  readonly offsetSize?: 4 | 8;
  /** Entry of .debug_addr, as it stands there. */
  indexedAddress(index: number): number | undefined;
  /** A base type, by its offset in the unit. */
  baseType(offset: number): { readonly size: number; readonly signed: boolean } | undefined;
  /** DW_AT_location of the DIE at an offset in the unit, or in .debug_info. */
  procedure(offset: number, inUnit: boolean): Uint8Array | undefined;
}

/** Where a part of a value is. `size` is undefined for a value in one part: it is as large as its type. */
export type Piece =
  | { readonly kind: 'memory'; readonly address: number; readonly size: number | undefined }
  | { readonly kind: 'register'; readonly register: number; readonly size: number | undefined }
  | { readonly kind: 'value'; readonly bytes: Uint8Array; readonly size: number | undefined }
  | { readonly kind: 'missing'; readonly size: number | undefined; readonly reason: string };
