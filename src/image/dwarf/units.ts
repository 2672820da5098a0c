import { decodeText, type LinkedAddress, linkedAddress, type Reader } from '../../base/index.ts';
import type { PcRange, UnitInfo } from '../debug-info.ts';
import { Abbreviations, type AbbreviationTable } from './abbreviations.ts';
import { AT, FORM, LANGUAGE_GO, LANGUAGES_ASSEMBLY, LANGUAGES_C } from './constants.ts';
import { type Die, INFO, readDie, type UnitContext } from './die.ts';
import { type OffsetSize, readOffset, readUnitLength } from './forms.ts';
import { rangesOf } from './ranges.ts';
import type { Sections } from './sections.ts';

/**
 * Units: headers (DWARF 5 §7.5.1, versions 2 to 5, 32- and 64-bit) and what their root DIEs say. Addresses of
 * another size than 8 bytes are refused. .debug_types (DWARF 4) is read as if it stood behind .debug_info.
 */
interface Header {
  readonly offset: number;
  readonly end: number;
  readonly rootOffset: number;
  readonly version: number;
  readonly offsetSize: OffsetSize;
  readonly abbreviationsOffset: number;
  /** Type units: signature in hex, and the offset of the type. */
  readonly signature: string | undefined;
  readonly typeOffset: number;
}

const UNIT_TYPE = { type: 0x02, skeleton: 0x04, splitCompile: 0x05, splitType: 0x06 } as const;

export class Unit implements UnitContext, UnitInfo {
  readonly index: number;
  readonly sections: Sections;
  readonly offset: number;
  readonly end: number;
  readonly rootOffset: number;
  readonly version: number;
  readonly offsetSize: OffsetSize;
  readonly signature: string | undefined;
  readonly typeOffset: number;
  readonly #units: Units;
  readonly #abbreviationsOffset: number;
  #abbreviations: AbbreviationTable | undefined;
  #root: Die | undefined;
  #name: string | undefined;
  #ranges: readonly PcRange[] | undefined;
  #addressBase: number | undefined;
  #lowPc: LinkedAddress | undefined;

  constructor(units: Units, index: number, header: Header) {
    this.#units = units;
    this.index = index;
    this.sections = units.sections;
    this.offset = header.offset;
    this.end = header.end;
    this.rootOffset = header.rootOffset;
    this.version = header.version;
    this.offsetSize = header.offsetSize;
    this.signature = header.signature;
    this.typeOffset = header.typeOffset;
    this.#abbreviationsOffset = header.abbreviationsOffset;
  }

  get abbreviations(): AbbreviationTable {
    this.#abbreviations ??= this.#units.abbreviations.at(this.#abbreviationsOffset, this.offsetSize);
    return this.#abbreviations;
  }

  get root(): Die {
    if (this.#root === undefined) {
      const root = readDie(this, this.rootOffset);
      if (root === undefined) throw this.sections.error(INFO, this.rootOffset, 'a unit has no root entry');
      this.#root = root;
    }
    return this.#root;
  }

  get name(): string {
    this.#name ??= this.#leadingName() ?? this.root.string(AT.name) ?? '';
    return this.#name;
  }

  get package(): string | undefined {
    return this.root.string(AT.goPackageName);
  }

  get producer(): string {
    return this.root.string(AT.producer) ?? '';
  }

  get compilationDirectory(): string {
    return this.root.string(AT.compilationDirectory) ?? '';
  }

  get isGo(): boolean {
    return this.root.number(AT.language) === LANGUAGE_GO;
  }

  get language(): UnitInfo['language'] {
    const language = this.root.number(AT.language) ?? 0;
    if (language === LANGUAGE_GO) return 'go';
    if (LANGUAGES_C.has(language)) return 'c';
    return LANGUAGES_ASSEMBLY.has(language) ? 'assembly' : 'other';
  }

  get optimized(): boolean | undefined {
    return optimizedBy(this.producer);
  }

  get splitFile(): string | undefined {
    return this.root.string(AT.splitName) ?? this.root.string(AT.gnuSplitName);
  }

  get hasCode(): boolean {
    return this.root.has(AT.lowPc) || this.root.has(AT.ranges);
  }

  get ranges(): readonly PcRange[] {
    this.#ranges ??= rangesOf(this.root);
    return this.#ranges;
  }

  get lowPc(): LinkedAddress {
    this.#lowPc ??= this.root.address(AT.lowPc) ?? linkedAddress(0);
    return this.#lowPc;
  }

  /** Offset of the unit's line table in .debug_line. */
  get lineOffset(): number | undefined {
    return this.root.number(AT.statementList);
  }

  get addressBase(): number {
    this.#addressBase ??=
      this.root.number(AT.addressBase) ?? this.root.number(AT.gnuAddressBase) ?? HEADER_SIZE[this.offsetSize];
    return this.#addressBase;
  }

  get stringOffsetsBase(): number {
    return this.root.number(AT.stringOffsetsBase) ?? HEADER_SIZE[this.offsetSize];
  }

  get rangeListsBase(): number {
    return this.root.number(AT.rangeListsBase) ?? LISTS_HEADER_SIZE[this.offsetSize];
  }

  get locationListsBase(): number {
    return this.root.number(AT.locationListsBase) ?? LISTS_HEADER_SIZE[this.offsetSize];
  }

  signedType(signature: string): number | undefined {
    return this.#units.signedType(signature);
  }

  /** Go's root begins with its name: all units are told apart by it, without reading what else they say. */
  #leadingName(): string | undefined {
    const bytes = this.sections.info;
    const abbreviation = this.abbreviations[bytes[this.rootOffset]!];
    if (abbreviation?.names[0] !== AT.name || abbreviation.forms[0] !== FORM.string) return undefined;
    const start = this.rootOffset + 1;
    return decodeText(bytes, start, bytes.indexOf(0, start));
  }
}

/** Headers of .debug_addr and .debug_str_offsets; of .debug_rnglists and .debug_loclists (DWARF 5 §7.26–7.29). */
const HEADER_SIZE = { 4: 8, 8: 16 } as const;
const LISTS_HEADER_SIZE = { 4: 12, 8: 20 } as const;

/** Of a header (§7.5.1). What is shorter behind the last unit is a trailing NUL or padding. */
const SMALLEST_HEADER = 11;
const LARGEST_HEADER = 40;

/** The units, by offset: their headers are read one by one, as far as somebody asks. */
export class Units {
  readonly sections: Sections;
  readonly abbreviations: Abbreviations;
  readonly #found: Unit[] = [];
  /** Where the next header is. */
  #end = 0;
  #signatures: Map<string, number> | undefined;

  constructor(sections: Sections) {
    this.sections = sections;
    this.abbreviations = new Abbreviations(sections);
  }

  get all(): readonly Unit[] {
    while (this.#readNext());
    return this.#found;
  }

  /** All units, in the order of the file; those behind where the caller stops are not read. */
  *inOrder(): Generator<Unit> {
    for (let i = 0; i < this.#found.length || this.#readNext(); i++) yield this.#found[i]!;
  }

  /** The unit that holds a DIE. */
  at(offset: number): Unit {
    const unit = this.#find(offset);
    if (unit === undefined) {
      throw this.sections.error(INFO, undefined, `a reference points to ${offset}, where no entry can be`);
    }
    return unit;
  }

  /** Whether a DIE can be at an offset. */
  has(offset: number): boolean {
    return this.#find(offset) !== undefined;
  }

  /** The DIE at an offset; a null entry there is an error. */
  die(offset: number): Die {
    const die = readDie(this.at(offset), offset);
    if (die === undefined) throw this.sections.error(INFO, offset, 'a reference points to the end of a list');
    return die;
  }

  signedType(signature: string): number | undefined {
    if (this.#signatures === undefined) {
      this.#signatures = new Map();
      for (const unit of this.all) {
        if (unit.signature !== undefined) this.#signatures.set(unit.signature, unit.offset + unit.typeOffset);
      }
    }
    return this.#signatures.get(signature);
  }

  #find(offset: number): Unit | undefined {
    while (offset >= this.#end && this.#readNext());
    const all = this.#found;
    let low = 0;
    let high = all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle]!.offset <= offset) low = middle + 1;
      else high = middle;
    }
    const unit = all[low - 1];
    return unit !== undefined && offset >= unit.rootOffset && offset < unit.end ? unit : undefined;
  }

  /** False: there is no other. */
  #readNext(): boolean {
    const { sections } = this;
    const offset = this.#end;
    sections.reachInfo(offset + LARGEST_HEADER);
    const size = sections.infoAndTypesSize;
    if (size - offset < SMALLEST_HEADER) return false;
    const header = readHeader(sections.at(INFO, offset), size, offset >= sections.infoSize);
    // Whoever has the unit reads in it without asking.
    sections.reachInfo(header.end);
    this.#found.push(new Unit(this, this.#found.length, header));
    this.#end = header.end;
    return true;
  }
}

function readHeader(reader: Reader, size: number, inTypes: boolean): Header {
  const offset = reader.position;
  const { length, offsetSize } = readUnitLength(reader);
  const left = size - reader.position;
  if (length > left) {
    throw reader.error(`a unit of ${length} bytes does not fit into the ${left} that are left`, offset);
  }
  const end = reader.position + length;
  const version = reader.uint16();
  if (version < 2 || version > 5) throw reader.error(`DWARF version ${version} is not supported`, offset);
  const unitType = version === 5 ? reader.uint8() : inTypes ? UNIT_TYPE.type : 0;
  let addressSize = version === 5 ? reader.uint8() : 0;
  const abbreviationsOffset = readOffset(reader, offsetSize);
  if (version < 5) addressSize = reader.uint8();
  if (addressSize !== 8) throw reader.error(`addresses of ${addressSize} bytes are not supported`, offset);
  let signature: string | undefined;
  let typeOffset = 0;
  if (unitType === UNIT_TYPE.type || unitType === UNIT_TYPE.splitType) {
    signature = reader.bigUint64().toString(16);
    typeOffset = readOffset(reader, offsetSize);
  } else if (unitType === UNIT_TYPE.skeleton || unitType === UNIT_TYPE.splitCompile) {
    reader.skip(8);
  }
  const rootOffset = reader.position;
  if (rootOffset > end) throw reader.error('a unit is shorter than its own header', offset);
  return { offset, end, rootOffset, version, offsetSize, abbreviationsOffset, signature, typeOffset };
}

/**
 * `Go cmd/compile go1.26.8; -N -l regabi`: the flags stand behind the semicolon (since Go 1.10).
 * gcc writes its -O there too; clang does not say.
 */
function optimizedBy(producer: string): boolean | undefined {
  if (producer.startsWith('Go cmd/compile')) {
    const flags = (producer.split(';')[1] ?? '').trim().split(/\s+/);
    return !(flags.includes('-N') && flags.includes('-l'));
  }
  // Without any option it does not record them (-gno-record-gcc-switches, which cgo passes).
  if (!producer.startsWith('GNU ') || !producer.includes(' -')) return undefined;
  const level = / -O(\S*)/g;
  let last: string | undefined;
  for (const match of producer.matchAll(level)) last = match[1];
  return last !== undefined && last !== '0' && last !== 'g';
}
