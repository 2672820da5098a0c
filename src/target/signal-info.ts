import { Reader, runtimeAddress } from '../base/index.ts';
import type { SignalInfo } from './target.ts';

/** SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV carry si_addr when the kernel raised them (si_code > 0). */
const FAULTS: ReadonlySet<number> = new Set([4, 5, 7, 8, 11]);
const SI_KERNEL = 0x80;
const SMALLEST = 24;

/**
 * siginfo_t (uapi/asm-generic/siginfo.h): si_signo, si_errno, si_code, i32 each, padding; at 16 si_addr, or si_pid and
 * si_uid. SIGCHLD's, SIGPOLL's and timers' own fields are not read.
 */
export function parseSignalInfo(bytes: Uint8Array): SignalInfo | undefined {
  if (bytes.length < SMALLEST) return undefined;
  const reader = new Reader(bytes, { file: '', section: 'siginfo' });
  const signo = reader.int32();
  const errno = reader.int32();
  const code = reader.int32();
  // SI_KERNEL comes without an address: a general protection fault leaves it 0.
  const fault = FAULTS.has(signo) && code > 0 && code !== SI_KERNEL;
  return {
    signo,
    code,
    errno,
    address: fault ? runtimeAddress(reader.seek(16).uint64()) : undefined,
    sender: code <= 0 ? { pid: reader.seek(16).int32(), uid: reader.uint32() } : undefined,
  };
}
