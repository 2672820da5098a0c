import type { LinkedAddress, RuntimeAddress, ThreadId } from '../../base/index.ts';
import { linkedAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import {
  type ExpressionContext,
  evaluateAddress,
  evaluateExpression,
  type Piece,
  type VariableLocation,
} from '../../image/index.ts';
import type { Module } from '../../target/index.ts';
import type { Frame } from '../frame.ts';
import type { Program } from '../program.ts';
import { registerBytes } from './frame-registers.ts';
import { type ByteSpan, OPTIMISED_OUT, type PieceHome, type Place } from './place.ts';

/** What the location of a variable is relative to. */
export interface VariableContext {
  readonly program: Program;
  readonly frame: Frame;
  readonly thread: ThreadId | undefined;
  readonly module: Module;
  readonly pc: LinkedAddress;
  /** DW_AT_frame_base of the function that holds the code. */
  readonly frameBase: Uint8Array;
}

/** Values in pieces are copied: the largest that is worth it. */
const MAX_JOINED = 1 << 20;

/** Where a variable of `size` bytes is. What a caller's registers no longer hold is missing, with the reason. */
export function placeOfVariable(context: VariableContext, location: VariableLocation, size: number): Place {
  switch (location.kind) {
    case 'missing':
      return { kind: 'none', reason: OPTIMISED_OUT };
    case 'constant':
      return { kind: 'bytes', bytes: constantBytes(location.value, size) };
    case 'expression':
      return placeOfPieces(
        context,
        evaluateExpression(location.expression, { ...expressionContext(context), unit: location.unit }),
        size,
      );
  }
}

function constantBytes(value: bigint | Uint8Array, size: number): Uint8Array {
  if (size > MAX_JOINED) throw new TargetFault(`a constant of ${size} bytes`);
  const bytes = new Uint8Array(size);
  if (typeof value !== 'bigint') bytes.set(value.subarray(0, size));
  else {
    let rest = BigInt.asUintN(size * 8, value);
    for (let i = 0; i < size; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  }
  return bytes;
}

function expressionContext(context: VariableContext, withFrameBase = true): ExpressionContext {
  const { program, frame, thread, module } = context;
  return {
    register: (dwarf) => {
      const description = program.target.arch.registerByDwarf(dwarf);
      const bytes = description && registerBytes(program, frame, thread, description);
      if (bytes === undefined || bytes.length > 8) return frame.registers[dwarf];
      return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    },
    cfa: () => (frame.cfa === 0 ? undefined : frame.cfa),
    frameBase: () =>
      withFrameBase ? evaluateAddress(context.frameBase, expressionContext(context, false)) : undefined,
    read: (address, length) => program.target.memory.tryRead(runtimeAddress(address), length),
    toRuntime: (linked) => module.toRuntime(linkedAddress(linked)),
  };
}

function placeOfPieces(context: VariableContext, pieces: readonly Piece[], size: number): Place {
  const address = commonAddress(pieces, size);
  if (address !== undefined) return { kind: 'memory', address };
  if (size > MAX_JOINED) throw new TargetFault(`a variable of ${size} bytes in pieces`);
  const bytes = new Uint8Array(size);
  const missing: ByteSpan[] = [];
  const homes: PieceHome[] = [];
  let at = 0;
  let reason: string | undefined;
  for (const piece of pieces) {
    if (at >= size) break;
    const length = Math.min(piece.size ?? size - at, size - at);
    const part = bytesOfPiece(context, piece, length);
    if (typeof part === 'string') {
      reason ??= part;
      missing.push({ from: at, to: at + length });
    } else {
      bytes.set(part.subarray(0, length), at);
      const home = homeOfPiece(context, piece);
      if (home !== undefined) homes.push({ from: at, to: at + length, at: home, shift: 0 });
    }
    at += length;
  }
  // Padding behind the last piece has no location, whole words that have none are not there.
  if (size - at >= 8) missing.push({ from: at, to: size });
  const gone = missing.reduce((total, span) => total + span.to - span.from, 0);
  if (gone === size && size > 0) return { kind: 'none', reason: reason ?? OPTIMISED_OUT };
  return { kind: 'bytes', bytes, missing, homes };
}

function homeOfPiece({ program }: VariableContext, piece: Piece): PieceHome['at'] | undefined {
  if (piece.kind === 'memory') return { kind: 'memory', address: runtimeAddress(piece.address) };
  const name =
    piece.kind === 'register' ? program.target.arch.registerByDwarf(piece.register)?.name : undefined;
  return name === undefined ? undefined : { kind: 'register', name };
}

/** Where the value is, if it is in memory in one go. */
function commonAddress(pieces: readonly Piece[], size: number): RuntimeAddress | undefined {
  const [first] = pieces;
  if (first?.kind !== 'memory') return undefined;
  let at = 0;
  for (const piece of pieces) {
    if (piece.kind !== 'memory' || piece.address !== first.address + at) return undefined;
    at += piece.size ?? size;
  }
  return size - at < 8 ? runtimeAddress(first.address) : undefined;
}

/** A piece's bytes, or why there are none. */
function bytesOfPiece(context: VariableContext, piece: Piece, length: number): Uint8Array | string {
  switch (piece.kind) {
    case 'missing':
      return piece.reason;
    case 'value':
      return padded(piece.bytes, length);
    case 'memory':
      return (
        context.program.target.memory.tryRead(runtimeAddress(piece.address), length)?.slice() ??
        `no readable memory at 0x${piece.address.toString(16)}`
      );
    case 'register': {
      const { program, frame, thread } = context;
      const description = program.target.arch.registerByDwarf(piece.register);
      const bytes = description && registerBytes(program, frame, thread, description);
      if (bytes !== undefined) return padded(bytes, length);
      return `register ${description?.name ?? piece.register} is not known in this frame`;
    }
  }
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length >= length) return bytes.subarray(0, length);
  const longer = new Uint8Array(length);
  longer.set(bytes);
  return longer;
}
