/**
 * DWARF expression opcodes (DWARF 5 §7.7.1) and what follows each: the table by which expressions are decoded.
 * GNU's older numbers for the same operations are mapped to the standard ones.
 */
export const OP = {
  addr: 0x03,
  deref: 0x06,
  const1u: 0x08,
  constu: 0x10,
  consts: 0x11,
  dup: 0x12,
  drop: 0x13,
  over: 0x14,
  pick: 0x15,
  swap: 0x16,
  rot: 0x17,
  xderef: 0x18,
  abs: 0x19,
  and: 0x1a,
  div: 0x1b,
  minus: 0x1c,
  mod: 0x1d,
  mul: 0x1e,
  neg: 0x1f,
  not: 0x20,
  or: 0x21,
  plus: 0x22,
  plusUconst: 0x23,
  shl: 0x24,
  shr: 0x25,
  shra: 0x26,
  xor: 0x27,
  branch: 0x28,
  eq: 0x29,
  ge: 0x2a,
  gt: 0x2b,
  le: 0x2c,
  lt: 0x2d,
  ne: 0x2e,
  skip: 0x2f,
  lit0: 0x30,
  reg0: 0x50,
  breg0: 0x70,
  regx: 0x90,
  fbreg: 0x91,
  bregx: 0x92,
  piece: 0x93,
  derefSize: 0x94,
  xderefSize: 0x95,
  nop: 0x96,
  pushObjectAddress: 0x97,
  call2: 0x98,
  call4: 0x99,
  callRef: 0x9a,
  formTlsAddress: 0x9b,
  callFrameCfa: 0x9c,
  bitPiece: 0x9d,
  implicitValue: 0x9e,
  stackValue: 0x9f,
  implicitPointer: 0xa0,
  addrx: 0xa1,
  constx: 0xa2,
  entryValue: 0xa3,
  constType: 0xa4,
  regvalType: 0xa5,
  derefType: 0xa6,
  xderefType: 0xa7,
  convert: 0xa8,
  reinterpret: 0xa9,
} as const;

/** u1…u8 and s1…s8: fixed size; offset: as the unit's offsets; leb and sleb; block: as long as the LEB128 in front; block1: as the byte in front. */
export type OperandKind =
  | 'u1'
  | 's1'
  | 'u2'
  | 's2'
  | 'u4'
  | 's4'
  | 'u8'
  | 'offset'
  | 's8'
  | 'leb'
  | 'sleb'
  | 'block'
  | 'block1';

const NONE: readonly OperandKind[] = [];

const OPERANDS: Readonly<Record<number, readonly OperandKind[]>> = {
  [OP.addr]: ['u8'],
  [OP.const1u]: ['u1'],
  9: ['s1'],
  10: ['u2'],
  11: ['s2'],
  12: ['u4'],
  13: ['s4'],
  14: ['u8'],
  15: ['s8'],
  [OP.constu]: ['leb'],
  [OP.consts]: ['sleb'],
  [OP.pick]: ['u1'],
  [OP.plusUconst]: ['leb'],
  [OP.branch]: ['s2'],
  [OP.skip]: ['s2'],
  [OP.regx]: ['leb'],
  [OP.fbreg]: ['sleb'],
  [OP.bregx]: ['leb', 'sleb'],
  [OP.piece]: ['leb'],
  [OP.derefSize]: ['u1'],
  [OP.xderefSize]: ['u1'],
  [OP.call2]: ['u2'],
  [OP.call4]: ['u4'],
  [OP.callRef]: ['offset'],
  [OP.bitPiece]: ['leb', 'leb'],
  [OP.implicitValue]: ['block'],
  [OP.implicitPointer]: ['offset', 'sleb'],
  [OP.addrx]: ['leb'],
  [OP.constx]: ['leb'],
  [OP.entryValue]: ['block'],
  [OP.constType]: ['leb', 'block1'],
  [OP.regvalType]: ['leb', 'leb'],
  [OP.derefType]: ['u1', 'leb'],
  [OP.xderefType]: ['u1', 'leb'],
  [OP.convert]: ['leb'],
  [OP.reinterpret]: ['leb'],
};

/** DW_OP_GNU_*: binutils include/dwarf2.def. */
const GNU: Readonly<Record<number, number>> = {
  224: OP.formTlsAddress, // GNU_push_tls_address
  240: OP.nop, // GNU_uninit
  242: OP.implicitPointer,
  243: OP.entryValue,
  244: OP.constType,
  245: OP.regvalType,
  246: OP.derefType,
  247: OP.convert,
  249: OP.reinterpret,
  251: OP.addrx,
  252: OP.constx,
};

/** The standard number of an opcode. */
export function standardOpcode(opcode: number): number {
  return GNU[opcode] ?? opcode;
}

/** Operands of a standard opcode; undefined: no such opcode. */
export function operandsOf(opcode: number): readonly OperandKind[] | undefined {
  const known = OPERANDS[opcode];
  if (known !== undefined) return known;
  if (opcode >= OP.breg0 && opcode < OP.regx) return ['sleb'];
  const isPlain =
    (opcode >= OP.dup && opcode <= OP.reg0 + 31) ||
    opcode === OP.deref ||
    opcode === OP.nop ||
    opcode === OP.pushObjectAddress ||
    opcode === OP.formTlsAddress ||
    opcode === OP.callFrameCfa ||
    opcode === OP.stackValue;
  return isPlain ? NONE : undefined;
}
