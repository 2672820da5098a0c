import { decodeText, type ThreadId } from '../../base/index.ts';
import { parseAuxv } from '../core/process-notes.ts';
import type { ProcessFacts, SignalInfo } from '../target.ts';
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
      return words && decodeText(words, 0, words.length).replace(/\0$/, '').replaceAll('\0', ' ');
    },
    get signal() {
      return now.signal();
    },
    get currentThread() {
      return now.currentThread();
    },
    get auxv() {
      return now.auxv();
    },
  };
}
