import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { runtimeAddress, threadId } from '../../base/index.ts';
import type { ProbeTarget, ProbeThread, RingFile } from '../../probe/index.ts';
import type { Kernel, ProcessTarget } from '../../target/index.ts';

/** A stopped process as what installs probes sees it. */
export function probeTarget(kernel: Kernel, target: ProcessTarget): ProbeTarget {
  const { memory, pid } = target;
  return {
    threads: target.threads.map((thread): ProbeThread => {
      const { pc, sp } = target.arch.dwarf;
      return {
        id: thread.id,
        pc: thread.registers.get(pc) ?? 0,
        sp: thread.registers.get(sp) ?? 0,
        blocksSignals: blocksSignals(kernel, pid, thread.id),
        moveTo: (address) => thread.setRegisterNumber(pc, address),
      };
    }),
    read: (address, length) => memory.read(runtimeAddress(address), length),
    write: (address, bytes) => memory.write(runtimeAddress(address), bytes),
    get mapped() {
      return memory.regions.map(({ start, end }) => ({ start, end }));
    },
    systemCall: (number, args) => {
      const thread = target.threads.find(({ currentSignal }) => currentSignal === 0) ?? target.threads[0];
      return target.systemCall(threadId(thread?.id ?? pid), number, args);
    },
  };
}

/** proc_pid_status(5). A thread that is gone blocks nothing. */
function blocksSignals(kernel: Kernel, pid: number, thread: number): boolean {
  const status = kernel.procFile(pid, `task/${thread}/status`);
  if (status === undefined) return false;
  const mask = /^SigBlk:\s*([0-9a-f]+)/m.exec(Buffer.from(status).toString('latin1'))?.[1];
  return mask !== undefined && !/^0+$/.test(mask);
}

/** The memfd of a process that has it as descriptor `descriptor`, which may close it then. */
export function openRingFile(pid: number, descriptor: number): RingFile & { close(): void } {
  const file = openSync(`/proc/${pid}/fd/${descriptor}`, 'r+');
  return {
    read: (offset, into) => readSync(file, into, 0, into.length, offset),
    write: (offset, bytes) => {
      writeSync(file, bytes, 0, bytes.length, offset);
    },
    close: () => closeSync(file),
  };
}
