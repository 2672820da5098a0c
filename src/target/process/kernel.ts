/**
 * What the process target needs of Linux: ptrace(2), waitpid(2), memory of another process, procfs. One thread must
 * make all the calls, for ever: to ptrace, the tracer is a thread. Everything is synchronous.
 *
 * Calls about one thread give false (or undefined) where the thread is gone (ESRCH), which may happen at any moment;
 * everything else that fails throws a KernelError.
 */
export interface Kernel {
  /** Our own process id: the sender of the signals that we send. */
  readonly pid: number;

  // Coming and going.
  /** PTRACE_SEIZE: the thread goes on running. Throws a KernelError (EPERM, ESRCH). */
  seize(tid: number, options: number): void;
  /**
   * Starts a program, seized with `options` and stopped at its PTRACE_EVENT_EXEC: not one instruction of it has run,
   * but it is still inside the system call. Throws a UserError where there is nothing that can be run.
   */
  spawn(request: SpawnRequest, options: number): SpawnedProcess;
  detach(tid: number, signal: number): boolean;
  /** kill(2), tgkill(2). */
  kill(pid: number, signal: number): boolean;
  killThread(pid: number, tid: number, signal: number): boolean;

  // Waiting.
  /**
   * waitpid(-1, __WALL | __WNOTHREAD), with WNOHANG unless `block`. Gives the thread's id and its status in
   * `lastStatus`; 0 if nothing is there; -1 if there is nothing left to wait for (ECHILD).
   */
  wait(block: boolean): number;
  /** waitpid(tid, …) for one thread, by default blocking, otherwise as `wait`. */
  waitFor(tid: number, block?: boolean): number;
  readonly lastStatus: number;

  // Running one stopped thread.
  cont(tid: number, signal: number): boolean;
  step(tid: number, signal: number): boolean;
  /** PTRACE_LISTEN: stays in a group stop without being stopped by us. */
  listen(tid: number): boolean;
  /** PTRACE_INTERRUPT: of a running thread. */
  interrupt(tid: number): boolean;

  // State of one stopped thread.
  /** `struct user_regs_struct` (amd64: 27 words) into `into`. */
  getRegisters(tid: number, into: Uint8Array): boolean;
  setRegisters(tid: number, from: Uint8Array): boolean;
  /**
   * PTRACE_GETREGSET: NT_PRFPREG (2), NT_X86_XSTATE (0x202)… as long as the kernel makes it; undefined too where the
   * kernel, the processor or the thread has none such.
   */
  getRegisterSet(tid: number, note: number): Uint8Array | undefined;
  setRegisterSet(tid: number, note: number, from: Uint8Array): boolean;
  /** PTRACE_GETSIGMASK: whether it blocks any signal. False too where the thread is gone. */
  blocksSignals(tid: number): boolean;
  /** offsetof(struct user, u_debugreg[index]) by PTRACE_PEEKUSER. Undefined too where the processor has them elsewhere. */
  getDebugRegister(tid: number, index: number): number | undefined;
  /** False too where the kernel refuses the value (EINVAL, ENOSPC), or the processor has them elsewhere. */
  setDebugRegister(tid: number, index: number, value: number): boolean;
  /** `siginfo_t`, 128 bytes; undefined too where the stop is none of a signal (EINVAL). */
  getSignalInfo(tid: number): Uint8Array | undefined;
  /** What the program is told of the signal that the thread is stopped for. False too if it is not (EINVAL). */
  setSignalInfo(tid: number, from: Uint8Array): boolean;
  /** PTRACE_GETEVENTMSG: the new thread's or child's id, the exit status. */
  getEventMessage(tid: number): number | undefined;

  // Memory.
  /** process_vm_readv: how many bytes came, 0 where nothing is readable. May be called from any stop, or none. */
  readMemory(pid: number, address: number, into: Uint8Array): number;
  /** Gathers many pieces in one call: each of `lengths[i]` bytes at `addresses[i]`, put one behind the other. How many bytes came. */
  readScattered(pid: number, addresses: Float64Array, lengths: Uint32Array, into: Uint8Array): number;
  /** pwrite on /proc/PID/mem, which may write text pages: how many bytes were written. */
  writeMemory(pid: number, address: number, from: Uint8Array): number;

  // procfs.
  /** A file of /proc/PID: `maps`, `auxv`, `status`, `task/TID/stat`…; undefined if the process is gone. */
  procFile(pid: number, name: string): Uint8Array | undefined;
  /** Target of a link: `exe`, `cwd`, `fd/3`. */
  procLink(pid: number, name: string): string | undefined;
  /** Entries of a folder: `task`, `fd`. */
  procFolder(pid: number, name: string): readonly string[] | undefined;

  /** What CLOCK_MONOTONIC shows to a process, in nanoseconds: it may have a time namespace of its own (time_namespaces(7)). */
  monotonicTime(pid: number): number;

  /** Closes the files that are open for a process (its /proc/PID/mem). */
  forget(pid: number): void;
}

export interface SpawnRequest {
  /** The file to run, absolute. */
  readonly path: string;
  /** argv, argv[0] included. */
  readonly argv: readonly string[];
  /** Undefined: ours. */
  readonly environment: Readonly<Record<string, string>> | undefined;
  readonly directory: string | undefined;
  readonly terminal: SpawnTerminal;
  /** Addresses are the same in every run (ADDR_NO_RANDOMIZE). */
  readonly fixedAddresses: boolean;
}

export type SpawnTerminal =
  /** A new pseudo terminal, which becomes the controlling terminal of a new session. */
  | { readonly kind: 'pty' }
  /** Our own files, or those named instead; the process gets its own group so that Ctrl-C does not reach it. */
  | {
      readonly kind: 'files';
      readonly stdin?: string;
      readonly stdout?: string;
      readonly stderr?: string;
      /** Where output goes that is not redirected: file descriptors of this process. */
      readonly stdoutDescriptor?: number;
      /** A session of its own: it can read from our terminal, which stops a group in the background that does. */
      readonly newSession?: boolean;
    }
  /** An existing terminal by its path (`--tty`). */
  | { readonly kind: 'tty'; readonly path: string };

export interface SpawnedProcess {
  readonly pid: number;
  /** Descriptor of the pty's near end, for whoever shows the program's output. */
  readonly terminal: number | undefined;
}

/** A system call that failed. */
export class KernelError extends Error {
  readonly call: string;
  /** `EPERM`. */
  readonly code: string;

  constructor(call: string, code: string) {
    super(`${call}: ${code}`);
    this.name = 'KernelError';
    this.call = call;
    this.code = code;
  }
}

/** PTRACE_O_*, PTRACE_EVENT_* of <linux/ptrace.h>, and signals by their numbers on Linux. */
export const PTRACE_O = {
  SYSGOOD: 1,
  FORK: 2,
  VFORK: 4,
  CLONE: 8,
  EXEC: 16,
  VFORKDONE: 32,
  EXIT: 64,
} as const;

export const PTRACE_EVENT = {
  FORK: 1,
  VFORK: 2,
  CLONE: 3,
  EXEC: 4,
  VFORK_DONE: 5,
  EXIT: 6,
  STOP: 128,
} as const;

export const SIGNAL = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
} as const;
