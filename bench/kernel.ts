// What the system calls of a live session cost, in a thread as sessions have it: `node bench/kernel.js`.
import { spawnSync } from 'node:child_process';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { openKernel } from '../src/engine/linux/open-kernel.ts';
import { debuggee, kill, start } from '../src/engine/linux/testing/debuggee.ts';
import type { Kernel } from '../src/target/process/kernel.ts';

const ROUND_TRIPS = 30_000;
const CALLS = 100_000;

/** Microseconds of wall clock and of our CPU, per call. */
function time(name: string, calls: number, run: (calls: number) => void): void {
  run(Math.min(calls, 2000));
  const cpu = process.cpuUsage();
  const started = performance.now();
  run(calls);
  const wall = ((performance.now() - started) * 1e3) / calls;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `  ${name.padEnd(44)} ${wall.toFixed(2).padStart(8)} µs  ${((user + system) / calls).toFixed(2).padStart(8)} µs CPU`,
  );
}

const times = (calls: number, action: () => void): void => {
  for (let call = 0; call < calls; call++) action();
};

function roundTrips(kernel: Kernel, pid: number): void {
  const registers = new Uint8Array(216);
  time('int3: wait, getregs, setregs, cont', ROUND_TRIPS, (calls) =>
    times(calls, () => {
      kernel.cont(pid, 0);
      kernel.wait(true);
      kernel.getRegisters(pid, registers);
      kernel.setRegisters(pid, registers);
    }),
  );
  // On one CPU that would only keep the program from running.
  if (workerData !== '--pinned')
    time('int3: the same, wait spinning with WNOHANG', ROUND_TRIPS, (calls) =>
      times(calls, () => {
        kernel.cont(pid, 0);
        while (kernel.wait(false) === 0);
        kernel.getRegisters(pid, registers);
        kernel.setRegisters(pid, registers);
      }),
    );
  time('int3: wait, cont', ROUND_TRIPS, (calls) =>
    times(calls, () => {
      kernel.cont(pid, 0);
      kernel.wait(true);
    }),
  );
  time('step, wait', ROUND_TRIPS, (calls) =>
    times(calls, () => {
      kernel.step(pid, 0);
      kernel.wait(true);
    }),
  );
}

function calls(kernel: Kernel, pid: number): void {
  const registers = new Uint8Array(216);
  kernel.getRegisters(pid, registers);
  const text = Number(new DataView(registers.buffer).getBigUint64(16 * 8, true));
  const stack = Number(new DataView(registers.buffer).getBigUint64(19 * 8, true));
  const [word, page] = [new Uint8Array(8), new Uint8Array(4096)];
  const addresses = Float64Array.from({ length: 64 }, (_, index) => stack + 8 * index);
  const lengths = new Uint32Array(64).fill(8);
  const together = new Uint8Array(512);
  const byte = new Uint8Array(1);
  kernel.readMemory(pid, text, byte);
  const repeat = (name: string, action: () => void): void =>
    time(name, CALLS, (count) => times(count, action));
  repeat('getRegisters', () => kernel.getRegisters(pid, registers));
  repeat('setRegisters', () => kernel.setRegisters(pid, registers));
  repeat('wait (nothing there)', () => kernel.wait(false));
  repeat('readMemory of 8 bytes', () => kernel.readMemory(pid, stack, word));
  repeat('readMemory of 4 KB', () => kernel.readMemory(pid, text - (text % 4096), page));
  repeat('readMemory of nothing', () => kernel.readMemory(pid, 0, word));
  repeat('readScattered of 64 words', () => kernel.readScattered(pid, addresses, lengths, together));
  repeat('writeMemory of one byte of text', () => kernel.writeMemory(pid, text, byte));
  repeat('setDebugRegister', () => kernel.setDebugRegister(pid, 0, text));
  repeat('getRegisterSet of XSTATE', () => kernel.getRegisterSet(pid, 0x202));
  repeat('interrupt (stopped already)', () => kernel.interrupt(pid));
}

async function measure(): Promise<void> {
  const kernel = await openKernel();
  const pid = start(kernel, ['traps']);
  kernel.cont(pid, 0);
  kernel.wait(true);
  roundTrips(kernel, pid);
  calls(kernel, pid);
  kill(kernel, pid);
}

if (!isMainThread) await measure();
else if (process.argv.includes('--here'))
  new Worker(new URL(import.meta.url), { workerData: process.argv.at(-1) });
else
  for (const [name, prefix, how] of [
    ['free', [], '--free'],
    ['debugger and debuggee on one CPU', ['taskset', '-c', '0'], '--pinned'],
  ] as const) {
    debuggee();
    console.log(`${name}:`);
    const command = [...prefix, process.execPath, 'bench/kernel.js', '--here', how];
    const { status } = spawnSync(command[0]!, command.slice(1), { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
