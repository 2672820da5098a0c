import type { Reader } from '../../base/index.ts';
import { FORM, WIDE } from './constants.ts';

/** Sizes of attribute values, DWARF 5 §7.5.6, for 8-byte addresses. */

/** Bytes of an offset: 32- or 64-bit DWARF (§7.4). */
export type OffsetSize = 4 | 8;

/** A form of a unit, as one whose size does not hang on the unit's offsets. */
export function sizedForm(form: number, offsetSize: OffsetSize): number {
  if (offsetSize === 4) return form;
  switch (form) {
    case FORM.secOffset:
      return FORM.data8;
    case FORM.strp:
      return WIDE.strp;
    case FORM.lineStrp:
      return WIDE.lineStrp;
    case FORM.refAddr:
      return WIDE.refAddr;
    case FORM.strpSup:
    case FORM.gnuStrpAlt:
      return WIDE.strpSup;
    case FORM.gnuRefAlt:
      return FORM.refSup8;
    default:
      return form;
  }
}

/** An offset into a section, or a length. */
export const readOffset = (reader: Reader, size: OffsetSize): number =>
  size === 8 ? reader.uint64() : reader.uint32();

/** In front of a length in 64-bit DWARF; up to it values are reserved (§7.2.2). */
const ESCAPE_64 = 0xffffffff;
const RESERVED = 0xfffffff0;

/** The length that a unit begins with, and by which it says how long its offsets are. */
export function readUnitLength(reader: Reader): { readonly length: number; readonly offsetSize: OffsetSize } {
  const at = reader.position;
  const short = reader.uint32();
  if (short === ESCAPE_64) return { length: reader.uint64(), offsetSize: 8 };
  if (short >= RESERVED) throw reader.error(`a length of 0x${short.toString(16)} is reserved`, at);
  return { length: short, offsetSize: 4 };
}

/** Bytes of a fixed-size form; -1: it depends on the value; -2: no such form. */
export function fixedSize(form: number, version: number): number {
  switch (form) {
    case FORM.flagPresent:
    case FORM.implicitConst:
      return 0;
    case FORM.data1:
    case FORM.flag:
    case FORM.ref1:
    case FORM.strx1:
    case FORM.addrx1:
      return 1;
    case FORM.data2:
    case FORM.ref2:
    case FORM.strx2:
    case FORM.addrx2:
      return 2;
    case FORM.strx3:
    case FORM.addrx3:
      return 3;
    case FORM.data4:
    case FORM.ref4:
    case FORM.strp:
    case FORM.lineStrp:
    case FORM.secOffset:
    case FORM.strx4:
    case FORM.addrx4:
    case FORM.refSup4:
    case FORM.strpSup:
    case FORM.gnuRefAlt:
    case FORM.gnuStrpAlt:
      return 4;
    case FORM.refAddr:
      // DWARF 2 gave it the size of an address.
      return version === 2 ? 8 : 4;
    case FORM.addr:
    case FORM.data8:
    case FORM.ref8:
    case FORM.refSup8:
    case FORM.refSig8:
    case WIDE.strp:
    case WIDE.lineStrp:
    case WIDE.refAddr:
    case WIDE.strpSup:
      return 8;
    case FORM.data16:
      return 16;
    default:
      return isVariable(form) ? -1 : -2;
  }
}

export function isLeb(form: number): boolean {
  switch (form) {
    case FORM.sdata:
    case FORM.udata:
    case FORM.refUdata:
    case FORM.strx:
    case FORM.addrx:
    case FORM.loclistx:
    case FORM.rnglistx:
    case FORM.gnuAddrIndex:
    case FORM.gnuStrIndex:
      return true;
    default:
      return false;
  }
}

function isVariable(form: number): boolean {
  if (isLeb(form) || form === FORM.string || form === FORM.indirect) return true;
  return (
    form === FORM.block1 ||
    form === FORM.block2 ||
    form === FORM.block4 ||
    form === FORM.block ||
    form === FORM.exprloc
  );
}

/** Moves the cursor behind a value. */
export function skipForm(reader: Reader, form: number, version: number): void {
  const size = fixedSize(form, version);
  if (size > 0) reader.skip(size);
  if (size >= 0) return;
  if (isLeb(form)) skipLeb(reader);
  else if (form === FORM.string) skipString(reader);
  else reader.skip(blockLength(reader, form));
}

/** Reads the length in front of a block and leaves the cursor at its first byte. */
export function blockLength(reader: Reader, form: number): number {
  switch (form) {
    case FORM.block1:
      return reader.uint8();
    case FORM.block2:
      return reader.uint16();
    case FORM.block4:
      return reader.uint32();
    case FORM.block:
    case FORM.exprloc:
      return reader.uleb128();
    default:
      throw reader.error(`attribute form 0x${form.toString(16)} is not known`);
  }
}

export function skipString(reader: Reader): void {
  const end = reader.bytes.indexOf(0, reader.position);
  if (end < 0) throw reader.error('a string has no end');
  reader.seek(end + 1);
}

/** LEB128 of any length: values beyond 64 bits are nobody's business here. */
export function skipLeb(reader: Reader): void {
  const { bytes } = reader;
  let at = reader.position;
  for (;;) {
    const byte = bytes[at++];
    if (byte === undefined) throw reader.error('a LEB128 number has no end');
    if (byte < 0x80) break;
  }
  reader.seek(at);
}

/** A LEB128 number of up to 64 bits as a bigint, sign-extended if it is signed. */
export function bigLeb(reader: Reader, signed: boolean): bigint {
  let value = 0n;
  let shift = 0n;
  for (;;) {
    const byte = reader.uint8();
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (shift > 140n) throw reader.error('a LEB128 number is too long');
    if (byte >= 0x80) continue;
    return signed
      ? BigInt.asIntN(64, (byte & 0x40) === 0 ? value : value - (1n << shift))
      : BigInt.asUintN(64, value);
  }
}
