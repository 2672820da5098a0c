import type { Kernel } from './kernel.ts';
import type { ProcessThread } from './process-thread.ts';

/** clone(2), fork(2), vfork(2), clone3(2) on amd64. */
const CLONE = 56;
const FORK = 57;
const VFORK = 58;
const CLONE3 = 435;
/** <linux/sched.h> */
const CLONE_VM = 0x100;
const CLONE_THREAD = 0x10000;
/** rdi, by DWARF number: the flags of clone; of clone3 the address of struct clone_args, whose first word they are. */
const FIRST_ARGUMENT = 5;

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
export function newTask(kernel: Kernel, pid: number, thread: ProcessThread): NewTask {
  const flags = cloneFlags(kernel, pid, thread);
  if ((flags & CLONE_THREAD) !== 0) return 'thread';
  return (flags & CLONE_VM) === 0 ? 'copy' : 'sharing';
}

function cloneFlags(kernel: Kernel, pid: number, thread: ProcessThread): number {
  switch (thread.systemCall) {
    case FORK:
      return 0;
    case VFORK:
      return CLONE_VM;
    case CLONE:
      return Number(thread.getBig(FIRST_ARGUMENT) & 0xffff_ffffn);
    case CLONE3: {
      const word = new Uint8Array(8);
      kernel.readMemory(pid, Number(thread.getBig(FIRST_ARGUMENT)), word);
      return new DataView(word.buffer).getUint32(0, true);
    }
    default:
      throw new Error(`system call ${thread.systemCall} has made a thread or process`);
  }
}
