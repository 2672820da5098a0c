import type { LinuxCalls } from '../../arch/index.ts';
import type { Kernel } from './kernel.ts';
import type { ProcessThread } from './process-thread.ts';

/** <linux/sched.h> */
const CLONE_VM = 0x100;
const CLONE_THREAD = 0x10000;

export type NewTask =
  | 'thread'
  /** A process in the same memory. */
  | 'sharing'
  /** A process in a copy of the memory. */
  | 'copy';

/**
 * What a thread that stands at PTRACE_EVENT_CLONE, _FORK or _VFORK has made. The event alone does not tell: clone
 * without CLONE_VFORK and with another exit signal than SIGCHLD is told as CLONE whatever it makes, and a vfork may
 * copy as a fork may share (kernel/fork.c, kernel_clone).
 */
export function newTask(kernel: Kernel, calls: LinuxCalls, pid: number, thread: ProcessThread): NewTask {
  const flags = cloneFlags(kernel, calls, pid, thread);
  if ((flags & CLONE_THREAD) !== 0) return 'thread';
  return (flags & CLONE_VM) === 0 ? 'copy' : 'sharing';
}

function cloneFlags(
  kernel: Kernel,
  { numbers, registers }: LinuxCalls,
  pid: number,
  thread: ProcessThread,
): number {
  const argument = thread.getBig(registers.arguments[0]!);
  switch (thread.systemCall) {
    case numbers.fork:
      return 0;
    case numbers.vfork:
      return CLONE_VM;
    case numbers.clone:
      return Number(argument & 0xffff_ffffn);
    case numbers.clone3: {
      // struct clone_args, whose first word they are.
      const word = new Uint8Array(8);
      kernel.readMemory(pid, Number(argument), word);
      return new DataView(word.buffer).getUint32(0, true);
    }
    default:
      throw new Error(`system call ${thread.systemCall} has made a thread or process`);
  }
}
