import type { Kernel, SpawnedProcess, SpawnRequest } from '../../target/process/kernel.ts';
import { refusal } from './errno.ts';
import { type Libc, openLibc } from './libc.ts';
import { Memory } from './memory.ts';
import { monotonicTime } from './monotonic-time.ts';
import { type Processor, thisProcessor } from './processor.ts';
import { procfs } from './procfs.ts';
import { spawn } from './spawn.ts';
import { Threads } from './threads.ts';
import { type IdleHook, Waiting } from './waiting.ts';

/**
 * To be opened, and used, by the one thread that is to be the tracer. Throws a UserError where there is none. `idle`:
 * what `wait` does while it has nothing to tell.
 */
export async function openKernel(idle?: IdleHook): Promise<Kernel> {
  const processor = thisProcessor();
  return new LinuxKernel(await openLibc(), processor, idle);
}

class LinuxKernel implements Kernel {
  readonly pid = process.pid;
  readonly procFile = procfs.file;
  readonly procLink = procfs.link;
  readonly procFolder = procfs.folder;
  readonly monotonicTime = monotonicTime;
  readonly #libc: Libc;
  readonly #processor: Processor;
  readonly #threads: Threads;
  readonly #memory: Memory;
  readonly #waiting: Waiting;

  constructor(libc: Libc, processor: Processor, idle?: IdleHook) {
    this.#libc = libc;
    this.#processor = processor;
    this.#threads = new Threads(libc, processor);
    this.#memory = new Memory(libc);
    this.#waiting = new Waiting(libc, (pid) => this.#memory.forget(pid), idle);
  }

  get lastStatus(): number {
    return this.#waiting.lastStatus;
  }

  seize(tid: number, options: number): void {
    this.#threads.seize(tid, options);
  }

  spawn(request: SpawnRequest, options: number): SpawnedProcess {
    const parts = {
      threads: this.#threads,
      memory: this.#memory,
      waiting: this.#waiting,
      processor: this.#processor,
    };
    return spawn(this.#libc, parts, request, options);
  }

  detach(tid: number, signal: number): boolean {
    return this.#threads.detach(tid, signal);
  }

  kill(pid: number, signal: number): boolean {
    return this.#libc.kill(pid, signal) === 0 || refusal(this.#libc, 'kill');
  }

  killThread(pid: number, tid: number, signal: number): boolean {
    return (
      this.#libc.syscall(this.#processor.tgkill, pid, tid, signal) === 0 || refusal(this.#libc, 'tgkill')
    );
  }

  wait(block: boolean): number {
    return this.#waiting.wait(block);
  }

  waitFor(tid: number, block?: boolean): number {
    return this.#waiting.waitFor(tid, block);
  }

  cont(tid: number, signal: number): boolean {
    return this.#threads.cont(tid, signal);
  }

  step(tid: number, signal: number): boolean {
    return this.#threads.step(tid, signal);
  }

  listen(tid: number): boolean {
    return this.#threads.listen(tid);
  }

  interrupt(tid: number): boolean {
    return this.#threads.interrupt(tid);
  }

  getRegisters(tid: number, into: Uint8Array): boolean {
    return this.#threads.getRegisters(tid, into);
  }

  setRegisters(tid: number, from: Uint8Array): boolean {
    return this.#threads.setRegisters(tid, from);
  }

  getRegisterSet(tid: number, note: number): Uint8Array | undefined {
    return this.#threads.getRegisterSet(tid, note);
  }

  setRegisterSet(tid: number, note: number, from: Uint8Array): boolean {
    return this.#threads.setRegisterSet(tid, note, from);
  }

  blocksSignals(tid: number): boolean {
    return this.#threads.blocksSignals(tid);
  }

  getDebugRegister(tid: number, index: number): number | undefined {
    return this.#threads.getDebugRegister(tid, index);
  }

  setDebugRegister(tid: number, index: number, value: number): boolean {
    return this.#threads.setDebugRegister(tid, index, value);
  }

  getSignalInfo(tid: number): Uint8Array | undefined {
    return this.#threads.getSignalInfo(tid);
  }

  setSignalInfo(tid: number, from: Uint8Array): boolean {
    return this.#threads.setSignalInfo(tid, from);
  }

  getEventMessage(tid: number): number | undefined {
    return this.#threads.getEventMessage(tid);
  }

  readMemory(pid: number, address: number, into: Uint8Array): number {
    return this.#memory.read(pid, address, into);
  }

  readScattered(pid: number, addresses: Float64Array, lengths: Uint32Array, into: Uint8Array): number {
    return this.#memory.readScattered(pid, addresses, lengths, into);
  }

  writeMemory(pid: number, address: number, from: Uint8Array): number {
    return this.#memory.write(pid, address, from);
  }

  forget(pid: number): void {
    this.#memory.forget(pid);
  }
}
