import { beside, R8, R9, R12, R13, R15, RAX, RDI, RDX, RSI } from './operands.ts';
import type { RingFile } from './port.ts';
import { DOOR_PLACES, HEADER, SWITCH } from './ring-layout.ts';
import type { TrampolineCode } from './trampoline.ts';

/** Numbers of amd64, and an error of <asm-generic/errno-base.h>. */
const SYS = { nanosleep: 35, kill: 62, gettid: 186 } as const;
const ESRCH = 3;
/** Ticks of the time stamp counter, ten seconds or so, after which who waits goes on all the same. */
const PATIENCE = 3e10;
const PAUSE_NS = 200_000;
const WORD = 8;

/**
 * A probe at which a thread says who it is and waits until somebody has answered. It is for a function without
 * arguments that is not gone through often, and may be one that runs in a child that shares its maker's memory: like every
 * trampoline it uses no stack. If whoever answers is dead, or says nothing, nobody waits any more.
 */
export function writeDoor(out: TrampolineCode): void {
  const { code } = out;
  const again = code.label();
  const asleep = code.label();
  const giveUp = code.label();
  code.compareMemory32(out.header('closed'), 0);
  code.branch('notEqual', out.out);
  code.moveNumber(RAX, SYS.gettid);
  code.systemCall();
  code.move(R8, RAX);
  code.moveNumber(R13, 1);
  code.exchangeAdd(out.header('callers'), R13);
  code.move32(R12, R13);
  code.calculate32('and', R12, { number: DOOR_PLACES - 1 });
  code.shiftLeft(R12, 3);
  code.address(R15, out.header('names'));
  code.calculate('add', R12, R15);
  code.store(beside(R12), R8);
  out.time();
  code.move(R9, RAX);

  code.bind(again);
  code.load(RAX, out.header('answered'));
  code.calculate('compare', RAX, R13);
  code.branch('above', out.out);
  code.compareMemory32(out.header('switch'), SWITCH.off);
  code.branch('equal', out.out);
  out.time();
  code.calculate('sub', RAX, R9);
  code.moveNumber(RDX, PATIENCE);
  code.calculate('compare', RAX, RDX);
  code.branch('above', giveUp);
  // The first process of a namespace (pid_namespaces(7)) sees no other.
  code.calculate('compare', R8, { number: 1 });
  code.branch('equal', asleep);
  code.load32(RDI, out.header('owner'));
  code.test(RDI, RDI);
  code.branch('zero', asleep);
  code.calculate32('xor', RSI, RSI);
  code.moveNumber(RAX, SYS.kill);
  code.systemCall();
  code.calculate('compare', RAX, { number: -ESRCH });
  code.branch('equal', giveUp);
  code.bind(asleep);
  code.address(RDI, out.header('pause'));
  code.calculate32('xor', RSI, RSI);
  code.moveNumber(RAX, SYS.nanosleep);
  code.systemCall();
  code.jump(again);

  code.bind(giveUp);
  code.storeNumber32(out.header('closed'), 1);
}

/** The other side of the door: who waits there. */
export class Door {
  readonly #ring: RingFile;
  readonly #word = new Uint8Array(WORD);
  readonly #view = new DataView(this.#word.buffer);
  #answered = 0;

  constructor(ring: RingFile) {
    this.#ring = ring;
    this.#write(HEADER.pause, 0);
    this.#write(HEADER.pause + WORD, PAUSE_NS);
  }

  /**
   * Those who wait, as they name themselves. Each is to be answered by `answer`, in this order, before this is asked
   * again; it may be gone.
   */
  *callers(): Generator<number> {
    const callers = this.#read(HEADER.callers);
    if (callers > this.#answered && this.#read(HEADER.closed) !== 0) this.#write(HEADER.closed, 0);
    for (let each = this.#answered; each < callers; each++) {
      const place = HEADER.names + (each % DOOR_PLACES) * WORD;
      const name = this.#read(place);
      // It has counted itself and is about to say who it is.
      if (name === 0) return;
      this.#write(place, 0);
      yield name;
    }
  }

  /** The first that was not answered goes on. */
  answer(): void {
    this.#write(HEADER.answered, ++this.#answered);
  }

  #read(at: number): number {
    this.#ring.read(at, this.#word);
    return Number(this.#view.getBigUint64(0, true));
  }

  #write(at: number, value: number): void {
    this.#view.setBigUint64(0, BigInt(value), true);
    this.#ring.write(at, this.#word);
  }
}
