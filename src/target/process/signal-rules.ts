import type { SignalInfo } from '../target.ts';
import { PTRACE_EVENT, SIGNAL } from './kernel.ts';
import { ptraceEvent, stopSignal } from './wait-status.ts';

/** siginfo codes of SIGTRAP (asm-generic/siginfo.h) up to this come from a process; the rest are debug exceptions, and traps. */
export const SI_USER_HIGHEST = 0;
/** A watch register fired, and nothing else: TF comes as TRAP_TRACE (2), alone or with one. */
export const TRAP_HWBKPT = 4;

/** Signals that the instruction itself raises: to hold them back would raise them again. */
export const SYNCHRONOUS: ReadonlySet<number> = new Set([
  SIGNAL.SIGSEGV,
  SIGNAL.SIGBUS,
  SIGNAL.SIGILL,
  SIGNAL.SIGFPE,
]);

export const STOPPING: ReadonlySet<number> = new Set([
  SIGNAL.SIGSTOP,
  SIGNAL.SIGTSTP,
  SIGNAL.SIGTTIN,
  SIGNAL.SIGTTOU,
]);

/** The answer to PTRACE_INTERRUPT, or the first stop of a new thread; not a stop by job control. */
export const isOurStop = (status: number): boolean =>
  ptraceEvent(status) === PTRACE_EVENT.STOP && !STOPPING.has(stopSignal(status));

export const plainSignal = (signo: number): SignalInfo => ({
  signo,
  code: 0,
  errno: 0,
  address: undefined,
  sender: undefined,
});
