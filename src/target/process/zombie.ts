import type { Kernel } from './kernel.ts';

/**
 * Whether a thread has ended and is only waited for: state Z in /proc/PID/task/TID/stat (proc_pid_stat(5)), or nothing
 * there any more.
 */
export function isZombie(kernel: Kernel, pid: number, tid: number): boolean {
  const stat = kernel.procFile(pid, `task/${tid}/stat`);
  if (stat === undefined) return true;
  // The name in parentheses may hold anything.
  const text = new TextDecoder().decode(stat);
  return 'ZX'.includes(text.charAt(text.lastIndexOf(')') + 2));
}
