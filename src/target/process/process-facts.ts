import { decodeText, type ThreadId } from '../../base/index.ts';
import { parseAuxv } from '../core/process-notes.ts';
import type { ProcessFacts, SignalInfo } from '../target.ts';
import type { Kernel } from './kernel.ts';

export function readAuxv(kernel: Kernel, pid: number): Map<number, number> {
  const auxv = kernel.procFile(pid, 'auxv');
  return auxv === undefined ? new Map() : parseAuxv(auxv);
}

/** What procfs says of a process; what changes is asked for anew. */
export function processFacts(
  kernel: Kernel,
  pid: number,
  executable: string,
  auxv: ReadonlyMap<number, number>,
  now: { readonly signal: () => SignalInfo | undefined; readonly currentThread: () => ThreadId },
): ProcessFacts {
  const commandLine = kernel.procFile(pid, 'cmdline');
  return {
    pid,
    executable,
    commandLine:
      commandLine && decodeText(commandLine, 0, commandLine.length).replace(/\0$/, '').replaceAll('\0', ' '),
    get signal() {
      return now.signal();
    },
    get currentThread() {
      return now.currentThread();
    },
    auxv,
    origin: 'unknown',
  };
}
