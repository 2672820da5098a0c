import { CODE, CODE_SIZE, DATA, PAGE, VECTORS } from './cpu.ts';

/** Random instructions with registers that make them likely to touch the page, from a seed. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** mulberry32. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  bits64(): bigint {
    return (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32));
  }
}

/** How an instruction is encoded behind its prefixes: Intel SDM vol. 2, chapters 3 to 6. */
export interface Form {
  readonly name: string;
  /** A prefix that belongs to it. */
  readonly prefix?: number;
  readonly opcode: readonly number[];
  /** `any`: ModRM with any reg field; a number: that one. None if missing. */
  readonly reg?: 'any' | number;
  /** Its operand must be in memory. */
  readonly memoryOnly?: boolean;
  /** Bytes of the immediate; `z` is 2 or 4 by operand size, `v` 2, 4 or 8. */
  readonly immediate?: 1 | 2 | 4 | 'z' | 'v';
  /** Not to be given an operand-size prefix. */
  readonly fixedSize?: boolean;
  /** The low bits of the opcode are a register. */
  readonly registerInOpcode?: boolean;
  /** The opcode is behind a VEX prefix: prefixes that would be errors are not put before it. */
  readonly vex?: boolean;
  /** A gather: its index, its mask and its result are different vectors. */
  readonly vsib?: boolean;
}

const groupNames = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'];

const arithmetic: readonly Form[] = groupNames.flatMap((name, i): Form[] => [
  ...[0, 1, 2, 3].map((form): Form => ({ name, opcode: [i * 8 + form], reg: 'any' })),
  { name, opcode: [i * 8 + 4], immediate: 1 },
  { name, opcode: [i * 8 + 5], immediate: 'z' },
  { name, opcode: [0x80], reg: i, immediate: 1 },
  { name, opcode: [0x81], reg: i, immediate: 'z' },
  { name, opcode: [0x83], reg: i, immediate: 1 },
]);

/** Those that are emulated, data first. */
export const emulatedData: readonly Form[] = [
  ...arithmetic,
  ...[0x84, 0x85].map((op): Form => ({ name: 'test', opcode: [op], reg: 'any' })),
  { name: 'test', opcode: [0xa8], immediate: 1 },
  { name: 'test', opcode: [0xa9], immediate: 'z' },
  { name: 'test', opcode: [0xf6], reg: 0, immediate: 1 },
  { name: 'test', opcode: [0xf7], reg: 0, immediate: 'z' },
  ...[0xf6, 0xf7].flatMap((op): Form[] => [
    { name: 'not', opcode: [op], reg: 2 },
    { name: 'neg', opcode: [op], reg: 3 },
  ]),
  ...[0xfe, 0xff].flatMap((op): Form[] => [
    { name: 'inc', opcode: [op], reg: 0 },
    { name: 'dec', opcode: [op], reg: 1 },
  ]),
  ...[0x88, 0x89, 0x8a, 0x8b].map((op): Form => ({ name: 'mov', opcode: [op], reg: 'any' })),
  { name: 'mov', opcode: [0xc6], reg: 0, immediate: 1 },
  { name: 'mov', opcode: [0xc7], reg: 0, immediate: 'z' },
  { name: 'mov', opcode: [0xb0], registerInOpcode: true, immediate: 1 },
  { name: 'mov', opcode: [0xb8], registerInOpcode: true, immediate: 'v' },
  { name: 'lea', opcode: [0x8d], reg: 'any', memoryOnly: true },
  { name: 'movsxd', opcode: [0x63], reg: 'any', fixedSize: true },
  ...[0xb6, 0xb7, 0xbe, 0xbf].map((op): Form => ({ name: 'movx', opcode: [0x0f, op], reg: 'any' })),
  ...range(0x40, 16).map((op): Form => ({ name: 'cmov', opcode: [0x0f, op], reg: 'any' })),
  ...range(0x90, 16).map((op): Form => ({ name: 'set', opcode: [0x0f, op], reg: 'any' })),
  { name: 'push', opcode: [0x50], registerInOpcode: true, fixedSize: true },
  { name: 'pop', opcode: [0x58], registerInOpcode: true, fixedSize: true },
  { name: 'push', opcode: [0x68], immediate: 4, fixedSize: true },
  { name: 'push', opcode: [0x6a], immediate: 1, fixedSize: true },
  { name: 'push', opcode: [0xff], reg: 6, fixedSize: true },
  { name: 'leave', opcode: [0xc9], fixedSize: true },
  { name: 'xchg', opcode: [0x90], registerInOpcode: true },
  { name: 'nop', opcode: [0x0f, 0x1f], reg: 0 },
  { name: 'endbr64', prefix: 0xf3, opcode: [0x0f, 0x1e, 0xfa], fixedSize: true },
];

export const emulatedFlow: readonly Form[] = [
  { name: 'call', opcode: [0xe8], immediate: 4, fixedSize: true },
  { name: 'jmp', opcode: [0xe9], immediate: 4, fixedSize: true },
  { name: 'jmp', opcode: [0xeb], immediate: 1, fixedSize: true },
  { name: 'call', opcode: [0xff], reg: 2, fixedSize: true },
  { name: 'jmp', opcode: [0xff], reg: 4, fixedSize: true },
  { name: 'ret', opcode: [0xc3], fixedSize: true },
  { name: 'ret', opcode: [0xc2], immediate: 2, fixedSize: true },
  ...range(0x70, 16).map((op): Form => ({ name: 'jcc', opcode: [op], immediate: 1, fixedSize: true })),
  ...range(0x80, 16).map((op): Form => ({ name: 'jcc', opcode: [0x0f, op], immediate: 4, fixedSize: true })),
  ...range(0xe0, 4).map((op): Form => ({ name: 'loop', opcode: [op], immediate: 1, fixedSize: true })),
];

/** Those that are executed elsewhere. */
export const relocated: readonly Form[] = [
  ...[0x86, 0x87].map((op): Form => ({ name: 'xchg', opcode: [op], reg: 'any' })),
  ...[0x10, 0x11, 0x28, 0x29].map((op): Form => ({ name: 'movps', opcode: [0x0f, op], reg: 'any' })),
  ...[0x10, 0x11, 0x58].map((op): Form => ({ name: 'sd', prefix: 0xf2, opcode: [0x0f, op], reg: 'any' })),
  ...[0x10, 0x11, 0x6f, 0x7f].map(
    (op): Form => ({ name: 'ss, movdqu', prefix: 0xf3, opcode: [0x0f, op], reg: 'any' }),
  ),
  ...[0x6f, 0x7f, 0x6e, 0x7e, 0xd6, 0xef].map(
    (op): Form => ({ name: 'movdqa, movq, pxor', prefix: 0x66, opcode: [0x0f, op], reg: 'any' }),
  ),
  { name: 'cvtsi2sd', prefix: 0xf2, opcode: [0x0f, 0x2a], reg: 'any' },
  { name: 'popcnt', prefix: 0xf3, opcode: [0x0f, 0xb8], reg: 'any' },
  { name: 'tzcnt', prefix: 0xf3, opcode: [0x0f, 0xbc], reg: 'any' },
  { name: 'imul', opcode: [0x0f, 0xaf], reg: 'any' },
  { name: 'imul', opcode: [0x69], reg: 'any', immediate: 'z' },
  { name: 'imul', opcode: [0x6b], reg: 'any', immediate: 1 },
  ...[4, 5, 6, 7].flatMap((reg): Form[] => [
    { name: 'mul, div', opcode: [0xf6], reg },
    { name: 'mul, div', opcode: [0xf7], reg },
  ]),
  ...[0, 1, 2, 3, 4, 5, 7].flatMap((reg): Form[] => [
    { name: 'shift', opcode: [0xc1], reg, immediate: 1 },
    { name: 'shift', opcode: [0xd3], reg },
  ]),
  ...[0xa3, 0xab, 0xb3, 0xbb].map((op): Form => ({ name: 'bt', opcode: [0x0f, op], reg: 'any' })),
  ...[4, 5, 6, 7].map((reg): Form => ({ name: 'bt', opcode: [0x0f, 0xba], reg, immediate: 1 })),
  ...[0xb0, 0xb1, 0xc0, 0xc1].map((op): Form => ({ name: 'cmpxchg, xadd', opcode: [0x0f, op], reg: 'any' })),
  { name: 'cmpxchg8b', opcode: [0x0f, 0xc7], reg: 1, memoryOnly: true },
  { name: 'bswap', opcode: [0x0f, 0xc8], registerInOpcode: true, fixedSize: true },
  { name: 'pop', opcode: [0x8f], reg: 0, fixedSize: true },
  { name: 'cbw', opcode: [0x98] },
  { name: 'cwd', opcode: [0x99] },
  { name: 'xlat', opcode: [0xd7] },
  { name: 'enter', opcode: [0xc8, 16, 0, 0], fixedSize: true },
  ...[0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf].flatMap((op): Form[] => [
    { name: 'string', opcode: [op] },
    { name: 'rep string', prefix: 0xf3, opcode: [op] },
    { name: 'repne string', prefix: 0xf2, opcode: [op] },
  ]),
  { name: 'fld', opcode: [0xdd], reg: 0, memoryOnly: true },
  { name: 'fstp', opcode: [0xdd], reg: 3, memoryOnly: true },
  { name: 'fld80', opcode: [0xdb], reg: 5, memoryOnly: true },
  { name: 'fxsave', opcode: [0x0f, 0xae], reg: 0, memoryOnly: true, fixedSize: true },
  { name: 'stmxcsr', opcode: [0x0f, 0xae], reg: 3, memoryOnly: true, fixedSize: true },
  { name: 'prefetch', opcode: [0x0f, 0x18], reg: 1, memoryOnly: true, fixedSize: true },
  { name: 'clflush', opcode: [0x0f, 0xae], reg: 7, memoryOnly: true, fixedSize: true },
];

/** AVX, by VEX prefixes of two and three bytes: Intel SDM vol. 2 §2.3.5. */
export const vectorial: readonly Form[] = [
  ...[0x6f, 0x7f].map((op): Form => ({ name: 'vmovdqu', opcode: [0xc5, 0xfe, op], reg: 'any', vex: true })),
  ...[0x10, 0x11].map((op): Form => ({ name: 'vmovups', opcode: [0xc5, 0xf8, op], reg: 'any', vex: true })),
  { name: 'vaddsd', opcode: [0xc5, 0xf3, 0x58], reg: 'any', vex: true },
  { name: 'vbroadcastss', opcode: [0xc4, 0xe2, 0x7d, 0x18], reg: 'any', memoryOnly: true, vex: true },
  { name: 'vmaskmovps', opcode: [0xc4, 0xe2, 0x7d, 0x2c], reg: 'any', memoryOnly: true, vex: true },
  { name: 'andn', opcode: [0xc4, 0xe2, 0xf8, 0xf2], reg: 'any', vex: true },
  // vvvv, the mask, is xmm8 to xmm15; W and L say how wide elements and vectors are.
  ...[0x90, 0x91, 0x92, 0x93].flatMap((op) =>
    [0x39, 0x3d, 0xb9, 0xbd].map(
      (wide): Form => ({ name: 'gather', opcode: [0xc4, 0xe2, wide, op], reg: 'any', vex: true, vsib: true }),
    ),
  ),
];

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

export interface Instance {
  readonly form: Form;
  readonly code: Uint8Array;
  /** By DWARF number, rflags last. */
  readonly registers: BigUint64Array;
  readonly hasAtomicPrefix: boolean;
}

export function randomInstance(random: Random, form: Form): Instance {
  const address = CODE + 0x1000 + random.below(CODE_SIZE / 2);
  const bytes: number[] = [];
  const isAtomic = random.chance(3) && form.reg !== undefined && !form.vex;
  if (isAtomic) bytes.push(0xf0);
  const narrow = !form.fixedSize && !form.vex && random.chance(25);
  if (narrow) bytes.push(0x66);
  if (random.chance(5)) bytes.push(0x67);
  // gs; cs, which says nothing.
  const segment = [0x65, 0x2e][random.below(25)];
  if (segment !== undefined) bytes.push(segment);
  if (form.prefix !== undefined) bytes.push(form.prefix);
  const rex = random.chance(60) && !form.vex ? 0x40 | random.below(16) : 0;
  if (rex !== 0) bytes.push(rex);
  bytes.push(...form.opcode);
  if (form.registerInOpcode) bytes[bytes.length - 1]! |= random.below(8);
  const immediate = immediateSize(form, narrow && !(rex & 8), (rex & 8) !== 0);
  if (form.vsib) appendVsib(random, bytes);
  else if (form.reg !== undefined) appendModrm(random, form, bytes, address, immediate);
  for (let i = 0; i < immediate; i++) bytes.push(random.chance(50) ? random.below(256) : 0);
  return {
    form,
    code: Uint8Array.from(bytes),
    registers: randomRegisters(random, address),
    hasAtomicPrefix: isAtomic,
  };
}

function immediateSize({ immediate }: Form, narrow: boolean, wide: boolean): number {
  if (immediate === 'z') return narrow ? 2 : 4;
  if (immediate === 'v') return wide ? 8 : narrow ? 2 : 4;
  return immediate ?? 0;
}

/** ModRM, SIB and displacement: Intel SDM vol. 2 §2.1.3. */
function appendModrm(random: Random, form: Form, bytes: number[], address: number, immediate: number): void {
  const mode = form.memoryOnly ? random.below(3) : random.below(4);
  const rm = random.below(8);
  const reg = form.reg === 'any' || form.reg === undefined ? random.below(8) : form.reg;
  bytes.push((mode << 6) | (reg << 3) | rm);
  if (mode === 3) return;
  const sib = rm === 4 ? random.below(256) : undefined;
  if (sib !== undefined) bytes.push(sib);
  const inPage = DATA + random.below(PAGE - 64);
  // Some operands must be aligned.
  if (mode === 1) bytes.push(random.below(256) & random.pick([0xff, 0xf0]));
  else if (mode === 2)
    pushInt32(bytes, random.chance(80) ? random.below(512) - 256 : random.below(2 ** 32) | 0);
  else if (rm === 5) pushInt32(bytes, inPage - (address + bytes.length + 4 + immediate));
  else if (sib !== undefined && (sib & 7) === 5) pushInt32(bytes, inPage);
}

/** Intel SDM vol. 2 §2.3.12: base, eight bits of displacement, and an index out of xmm0 to xmm7. */
function appendVsib(random: Random, bytes: number[]): void {
  const index = random.below(8);
  const mask = 8 + random.below(8);
  // vvvv is stored inverted.
  bytes[bytes.length - 2] = (bytes.at(-2)! & 0x87) | ((~mask & 0xf) << 3);
  const result = (index + 1 + random.below(7)) % 8;
  bytes.push(
    0x44 | (result << 3),
    (random.below(4) << 6) | (index << 3) | random.below(8),
    random.below(256),
  );
}

function pushInt32(bytes: number[], value: number): void {
  for (let i = 0; i < 4; i++) bytes.push((value >> (i * 8)) & 0xff);
}

const edges = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn];
const wideEdges = [0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn];

function randomRegisters(random: Random, address: number): BigUint64Array {
  const value = (): bigint => {
    const kind = random.below(100);
    if (kind < 20) return BigInt(DATA + 512 + random.below(PAGE / 16 - 64) * 16);
    if (kind < 40) return BigInt(DATA + 512 + random.below(PAGE - 1024));
    if (kind < 60) return BigInt.asUintN(64, BigInt(random.below(80) - 16));
    return kind < 80 ? random.bits64() : random.pick([...edges, ...wideEdges]);
  };
  const registers = BigUint64Array.from({ length: 18 }, value);
  if (random.chance(90)) registers[7] = BigInt(DATA + 512 + random.below(PAGE / 8 - 128) * 8);
  registers[16] = BigInt(address);
  // The status flags and, seldom, the direction flag; the second bit is always set and interrupts are on.
  registers[17] = BigInt((random.below(0x1000) & 0x8d5) | 0x202 | (random.chance(10) ? 0x400 : 0));
  return registers;
}

/** xmm0 to xmm7 are fit for indexes, of 32 bits and of 64; the others have any bits, as masks. */
export function randomVectors(random: Random): Uint8Array {
  const vectors = new Uint8Array(VECTORS);
  const view = new DataView(vectors.buffer);
  for (let at = 0; at < VECTORS; at += 4) view.setInt32(at, random.below(2 ** 32) | 0, true);
  for (let at = 0; at < 64; at += 4) view.setInt32(at, random.below(128) - 64, true);
  for (let at = 64; at < 128; at += 8) view.setBigInt64(at, BigInt(random.below(128) - 64), true);
  return vectors;
}

/** Random words, among them addresses of code and of the page itself. */
export function randomPage(random: Random): Uint8Array {
  const page = new Uint8Array(PAGE);
  const view = new DataView(page.buffer);
  for (let at = 0; at < PAGE; at += 8) {
    const kind = random.below(4);
    const value =
      kind === 0
        ? random.bits64()
        : kind === 1
          ? BigInt(CODE + random.below(CODE_SIZE))
          : kind === 2
            ? BigInt(DATA + random.below(PAGE))
            : BigInt(random.below(256));
    view.setBigUint64(at, value, true);
  }
  return page;
}
