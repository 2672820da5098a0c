import { type OperandKind, operandsOf, standardOpcode } from './expression-operands.ts';
import type { OffsetSize } from './forms.ts';

/** One operation: numbers as bigint, blocks as bytes. */
export interface Operation {
  readonly opcode: number;
  readonly operands: readonly (bigint | Uint8Array)[];
  /** Where the next one begins. */
  readonly next: number;
}

/** Decodes the operation at `at`; undefined: it is cut off or not known. */
export function decodeOperation(
  expression: Uint8Array,
  at: number,
  offsetSize: OffsetSize = 4,
): Operation | undefined {
  const opcode = standardOpcode(expression[at]!);
  const kinds = operandsOf(opcode);
  if (kinds === undefined) return undefined;
  const operands: (bigint | Uint8Array)[] = [];
  let next = at + 1;
  for (const kind of kinds) {
    const decoded = decodeOperand(expression, next, kind, offsetSize);
    if (decoded === undefined) return undefined;
    operands.push(decoded.value);
    next = decoded.next;
  }
  return { opcode, operands, next };
}

interface Decoded {
  readonly value: bigint | Uint8Array;
  readonly next: number;
}

function decodeOperand(
  bytes: Uint8Array,
  at: number,
  kind: OperandKind,
  offsetSize: OffsetSize,
): Decoded | undefined {
  switch (kind) {
    case 'leb':
      return leb(bytes, at, false);
    case 'sleb':
      return leb(bytes, at, true);
    case 'block':
    case 'block1': {
      const length = kind === 'block' ? leb(bytes, at, false) : fixed(bytes, at, 1, false);
      if (length === undefined || length.value > bytes.length - length.next) return undefined;
      const end = length.next + Number(length.value);
      return { value: bytes.subarray(length.next, end), next: end };
    }
    case 'offset':
      return fixed(bytes, at, offsetSize, false);
    default:
      return fixed(bytes, at, Number(kind[1]), kind[0] === 's');
  }
}

function fixed(
  bytes: Uint8Array,
  at: number,
  size: number,
  signed: boolean,
): { value: bigint; next: number } | undefined {
  if (at + size > bytes.length) return undefined;
  const value = littleEndian(bytes.subarray(at, at + size));
  return { value: signed ? BigInt.asIntN(size * 8, value) : value, next: at + size };
}

/** 64 bits of a LEB128 number. */
function leb(bytes: Uint8Array, at: number, signed: boolean): { value: bigint; next: number } | undefined {
  let value = 0n;
  for (let shift = 0n; shift < 140n; shift += 7n) {
    const byte = bytes[at++];
    if (byte === undefined) return undefined;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    if (signed && (byte & 0x40) !== 0) value -= 1n << (shift + 7n);
    return { value: signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value), next: at };
  }
  return undefined;
}

export function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}
