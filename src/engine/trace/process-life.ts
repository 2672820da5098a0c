import type { Kernel } from '../../target/index.ts';

/** Of what follows the name in /proc/PID/stat (proc(5)): num_threads, where the state is 0. */
const THREADS = 17;

/**
 * Whether a process that is no child of ours has ended. Its first thread is a zombie for a moment while another one
 * executes a program (fs/exec.c, de_thread), and for as long as others outlive it.
 */
export function hasEnded(kernel: Kernel, pid: number): boolean {
  const bytes = kernel.procFile(pid, 'stat');
  if (bytes === undefined) return true;
  const stat = Buffer.from(bytes).toString('latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return /[ZX]/.test(fields[0] ?? '') && Number(fields[THREADS]) <= 1;
}
