import { decodeText, type ThreadId } from '../../base/index.ts';
import { parseAuxv } from '../core/process-notes.ts';
import type { ProcessFacts, ProcessOwner, SignalInfo } from '../target.ts';
import type { Kernel } from './kernel.ts';

export function readAuxv(kernel: Kernel, pid: number): Map<number, number> {
  const auxv = kernel.procFile(pid, 'auxv');
  return auxv === undefined ? new Map() : parseAuxv(auxv);
}

/** What procfs says of a process; what changes, also by an exec, is asked for anew. */
export function processFacts(
  kernel: Kernel,
  pid: number,
  now: {
    readonly executable: () => string;
    readonly auxv: () => ReadonlyMap<number, number>;
    readonly signal: () => SignalInfo | undefined;
    readonly currentThread: () => ThreadId;
  },
): ProcessFacts {
  return {
    pid,
    origin: 'unknown',
    get executable() {
      return now.executable();
    },
    get commandLine() {
      const words = kernel.procFile(pid, 'cmdline');
      return words && commandLine(words);
    },
    get owner() {
      return readOwner(kernel, pid);
    },
    get signal() {
      return now.signal();
    },
    get clock() {
      return kernel.monotonicTime(pid);
    },
    get currentThread() {
      return now.currentThread();
    },
    get auxv() {
      return now.auxv();
    },
  };
}

/** Of /proc/PID/cmdline: each word ends in a NUL. */
export const commandLine = (words: Uint8Array): string =>
  decodeText(words, 0, words.length).replace(/\0$/, '').replaceAll('\0', ' ');

/** proc_pid_status(5) for the real ids; proc_pid_stat(5), fields 4 to 6: ppid, pgrp, session. */
function readOwner(kernel: Kernel, pid: number): ProcessOwner | undefined {
  const status = kernel.procFile(pid, 'status');
  const stat = kernel.procFile(pid, 'stat');
  if (status === undefined || stat === undefined) return undefined;
  const text = decodeText(status);
  const id = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const fields = decodeText(stat);
  // The name in parentheses may hold anything.
  const numbers = fields
    .slice(fields.lastIndexOf(')') + 4)
    .split(' ', 3)
    .map(Number);
  const [parent = 0, group = 0, session = 0] = numbers;
  return { uid: id('Uid'), gid: id('Gid'), parent, group, session };
}
