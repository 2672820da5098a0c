import { runtimeAddress, TargetFault } from '../../base/index.ts';
import type { LiveTarget } from '../../target/index.ts';
import type { SavedRegisters } from './saved-registers.ts';

/**
 * The end of runtime.debugCallV2 (runtime/asm_amd64.s, `restore`), where nobody is there any more to put the vector
 * registers and the flags back:
 *
 *   MOVQ $16, R12       7 or 8 bytes with the int3, which become a jump to code of ours
 *   INT3
 *   MOVQ n(SP), reg     general registers, 15 times
 *   ADDQ $n, SP
 *   POPQ BP
 *   RET
 *
 * That code does the same, and what we would have done. It stays in the program for ever: there is no telling when the
 * call returns. Nothing that unwinds stacks finds it there, since it calls nothing.
 */
const BEGINNINGS = [
  [0x49, 0xc7, 0xc4, 16, 0, 0, 0],
  // MOVL
  [0x41, 0xbc, 16, 0, 0, 0],
] as const;
const JUMP_LENGTH = 5;
const INT3 = 0xcc;
const NOP = 0x90;
/** MOVQ disp8(SP), reg; MOVQ disp32(SP), reg: REX.W with any R, 8B, ModRM with SIB, SIB of SP alone. */
const MOVES = [
  { modRm: 0x44, length: 5 },
  { modRm: 0x84, length: 8 },
] as const;
const ADDQ_SP = [0x48, 0x81, 0xc4];
const POPQ_BP = 0x5d;
const RET = 0xc3;
const PAGE = 4096;
/** XRSTOR wants it so. */
const ALIGNMENT = 64;
const CODE_SIZE = 512;
/** How far a jump reaches, with room for the program's own size. */
const REACH = 2 ** 30;
/** PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS. */
const READ_EXECUTE = 5;
const PRIVATE_ANONYMOUS = 0x22;
/** Pages below the program that others may want: slots for stepping are nearer. */
const BELOW = 256;

interface End {
  /** Of MOVQ $16, R12. */
  readonly address: number;
  /** Up to behind the int3. */
  readonly room: number;
  readonly moves: Uint8Array;
  readonly frame: number;
}

/**
 * Has the program itself restore these registers at the end of each of its injected calls. False: its code is not as we
 * know it, or there is no room near it.
 */
export function restoreLate(target: LiveTarget, entry: number, size: number, saved: SavedRegisters): boolean {
  const flags = saved.general.get('rflags');
  const thread = target.threads[0];
  const end = findEnd(target.memory.readUpTo(runtimeAddress(entry), size), entry);
  if (end === undefined || flags === undefined || thread === undefined) return false;
  const { pc } = target.arch.dwarf;
  const isInside = ({ registers }: typeof thread): boolean => {
    const at = registers.get(pc)! - end.address;
    return at > 0 && at < end.room;
  };
  if (target.threads.some(isInside)) return false;
  const { mmap, munmap } = target.arch.linux.numbers;
  const length = Math.ceil((CODE_SIZE + saved.vectors.length) / PAGE) * PAGE;
  const wish = Math.floor((target.modules.executable?.start ?? entry) / PAGE) * PAGE - BELOW * PAGE;
  const got = target.systemCall(thread.id, mmap, [
    Math.max(wish, PAGE * BELOW),
    length,
    READ_EXECUTE,
    PRIVATE_ANONYMOUS,
    -1,
    0,
  ]);
  if (got < 0) return false;
  if (Math.abs(got - entry) >= REACH) {
    target.systemCall(thread.id, munmap, [got, length]);
    return false;
  }
  target.memory.write(runtimeAddress(got + CODE_SIZE), saved.vectors);
  target.memory.write(runtimeAddress(got), restoringCode(end, flags));
  const jump = new Uint8Array(end.room).fill(NOP);
  jump.set([0xe9, ...int32(got - (end.address + JUMP_LENGTH))]);
  target.memory.write(runtimeAddress(end.address), jump);
  return true;
}

function findEnd(code: Uint8Array, entry: number): End | undefined {
  for (let at = 0; at < code.length; at++) {
    const beginning = BEGINNINGS.find((bytes) => startsWith(code, at, bytes));
    if (beginning === undefined || code[at + beginning.length] !== INT3) continue;
    const room = beginning.length + 1;
    const from = at + room;
    let to = from;
    for (let length = moveAt(code, to); length > 0; length = moveAt(code, to)) to += length;
    const behind = to + ADDQ_SP.length + 4;
    if (!startsWith(code, to, ADDQ_SP) || code[behind] !== POPQ_BP || code[behind + 1] !== RET) continue;
    const frame = new DataView(code.buffer, code.byteOffset + to + ADDQ_SP.length, 4).getInt32(0, true);
    return { address: entry + at, room, moves: code.slice(from, to), frame };
  }
  return undefined;
}

function moveAt(code: Uint8Array, at: number): number {
  const isLoad = (code[at]! & 0xfb) === 0x48 && code[at + 1] === 0x8b && code[at + 3] === 0x24;
  const move = MOVES.find(({ modRm }) => (code[at + 2]! & 0xc7) === modRm);
  return isLoad && move !== undefined ? move.length : 0;
}

/** Its data are behind it: the flags, and at CODE_SIZE the vector registers. */
function restoringCode({ moves, frame }: End, flags: Uint8Array): Uint8Array {
  const code: number[] = [];
  // MOVL $-1, AX; MOVL $-1, DX; XRSTOR64 vectors(IP)
  code.push(0xb8, 0xff, 0xff, 0xff, 0xff, 0xba, 0xff, 0xff, 0xff, 0xff);
  code.push(0x48, 0x0f, 0xae, 0x2d, ...int32(CODE_SIZE - (code.length + 8)));
  code.push(...moves);
  // LEAQ frame(SP), SP; POPQ BP
  code.push(0x48, 0x8d, 0xa4, 0x24, ...int32(frame), POPQ_BP);
  // PUSHQ flags(IP); POPFQ; RET
  const flagsAt = CODE_SIZE - ALIGNMENT;
  code.push(0xff, 0x35, ...int32(flagsAt - (code.length + 6)), 0x9d, RET);
  if (code.length > flagsAt) throw new TargetFault('the end of runtime.debugCallV2 is too long');
  const whole = new Uint8Array(CODE_SIZE);
  whole.set(code);
  whole.set(flags, flagsAt);
  return whole;
}

const startsWith = (code: Uint8Array, at: number, bytes: readonly number[]): boolean =>
  bytes.every((byte, i) => code[at + i] === byte);

const int32 = (value: number): number[] => [...new Uint8Array(new Int32Array([value]).buffer)];
