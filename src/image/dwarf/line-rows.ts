import type { LineHeader } from './line-header.ts';
import type { Sections } from './sections.ts';

export const ROW = { statement: 1, prologueEnd: 2, endSequence: 4 } as const;

/** A unit's line table in columns, row by row in the order of the program. */
export interface LineRows {
  readonly count: number;
  readonly addresses: Float64Array;
  readonly lines: Uint32Array;
  readonly files: Uint32Array;
  readonly flags: Uint8Array;
  /** Sequences by address: their first row and the row that ends them. */
  readonly sequences: readonly { readonly first: number; readonly end: number }[];
}

/** DW_LNS_* and DW_LNE_*. */
const COPY = 1;
const ADVANCE_PC = 2;
const ADVANCE_LINE = 3;
const SET_FILE = 4;
const NEGATE_STATEMENT = 6;
const CONST_ADD_PC = 8;
const FIXED_ADVANCE_PC = 9;
const SET_PROLOGUE_END = 10;
const END_SEQUENCE = 1;
const SET_ADDRESS = 2;

/** Runs a line number program (DWARF 5 §6.2.5). Columns, discriminators, basic blocks and the ISA are left out. */
export function runLineProgram(sections: Sections, header: LineHeader): LineRows {
  const { bytes } = sections.near('.debug_line', header.offset, header.end - header.offset);
  const machine = new LineMachine(bytes, header);
  machine.run();
  if (machine.overran) throw sections.error('.debug_line', header.offset, 'a line table ends in the middle');
  return machine.rows();
}

class LineMachine {
  overran = false;
  readonly #bytes: Uint8Array;
  readonly #header: LineHeader;
  #addresses = new Float64Array(256);
  #lines = new Uint32Array(256);
  #files = new Uint32Array(256);
  #flags = new Uint8Array(256);
  #count = 0;
  readonly #sequences: { first: number; end: number }[] = [];
  #first = 0;
  #at = 0;
  #address = 0;
  #file = 1;
  #line = 1;
  #flag = 0;

  constructor(bytes: Uint8Array, header: LineHeader) {
    this.#bytes = bytes;
    this.#header = header;
    this.#at = header.program;
    this.#flag = header.defaultIsStatement ? ROW.statement : 0;
  }

  /** An index behind the end yields undefined, which ends LEB128 loops, and every opcode takes a byte. */
  run(): void {
    const { end, opcodeBase, lineBase, lineRange, minInstructionLength } = this.#header;
    const bytes = this.#bytes;
    while (this.#at < end) {
      const opcode = bytes[this.#at++]!;
      if (opcode >= opcodeBase) {
        const adjusted = opcode - opcodeBase;
        this.#address += Math.floor(adjusted / lineRange) * minInstructionLength;
        this.#line += lineBase + (adjusted % lineRange);
        this.#emit(this.#flag);
      } else if (opcode === 0) this.#extended();
      else this.#standard(opcode);
    }
    this.overran = this.#at > end;
  }

  rows(): LineRows {
    const addresses = this.#addresses;
    return {
      count: this.#count,
      addresses,
      lines: this.#lines,
      files: this.#files,
      flags: this.#flags,
      sequences: this.#sequences.sort((a, b) => addresses[a.first]! - addresses[b.first]!),
    };
  }

  #standard(opcode: number): void {
    const { minInstructionLength, opcodeBase, lineRange, opcodeLengths } = this.#header;
    switch (opcode) {
      case COPY:
        this.#emit(this.#flag);
        return;
      case ADVANCE_PC:
        this.#address += this.#uleb() * minInstructionLength;
        return;
      case ADVANCE_LINE:
        this.#line += this.#sleb();
        return;
      case SET_FILE:
        this.#file = this.#uleb();
        return;
      case NEGATE_STATEMENT:
        this.#flag ^= ROW.statement;
        return;
      case CONST_ADD_PC:
        this.#address += Math.floor((255 - opcodeBase) / lineRange) * minInstructionLength;
        return;
      case FIXED_ADVANCE_PC:
        this.#address += this.#bytes[this.#at]! | (this.#bytes[this.#at + 1]! << 8);
        this.#at += 2;
        return;
      case SET_PROLOGUE_END:
        this.#flag |= ROW.prologueEnd;
        return;
      default:
        for (let operands = opcodeLengths[opcode - 1]!; operands > 0; operands--) this.#uleb();
    }
  }

  #extended(): void {
    const bytes = this.#bytes;
    const length = this.#uleb();
    const next = this.#at + length;
    const opcode = bytes[this.#at];
    if (opcode === END_SEQUENCE) {
      this.#emit(ROW.endSequence);
      this.#sequences.push({ first: this.#first, end: this.#count - 1 });
      this.#first = this.#count;
      this.#address = 0;
      this.#file = 1;
      this.#line = 1;
      this.#flag = this.#header.defaultIsStatement ? ROW.statement : 0;
    } else if (opcode === SET_ADDRESS && length === 9 && next <= bytes.length) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + this.#at + 1, 8);
      this.#address = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
    }
    this.#at = next;
  }

  #emit(flag: number): void {
    const row = this.#count;
    if (row === this.#addresses.length) this.#grow();
    this.#addresses[row] = this.#address;
    this.#lines[row] = this.#line;
    this.#files[row] = this.#file;
    this.#flags[row] = flag;
    this.#count = row + 1;
    this.#flag = this.#flag & ROW.statement;
  }

  #grow(): void {
    const size = this.#count * 2;
    const [addresses, lines, files, flags] = [this.#addresses, this.#lines, this.#files, this.#flags];
    this.#addresses = new Float64Array(size);
    this.#addresses.set(addresses);
    this.#lines = new Uint32Array(size);
    this.#lines.set(lines);
    this.#files = new Uint32Array(size);
    this.#files.set(files);
    this.#flags = new Uint8Array(size);
    this.#flags.set(flags);
  }

  #uleb(): number {
    let value = 0;
    let byte: number;
    let scale = 1;
    do {
      byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte > 0x7f);
    return value;
  }

  #sleb(): number {
    const start = this.#at;
    const value = this.#uleb();
    const last = this.#bytes[this.#at - 1]!;
    return (last & 0x40) === 0 ? value : value - 2 ** (7 * (this.#at - start));
  }
}
