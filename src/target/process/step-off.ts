import type { DecodedInstruction, LinuxCalls, MachineCode } from '../../arch/index.ts';
import { type RuntimeAddress, TargetFault } from '../../base/index.ts';
import type { SystemCalls } from './inject.ts';
import type { Kernel } from './kernel.ts';
import type { ProcessMemory } from './live-memory.ts';
import type { LiveModules } from './live-modules.ts';
import { MachineOfThread } from './machine-state.ts';
import type { ProcessThread } from './process-thread.ts';
import { SLOT_PAGE, type SlotOrigin, Slots } from './slots.ts';
import type { Trap, TrapTable } from './trap-table.ts';
import type { WatchRegisters } from './watch-registers.ts';

/** mmap(2): PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS. */
const READ_EXECUTE = 5;
const PRIVATE_ANONYMOUS = 0x22;
/** Where memory may be mapped at the earliest (vm.mmap_min_addr). */
const LOWEST = 0x10000;
/** Behind a program that has no room below it: in front of where its heap of C is likely to begin. */
const BEHIND = 256 * SLOT_PAGE;

interface Setting {
  readonly kernel: Kernel;
  readonly pid: number;
  readonly memory: ProcessMemory;
  readonly traps: TrapTable;
  readonly modules: LiveModules;
  readonly calls: SystemCalls;
  readonly watches: WatchRegisters;
  readonly instructionAt: (address: RuntimeAddress) => DecodedInstruction | undefined;
  readonly linux: LinuxCalls;
  readonly code: MachineCode;
  /** DWARF number of the stack pointer. */
  readonly sp: number;
}

/**
 * Gets threads past traps that stay in place: what the instruction does is done without the CPU, or by the CPU in a
 * slot elsewhere. No other thread can run past the trap meanwhile, and no second stop is needed.
 */
export class StepOff {
  readonly #setting: Setting;
  readonly #machine: MachineOfThread;
  /** null: there is no room for slots near the program. */
  #slots: Slots | null | undefined;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#machine = new MachineOfThread(setting.kernel, setting.pid, setting.memory, setting.sp);
  }

  /**
   * Sets a thread that stands at a trap so that it does what is under it when it goes on. False: the trap must be
   * taken out for it.
   */
  prepare(thread: ProcessThread, trap: Trap): boolean {
    const { instruction } = trap;
    if (instruction === undefined) return false;
    this.#machine.thread = thread;
    // What is emulated does not trigger the CPU's watch registers.
    if (!this.#isWatched(instruction) && instruction.emulate(this.#machine)) return true;
    const address = this.#slotsFor(thread)?.addressFor(trap);
    if (address === undefined) return false;
    thread.pc = address;
    return true;
  }

  /**
   * Does the next instruction of a thread without the CPU, while everything is stopped: a step then costs no stop.
   * False: it is none that can be done so, and nothing has changed.
   */
  emulate(thread: ProcessThread): boolean {
    const instruction = this.#setting.instructionAt(thread.pc);
    if (instruction === undefined || thread.inSystemCall || thread.mayRestart) return false;
    this.#machine.thread = thread;
    if (this.#isWatched(instruction) || !instruction.emulate(this.#machine)) return false;
    thread.decidedTrap = undefined;
    return true;
  }

  #isWatched(instruction: DecodedInstruction): boolean {
    const { watches } = this.#setting;
    return !watches.none && instruction.accesses(this.#machine).some((access) => watches.sees(access));
  }

  /** Whether a thread can be in a slot at all. */
  get used(): boolean {
    return this.#slots !== undefined && this.#slots !== null;
  }

  originOf(pc: number): SlotOrigin | undefined {
    return this.#slots?.originOf(pc);
  }

  free(trap: Trap): void {
    this.#slots?.free(trap);
  }

  /** Gives the page back. No thread is in it. */
  release(thread: ProcessThread): void {
    const slots = this.#slots;
    this.#slots = undefined;
    if (slots === undefined || slots === null) return;
    for (const trap of this.#setting.traps.all) trap.slot = undefined;
    try {
      this.#setting.calls.call(thread, this.#setting.linux.numbers.munmap, [slots.start, SLOT_PAGE]);
    } catch (error) {
      // Whoever is killed at this moment leaves nothing to be tidied up.
      if (!(error instanceof TargetFault)) throw error;
    }
  }

  /** After exec the page is gone. */
  forget(): void {
    this.#slots = undefined;
  }

  #slotsFor(thread: ProcessThread): Slots | undefined {
    if (this.#slots !== undefined) return this.#slots ?? undefined;
    try {
      this.#slots = this.#makeSlots(thread);
    } catch (error) {
      // The thread was killed over it.
      if (!(error instanceof TargetFault)) throw error;
    }
    return this.#slots ?? undefined;
  }

  #makeSlots(thread: ProcessThread): Slots | null {
    const { modules, calls, kernel, pid, linux, code } = this.#setting;
    const { mmap, munmap } = linux.numbers;
    const text = modules.executableText();
    if (text === undefined) return null;
    // Below the program: behind it the heap of C (brk) wants to grow.
    const { start, end } = modules.executable ?? text;
    const below = Math.floor(start / SLOT_PAGE) * SLOT_PAGE - 16 * SLOT_PAGE;
    const wish = below >= LOWEST ? below : Math.ceil(end / SLOT_PAGE) * SLOT_PAGE + BEHIND;
    const got = calls.call(thread, mmap, [wish, SLOT_PAGE, READ_EXECUTE, PRIVATE_ANONYMOUS, -1, 0]);
    if (got < 0) return null;
    if (Math.max(Math.abs(got - text.start), Math.abs(got - text.end)) < code.reach)
      return new Slots(kernel, pid, code, got);
    calls.call(thread, munmap, [got, SLOT_PAGE]);
    return null;
  }
}
