import { isMoveWidePreferred } from './arm64-immediates.ts';

/**
 * The little of @alexaltea/capstone-js 5.0.9 (Capstone 5 as wasm) that is used here. Its own wrapper is left aside: it
 * reads the details of an instruction at the offsets of an older structure. Of `cs_insn` (capstone.h) only the
 * two texts are read, whose places are those of Capstone 5:
 *
 *     id u32 @0 · address u64 @8 · size u16 @16 · bytes[24] @18 · mnemonic[32] @42 · op_str[160] @74
 */
export interface Capstone {
  readonly ARCH_ARM64: number;
  readonly MODE_ARM: number;
  _malloc(size: number): number;
  _cs_open(arch: number, mode: number, handle: number): number;
  _cs_malloc(handle: number): number;
  _cs_disasm_iter(handle: number, code: number, size: number, address: number, instruction: number): number;
  getValue(pointer: number, type: 'i32'): number;
  setValue(pointer: number, value: number | bigint, type: 'i32' | 'i64'): void;
  UTF8ToString(pointer: number): string;
}

export type CapstoneFactory = () => Promise<Capstone>;

export interface DecodedText {
  readonly mnemonic: string;
  readonly operands: string;
}

const mnemonicAt = 42;
const operandsAt = 74;

/** Decodes arm64 words. Its few bytes of wasm memory live as long as the module does. */
export class CapstoneReader {
  readonly #capstone: Capstone;
  readonly #handle: number;
  readonly #instruction: number;
  /** The word itself, then the three variables that cs_disasm_iter moves on: pointer, size, address. */
  readonly #word: number;
  readonly #pointer: number;
  readonly #size: number;
  readonly #address: number;

  constructor(capstone: Capstone) {
    this.#capstone = capstone;
    const handle = capstone._malloc(4);
    const error = capstone._cs_open(capstone.ARCH_ARM64, capstone.MODE_ARM, handle);
    if (error !== 0) throw new Error(`cs_open failed: ${error}`);
    this.#handle = capstone.getValue(handle, 'i32');
    this.#instruction = capstone._cs_malloc(this.#handle);
    this.#address = capstone._malloc(24);
    this.#word = this.#address + 8;
    this.#pointer = this.#address + 12;
    this.#size = this.#address + 16;
  }

  decode(word: number, address: number): DecodedText | undefined {
    const capstone = this.#capstone;
    capstone.setValue(this.#word, word, 'i32');
    capstone.setValue(this.#pointer, this.#word, 'i32');
    capstone.setValue(this.#size, 4, 'i32');
    capstone.setValue(this.#address, BigInt(address), 'i64');
    const { _cs_disasm_iter: disassemble } = capstone;
    if (!disassemble(this.#handle, this.#pointer, this.#size, this.#address, this.#instruction))
      return undefined;
    const mnemonic = capstone.UTF8ToString(this.#instruction + mnemonicAt);
    const operands = withoutWrongSign(capstone.UTF8ToString(this.#instruction + operandsAt));
    return isMoveWidePreferred(word) ? orrOf(word, operands) : { mnemonic, operands };
  }
}

/** Capstone says `mov x1, #7` for an ORR that is no MOV by Arm's rule, since MOVZ could do the same. */
function orrOf(word: number, operands: string): DecodedText {
  return { mnemonic: 'orr', operands: operands.replace(',', word >>> 31 === 0 ? ', wzr,' : ', xzr,') };
}

/**
 * Capstone puts a minus before the two's complement of negative bit masks (`mov x0, #-0xffffffff80000000`), and
 * shows negative post-indexes without their sign (`ldr x7, [x12], #0xffffffffffffffb6`).
 */
function withoutWrongSign(operands: string): string {
  if (!/0x[89a-f][0-9a-f]{15}$/.test(operands)) return operands;
  return operands
    .replace(/#-(?=0x\w+$)/, '#')
    .replace(
      /(\], )#(0x\w+)$/,
      (_, before, value) => `${before}#-0x${(2n ** 64n - BigInt(value)).toString(16)}`,
    );
}
