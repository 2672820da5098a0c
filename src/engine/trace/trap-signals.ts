import { functionStart, type SchedulerFacts } from '../../golang/index.ts';
import type { Kernel, ProcessTarget } from '../../target/index.ts';

const SIGTRAP = 5;
const ENTRY_BYTES = 1;

/**
 * Whether, and from where on, the threads of a program can take traps by themselves: when its runtime has set its handlers
 * up, which is before it comes to its main goroutine (runtime/proc.go, mstart1). Undefined: somebody traces it, and would
 * be told of the traps; or it runs and handles no such signal, as libraries of Go in other programs do not.
 */
export function trapSignals(
  kernel: Kernel,
  target: ProcessTarget,
  facts: SchedulerFacts,
): { readonly handledAt: number } | undefined {
  const main = functionStart(facts, 'runtime.main', ENTRY_BYTES);
  if (main === undefined || (!target.started && !catches(kernel, target.pid))) return undefined;
  return { handledAt: main.entry };
}

/** SigCgt of proc_pid_status(5): a mask of signals in hex. */
function catches(kernel: Kernel, pid: number): boolean {
  const status = new TextDecoder().decode(kernel.procFile(pid, 'status'));
  const mask = BigInt(`0x${/^SigCgt:\s*([\da-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return ((mask >> BigInt(SIGTRAP - 1)) & 1n) === 1n;
}
