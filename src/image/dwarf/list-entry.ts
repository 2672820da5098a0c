import type { Reader } from '../../base/index.ts';
import { indexedAddress, type UnitContext } from './die.ts';
import { bigLeb } from './forms.ts';

/** How an entry of a DWARF 5 range or location list (§7.25, §7.7.3) says which addresses it is about. */
export type EntryKind =
  | 'endOfList'
  | 'baseAddressx'
  | 'startxEndx'
  | 'startxLength'
  | 'offsetPair'
  | 'defaultLocation'
  | 'baseAddress'
  | 'startEnd'
  | 'startLength'
  | 'viewPair';

/** The addresses [from, to) of an entry that has some; the cursor is behind its kind. */
export function readBounds(
  unit: UnitContext,
  reader: Reader,
  kind: EntryKind,
  base: number,
): [number, number] {
  switch (kind) {
    case 'offsetPair': {
      const from = base + readOffset(reader);
      return [from, base + readOffset(reader)];
    }
    case 'startxEndx': {
      const from = indexedAddress(unit, reader.uleb128());
      return [from, indexedAddress(unit, reader.uleb128())];
    }
    case 'startxLength': {
      const from = indexedAddress(unit, reader.uleb128());
      return [from, from + reader.uleb128()];
    }
    case 'startEnd': {
      const from = reader.uint64();
      return [from, reader.uint64()];
    }
    case 'startLength': {
      const from = reader.uint64();
      return [from, from + reader.uleb128()];
    }
    default:
      throw reader.error(`a list entry of the kind ${kind} has no addresses`);
  }
}

/** The kind of the entry at the cursor. */
export function readKind(reader: Reader, kinds: readonly EntryKind[]): EntryKind {
  const number = reader.uint8();
  const kind = kinds[number];
  if (kind === undefined) throw reader.error(`list entry ${number} is not known`, reader.position - 1);
  return kind;
}

/**
 * An offset from the base, modulo 2^64: Go's linker writes negative ones where code of a package lies below its
 * first function.
 */
function readOffset(reader: Reader): number {
  const { bytes, position } = reader;
  let length = 0;
  while (bytes[position + length]! > 0x7f) length++;
  return length < 7 ? reader.uleb128() : Number(BigInt.asIntN(64, bigLeb(reader, false)));
}

/** The largest address, by which .debug_ranges and .debug_loc choose another base: read as a signed offset. */
export const BASE_SELECTION = -1;
