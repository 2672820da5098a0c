// What worker.test.ts runs in a thread: counts the traps of a program and lets it go at its first signal.
import { parentPort, workerData } from 'node:worker_threads';
import { PTRACE_O, SIGNAL } from '../../../target/process/kernel.ts';
import { openKernel } from '../open-kernel.ts';

const TRAPS = 2000;
const kernel = await openKernel();
const { program } = workerData as { readonly program: string };
const { pid } = kernel.spawn(
  {
    path: program,
    argv: [program, 'traps'],
    environment: undefined,
    directory: undefined,
    terminal: { kind: 'files' },
    fixedAddresses: false,
  },
  PTRACE_O.EXEC,
);
const environment = Buffer.from(kernel.procFile(pid, 'environ')!).toString();
let traps = 0;
const signals: number[] = [];
const registers = new Uint8Array(216);
kernel.cont(pid, 0);
while (traps < TRAPS && kernel.wait(true) === pid) {
  traps++;
  kernel.getRegisters(pid, registers);
  kernel.setRegisters(pid, registers);
  if (traps < TRAPS) kernel.cont(pid, 0);
}
// Now it is to run, so that wait blocks: over the int3 into a loop of its own.
const text = new DataView(registers.buffer).getBigUint64(16 * 8, true);
kernel.writeMemory(pid, Number(text), Uint8Array.of(0xeb, 0xfe));
parentPort!.postMessage({ pid, environment });
kernel.cont(pid, 0);
while (kernel.wait(true) === pid && (kernel.lastStatus & 0xff) === 0x7f) {
  const signal = (kernel.lastStatus >> 8) & 0xff;
  signals.push(signal);
  kernel.cont(pid, signal === SIGNAL.SIGTRAP ? 0 : signal);
}
parentPort!.postMessage({ traps, signals, status: kernel.lastStatus });
