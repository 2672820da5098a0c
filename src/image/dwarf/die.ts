import { decodeText, type LinkedAddress, linkedAddress, type Reader } from '../../base/index.ts';
import { type Abbreviation, type AbbreviationTable, SKIP } from './abbreviations.ts';
import { FORM, WIDE } from './constants.ts';
import { bigLeb, blockLength, type OffsetSize, readOffset, sizedForm, skipForm } from './forms.ts';
import type { Sections } from './sections.ts';

export const INFO = '.debug_info';
const ADDRESS_SIZE = 8;

/** What a DIE's values need of their unit. */
export interface UnitContext {
  readonly sections: Sections;
  readonly offset: number;
  readonly end: number;
  readonly version: number;
  readonly offsetSize: OffsetSize;
  readonly abbreviations: AbbreviationTable;
  /** Where the unit's part of .debug_addr, .debug_str_offsets… begins (DW_AT_addr_base and so on). */
  readonly addressBase: number;
  readonly stringOffsetsBase: number;
  readonly rangeListsBase: number;
  readonly locationListsBase: number;
  /** Default base address of the unit's range and location lists: DW_AT_low_pc of its root. */
  readonly lowPc: LinkedAddress;
  /** The type DIE that a DW_FORM_ref_sig8 names. */
  signedType(signature: string): number | undefined;
}

/**
 * A debugging information entry, read once: its values are decoded when they are asked for. `next` is where its
 * first child or, if it has none, its sibling begins.
 */
export class Die {
  readonly unit: UnitContext;
  readonly offset: number;
  readonly next: number;
  readonly #abbreviation: Abbreviation;
  readonly #positions: readonly number[];

  constructor(
    unit: UnitContext,
    offset: number,
    next: number,
    abbreviation: Abbreviation,
    positions: readonly number[],
  ) {
    this.unit = unit;
    this.offset = offset;
    this.next = next;
    this.#abbreviation = abbreviation;
    this.#positions = positions;
  }

  get tag(): number {
    return this.#abbreviation.tag;
  }

  get hasChildren(): boolean {
    return this.#abbreviation.hasChildren;
  }

  has(attribute: number): boolean {
    return this.#abbreviation.names.includes(attribute);
  }

  form(attribute: number): number | undefined {
    return this.#value(attribute)?.form;
  }

  /** Where the value of an attribute stands in .debug_info. */
  positionOf(attribute: number): number | undefined {
    return this.#value(attribute)?.at;
  }

  string(attribute: number): string | undefined {
    const bytes = this.stringBytes(attribute);
    return bytes === undefined ? undefined : decodeText(bytes);
  }

  /** A string's UTF-8, from whichever section its form says: a view. */
  stringBytes(attribute: number): Uint8Array | undefined {
    const value = this.#value(attribute);
    if (value === undefined) return undefined;
    const { sections } = this.unit;
    const reader = sections.at(INFO, value.at);
    switch (value.form) {
      case FORM.string:
        return untilNul(reader);
      case FORM.strp:
        return untilNul(sections.at('.debug_str', reader.uint32()));
      case WIDE.strp:
        return untilNul(sections.at('.debug_str', reader.uint64()));
      case FORM.lineStrp:
        return untilNul(sections.at('.debug_line_str', reader.uint32()));
      case WIDE.lineStrp:
        return untilNul(sections.at('.debug_line_str', reader.uint64()));
      case FORM.strx:
      case FORM.strx1:
      case FORM.strx2:
      case FORM.strx3:
      case FORM.strx4:
        return this.#indexedString(this.#index(value.form, value.at));
      case FORM.strpSup:
      case FORM.gnuStrpAlt:
      case WIDE.strpSup:
        throw this.error('a string is in a supplementary file (dwz), which is not supported');
      default:
        throw this.error(`a string has the form 0x${value.form.toString(16)}`);
    }
  }

  /** An unsigned number, a flag, a section offset or (sdata, implicit_const) a signed number. */
  number(attribute: number): number | undefined {
    const value = this.#value(attribute);
    if (value === undefined) return undefined;
    const reader = this.unit.sections.at(INFO, value.at);
    switch (value.form) {
      case FORM.data1:
      case FORM.flag:
        return reader.uint8();
      case FORM.data2:
        return reader.uint16();
      case FORM.data4:
      case FORM.secOffset:
        return reader.uint32();
      case FORM.data8:
        return reader.uint64();
      case FORM.udata:
      case FORM.loclistx:
      case FORM.rnglistx:
        return Number(bigLeb(reader, false));
      case FORM.sdata:
        return Number(bigLeb(reader, true));
      case FORM.implicitConst:
        return value.constant;
      case FORM.flagPresent:
        return 1;
      default:
        throw this.error(`a number has the form 0x${value.form.toString(16)}`);
    }
  }

  /** As `number`, undefined where the value is an expression instead (sizes and offsets of C99 arrays). */
  plainNumber(attribute: number): number | undefined {
    return this.isBlock(attribute) || this.isReference(attribute) ? undefined : this.number(attribute);
  }

  flag(attribute: number): boolean {
    return (this.number(attribute) ?? 0) !== 0;
  }

  /** DW_AT_const_value: a number of either sign, or the bytes of a bigger thing. */
  constant(attribute: number): bigint | Uint8Array | undefined {
    const value = this.#value(attribute);
    if (value === undefined) return undefined;
    const reader = this.unit.sections.at(INFO, value.at);
    switch (value.form) {
      case FORM.sdata:
        return bigLeb(reader, true);
      case FORM.udata:
        return bigLeb(reader, false);
      case FORM.data8:
        return reader.bigUint64();
      case FORM.data16:
        return reader.take(16);
      case FORM.addr:
        return reader.bigUint64();
      case FORM.string:
      case FORM.strp:
      case FORM.lineStrp:
      case WIDE.strp:
      case WIDE.lineStrp:
      case FORM.strx:
      case FORM.strx1:
      case FORM.strx2:
      case FORM.strx3:
      case FORM.strx4:
        return this.stringBytes(attribute);
      default:
        return this.isBlock(attribute) ? this.block(attribute) : BigInt(this.number(attribute)!);
    }
  }

  address(attribute: number): LinkedAddress | undefined {
    const value = this.#value(attribute);
    if (value === undefined) return undefined;
    switch (value.form) {
      case FORM.addr:
        return linkedAddress(this.unit.sections.at(INFO, value.at).uint64());
      case FORM.addrx:
      case FORM.addrx1:
      case FORM.addrx2:
      case FORM.addrx3:
      case FORM.addrx4:
      case FORM.gnuAddrIndex:
        return indexedAddress(this.unit, this.#index(value.form, value.at));
      default:
        throw this.error(`an address has the form 0x${value.form.toString(16)}`);
    }
  }

  /** DW_AT_high_pc: an address, or a length from `low`. */
  highPc(attribute: number, low: number): LinkedAddress | undefined {
    const form = this.form(attribute);
    if (form === undefined) return undefined;
    const isAddress =
      form === FORM.addr || form === FORM.addrx || (form >= FORM.addrx1 && form <= FORM.addrx4);
    return isAddress ? this.address(attribute) : linkedAddress(low + this.number(attribute)!);
  }

  /** Offset in .debug_info of the DIE that is referred to. */
  reference(attribute: number): number | undefined {
    const value = this.#value(attribute);
    if (value === undefined) return undefined;
    const { unit } = this;
    const reader = unit.sections.at(INFO, value.at);
    switch (value.form) {
      case FORM.refAddr:
        return unit.version === 2 ? reader.uint64() : reader.uint32();
      case WIDE.refAddr:
        return reader.uint64();
      case FORM.ref1:
        return unit.offset + reader.uint8();
      case FORM.ref2:
        return unit.offset + reader.uint16();
      case FORM.ref4:
        return unit.offset + reader.uint32();
      case FORM.ref8:
        return unit.offset + reader.uint64();
      case FORM.refUdata:
        return unit.offset + reader.uleb128();
      case FORM.refSig8:
        return this.#signed(reader.bigUint64());
      case FORM.refSup4:
      case FORM.refSup8:
      case FORM.gnuRefAlt:
        throw this.error('a reference is into a supplementary file (dwz), which is not supported');
      default:
        throw this.error(`a reference has the form 0x${value.form.toString(16)}`);
    }
  }

  isReference(attribute: number): boolean {
    const form = this.form(attribute);
    if (form === FORM.refSig8 || form === WIDE.refAddr) return true;
    return form !== undefined && form >= FORM.refAddr && form <= FORM.refUdata;
  }

  /** True for an expression or a block, false for a list's offset, a constant or no value. */
  isBlock(attribute: number): boolean {
    const form = this.form(attribute);
    return (
      form === FORM.exprloc ||
      form === FORM.block1 ||
      form === FORM.block ||
      form === FORM.block2 ||
      form === FORM.block4
    );
  }

  /** The bytes of an expression or block: a view. */
  block(attribute: number): Uint8Array | undefined {
    const value = this.#value(attribute);
    if (value === undefined) return undefined;
    const reader = this.unit.sections.at(INFO, value.at);
    return reader.take(blockLength(reader, value.form));
  }

  error(problem: string): Error {
    return this.unit.sections.error(INFO, this.offset, problem);
  }

  #value(attribute: number): { form: number; at: number; constant: number } | undefined {
    const i = this.#abbreviation.names.indexOf(attribute);
    if (i < 0) return undefined;
    const at = this.#positions[i]!;
    const form = this.#abbreviation.forms[i]!;
    if (form === FORM.indirect) {
      const reader = this.unit.sections.at(INFO, at);
      const actual = sizedForm(reader.uleb128(), this.unit.offsetSize);
      return { form: actual, at: reader.position, constant: 0 };
    }
    return { form, at, constant: this.#abbreviation.constants[i]! };
  }

  #index(form: number, at: number): number {
    const reader = this.unit.sections.at(INFO, at);
    switch (form) {
      case FORM.strx1:
      case FORM.addrx1:
        return reader.uint8();
      case FORM.strx2:
      case FORM.addrx2:
        return reader.uint16();
      case FORM.strx3:
      case FORM.addrx3:
        return reader.uint16() + reader.uint8() * 0x10000;
      case FORM.strx4:
      case FORM.addrx4:
        return reader.uint32();
      default:
        return reader.uleb128();
    }
  }

  #indexedString(index: number): Uint8Array {
    const { sections, stringOffsetsBase, offsetSize } = this.unit;
    const entry = sections.at('.debug_str_offsets', stringOffsetsBase + index * offsetSize);
    return untilNul(sections.at('.debug_str', readOffset(entry, offsetSize)));
  }

  #signed(signature: bigint): number {
    const offset = this.unit.signedType(signature.toString(16));
    if (offset === undefined)
      throw this.error(`there is no type unit with the signature ${signature.toString(16)}`);
    return offset;
  }
}

function untilNul(reader: Reader): Uint8Array {
  const start = reader.position;
  return reader.bytes.subarray(start, reader.bytes.indexOf(0, start));
}

/** Entry `index` of the unit's part of .debug_addr (DWARF 5 §7.27). */
export function indexedAddress(unit: UnitContext, index: number): LinkedAddress {
  return linkedAddress(unit.sections.near('.debug_addr', unit.addressBase + index * ADDRESS_SIZE).uint64());
}

/** Reads the DIE at `offset`; undefined for the null entry that ends a list of children. */
export function readDie(unit: UnitContext, offset: number): Die | undefined {
  const bytes = unit.sections.info;
  if (!(offset >= 0 && offset < unit.end)) throw unit.sections.error(INFO, offset, 'no entry can be here');
  let at = offset;
  let code = bytes[at++]!;
  if (code === 0) return undefined;
  if (code > 0x7f) {
    const reader = unit.sections.at(INFO, offset);
    code = reader.uleb128();
    at = reader.position;
  }
  const abbreviation = unit.abbreviations[code];
  if (abbreviation === undefined) {
    throw unit.sections.error(INFO, offset, `abbreviation ${code} is not declared`);
  }
  const { skips } = abbreviation;
  const positions: number[] = [];
  for (let i = 0; i < skips.length; i++) {
    positions.push(at);
    const skip = skips[i]!;
    if (skip >= 0) at += skip;
    else if (skip === SKIP.leb) while (bytes[at++]! > 0x7f);
    else if (skip === SKIP.string) at = behindString(bytes, at);
    else at = behindOther(unit, at, abbreviation.forms[i]!);
  }
  if (at > unit.end) throw unit.sections.error(INFO, offset, 'an entry runs past its unit');
  return new Die(unit, offset, at, abbreviation, positions);
}

/** Sections end in a NUL, so there is one unless `at` is behind the section already: then the unit has ended too. */
function behindString(bytes: Uint8Array, at: number): number {
  const end = bytes.indexOf(0, at);
  return end < 0 ? bytes.length + 1 : end + 1;
}

function behindOther(unit: UnitContext, at: number, form: number): number {
  const reader = unit.sections.at(INFO, at);
  let actual = form;
  while (actual === FORM.indirect) actual = reader.uleb128();
  skipForm(reader, sizedForm(actual, unit.offsetSize), unit.version);
  return reader.position;
}
