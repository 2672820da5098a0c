import { littleEndian } from './expression-decoder.ts';
import { quickPieces } from './expression-fast-path.ts';
import { ExpressionMachine } from './expression-machine.ts';

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

export const OPTIMISED_OUT = 'optimised out';

/**
 * DWARF location expressions (DWARF 5 §2.5, §2.6): where a value is, in parts from its first byte on. What cannot
 * be known is a `missing` part with the reason; only damage in what the unit says is thrown. Not supported: other address spaces
 * (DW_OP_xderef…), values of floating-point base types, bit pieces that are not whole bytes.
 */
export function evaluateExpression(expression: Uint8Array, context: ExpressionContext): readonly Piece[] {
  if (expression.length === 0) return [{ kind: 'missing', size: undefined, reason: OPTIMISED_OUT }];
  return quickPieces(expression, context) ?? new ExpressionMachine(context).location(expression);
}

/**
 * The number that an expression computes: a frame base, a CFA, a register rule. `initial` is on the stack at first
 * (DWARF 5 §6.4.2, DW_CFA_expression). A register location stands for the register's value (DW_AT_frame_base).
 */
export function evaluateAddress(
  expression: Uint8Array,
  context: ExpressionContext,
  initial?: number,
): number | undefined {
  const machine = new ExpressionMachine(context);
  const [piece, ...more] =
    (initial === undefined ? quickPieces(expression, context) : undefined) ??
    machine.location(expression, initial);
  if (piece === undefined || more.length > 0) return undefined;
  switch (piece.kind) {
    case 'memory':
      return piece.address;
    case 'register': {
      const value = context.register(piece.register);
      return value === undefined ? undefined : Number(value);
    }
    case 'value':
      return Number(littleEndian(piece.bytes.subarray(0, 8)));
    default:
      return undefined;
  }
}
