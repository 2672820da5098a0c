import { Assembler, type Label } from './assembler.ts';
import { beside, R8, R12, R13, R15, RAX, RCX, RDX } from './operands.ts';
import type { PatchSite } from './patch-site.ts';
import { HEADER, HEADER_BYTES, MARGIN_BYTES, SLOT, SWITCH } from './ring-layout.ts';

/** Number of sched_yield on amd64. */
const SCHED_YIELD = 24;

export interface RingPlace {
  /** Where the mapping begins in the program. */
  readonly address: number;
  /** Of the slots alone; a power of two. */
  readonly bytes: number;
  /** What a full ring does: `count` drops the record, `wait` makes the program wait for the reader. */
  readonly whenFull: 'count' | 'wait';
  /** Ticks of the time stamp counter after which who waits takes the reader for dead. */
  readonly patience: number;
}

/** What a probe writes. It may use R9 and R13 before `reserve` and everything that is not the function's afterwards. */
export interface ProbeBody {
  readonly site: PatchSite;
  write(code: TrampolineCode): void;
}

export interface Trampoline {
  readonly site: PatchSite;
  readonly entry: number;
  /** Where the instructions of the window stand, byte for byte. */
  readonly moved: number;
}

/** Writes the trampolines of many probes into one piece of code. */
export function writeTrampolines(
  origin: number,
  ring: RingPlace,
  probes: readonly ProbeBody[],
): { readonly bytes: Uint8Array; readonly trampolines: readonly Trampoline[] } {
  const code = new Assembler(origin);
  const trampolines = probes.map(({ site, write }) => {
    const entry = code.here;
    const trampoline = new TrampolineCode(code, ring);
    write(trampoline);
    const moved = trampoline.finish(site);
    return { site, entry, moved };
  });
  return { bytes: code.finish(), trampolines };
}

/**
 * One trampoline. Rules, each of which has a crash behind it: no stack and no call; what belongs to the function is
 * kept in registers only, never in the ring, where another thread may write after a lap.
 */
export class TrampolineCode {
  readonly code: Assembler;
  /** To the end, without a record. */
  readonly out: Label;
  readonly #ring: RingPlace;
  readonly #full: Label;
  readonly #retry: Label;

  constructor(code: Assembler, ring: RingPlace) {
    this.code = code;
    this.#ring = ring;
    this.out = code.label();
    this.#full = code.label();
    this.#retry = code.label();
    code.compareMemory32(this.#header('switch'), SWITCH.off);
    code.branch('equal', this.out);
  }

  /** Takes a slot: R13 is its length before, its position afterwards; R12 points to it. Keeps R9 and the arguments. */
  reserve(): void {
    const { code } = this;
    const { address, bytes } = this.#ring;
    code.bind(this.#retry);
    this.#used(R15);
    code.branch('above', this.#full);
    code.exchangeAdd(this.#header('head'), R13);
    code.move32(R12, R13);
    code.calculate32('and', R12, { number: bytes - 1 });
    code.address(R15, { at: address + HEADER_BYTES });
    code.calculate('add', R12, R15);
  }

  /** Stores the time. Uses RDX and R15; RAX is kept. */
  stamp(): void {
    const { code } = this;
    code.move(R15, RAX);
    this.#time();
    code.store(beside(R12, SLOT.time), RAX);
    code.move(RAX, R15);
  }

  /** The record is whole. Uses RDX. */
  commit(): void {
    this.code.address(RDX, beside(R13, 1));
    this.code.store(beside(R12, SLOT.commit), RDX);
  }

  /** What has been pushed aside, and the way back. Gives where it stands. */
  finish(site: PatchSite): number {
    const { code } = this;
    code.bind(this.out);
    const moved = code.here;
    code.raw(site.original);
    code.jumpTo(site.address + site.original.length);
    if (this.#ring.whenFull === 'wait') this.#wait();
    else this.#drop(this.#full);
    return moved;
  }

  /** Sets the flags by what is in the ring against what it may hold. */
  #used(register: typeof R15 | typeof RAX): void {
    const { code } = this;
    code.load(register, this.#header('head'));
    code.calculate('sub', register, this.#header('tail'));
    code.calculate('compare', register, { number: this.#ring.bytes - MARGIN_BYTES });
  }

  #drop(entry: Label): void {
    const { code } = this;
    code.bind(entry);
    code.increment(this.#header('dropped'));
    code.move(R12, RAX);
    this.#time();
    code.store(this.#header('lastDrop'), RAX);
    code.move(RDX, RAX);
    code.calculate32('xor', RAX, RAX);
    code.compareExchange(this.#header('firstDrop'), RDX);
    code.move(RAX, R12);
    code.jump(this.out);
  }

  /** sched_yield until there is room. Who waits for too long takes the reader for dead, and nobody waits any more. */
  #wait(): void {
    const { code } = this;
    const again = code.label();
    const giveUp = code.label();
    const drop = code.label();
    code.bind(this.#full);
    code.compareMemory32(this.#header('switch'), SWITCH.on);
    code.branch('notEqual', drop);
    code.increment(this.#header('waits'));
    code.move(R12, RAX);
    code.move(R15, RCX);
    this.#time();
    code.move(R8, RAX);
    code.bind(again);
    code.moveNumber(RAX, SCHED_YIELD);
    code.systemCall();
    this.#time();
    code.calculate('sub', RAX, R8);
    code.moveNumber(RDX, this.#ring.patience);
    code.calculate('compare', RAX, RDX);
    code.branch('above', giveUp);
    this.#used(RAX);
    code.branch('above', again);
    code.move(RAX, R12);
    code.move(RCX, R15);
    code.jump(this.#retry);
    code.bind(giveUp);
    code.storeNumber32(this.#header('switch'), SWITCH.gaveUp);
    code.move(RAX, R12);
    code.move(RCX, R15);
    this.#drop(drop);
  }

  /** RAX: the time stamp counter. Uses RDX. */
  #time(): void {
    const { code } = this;
    code.readTimestamp();
    code.shiftLeft(RDX, 32);
    code.calculate('or', RAX, RDX);
  }

  #header(field: keyof typeof HEADER): { readonly at: number } {
    return { at: this.#ring.address + HEADER[field] };
  }
}
