import { Assembler, type Label } from './assembler.ts';
import {
  beside,
  R8,
  R9,
  R10,
  R11,
  R12,
  R13,
  R15,
  RAX,
  RBX,
  RCX,
  RDI,
  RDX,
  type Register,
  RSI,
  RSP,
} from './operands.ts';
import { type PatchSite, returns } from './patch-site.ts';
import { type FaultWriter, RETURN, writeSteps } from './relocated-code.ts';
import { HEADER, HEADER_BYTES, MARGIN_BYTES, SLOT, SWITCH } from './ring-layout.ts';

/** Numbers of amd64, and an error of <asm-generic/errno-base.h>. */
const SYS = { schedYield: 24, getpgid: 121 } as const;
const ESRCH = 3;
/** So many times its patience who waits believes in a reader whose process is still there: it may be a zombie. */
const BELIEF = 60;
/** jbe rel8; the long one is 0f 86 and four bytes. */
const SHORT_BRANCH = 0x76;
/** The register that is zero between Go's instructions. */
const XMM15 = 15;

export interface RingPlace {
  /** Where the mapping begins in the program. */
  readonly address: number;
  /** Of the slots alone; a power of two. */
  readonly bytes: number;
  /** What a full ring does: `count` drops the record, `wait` makes the program wait for the reader. */
  readonly whenFull: 'count' | 'wait';
  /** Ticks of the time stamp counter after which who waits takes a reader for dead that reads nothing. */
  readonly patience: number;
}

/** What a probe writes, before the instructions of its window, or behind them, or both. */
export interface ProbeBody {
  readonly site: PatchSite;
  readonly write?: (code: TrampolineCode) => void;
  readonly writeBehind?: (code: TrampolineCode) => void;
  /** Goes to where the program's runtime deals with it. Of sites with guarded steps. */
  readonly writeFault?: FaultWriter;
}

export interface Trampoline {
  readonly site: PatchSite;
  readonly entry: number;
  /** Where the instructions of the window stand, byte for byte. */
  readonly moved: number;
  /** Where each of its steps is, by its distance from the window's first byte. */
  readonly places?: ReadonlyMap<number, number>;
}

/** Where the trampoline goes on with the instruction of the window that stands at `pc`. */
export function goesOnAt({ site, moved, places }: Trampoline, pc: number): number {
  const at = pc - site.address;
  if (places === undefined) return moved + at;
  const place = places.get(at);
  if (place === undefined) throw new Error(`${site.name} has no instruction at ${pc.toString(16)}`);
  return place;
}

/** Code comes in blocks of this size, each of which begins with `head` bytes that are not ours. */
export interface CodeBlocks {
  readonly size: number;
  readonly head: number;
}

/**
 * Writes the trampolines of many probes into one piece of code. How long it is does not depend on where it begins. What
 * `writeFirst` writes is less than a block.
 */
export function writeTrampolines(
  origin: number,
  ring: RingPlace,
  probes: readonly ProbeBody[],
  { size, head }: CodeBlocks,
  writeFirst: (code: Assembler) => void = () => {},
): { readonly bytes: Uint8Array; readonly trampolines: readonly Trampoline[] } {
  const code = new Assembler(origin);
  code.skip(head);
  writeFirst(code);
  const trampolines = probes.map((probe) => {
    const before = code.length;
    const trampoline = writeTrampoline(code, ring, probe);
    if (before % size < code.length % size) return trampoline;
    // It would stand in the next block's head.
    code.rewind(before);
    code.skip(size - (before % size) + head);
    return writeTrampoline(code, ring, probe);
  });
  return { bytes: code.finish(), trampolines };
}

function writeTrampoline(code: Assembler, ring: RingPlace, probe: ProbeBody): Trampoline {
  const { site, write, writeBehind } = probe;
  if (site.exchange !== undefined) return writeExchange(code, ring, probe);
  const entry = code.here;
  const slowPaths: (() => void)[] = [];
  const record = (body: ProbeBody['write']): void => {
    if (body === undefined) return;
    const part = new TrampolineCode(code, ring);
    body(part);
    slowPaths.push(part.finish());
  };
  record(write);
  const moved = code.here;
  if (site.steps !== undefined) {
    const writer = { writeFault: probe.writeFault, atEnd: () => record(writeBehind), slowPaths };
    const places = writeSteps(code, site, site.steps, writer);
    for (const path of slowPaths) path();
    return { site, entry, moved, places };
  }
  code.raw(movedTo(site, moved));
  if (site.growsAt !== undefined) code.branchTo('belowOrEqual', site.growsAt);
  record(writeBehind);
  if (returns(site)) code.raw(RETURN);
  else code.jumpTo(site.address + site.original.length);
  for (const path of slowPaths) path();
  return { site, entry, moved };
}

/** What a body may use. */
const USED: readonly Register[] = [RAX, RCX, RDX, RBX, RSI, RDI, R8, R9, R10, R11, R12, R13, R15];

/**
 * In the middle of a function every register and the flags are its own. They are kept below the stack pointer, where no
 * signal writes (Go's handlers have a stack of their own) and the check of the function's stack has left room: see
 * whoever chooses the site. The body finds what was exchanged as casgstatus would be given it: RAX the base, RBX what was
 * expected, RCX what is there now.
 */
function writeExchange(code: Assembler, ring: RingPlace, { site, writeBehind }: ProbeBody): Trampoline {
  const { base, next } = site.exchange!;
  const entry = code.here;
  const back = code.label();
  const kept = (register: Register): ReturnType<typeof beside> =>
    beside(RSP, -8 * (1 + USED.indexOf(register)));
  const whatWasIn = (to: Register, register: Register): void => {
    if (USED.includes(register)) code.load(to, kept(register));
    else code.move(to, register);
  };
  code.raw(site.original);
  code.branch('notEqual', back);
  for (const register of USED) code.store(kept(register), register);
  const part = new TrampolineCode(code, ring);
  whatWasIn(RCX, next);
  code.move32(RCX, RCX);
  code.load32(RBX, kept(RAX));
  whatWasIn(RAX, base);
  writeBehind?.(part);
  const slowPath = part.finish();
  for (const register of USED) code.load(register, kept(register));
  // All flags as the exchange has left them: what it compared was the same.
  code.calculate('compare', RSP, RSP);
  code.bind(back);
  code.jumpTo(site.address + site.original.length);
  slowPath();
  return { site, entry, moved: entry };
}

/** The window's instructions as they do the same elsewhere. */
function movedTo(site: PatchSite, elsewhere: number): Uint8Array {
  const { address, original, movedBytes, growsAt, distances = [] } = site;
  const branch = original.at(-2) === SHORT_BRANCH ? 2 : 6;
  const bytes = new Uint8Array(original.subarray(0, growsAt === undefined ? movedBytes : -branch));
  const view = new DataView(bytes.buffer);
  for (const at of distances) view.setInt32(at, view.getInt32(at, true) + address - elsewhere, true);
  return bytes;
}

/**
 * What one probe does. Rules, each of which has a crash behind it: no stack and no call; what belongs to the function is
 * kept in registers only, never in the ring, where another thread may write after a lap.
 */
export class TrampolineCode {
  readonly code: Assembler;
  /** To the end, without a record. */
  readonly out: Label;
  readonly #ring: RingPlace;
  readonly #full: Label;
  readonly #retry: Label;
  #kept: 'arguments' | 'everything' = 'arguments';
  #length: number | undefined;

  constructor(code: Assembler, ring: RingPlace) {
    this.code = code;
    this.#ring = ring;
    this.out = code.label();
    this.#full = code.label();
    this.#retry = code.label();
    code.compareMemory32(this.header('switch'), SWITCH.off);
    code.branch('equal', this.out);
  }

  /**
   * Takes a slot: R13 is its length before, its position afterwards; R12 points to it. Keeps R9 and the first three
   * arguments (RAX, RBX, RCX).
   */
  reserve(): void {
    this.#reserve();
  }

  /** Takes a slot of so many bytes and keeps every register but R12, R13 and R15. */
  reserveKeepingAll(length: number): void {
    this.#kept = 'everything';
    this.#length = length;
    this.#reserve();
  }

  #reserve(): void {
    const { code } = this;
    const { address, bytes } = this.#ring;
    code.bind(this.#retry);
    if (this.#length !== undefined) code.moveNumber(R13, this.#length);
    this.#used(R15);
    code.branch('greater', this.#full);
    code.exchangeAdd(this.header('head'), R13);
    code.move32(R12, R13);
    code.calculate32('and', R12, { number: bytes - 1 });
    code.address(R15, { at: address + HEADER_BYTES });
    code.calculate('add', R12, R15);
  }

  /** Stores the time. Uses RDX and R15; RAX is kept. */
  stamp(): void {
    const { code } = this;
    code.move(R15, RAX);
    this.time();
    code.store(beside(R12, SLOT.time), RAX);
    code.move(RAX, R15);
  }

  /** RAX: the time stamp counter. Uses RDX. */
  time(): void {
    const { code } = this;
    code.readTimestamp();
    code.shiftLeft(RDX, 32);
    code.calculate('or', RAX, RDX);
  }

  /** The record is whole. Uses R13. */
  commit(): void {
    this.code.calculate('add', R13, { number: 1 });
    this.code.store(beside(R12, SLOT.commit), R13);
  }

  /** What follows is the function's again. Gives what writes the code that is rarely gone through. */
  finish(): () => void {
    this.code.bind(this.out);
    return () => {
      if (this.#ring.whenFull !== 'wait') this.#drop(this.#full);
      else if (this.#kept === 'everything') this.#waitKeepingAll();
      else this.#wait();
    };
  }

  /**
   * Sets the flags by what is in the ring against what it may hold, as signed numbers: who is put off his CPU between the two
   * fields finds the reader ahead of what he has read of the head.
   */
  #used(register: typeof R15 | typeof RAX): void {
    const { code } = this;
    code.load(register, this.header('head'));
    code.calculate('sub', register, this.header('tail'));
    code.calculate('compare', register, { number: this.#ring.bytes - MARGIN_BYTES });
  }

  /** Uses R12 and R15. */
  #drop(entry: Label): void {
    const { code } = this;
    code.bind(entry);
    code.increment(this.header('dropped'));
    code.move(R12, RAX);
    code.move(R15, RDX);
    this.time();
    code.store(this.header('lastDrop'), RAX);
    code.move(RDX, RAX);
    code.calculate32('xor', RAX, RAX);
    code.compareExchange(this.header('firstDrop'), RDX);
    code.move(RAX, R12);
    code.move(RDX, R15);
    code.jump(this.out);
  }

  /** sched_yield until there is room. Who waits for too long for a reader that does not read takes it for dead, and nobody waits any more. */
  #wait(): void {
    const { code } = this;
    const giveUp = code.label();
    const drop = code.label();
    this.#countWait(drop);
    code.move(R12, RAX);
    code.move(R15, RCX);
    this.time();
    code.move(R8, RAX);
    this.#yieldUntilRoom(R8, giveUp);
    code.move(RAX, R12);
    code.move(RCX, R15);
    code.jump(this.#retry);
    code.bind(giveUp);
    code.storeNumber32(this.header('switch'), SWITCH.gaveUp);
    code.move(RAX, R12);
    code.move(RCX, R15);
    this.#drop(drop);
  }

  /** The same where arguments may be in all registers: the two that R12 and R15 cannot take are in XMM15. */
  #waitKeepingAll(): void {
    const { code } = this;
    const giveUp = code.label();
    const drop = code.label();
    const restore = (): void => {
      code.move(RAX, R12);
      code.move(RCX, R15);
      code.fromVector(RDX, XMM15, 0);
      code.fromVector(R11, XMM15, 1);
      code.clearVector(XMM15);
    };
    this.#countWait(drop);
    code.move(R12, RAX);
    code.move(R15, RCX);
    code.toVector(XMM15, 0, RDX);
    code.toVector(XMM15, 1, R11);
    this.time();
    code.move(R13, RAX);
    this.#yieldUntilRoom(R13, giveUp);
    restore();
    code.jump(this.#retry);
    code.bind(giveUp);
    code.storeNumber32(this.header('switch'), SWITCH.gaveUp);
    restore();
    this.#drop(drop);
  }

  #countWait(drop: Label): void {
    const { code } = this;
    code.bind(this.#full);
    code.compareMemory32(this.header('switch'), SWITCH.on);
    code.branch('notEqual', drop);
    code.increment(this.header('waits'));
  }

  /** `since`: when the waiting began. Uses RAX, RCX, RDX and R11. */
  #yieldUntilRoom(since: typeof R8 | typeof R13, giveUp: Label): void {
    const { code } = this;
    const again = code.label();
    const patient = code.label();
    code.bind(again);
    code.moveNumber(RAX, SYS.schedYield);
    code.systemCall();
    this.time();
    code.calculate('sub', RAX, since);
    code.moveNumber(RDX, this.#ring.patience);
    code.calculate('compare', RAX, RDX);
    code.branch('belowOrEqual', patient);
    // Others may have been quicker again and again: the reader is dead only if it has read nothing for as long, and even
    // then it may just have no CPU.
    this.time();
    code.calculate('sub', RAX, this.header('alive'));
    code.branch('carry', patient);
    code.moveNumber(RDX, this.#ring.patience);
    code.calculate('compare', RAX, RDX);
    code.branch('belowOrEqual', patient);
    code.moveNumber(RDX, BELIEF * this.#ring.patience);
    code.calculate('compare', RAX, RDX);
    code.branch('above', giveUp);
    this.#askForOwner(giveUp);
    code.bind(patient);
    this.#used(RAX);
    code.branch('greater', again);
  }

  /** Whether the reader's process is there, as far as it can be seen from here. Uses RAX, RCX, RDX and R11. */
  #askForOwner(isGone: Label): void {
    const { code } = this;
    code.load32(RAX, this.header('owner'));
    code.test(RAX, RAX);
    code.branch('zero', isGone);
    code.move(RDX, RDI);
    code.move(RDI, RAX);
    // It has one argument only: there is no other register to be had.
    code.moveNumber(RAX, SYS.getpgid);
    code.systemCall();
    code.move(RDI, RDX);
    code.calculate('compare', RAX, { number: -ESRCH });
    code.branch('equal', isGone);
  }

  /** A field of the ring's header. */
  header(field: keyof typeof HEADER): { readonly at: number } {
    return { at: this.#ring.address + HEADER[field] };
  }
}
