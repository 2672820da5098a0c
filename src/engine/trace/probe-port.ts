import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { runtimeAddress, TargetFault, threadId } from '../../base/index.ts';
import type { ProbeTarget, ProbeThread, RingFile } from '../../probe/index.ts';
import type { Kernel, ProcessTarget } from '../../target/index.ts';

/** A stopped process as what installs probes sees it. */
export function probeTarget(kernel: Kernel, target: ProcessTarget): ProbeTarget {
  const { memory } = target;
  let threads: readonly ProbeThread[] | undefined;
  return {
    get threads() {
      threads ??= target.threads.map((thread): ProbeThread => {
        const { pc, sp } = target.arch.dwarf;
        return {
          id: thread.id,
          pc: thread.registers.get(pc) ?? 0,
          sp: thread.registers.get(sp) ?? 0,
          blocksSignals: kernel.blocksSignals(thread.id),
          moveTo: (address) => thread.setRegisterNumber(pc, address),
        };
      });
      return threads;
    },
    read: (address, length) => memory.read(runtimeAddress(address), length),
    readInto: (address, into) => {
      const count = memory.readInto(runtimeAddress(address), into);
      if (count < into.length)
        throw new TargetFault('cannot read a byte of memory', runtimeAddress(address + count));
    },
    write: (address, bytes) => memory.write(runtimeAddress(address), bytes),
    get mapped() {
      return memory.regions.map(({ start, end }) => ({ start, end }));
    },
    systemCall: (number, args) => {
      const thread = target.threads.find(({ currentSignal }) => currentSignal === 0) ?? target.threads[0];
      return target.systemCall(threadId(thread?.id ?? target.pid), number, args);
    },
  };
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
