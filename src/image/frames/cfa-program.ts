/**
 * Call frame instructions (DWARF 5 §6.4.2, opcodes in §7.24) with the extensions of GNU (args_size,
 * negative_offset_extended) and AArch64 (negate_ra_state). Not supported, with an error: everything else that vendors use.
 */
import { type LinkedAddress, linkedAddress, Reader } from '../../base/index.ts';
import type { CfaRule, FrameRow, RegisterRule } from '../function-table.ts';
import { basesOf, type Fde, type FrameSection } from './entries.ts';
import { readEncodedPointer } from './pointer-encoding.ts';

/** Registers of both CPUs have smaller numbers. */
const MAX_REGISTER = 1023;
/** Compilers remember one state at a time. Damaged programs must not copy without end. */
const MAX_REMEMBERED = 64;
const MAX_COPIES = 1 << 14;

interface State {
  cfa: CfaRule | undefined;
  rules: Map<number, RegisterRule>;
  signed: boolean;
}

/** The row of an FDE's table that holds at `pc`. */
export function frameRowAt(section: FrameSection, fde: Fde, pc: LinkedAddress): FrameRow {
  const { cie } = fde;
  const where = { file: section.file, section: section.name };
  const initial = new CfaProgram(section, fde, new Map());
  const cieStart = cie.instructions.byteOffset - section.bytes.byteOffset;
  initial.run(new Reader(section.bytes.subarray(0, cieStart + cie.instructions.length), where, cieStart), pc);
  const program = new CfaProgram(section, fde, initial.state.rules);
  program.state = { ...initial.state, rules: new Map(initial.state.rules) };
  const reader = new Reader(section.bytes.subarray(0, fde.instructionsEnd), where, fde.instructionsStart);
  program.run(reader, pc);
  const { cfa, rules, signed } = program.state;
  if (cfa === undefined) throw reader.error('the frame description does not say where the frame is');
  return {
    from: linkedAddress(program.from),
    to: linkedAddress(program.to),
    cfa,
    rules,
    returnAddressRegister: cie.returnAddressRegister,
    returnAddressSigned: signed,
    signalFrame: cie.signalFrame,
  };
}

class CfaProgram {
  state: State = { cfa: undefined, rules: new Map(), signed: false };
  /** The row that is being built begins here… */
  from: number;
  /** …and, once it is complete, ends here. */
  to: number;
  readonly #section: FrameSection;
  readonly #fde: Fde;
  readonly #initialRules: ReadonlyMap<number, RegisterRule>;
  readonly #remembered: State[] = [];
  #copies = 0;

  constructor(section: FrameSection, fde: Fde, initialRules: ReadonlyMap<number, RegisterRule>) {
    this.#section = section;
    this.#fde = fde;
    this.#initialRules = initialRules;
    this.from = fde.from;
    this.to = fde.to;
  }

  /** Runs until the row that covers `pc` is complete. */
  run(reader: Reader, pc: number): void {
    while (!reader.atEnd) {
      const opcode = reader.uint8();
      const operand = opcode & 0x3f;
      switch (opcode & 0xc0) {
        case 0x40: // advance_loc
          if (this.#advance(this.from + operand * this.#fde.cie.codeAlignment, pc)) return;
          break;
        case 0x80: // offset
          this.#set(reader, operand, { kind: 'offset', offset: this.#factored(reader.uleb128()) });
          break;
        case 0xc0: // restore
          this.#restore(reader, operand);
          break;
        default: {
          const next = this.#location(reader, opcode);
          if (next === undefined) this.#execute(reader, opcode);
          else if (this.#advance(next, pc)) return;
        }
      }
    }
  }

  /** Begins a row at `next`; true if the row before it is the one that covers `pc`. */
  #advance(next: number, pc: number): boolean {
    if (next > pc) {
      this.to = Math.min(next, this.#fde.to);
      return true;
    }
    this.from = next;
    return false;
  }

  /** Where a row begins, if the instruction says that. */
  #location(reader: Reader, opcode: number): number | undefined {
    const { cie } = this.#fde;
    switch (opcode) {
      case 0x01: // set_loc
        return readEncodedPointer(reader, cie.pointerEncoding, basesOf(this.#section));
      case 0x02: // advance_loc1
        return this.from + reader.uint8() * cie.codeAlignment;
      case 0x03: // advance_loc2
        return this.from + reader.uint16() * cie.codeAlignment;
      case 0x04: // advance_loc4
        return this.from + reader.uint32() * cie.codeAlignment;
      default:
        return undefined;
    }
  }

  #execute(reader: Reader, opcode: number): void {
    switch (opcode) {
      case 0x00: // nop
        break;
      case 0x0a: // remember_state
        this.#remember(reader);
        break;
      case 0x0b: // restore_state
        this.#recall(reader);
        break;
      case 0x0c: // def_cfa
        this.#setCfa(reader.uleb128(), reader.uleb128());
        break;
      case 0x0d: // def_cfa_register
        this.#setCfa(reader.uleb128(), this.#cfaRegister(reader).offset);
        break;
      case 0x0e: // def_cfa_offset
        this.#setCfa(this.#cfaRegister(reader).register, reader.uleb128());
        break;
      case 0x0f: // def_cfa_expression
        this.state.cfa = { kind: 'expression', expression: reader.take(reader.uleb128()) };
        break;
      case 0x12: // def_cfa_sf
        this.#setCfa(reader.uleb128(), this.#factored(reader.sleb128()));
        break;
      case 0x13: // def_cfa_offset_sf
        this.#setCfa(this.#cfaRegister(reader).register, this.#factored(reader.sleb128()));
        break;
      case 0x2d: // AARCH64_negate_ra_state; on SPARC only, GNU_window_save
        this.state.signed = !this.state.signed;
        break;
      case 0x2e: // GNU_args_size: of interest to landing pads only
        reader.uleb128();
        break;
      default:
        this.#executeRule(reader, opcode);
        break;
    }
  }

  /** Instructions about one register, whose number comes first. */
  #executeRule(reader: Reader, opcode: number): void {
    const at = reader.position - 1;
    const register = reader.uleb128();
    const rule = this.#rule(reader, opcode, at);
    if (rule === 'initial') this.#restore(reader, register);
    else this.#set(reader, register, rule);
  }

  #rule(reader: Reader, opcode: number, at: number): RegisterRule | 'initial' {
    switch (opcode) {
      case 0x05: // offset_extended
        return { kind: 'offset', offset: this.#factored(reader.uleb128()) };
      case 0x06: // restore_extended
        return 'initial';
      case 0x07: // undefined
        return { kind: 'undefined' };
      case 0x08: // same_value
        return { kind: 'same' };
      case 0x09: // register
        return { kind: 'register', register: reader.uleb128() };
      case 0x10: // expression
        return { kind: 'expression', expression: reader.take(reader.uleb128()), saved: true };
      case 0x11: // offset_extended_sf
        return { kind: 'offset', offset: this.#factored(reader.sleb128()) };
      case 0x14: // val_offset
        return { kind: 'value', offset: this.#factored(reader.uleb128()) };
      case 0x15: // val_offset_sf
        return { kind: 'value', offset: this.#factored(reader.sleb128()) };
      case 0x16: // val_expression
        return { kind: 'expression', expression: reader.take(reader.uleb128()), saved: false };
      case 0x2f: // GNU_negative_offset_extended
        return { kind: 'offset', offset: -this.#factored(reader.uleb128()) };
      default:
        throw reader.error(`call frame instruction 0x${opcode.toString(16)} is not known`, at);
    }
  }

  #setCfa(register: number, offset: number): void {
    this.state.cfa = { kind: 'register', register, offset };
  }

  #cfaRegister(reader: Reader): { readonly register: number; readonly offset: number } {
    const { cfa } = this.state;
    if (cfa?.kind !== 'register') throw reader.error('changes the frame register before there is one');
    return cfa;
  }

  #set(reader: Reader, register: number, rule: RegisterRule): void {
    if (register > MAX_REGISTER) throw reader.error(`a rule for register ${register}`);
    this.state.rules.set(register, rule);
  }

  #restore(reader: Reader, register: number): void {
    const initial = this.#initialRules.get(register);
    if (initial === undefined) this.state.rules.delete(register);
    else this.#set(reader, register, initial);
  }

  #remember(reader: Reader): void {
    if (this.#remembered.length === MAX_REMEMBERED || ++this.#copies > MAX_COPIES) {
      throw reader.error('remembers too many states');
    }
    this.#remembered.push({ ...this.state, rules: new Map(this.state.rules) });
  }

  #recall(reader: Reader): void {
    const state = this.#remembered.pop();
    if (state === undefined) throw reader.error('restores a state that was not remembered');
    this.state = state;
  }

  #factored(offset: number): number {
    return offset * this.#fde.cie.dataAlignment + 0; // not -0
  }
}
