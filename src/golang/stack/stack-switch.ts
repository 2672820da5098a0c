import type { Arch } from '../../arch/index.ts';
import type { RuntimeAddress } from '../../base/index.ts';
import type { Memory } from '../../target/index.ts';
import { type Cursor, cursorAt } from './cursor.ts';

/** Registers that the runtime saved: `g.sched`, or `g.syscallsp` and its companions. */
export interface SavedState {
  readonly pc: number;
  readonly sp: number;
  readonly fp: number | undefined;
  readonly lr: number | undefined;
}

/** Stack of m.curg: [low, high). */
export interface StackBounds {
  readonly low: number;
  readonly high: number;
}

/** What is needed to get from a thread's system stack back to the stack of the goroutine that it runs. */
export interface SavedStates {
  readonly sched: SavedState;
  /** Set while in a system call or in C. */
  readonly syscall: SavedState | undefined;
  /** Set while in a vDSO call: m.vdsoPC and m.vdsoSP, the Go caller. */
  readonly vdso: SavedState | undefined;
  /** m.g0.sched.sp: where C code last called into Go. */
  readonly g0Sp: number;
}

/**
 * Follows one thread's switches between its system stack and the goroutine's, innermost first. Calls from Go to C
 * and back nest, and each leaves the state of the one before on a stack; what `g.sched` and `g0.sched.sp` hold
 * belongs to the innermost one (runtime/asm_*.s: systemstack, mcall, asmcgocall, cgocallback).
 */
export class StackSwitches {
  readonly #arch: Arch;
  readonly #memory: Memory;
  readonly #bounds: StackBounds;
  readonly #read: () => SavedStates;
  #saved: SavedStates | undefined;
  /** Where it was left by what a walk has come through; undefined: as it was saved. */
  #goroutine: SavedState | undefined;
  #g0Sp: number | undefined;

  /** `read` is asked for what was saved when a walk comes to where it is needed: most stay on one stack. */
  constructor(arch: Arch, memory: Memory, bounds: StackBounds, read: () => SavedStates) {
    this.#arch = arch;
    this.#memory = memory;
    this.#bounds = bounds;
    this.#read = read;
  }

  get #states(): SavedStates {
    this.#saved ??= this.#read();
    return this.#saved;
  }

  get #systemSp(): number {
    return this.#g0Sp ?? this.#states.g0Sp;
  }

  /** Whether a stack pointer is on the goroutine's own stack. At `high` it is, for a frame that is empty. */
  onGoroutine(sp: number): boolean {
    return sp >= this.#bounds.low && sp <= this.#bounds.high;
  }

  /**
   * Whether a stack pointer is where the system stack begins for what a goroutine has called there: morestack calls
   * newstack so (on arm64 with 16 bytes between), but stays where it is for g0 itself, of whose stack there is no more.
   */
  isSystemStart(sp: number): boolean {
    return sp <= this.#systemSp && sp >= this.#systemSp - 16;
  }

  /** The goroutine as it left its stack, if that is known and plausible. */
  toGoroutine(): Cursor | undefined {
    const { pc, sp, fp, lr } = this.#goroutine ?? this.#states.sched;
    if (pc === 0 || !this.onGoroutine(sp)) return undefined;
    return cursorAt({ pc, sp, fp, lr, arrivedBy: 'stack-switch' });
  }

  /** From C code that cannot be unwound: to the Go function that called it, as entersyscall noted it. */
  toSystemCall(): Cursor | undefined {
    const saved = this.#states.syscall;
    if (saved === undefined || !this.onGoroutine(saved.sp)) return undefined;
    return cursorAt({ ...saved, arrivedBy: 'stack-switch' });
  }

  toVdsoCaller(): Cursor | undefined {
    const saved = this.#states.vdso;
    return saved === undefined ? undefined : cursorAt({ ...saved });
  }

  /**
   * From cgocallback's frame on the goroutine's stack to the same frame on g0, below which is C: its stack pointer
   * there. It saved the previous g0.sched.sp at 0(SP) (amd64) or 16(RSP) (arm64; runtime/cgocall.go, unwindm), and
   * on the goroutine's stack its return address and CFA are the g.sched of the call into C that is still going on.
   * `isFrame` proves a stack pointer to be that of such a frame: a panic has put an earlier g0.sched.sp back (unwindm
   * is a deferred call), and what runs on g0 since then has overwritten C's frames.
   */
  toCallingC(
    callee: { readonly cfa: number; readonly returnAddress: number; readonly callerFp: number | undefined },
    isFrame: (sp: number) => boolean,
  ): number | undefined {
    const noted = this.#systemSp;
    if (noted === 0 || this.onGoroutine(noted)) return undefined;
    if (!isFrame(noted)) return undefined;
    this.#g0Sp = this.#memory.uint64((noted + this.#savedAt) as RuntimeAddress);
    this.#goroutine = { pc: callee.returnAddress, sp: callee.cfa, fp: callee.callerFp, lr: 0 };
    return noted;
  }

  get #savedAt(): number {
    return this.#arch.name === 'amd64' ? 0 : 16;
  }
}
