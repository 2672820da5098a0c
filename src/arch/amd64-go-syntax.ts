import type * as Iced from 'iced-x86';
import type { Symbolize } from './arch.ts';

/**
 * Go's (Plan 9) syntax for amd64 as `go tool objdump` prints it: golang.org/x/arch/x86/x86asm, plan9x.go. Sources
 * come first and the destination last (but for CMP), registers have one name for all widths, and a suffix says the
 * width where the register does not. What x86asm does not know or misreads (VEX, EVEX and newer instructions) is
 * printed by the same rules.
 */
export type GoText = (instruction: Iced.Instruction, bytes: Uint8Array, symbolize?: Symbolize) => string;

/** Instructions that take a suffix for their width (plan9Suffix there). */
const suffixed = new Set(
  (
    'ADC ADD AND BSF BSR BT BTC BTR BTS CMP CMPXCHG CVTSI2SD CVTSI2SS CVTSD2SI CVTSS2SI CVTTSD2SI CVTTSS2SI DEC ' +
    'DIV FLDENV FRSTOR IDIV IMUL IN INC LEA MOV MOVNTI MUL NEG NOP NOT OR OUT POP POPCNT PUSH RCL RCR ROL ROR ' +
    'SAR SBB SHL SHLD SHR SHRD SUB TEST XADD XCHG XOR'
  ).split(' '),
);

/** Where x86asm's name of an instruction is not Intel's. */
const renamed: Readonly<Record<string, string>> = {
  RETF: 'LRET',
  INT3: 'INT',
  INT1: 'ICEBP',
  WAIT: 'FWAIT',
  SYSRETQ: 'SYSRET',
  SYSEXITQ: 'SYSEXIT',
};

/** Instructions of which x86asm shows fewer operands: how many, from the end. The others are always the same. */
const shownOperands: Readonly<Record<string, number>> = {
  FXCH: 1,
  FCOM: 1,
  FCOMP: 1,
  FUCOM: 1,
  FUCOMP: 1,
  MASKMOVQ: 2,
  MASKMOVDQU: 2,
};

const widthSuffix: Readonly<Record<number, string>> = { 1: 'B', 2: 'W', 4: 'L', 8: 'Q' };

export function goText(iced: typeof Iced): GoText {
  const mnemonics = mnemonicNames(iced);
  const registers = registerNames(iced);
  const operands = operandPrinter(iced, registers);
  const { Mnemonic } = iced;

  return (it, bytes, symbolize) => {
    const base = mnemonicOf(iced, it, mnemonics);
    const args = operands(it, symbolize).slice(-(shownOperands[base] ?? 0));
    if (it.mnemonic !== Mnemonic.Cmp) args.reverse();
    if (it.mnemonic === Mnemonic.Int3) args.push('$0x3');
    const name = suffixed.has(base) ? base + (widthSuffix[widthOf(iced, it, bytes)] ?? '') : base;
    const text = args.length === 0 ? name : `${name} ${args.join(', ')}`;
    return prefixText(iced, it, bytes) + text;
  };
}

function mnemonicNames({ Mnemonic }: typeof Iced): readonly string[] {
  const names: string[] = [];
  for (const [name, value] of Object.entries(Mnemonic)) {
    const upper = name.toUpperCase();
    if (typeof value === 'number') names[value] = renamed[upper] ?? upper;
  }
  return names;
}

/** MOVSD and CMPSD are two instructions each, of which the SSE ones get a suffix; far transfers have own names. */
function mnemonicOf({ Mnemonic }: typeof Iced, it: Iced.Instruction, names: readonly string[]): string {
  const { mnemonic } = it;
  const name = names[mnemonic]!;
  if (it.isCallFarIndirect || it.isJmpFarIndirect) return `L${name}`;
  const ambiguous = mnemonic === Mnemonic.Movsd || mnemonic === Mnemonic.Cmpsd;
  return ambiguous && !it.isStringInstruction ? `${name}_XMM` : name;
}

function registerNames({ Register }: typeof Iced): readonly string[] {
  const names: string[] = [];
  for (const [name, value] of Object.entries(Register)) {
    if (typeof value === 'number') names[value] = goRegister(name.toUpperCase());
  }
  return names;
}

function goRegister(name: string): string {
  const legacy = /^[RE]?([A-D]X|[SB]P|[SD]I|IP)$/.exec(name) ?? /^([SB]P|[SD]I)L$/.exec(name);
  if (legacy) return legacy[1]!;
  const numbered = /^(R\d+)[DWLB]?$/.exec(name);
  if (numbered) return numbered[1]!;
  const vector = /^(?:([XYZ])MM|M(M)|(ST))(\d+)$/.exec(name);
  if (!vector) return name;
  const [, wide, mmx, , number] = vector;
  return `${wide ?? (mmx ? 'M' : 'F')}${number}`;
}

/** The width in bytes that the suffix tells: of the memory, else of the operation. */
function widthOf(iced: typeof Iced, it: Iced.Instruction, bytes: Uint8Array): number {
  const { Mnemonic, OpKind, RegisterExt, MemorySizeExt } = iced;
  const count = it.opCount;
  if (it.mnemonic !== Mnemonic.Lea && hasMemory(iced, it)) {
    const size = MemorySizeExt.size(it.memorySize);
    if (size in widthSuffix) return size;
  }
  if (count === 1 && it.op0Kind === OpKind.Register && RegisterExt.isGPR64(it.op0Register)) return 8;
  return dataSize(bytes);
}

/**
 * The operand size that the prefixes choose. Eight-bit forms have no prefix of their own, so that x86asm takes them
 * for 32 bits wide: `TESTL AL, AL`.
 */
function dataSize(bytes: Uint8Array): number {
  let size = 4;
  for (const byte of bytes) {
    if ((byte & 0xf8) === 0x48) return 8;
    if (byte === 0x66) size = 2;
    else if (!isLegacyPrefix(byte)) break;
  }
  return size;
}

function isLegacyPrefix(byte: number): boolean {
  return (
    (byte & 0xe7) === 0x26 ||
    (byte >= 0x64 && byte <= 0x67) ||
    byte === 0xf0 ||
    byte === 0xf2 ||
    byte === 0xf3
  );
}

function operandPrinter(iced: typeof Iced, registers: readonly string[]) {
  const { OpKind } = iced;
  return (it: Iced.Instruction, symbolize?: Symbolize): string[] => {
    const args: string[] = [];
    for (let i = 0; i < it.opCount; i++) {
      const kind = it.opKind(i);
      if (kind === OpKind.Register) args.push(registers[it.opRegister(i)]!);
      else if (kind === OpKind.Memory) args.push(memoryText(iced, registers, it, symbolize));
      else if (kind === OpKind.NearBranch64 || kind === OpKind.NearBranch32)
        args.push(branchText(it.nearBranchTarget, symbolize));
      else if (kind >= OpKind.MemorySegSI) args.push(stringOperand(iced, registers, it, kind));
      else args.push(immediateText(immediateOf(iced, it, i)));
    }
    return args;
  };
}

/** The name of a symbol only at its start: `JMP 0x123` is easier to find than `JMP f+10(SB)`. */
function branchText(target: bigint, symbolize?: Symbolize): string {
  const address = Number(target);
  const symbol = symbolize?.(address);
  return symbol?.base === address ? `${symbol.name}(SB)` : hexText(target);
}

/** Immediates of 16 and 32 bits are signed, but for the stack adjustments of RET and ENTER. */
function immediateOf({ OpKind, Mnemonic }: typeof Iced, it: Iced.Instruction, operand: number): bigint {
  const value = it.immediate(operand);
  const { mnemonic } = it;
  if (mnemonic === Mnemonic.Ret || mnemonic === Mnemonic.Retf || mnemonic === Mnemonic.Enter) return value;
  const kind = it.opKind(operand);
  if (kind === OpKind.Immediate32) return BigInt.asIntN(32, value);
  if (kind === OpKind.Immediate16) return BigInt.asIntN(16, value);
  return value;
}

/** Immediates that fit into 32 signed bits have a sign, larger ones are unsigned. */
function immediateText(value: bigint): string {
  const signed = BigInt.asIntN(64, value);
  return `$${hexText(BigInt.asIntN(32, signed) === signed ? signed : BigInt.asUintN(64, value))}`;
}

function hexText(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** The other segments mean nothing in 64-bit mode; their prefixes are shown as such. */
function segmentOf({ Register }: typeof Iced, { segmentPrefix }: Iced.Instruction): Iced.Register {
  return segmentPrefix === Register.FS || segmentPrefix === Register.GS ? segmentPrefix : Register.None;
}

/** `seg:disp(BASE)(INDEX*scale)`, or `symbol+offset(SB)` for an address that is known here. */
function memoryText(
  iced: typeof Iced,
  registers: readonly string[],
  it: Iced.Instruction,
  symbolize?: Symbolize,
): string {
  const { Register, Mnemonic } = iced;
  const { memoryBase: base, memoryIndex: index } = it;
  const segment = segmentOf(iced, it);
  if (it.mnemonic === Mnemonic.Xlatb) return `${registers[segment || Register.DS]}:0(BX)`;
  const displacement = displacementOf(it);
  if (it.isIpRelMemoryOperand && segment === Register.None && displacement !== 0n) {
    const named = symbolText(it.memoryDisplacement, symbolize);
    if (named !== undefined) return named;
  }
  let text = segment === Register.None ? '' : `${registers[segment]}:`;
  text += displacement === 0n ? '0' : hexText(displacement);
  if (base !== Register.None) text += `(${registers[base]})`;
  if (index !== Register.None) text += `(${registers[index]}*${it.memoryIndexScale})`;
  return text;
}

function symbolText(address: bigint, symbolize?: Symbolize): string | undefined {
  const number = Number(BigInt.asUintN(64, address));
  const symbol = symbolize?.(number);
  if (symbol === undefined) return undefined;
  const offset = number - symbol.base;
  return `${symbol.name}${offset === 0 ? '' : `+${offset}`}(SB)`;
}

/**
 * x86asm sees displacements of 8 bits as signed, and those of 32 bits as unsigned: `FS:0xfffffff8`. Only the moves
 * between al…rax and an absolute address have wider ones.
 */
function displacementOf(it: Iced.Instruction): bigint {
  const encoded = it.isIpRelMemoryOperand ? it.memoryDisplacement - it.nextIP : it.memoryDisplacement;
  if (it.memoryDisplSize === 1) return BigInt.asIntN(8, encoded);
  const narrow = BigInt.asUintN(32, encoded);
  return BigInt.asIntN(32, encoded) === encoded || narrow === encoded ? narrow : encoded;
}

/** The memory operands of string instructions, which their registers imply. */
function stringOperand(
  iced: typeof Iced,
  registers: readonly string[],
  it: Iced.Instruction,
  kind: number,
): string {
  const { OpKind, Register } = iced;
  const source = kind === OpKind.MemorySegSI || kind === OpKind.MemorySegESI || kind === OpKind.MemorySegRSI;
  const toES = kind === OpKind.MemoryESDI || kind === OpKind.MemoryESEDI || kind === OpKind.MemoryESRDI;
  const segment = toES ? Register.ES : segmentOf(iced, it) || Register.DS;
  return `${registers[segment]}:0(${source ? 'SI' : 'DI'})`;
}

const segmentPrefixes: Readonly<Record<number, string>> = {
  38: 'ES ',
  46: 'CS ',
  54: 'SS ',
  62: 'DS ',
  100: 'FS ',
  101: 'GS ',
};

/** Prefixes that the rest of the text does not imply: the repetition, then the last of the others. */
function prefixText(iced: typeof Iced, it: Iced.Instruction, bytes: Uint8Array): string {
  let repetition = '';
  if (it.hasRepPrefix) repetition = 'REP; ';
  else if (it.hasRepnePrefix) repetition = 'REPNE; ';
  let last = '';
  for (const byte of bytes) {
    if (!isLegacyPrefix(byte)) break;
    if (byte === 0xf0) last = 'LOCK ';
    // x86asm forgets even a LOCK then; the segment means nothing.
    else if (byte === 0x66 || byte === 0x67) last = last === 'LOCK ' ? last : '';
    else if (byte === 0x64 || byte === 0x65) last = hasMemory(iced, it) ? last : segmentPrefixes[byte]!;
    else if (byte in segmentPrefixes) last = predictionText(it, byte) ?? segmentPrefixes[byte]!;
  }
  return repetition + last;
}

/** On a conditional jump, CS and DS predict. */
function predictionText(it: Iced.Instruction, prefix: number): string | undefined {
  if (!it.isJccShortOrNear && !it.isLoop && !it.isLoopcc && !it.isJcxShort) return undefined;
  if (prefix === 0x2e) return 'PN ';
  return prefix === 0x3e ? 'PT ' : undefined;
}

function hasMemory({ OpKind }: typeof Iced, it: Iced.Instruction): boolean {
  for (let i = 0; i < it.opCount; i++) if (it.opKind(i) >= OpKind.MemorySegSI) return true;
  return false;
}
