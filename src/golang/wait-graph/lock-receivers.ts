/**
 * Which lock a call of Lock or RLock is about, as the machine code around it says (amd64, as Go's compiler writes it).
 * static: a package variable. pointer: what a package variable points to, and so far behind. slot: what stands so far
 * above the stack pointer points to it. offset: so far behind a pointer that the function has in a register, and on its
 * stack while it waits.
 */
export type Receiver =
  | { readonly kind: 'static'; readonly address: number }
  | { readonly kind: 'pointer'; readonly at: number; readonly offset: number }
  | { readonly kind: 'slot'; readonly at: number; readonly offset: number }
  | { readonly kind: 'offset'; readonly offset: number };

/** Instructions that load a receiver stand this close in front of what uses it. */
const WINDOW = 32;
const LOCK_PREFIX = 0xf0;
const MAP = 0x0f;
const COMPARE_EXCHANGE = 0xb1;
const EXCHANGE_ADD = 0xc1;
const CALL = 0xe8;
const RAX = 0;
const LEA = 0x8d;
const LOAD = 0x8b;
const STORE = 0x89;
/** With a byte behind it, if the ModRM's register field is 0. */
const ADD = 0x83;

/** Where in a function's code something may be that locks or unlocks: atomic instructions, for what was inlined, and calls. */
export function* lockingPlaces(code: Uint8Array): Iterable<number> {
  for (let at = 0; at < code.length; at++) {
    if (code[at] === CALL || isAtomic(code, at)) yield at;
  }
}

export const isAtomic = (code: Uint8Array, at: number): boolean =>
  code[at] === LOCK_PREFIX && atomicAt(code, at) !== undefined;

/**
 * `at`: a place that `lockingPlaces` gave; `field`: the offset within the lock of what an atomic instruction there
 * changes. Undefined: the code does not say it in a way that is known.
 */
export function receiverAt(code: Uint8Array, entry: number, at: number, field: number): Receiver | undefined {
  if (code[at] === CALL) return traced(code, entry, at, RAX, 0);
  const modrm = atomicAt(code, at) ?? code.length;
  const operand = operandAt(code, modrm, isRex(code[at + 1]) ? code[at + 1]! : 0);
  if (operand?.kind === 'next')
    return { kind: 'static', address: entry + operand.end + operand.displacement - field };
  if (operand?.kind !== 'based') return undefined;
  return traced(code, entry, at, operand.base, operand.displacement - field);
}

/** LOCK CMPXCHG or LOCK XADD: where its ModRM byte is. */
function atomicAt(code: Uint8Array, at: number): number | undefined {
  const opcode = at + (isRex(code[at + 1]) ? 2 : 1);
  const isKnown = code[opcode + 1] === COMPARE_EXCHANGE || code[opcode + 1] === EXCHANGE_ADD;
  return code[opcode] === MAP && isKnown ? opcode + 2 : undefined;
}

const isRex = (byte: number | undefined): boolean => byte !== undefined && byte >> 4 === 4;
const isWide = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x48 && byte <= 0x4f;

/** What a ModRM byte and what follows it mean. `end`: of the instruction, unless an immediate follows. */
type Operand =
  | { readonly kind: 'register'; readonly register: number; readonly end: number }
  | { readonly kind: 'based'; readonly base: number; readonly displacement: number; readonly end: number }
  | { readonly kind: 'next' | 'stack'; readonly displacement: number; readonly end: number };

/** The SIB byte of an address that is RSP's and nothing else. */
const STACK_POINTER = 0x24;
const DISPLACEMENT_BYTES = [0, 1, 4, 0] as const;

/** Intel SDM, volume 2, tables 2-2 and 2-3. Undefined: an address of more than one register, or the code ends. */
function operandAt(code: Uint8Array, modrm: number, rex: number): Operand | undefined {
  const mode = code[modrm]! >> 6;
  const low = code[modrm]! & 7;
  const base = low | ((rex & 1) << 3);
  if (mode === 3) return { kind: 'register', register: base, end: modrm + 1 };
  const isNext = mode === 0 && low === 5;
  const at = low === 4 ? modrm + 2 : modrm + 1;
  const end = at + (isNext ? 4 : DISPLACEMENT_BYTES[mode]!);
  if (!(end <= code.length) || (low === 4 && code[modrm + 1] !== STACK_POINTER)) return undefined;
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  if (isNext) return { kind: 'next', displacement: view.getInt32(at, true), end };
  const displacement = mode === 0 ? 0 : mode === 1 ? view.getInt8(at) : view.getInt32(at, true);
  if (low === 4) return { kind: 'stack', displacement, end };
  return { kind: 'based', base, displacement, end };
}

/**
 * Goes back over what was done to a register, whose value and `offset` is the receiver. Instructions are known by their
 * first bytes, from the back; a jump in between is not looked for, since Go's compiler loads what it locks just before.
 */
function traced(code: Uint8Array, entry: number, end: number, register: number, offset: number): Receiver {
  let sought = register;
  let behind = offset;
  let until = end;
  for (let at = end - 3; at >= Math.max(0, end - WINDOW); at--) {
    const rex = code[at]!;
    if (!isWide(rex)) continue;
    const opcode = code[at + 1]!;
    const other = ((code[at + 2]! >> 3) & 7) | ((rex & 4) << 1);
    const operand = operandAt(code, at + 2, rex);
    if (operand === undefined || operand.end > until) continue;
    if (opcode === ADD) {
      if (operand.kind !== 'register' || operand.register !== sought || (other & 7) !== 0) continue;
      behind += (code[operand.end]! << 24) >> 24;
    } else if (opcode === STORE) {
      if (operand.kind === 'stack' && other === sought)
        return { kind: 'slot', at: operand.displacement, offset: behind };
      if (operand.kind !== 'register' || operand.register !== sought) continue;
      sought = other;
    } else if (opcode === LOAD || opcode === LEA) {
      if (other !== sought) continue;
      const found = ofLoad(opcode, operand, entry, behind);
      if (typeof found !== 'number') return found;
      sought = found;
      if (operand.kind === 'based') behind += operand.displacement;
    } else continue;
    until = at;
  }
  return { kind: 'offset', offset: behind };
}

/** Where a register's value comes from, or the register that it comes from. */
function ofLoad(opcode: number, operand: Operand, entry: number, offset: number): Receiver | number {
  switch (operand.kind) {
    case 'register':
      return operand.register;
    case 'based':
      return opcode === LEA ? operand.base : { kind: 'offset', offset };
    case 'stack':
      return opcode === LEA ? { kind: 'offset', offset } : { kind: 'slot', at: operand.displacement, offset };
    case 'next': {
      const target = entry + operand.end + operand.displacement;
      return opcode === LEA
        ? { kind: 'static', address: target + offset }
        : { kind: 'pointer', at: target, offset };
    }
  }
}
