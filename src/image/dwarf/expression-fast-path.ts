import type { ExpressionContext, Piece } from './expression-context.ts';
import { OP } from './expression-operands.ts';

/**
 * The expressions that Go's compiler writes, and most of gcc's: single registers, frame offsets and addresses, or
 * such a list of pieces. Plain numbers, no stack. undefined: something else is in there.
 */
export function quickPieces(expression: Uint8Array, context: ExpressionContext): Piece[] | undefined {
  const cursor = { expression, at: 0 };
  const pieces: Piece[] = [];
  while (cursor.at < expression.length) {
    const opcode = expression[cursor.at]!;
    let location: Piece | undefined;
    if (opcode === OP.piece) location = { kind: 'missing', size: undefined, reason: 'optimised out' };
    else {
      cursor.at++;
      location = simpleLocation(opcode, cursor, context);
      if (location === undefined) return undefined;
      if (cursor.at === expression.length) return pieces.length === 0 ? [location] : undefined;
      if (expression[cursor.at] !== OP.piece) return undefined;
    }
    cursor.at++;
    const size = leb(cursor, false);
    if (size === undefined) return undefined;
    pieces.push({ ...location, size });
  }
  return pieces;
}

interface Cursor {
  readonly expression: Uint8Array;
  at: number;
}

function simpleLocation(opcode: number, cursor: Cursor, context: ExpressionContext): Piece | undefined {
  if (opcode >= OP.reg0 && opcode < OP.breg0) {
    return { kind: 'register', register: opcode - OP.reg0, size: undefined };
  }
  if (opcode >= OP.breg0 && opcode < OP.regx) {
    const offset = leb(cursor, true);
    const base = context.register(opcode - OP.breg0);
    if (offset === undefined || typeof base === 'bigint') return undefined;
    return memory(base, offset, `register ${opcode - OP.breg0} is not known here`);
  }
  switch (opcode) {
    case OP.callFrameCfa:
      return memory(context.cfa(), 0, 'the frame address is not known');
    case OP.fbreg: {
      const offset = leb(cursor, true);
      return offset === undefined
        ? undefined
        : memory(context.frameBase(), offset, 'the frame base is not known');
    }
    case OP.addr: {
      const { expression, at } = cursor;
      if (at + 8 > expression.length) return undefined;
      cursor.at += 8;
      const view = new DataView(expression.buffer, expression.byteOffset + at, 8);
      const linked = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
      return { kind: 'memory', address: context.toRuntime(linked), size: undefined };
    }
    default:
      return undefined;
  }
}

function memory(base: number | undefined, offset: number, reason: string): Piece | undefined {
  if (base === undefined) return { kind: 'missing', size: undefined, reason };
  const address = base + offset;
  // Beyond that, doubles round, and below 0 addresses wrap: the machine does both right.
  return address >= 0 && address <= Number.MAX_SAFE_INTEGER
    ? { kind: 'memory', address, size: undefined }
    : undefined;
}

/** A LEB128 number of up to seven bytes; undefined: cut off or longer. */
function leb(cursor: Cursor, signed: boolean): number | undefined {
  let value = 0;
  for (let length = 0, scale = 1; length < 7; length++) {
    const byte = cursor.expression[cursor.at++];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return signed && (byte & 0x40) !== 0 ? value - scale : value;
  }
  return undefined;
}
