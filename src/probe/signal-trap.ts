import type { Assembler } from './assembler.ts';
import { beside, R8, R9, RAX, RCX, RDX } from './operands.ts';
import type { ProbeTarget } from './port.ts';

/**
 * Where there is no room for a jump stands a trap of one byte. The program's own threads take it: SIGTRAP's handler is
 * ours, put before Go's, and makes it look as if the thread had been in the trampoline. So nobody has to trace the
 * program, and if we are killed it goes on. What handles the signal, and where it leads, is a part of the trampolines'
 * mapping:
 *
 *    0  the action of SIGTRAP that was there before: struct sigaction of the kernel (asm-generic/signal.h)
 *   32  ours
 *   64  an entry for each trap, in order: where the thread is behind it, and where it goes on; 64 bits each
 */
export const TRAPS_AT = 64;
const ACTION_BYTES = 32;
const ENTRY_SHIFT = 4;
const ENTRY_BYTES = 1 << ENTRY_SHIFT;

const SIGTRAP = 5;
const RT_SIGACTION = 13;
/** sizeof(sigset_t) */
const MASK_BYTES = 8;
/** Go's handlers have a stack of their own and are given the context (runtime/os_linux.go, setsig). */
const SA_SIGINFO = 4;
const SA_ONSTACK = 0x0800_0000;
const SA_RESTORER = 0x0400_0000;
const NEEDED = SA_SIGINFO | SA_ONSTACK | SA_RESTORER;
/** REG_RIP of struct ucontext (asm/ucontext.h, asm/sigcontext.h). */
const CONTEXT_PC = 168;
/** `jmp rax` and `ret`. */
const JUMP_TO_RAX = Uint8Array.of(0xff, 0xe0);
const RETURN = Uint8Array.of(0xc3);

export interface TrapPlace {
  /** Of the trap. */
  readonly address: number;
  readonly goesOnAt: number;
}

/** Bytes that so many traps take. */
export const trapBytes = (count: number): number => (count === 0 ? 0 : TRAPS_AT + count * ENTRY_BYTES);

/**
 * The handler, of which nothing depends on how many traps there are. A signal that is of none of them is Go's. It is in
 * no function that the runtime knows, and all signals wait until it has returned, as with Go's own.
 */
export function writeTrapHandler(code: Assembler, area: number, count: number): void {
  const again = code.label();
  const lower = code.label();
  const found = code.label();
  const none = code.label();
  code.load(RAX, beside(RDX, CONTEXT_PC));
  code.address(RCX, { at: area + TRAPS_AT });
  code.address(R8, { at: area + trapBytes(count) });
  code.bind(again);
  code.calculate('compare', RCX, R8);
  code.branch('aboveOrEqual', none);
  code.move(R9, R8);
  code.calculate('sub', R9, RCX);
  code.shiftRight(R9, ENTRY_SHIFT + 1);
  code.shiftLeft(R9, ENTRY_SHIFT);
  code.calculate('add', R9, RCX);
  code.calculate('compare', RAX, beside(R9));
  code.branch('equal', found);
  code.branch('below', lower);
  code.address(RCX, beside(R9, ENTRY_BYTES));
  code.jump(again);
  code.bind(lower);
  code.move(R8, R9);
  code.jump(again);
  code.bind(found);
  code.load(RAX, beside(R9, 8));
  code.store(beside(RDX, CONTEXT_PC), RAX);
  code.raw(RETURN);
  code.bind(none);
  code.load(RAX, { at: area });
  code.raw(JUMP_TO_RAX);
}

/** The table as the handler looks at it. */
export function trapTable(places: readonly TrapPlace[]): Uint8Array {
  const bytes = new Uint8Array(trapBytes(places.length));
  const view = new DataView(bytes.buffer);
  [...places]
    .sort((a, b) => a.address - b.address)
    .forEach(({ address, goesOnAt }, i) => {
      const at = TRAPS_AT + i * ENTRY_BYTES;
      view.setBigUint64(at, BigInt(address + 1), true);
      view.setBigUint64(at + 8, BigInt(goesOnAt), true);
    });
  return bytes;
}

/**
 * Makes `handler` what SIGTRAP leads to first. `scratch` is memory that the program may write. False: the program does not
 * handle the signal as Go does, and nothing has changed.
 */
export function takeSignal(target: ProbeTarget, area: number, handler: number, scratch: number): boolean {
  const former = actionNow(target, scratch);
  if (former === undefined) return false;
  const view = new DataView(former.buffer, former.byteOffset);
  const flags = view.getUint32(8, true);
  if (view.getBigUint64(0, true) < 2n || (flags & NEEDED) !== NEEDED) return false;
  const ours = former.slice();
  new DataView(ours.buffer).setBigUint64(0, BigInt(handler), true);
  target.write(area, former);
  target.write(area + ACTION_BYTES, ours);
  return target.systemCall(RT_SIGACTION, [SIGTRAP, area + ACTION_BYTES, 0, MASK_BYTES]) === 0;
}

/** Undoes `takeSignal`. False: somebody has put a handler before ours, and will call it. */
export function giveSignalBack(target: ProbeTarget, area: number, scratch: number): boolean {
  const now = actionNow(target, scratch);
  const ours = target.read(area + ACTION_BYTES, 8);
  if (now === undefined || now.subarray(0, 8).some((byte, i) => byte !== ours[i])) return false;
  return target.systemCall(RT_SIGACTION, [SIGTRAP, area, 0, MASK_BYTES]) === 0;
}

function actionNow(target: ProbeTarget, scratch: number): Uint8Array | undefined {
  if (target.systemCall(RT_SIGACTION, [SIGTRAP, 0, scratch, MASK_BYTES]) !== 0) return undefined;
  return target.read(scratch, ACTION_BYTES).slice();
}
