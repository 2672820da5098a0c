/**
 * Encoded pointers of .eh_frame (Linux Standard Base 5.0, "DWARF Exception Header Encoding"). Not supported, with an
 * error: text-relative, function-relative and aligned ones, which x86-64 and AArch64 do not use; an indirect one is
 * only ever a personality routine, which unwinding does not need.
 */
import type { Reader } from '../../base/index.ts';

export const DW_EH_PE_ABSPTR = 0x00;
export const DW_EH_PE_OMIT = 0xff;
const FORMAT = 0x0f;
const APPLICATION = 0x70;
const PCREL = 0x10;
const DATAREL = 0x30;

/** What relative pointers are relative to. */
export interface Bases {
  /** Address of the section that is being read. */
  readonly section: number;
  /** Of .eh_frame_hdr, for its own table. */
  readonly data: number;
}

export function readEncodedPointer(reader: Reader, encoding: number, bases: Bases): number {
  const at = bases.section + reader.position;
  const value = readEncodedValue(reader, encoding);
  switch (encoding & APPLICATION) {
    case 0:
      return value;
    case PCREL:
      return at + value;
    case DATAREL:
      return bases.data + value;
    default:
      throw reader.error(`pointer encoding 0x${encoding.toString(16)} is not supported`);
  }
}

/** The value alone, as a length is written. */
export function readEncodedValue(reader: Reader, encoding: number): number {
  switch (encoding & FORMAT) {
    case 0x00:
    case 0x04:
      return reader.uint64();
    case 0x01:
      return reader.uleb128();
    case 0x02:
      return reader.uint16();
    case 0x03:
      return reader.uint32();
    case 0x09:
      return reader.sleb128();
    case 0x0a:
      return (reader.uint16() << 16) >> 16;
    case 0x0b:
      return reader.int32();
    case 0x0c:
      return reader.int64();
    default:
      throw reader.error(`pointer encoding 0x${encoding.toString(16)} is not supported`);
  }
}
