import type { ExpressionContext, Piece } from './expression-context.ts';
import { littleEndian } from './expression-decoder.ts';
import { quickPieces } from './expression-fast-path.ts';
import { ExpressionMachine } from './expression-machine.ts';

const OPTIMISED_OUT = 'optimised out';

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
