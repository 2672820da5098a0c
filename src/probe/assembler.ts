import type { IndexedMemory, Memory, Register } from './operands.ts';
import { isRegister, RBP, RSP } from './operands.ts';

/** Condition codes (Intel SDM vol. 1, appendix B). */
const CONDITIONS = {
  below: 2,
  aboveOrEqual: 3,
  carry: 2,
  noCarry: 3,
  equal: 4,
  notEqual: 5,
  zero: 4,
  notZero: 5,
  belowOrEqual: 6,
  above: 7,
  /** Of signed numbers. */
  greater: 15,
} as const;
export type Condition = keyof typeof CONDITIONS;

/** A place in the code that may be jumped to before it is known. */
export interface Label {
  /** Offset from the start of the code. */
  offset: number | undefined;
  /** Offsets of the 32-bit distances that lead to it. */
  readonly uses: number[];
}

/** The two-operand instructions of one family: number in 81 /n, which is also the opcode's row (00, 08, … 38). */
const ARITHMETIC = { add: 0, or: 1, and: 4, sub: 5, xor: 6, compare: 7 } as const;
type Arithmetic = keyof typeof ARITHMETIC;

const REX = 0x40;
const REX_W = 0x48;
const SHORTEST_32 = -0x8000_0000;
const LONGEST_32 = 0x7fff_ffff;

const fitsByte = (value: number): boolean => value >= -128 && value <= 127;

/**
 * Machine code of amd64 for trampolines: the few instructions that they need, at a known address. Intel SDM vol. 2.
 * Every jump takes 32 bits, so nothing has to be laid out twice. What does not fit is our own mistake and throws.
 */
export class Assembler {
  readonly origin: number;
  #bytes = new Uint8Array(512);
  #length = 0;

  constructor(origin: number) {
    this.origin = origin;
  }

  /** Address of the next instruction. */
  get here(): number {
    return this.origin + this.#length;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** Leaves bytes out, which are traps. */
  skip(bytes: number): void {
    for (let i = 0; i < bytes; i++) this.#byte(0xcc);
  }

  /** Forgets what was written behind the first `length` bytes, with its labels. */
  rewind(length: number): void {
    this.#length = length;
  }

  label(): Label {
    return { offset: undefined, uses: [] };
  }

  bind(label: Label): void {
    if (label.offset !== undefined) throw new Error('a label has been bound twice');
    label.offset = this.#length;
    for (const use of label.uses) this.#setDistance(use, label.offset);
  }

  /** All bytes. Labels that have been used must have been bound. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Bytes as they are: instructions that are good at any address. */
  raw(bytes: Uint8Array): void {
    for (const byte of bytes) this.#byte(byte);
  }

  move(to: Register, from: Register): void {
    this.#registers(0x89, from, to, true);
  }

  /** Clears the upper half. */
  move32(to: Register, from: Register): void {
    this.#registers(0x89, from, to, false);
  }

  /** An unsigned number of up to 32 bits, or any address. */
  moveNumber(to: Register, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${value} is no address`);
    const wide = value > 0xffff_ffff;
    this.#byte((wide ? REX_W : REX) | (to >> 3));
    this.#byte(0xb8 | (to & 7));
    this.#word(value % 2 ** 32);
    if (wide) this.#word(Math.floor(value / 2 ** 32));
  }

  load(to: Register, from: Memory): void {
    this.#memory([0x8b], to, from, true);
  }

  /** Clears the upper half. */
  load32(to: Register, from: Memory): void {
    this.#memory([0x8b], to, from, false);
  }

  /** Clears the rest. */
  load8(to: Register, from: Memory): void {
    this.#memory([0x0f, 0xb6], to, from, false);
  }

  store(to: Memory, from: Register): void {
    this.#memory([0x89], from, to, true);
  }

  store32(to: Memory, from: Register): void {
    this.#memory([0x89], from, to, false);
  }

  /** 64 bits of a number that is 32 bits long, its sign extended. */
  storeNumber(to: Memory, value: number): void {
    this.#memory([0xc7], 0, to, true, 4);
    this.#signed(value);
  }

  storeNumber32(to: Memory, value: number): void {
    this.#memory([0xc7], 0, to, false, 4);
    this.#signed(value);
  }

  address(to: Register, of: Memory): void {
    this.#memory([0x8d], to, of, true);
  }

  /** lea: leaves the flags alone. */
  addressOf(to: Register, { base, index, scale, displacement }: IndexedMemory): void {
    // No index is number 4, which is why rsp cannot be one.
    const indexed = index ?? RSP;
    this.#byte(REX_W | ((to >> 3) << 2) | ((indexed >> 3) << 1) | (base >> 3));
    this.#byte(0x8d);
    this.#byte(0x84 | ((to & 7) << 3));
    this.#byte((Math.log2(scale) << 6) | ((indexed & 7) << 3) | (base & 7));
    this.#signed(displacement);
  }

  push(register: Register): void {
    this.#byte(REX | (register >> 3));
    this.#byte(0x50 | (register & 7));
  }

  /** 64 bits; a number is 32 bits long and its sign is extended. */
  calculate(what: Arithmetic, to: Register, from: Register | { readonly number: number } | Memory): void {
    this.#arithmetic(what, to, from, true);
  }

  /** 32 bits; clears the upper half. */
  calculate32(what: Arithmetic, to: Register, from: Register | { readonly number: number } | Memory): void {
    this.#arithmetic(what, to, from, false);
  }

  /** cmp dword ptr [memory], number */
  compareMemory32(memory: Memory, value: number): void {
    const short = fitsByte(value);
    this.#memory([short ? 0x83 : 0x81], ARITHMETIC.compare, memory, false, short ? 1 : 4);
    if (short) this.#byte(value & 0xff);
    else this.#signed(value);
  }

  test(a: Register, b: Register): void {
    this.#registers(0x85, b, a, true);
  }

  /** test r8, number: of the lowest byte. */
  testByte(register: Register, bits: number): void {
    this.#byte(REX | (register >> 3));
    this.#byte(0xf6);
    this.#byte(0xc0 | (register & 7));
    this.#byte(bits);
  }

  /** test byte ptr [memory], 0: reads it. */
  testMemory8(memory: Memory): void {
    this.#memory([0xf6], 0, memory, false, 1);
    this.#byte(0);
  }

  /** lock or byte ptr [memory], 0: writes what is there. */
  orNothing8(memory: Memory): void {
    this.#byte(0xf0);
    this.#memory([0x80], ARITHMETIC.or, memory, false, 1);
    this.#byte(0);
  }

  shiftLeft(register: Register, bits: number): void {
    this.#shift(4, register, bits);
  }

  shiftRight(register: Register, bits: number): void {
    this.#shift(5, register, bits);
  }

  /** bt: carry says whether the bit of `register` is set that `index` (modulo 64) names. */
  testBit(register: Register, index: Register): void {
    this.#byte(REX_W | ((index >> 3) << 2) | (register >> 3));
    this.#byte(0x0f);
    this.#byte(0xa3);
    this.#byte(0xc0 | ((index & 7) << 3) | (register & 7));
  }

  /** lock xadd [memory], register */
  exchangeAdd(memory: Memory, register: Register): void {
    this.#byte(0xf0);
    this.#memory([0x0f, 0xc1], register, memory, true);
  }

  /** lock inc qword ptr [memory] */
  increment(memory: Memory): void {
    this.#byte(0xf0);
    this.#memory([0xff], 0, memory, true);
  }

  /** lock cmpxchg [memory], register: if rax is there, register comes there. */
  compareExchange(memory: Memory, register: Register): void {
    this.#byte(0xf0);
    this.#memory([0x0f, 0xb1], register, memory, true);
  }

  /** movq, pinsrq: half a vector register; the lower clears the upper. */
  toVector(vector: number, half: 0 | 1, from: Register): void {
    this.#vector(half === 0 ? [0x6e] : [0x3a, 0x22], vector, from);
    if (half === 1) this.#byte(1);
  }

  /** movq, pextrq */
  fromVector(to: Register, vector: number, half: 0 | 1): void {
    this.#vector(half === 0 ? [0x7e] : [0x3a, 0x16], vector, to);
    if (half === 1) this.#byte(1);
  }

  /** movq [memory], vector: its lower half. */
  storeVector(to: Memory, vector: number): void {
    this.#byte(0x66);
    this.#memory([0x0f, 0xd6], vector, to, false);
  }

  /** xorps vector, vector */
  clearVector(vector: number): void {
    this.#byte(REX | ((vector >> 3) << 2) | (vector >> 3));
    this.#byte(0x0f);
    this.#byte(0x57);
    this.#byte(0xc0 | ((vector & 7) << 3) | (vector & 7));
  }

  /** rdtsc: edx:eax. */
  readTimestamp(): void {
    this.#byte(0x0f);
    this.#byte(0x31);
  }

  /** syscall: rax, rcx and r11 are its. */
  systemCall(): void {
    this.#byte(0x0f);
    this.#byte(0x05);
  }

  jump(to: Label): void {
    this.jumpTo(to);
  }

  /** To an address or a place in this code. */
  jumpTo(to: number | Label): void {
    this.#byte(0xe9);
    this.#distance(to);
  }

  branch(condition: Condition, to: Label): void {
    this.branchOn(CONDITIONS[condition], to);
  }

  branchTo(condition: Condition, address: number): void {
    this.branchOn(CONDITIONS[condition], address);
  }

  /** By the number of a condition, to an address or a place in this code. */
  branchOn(condition: number, to: number | Label): void {
    this.#byte(0x0f);
    this.#byte(0x80 | condition);
    this.#distance(to);
  }

  #vector(opcode: readonly number[], vector: number, register: Register): void {
    this.#byte(0x66);
    this.#byte(REX_W | ((vector >> 3) << 2) | (register >> 3));
    this.#byte(0x0f);
    for (const byte of opcode) this.#byte(byte);
    this.#byte(0xc0 | ((vector & 7) << 3) | (register & 7));
  }

  #shift(what: number, register: Register, bits: number): void {
    this.#byte(REX_W | (register >> 3));
    this.#byte(0xc1);
    this.#byte(0xc0 | (what << 3) | (register & 7));
    this.#byte(bits);
  }

  #arithmetic(
    what: Arithmetic,
    to: Register,
    from: Register | { readonly number: number } | Memory,
    wide: boolean,
  ): void {
    const row = ARITHMETIC[what];
    if (isRegister(from)) {
      this.#registers((row << 3) | 1, from, to, wide);
    } else if ('number' in from) {
      const short = fitsByte(from.number);
      this.#byte((wide ? REX_W : REX) | (to >> 3));
      this.#byte(short ? 0x83 : 0x81);
      this.#byte(0xc0 | (row << 3) | (to & 7));
      if (short) this.#byte(from.number & 0xff);
      else this.#signed(from.number);
    } else {
      this.#memory([(row << 3) | 3], to, from, wide);
    }
  }

  #registers(opcode: number, reg: Register, rm: Register, wide: boolean): void {
    this.#byte((wide ? REX_W : REX) | ((reg >> 3) << 2) | (rm >> 3));
    this.#byte(opcode);
    this.#byte(0xc0 | ((reg & 7) << 3) | (rm & 7));
  }

  /** `behind`: bytes of the instruction that follow the displacement, which the instruction pointer counts in. */
  #memory(opcode: readonly number[], reg: number, memory: Memory, wide: boolean, behind = 0): void {
    const base = 'base' in memory ? memory.base : 0;
    this.#byte((wide ? REX_W : REX) | ((reg >> 3) << 2) | (base >> 3));
    for (const byte of opcode) this.#byte(byte);
    if ('at' in memory) {
      this.#byte(((reg & 7) << 3) | 5);
      this.#signed(memory.at - (this.here + 4 + behind));
      return;
    }
    const { offset } = memory;
    // Without displacement, rbp and r13 would mean something else; rsp and r12 take a SIB byte.
    const mode = offset === 0 && (base & 7) !== RBP ? 0 : fitsByte(offset) ? 1 : 2;
    this.#byte((mode << 6) | ((reg & 7) << 3) | (base & 7));
    if ((base & 7) === RSP) this.#byte(0x24);
    if (mode === 1) this.#byte(offset & 0xff);
    if (mode === 2) this.#signed(offset);
  }

  #distance(to: number | Label): void {
    if (typeof to === 'number') this.#signed(to - (this.here + 4));
    else this.#use(to);
  }

  #use(label: Label): void {
    label.uses.push(this.#length);
    this.#word(0);
    if (label.offset !== undefined) this.#setDistance(this.#length - 4, label.offset);
  }

  #setDistance(at: number, to: number): void {
    new DataView(this.#bytes.buffer).setInt32(at, to - (at + 4), true);
  }

  #signed(value: number): void {
    if (value < SHORTEST_32 || value > LONGEST_32) throw new Error(`${value} does not fit into 32 bits`);
    this.#word(value);
  }

  #word(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.#byte((value >>> shift) & 0xff);
  }

  #byte(value: number): void {
    if (this.#length === this.#bytes.length) {
      const longer = new Uint8Array(2 * this.#length);
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    this.#bytes[this.#length++] = value;
  }
}
