import type { Field, Type } from '../types.ts';
import { AT, TAG } from './constants.ts';
import type { Die } from './die.ts';

/** DW_OP_plus_uconst: how DWARF 2 wrote the offset of a member. */
const PLUS_UCONST = 0x23;

/** A member of a struct, class or union; a base class counts as an embedded one. */
export function readField(die: Die, types: { of(die: Die): Type }): Field {
  const isBase = die.tag === TAG.inheritance;
  const { offset, bits } = placeOf(die);
  const given = die.string(AT.name);
  return {
    name: given ?? (isBase ? types.of(die).name : ''),
    offset,
    // A C member without a name is an anonymous struct or union: its members are reached directly.
    embedded: isBase || given === undefined || (die.has(AT.goEmbeddedField) && die.flag(AT.goEmbeddedField)),
    bits,
    get type() {
      return types.of(die);
    },
  };
}

function placeOf(die: Die): Pick<Field, 'offset' | 'bits'> {
  const offset = memberOffset(die);
  const size = die.plainNumber(AT.bitSize);
  if (size === undefined) return { offset, bits: undefined };
  const fromStart = die.plainNumber(AT.dataBitOffset) ?? offset * 8 + legacyBitOffset(die, size);
  return { offset: Math.floor(fromStart / 8), bits: { offset: fromStart % 8, size } };
}

function memberOffset(die: Die): number {
  if (!die.isBlock(AT.dataMemberLocation)) return die.plainNumber(AT.dataMemberLocation) ?? 0;
  const expression = die.block(AT.dataMemberLocation)!;
  if (expression[0] !== PLUS_UCONST) return 0;
  let value = 0;
  for (let i = 1, scale = 1; i < expression.length && i < 8; i++, scale *= 128) {
    value += (expression[i]! & 0x7f) * scale;
    if (expression[i]! < 0x80) break;
  }
  return value;
}

/** DW_AT_bit_offset (DWARF 2 and 3) counts from the most significant bit of the storage unit. */
function legacyBitOffset(die: Die, bitSize: number): number {
  const fromTop = die.plainNumber(AT.bitOffset);
  const storage = die.plainNumber(AT.byteSize);
  return fromTop === undefined || storage === undefined ? 0 : storage * 8 - fromTop - bitSize;
}
