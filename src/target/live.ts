import type { DecodedInstruction, MachineCode } from '../arch/index.ts';
import type { RuntimeAddress, ThreadId } from '../base/index.ts';
import type { Memory, SignalInfo, Target, Thread } from './target.ts';

/**
 * The other half of a target that runs: it is written, resumed and stopped. While nothing runs, its memory holds the
 * program's own bytes: traps are put in when it resumes and taken out when it has stopped.
 *
 * Memory and registers may be read while some threads run (an event is being decided); what is cached lives until
 * `generation` changes.
 */
export interface LiveTarget extends Target {
  readonly kind: 'process' | 'remote';
  readonly memory: LiveMemory;
  readonly threads: readonly LiveThread[];
  /** What its instructions do. */
  readonly code: MachineCode;
  /** Rises when the program has run or was written: whatever was kept of its state is void then. */
  readonly generation: number;
  /** Undefined while the process lives. */
  readonly ended: ProcessEnd | undefined;
  /** Decoded once: text does not change until the process runs another program. Undefined: there is none. */
  instructionAt(address: RuntimeAddress): DecodedInstruction | undefined;
  /** Whether this session started it (and ends it) or found it running (and leaves it so). */
  readonly started: boolean;

  thread(id: ThreadId): LiveThread | undefined;

  /** A trap at an instruction. Takes effect with the next `run`; doing it twice does it once. */
  insertTrap(address: RuntimeAddress): void;
  removeTrap(address: RuntimeAddress): void;
  /**
   * Whoever brought a thread to an instruction without running (`step`) has dealt with what traps there mean: the
   * thread executes what is under them when it goes on.
   */
  passTrap(thread: ThreadId): void;

  /**
   * Sets one of the CPU's watch registers (amd64: 4) in every thread, present and to come; undefined frees it.
   * False if the CPU refuses it.
   */
  setWatchRegister(index: number, watch: HardwareWatch | undefined): boolean;

  /** Memory of which every access must be made by the CPU itself: none is emulated. */
  guardMemory(ranges: readonly MemoryRange[]): void;

  /**
   * While an event is decided: does something with all threads stopped, which go on afterwards. What they report
   * meanwhile is decided after this event.
   */
  whileStopped<T>(action: () => T): T;
  /**
   * One instruction of a stopped thread, whatever trap stands there; others must be stopped. A signal that it raises is
   * the thread's `currentSignal` then; what it does to watched memory is not told. False: the thread is gone.
   */
  executeOne(thread: ThreadId): boolean;
  /**
   * The next instruction of a stopped thread, done without the CPU and without a run: nothing can happen meanwhile, and
   * nobody is told. False: it cannot be done so, and nothing has changed.
   */
  emulate(thread: ThreadId): boolean;
  /** The signal with which a thread stopped is not for the program. */
  dropSignal(thread: ThreadId): void;

  /**
   * What is to become of children that run programs of their own (execve), and of theirs in turn. Undefined: they run
   * without us.
   */
  children: ChildRules | undefined;
  /**
   * From now on it runs along, asking `decide`, whenever another one of the processes that came of it, or of which it
   * came, runs (`all`): at once, if one does. Undefined: it stays stopped.
   */
  accompany(decide: ((event: TargetEvent) => Decision) | undefined): void;

  /**
   * Runs the program and asks `decide` about each event, while the other threads go on running, until it says
   * `stop`; then all threads are stopped, and events that happened at the same time are asked for too. Returns at
   * the end of the process as well, or, where others run along, when one of them stops, or all have ended. A thread that stands at a trap whose event was decided executes what is under
   * the trap first.
   */
  run(mode: RunMode, decide: (event: TargetEvent) => Decision): void;

  /** Asks `run` to stop; may be called from `decide`. From elsewhere: `interruptFlag` and a signal to the process. */
  requestStop(): void;

  /** Leaves the process running with its own bytes and registers, whatever the state it is in. Idempotent. */
  detach(): void;
  /** Ends the process. Idempotent. */
  kill(): void;

  /** Runs one system call in the program on a stopped thread; the result as the kernel gives it (−errno). */
  systemCall(thread: ThreadId, number: number, args: readonly number[]): number;
}

/** Which children of a process are followed. */
export interface ChildRules {
  /** Whether a process that now runs this command line is to be a target, if its program is in Go. */
  wants(commandLine: string): boolean;
  /** It is one, and stands before its first instruction. Others may be running. */
  begun(child: LiveTarget): void;
}

/** [start, end) */
export interface MemoryRange {
  readonly start: number;
  readonly end: number;
}

export interface LiveMemory extends Memory {
  /** Writes all of it, text too, or throws a TargetFault. */
  write(address: RuntimeAddress, bytes: Uint8Array): void;
}

export interface LiveThread extends Thread {
  readonly name: string | undefined;
  /** Whether it still stands where it stopped: it may be killed at any moment. */
  readonly alive: boolean;
  /** Sets a register by its name in `Arch.registers`. Throws a TargetFault if the kernel refuses it. */
  setRegister(name: string, bytes: Uint8Array): void;
  setRegisterNumber(dwarf: number, value: number): void;
  /** Sets a whole register set as `registers.noteBytes` gave it. Throws a TargetFault if the kernel refuses it. */
  setNoteBytes(note: number, bytes: Uint8Array): void;
}

export interface HardwareWatch {
  readonly address: RuntimeAddress;
  /** 1, 2, 4 or 8, and the address a multiple of it. */
  readonly length: number;
  /** amd64 knows no reads alone: `read-write` stops on both. */
  readonly access: 'write' | 'read-write' | 'execute';
}

export type RunMode =
  | { readonly kind: 'all' }
  /** One instruction of one thread; the others stay stopped (unless it is a system call that may need them). */
  | { readonly kind: 'step'; readonly thread: ThreadId }
  /** Only this thread runs: for calls that are injected. */
  | { readonly kind: 'alone'; readonly thread: ThreadId };

export type Decision = 'resume' | 'stop';

export type TargetEvent =
  /** A trap of ours; the thread's pc is its address. */
  | { readonly kind: 'trap'; readonly thread: LiveThread; readonly address: RuntimeAddress }
  /** Watch registers fired, by their indexes; for data the pc is behind the instruction that did it. */
  | { readonly kind: 'watch'; readonly thread: LiveThread; readonly registers: readonly number[] }
  /** An instruction was executed (`step`). */
  | { readonly kind: 'step'; readonly thread: LiveThread }
  /** A trap instruction of the program itself (runtime.Breakpoint, debugCall's answers); pc is behind it. */
  | { readonly kind: 'own-trap'; readonly thread: LiveThread; readonly address: RuntimeAddress }
  /** A signal for the program, which gets it when the thread goes on. SIGURG is not shown. */
  | { readonly kind: 'signal'; readonly thread: LiveThread; readonly info: SignalInfo }
  | { readonly kind: 'fork'; readonly thread: LiveThread; readonly child: number; readonly shared: boolean }
  /** The process runs another program now: modules, threads, traps and watch registers are gone. */
  | { readonly kind: 'exec'; readonly thread: LiveThread }
  /** Somebody asked for a stop from outside. */
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'ended'; readonly end: ProcessEnd };

export type ProcessEnd =
  | { readonly kind: 'exited'; readonly status: number }
  | {
      readonly kind: 'killed';
      readonly signal: number;
      /** The kernel wrote a core, or gave one to who asked for cores. */
      readonly dumped?: boolean;
    }
  /** We let go of it. */
  | { readonly kind: 'detached' };
