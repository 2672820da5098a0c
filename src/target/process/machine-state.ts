import type { WritableMachineState } from '../../arch/index.ts';
import type { Kernel } from './kernel.ts';
import type { ProcessMemory } from './live-memory.ts';
import type { ProcessThread } from './process-thread.ts';

/** A push, or a local variable. */
const NEAR = 2048;

/** One thread's registers and its process's memory, for an instruction that is emulated. */
export class MachineOfThread implements WritableMachineState {
  thread!: ProcessThread;
  readonly #kernel: Kernel;
  readonly #pid: number;
  readonly #memory: ProcessMemory;
  readonly #sp: number;
  readonly #bytes = new Uint8Array(8);
  readonly #view = new DataView(this.#bytes.buffer);

  constructor(kernel: Kernel, pid: number, memory: ProcessMemory, sp: number) {
    this.#sp = sp;
    this.#kernel = kernel;
    this.#pid = pid;
    this.#memory = memory;
  }

  register(dwarf: number): bigint {
    return this.thread.getBig(dwarf);
  }

  setRegister(dwarf: number, value: bigint): void {
    this.thread.setBig(dwarf, value);
  }

  segmentBase(segment: 'fs' | 'gs'): bigint {
    return this.thread.segmentBase(segment);
  }

  read(address: number, length: number): bigint | undefined {
    this.#view.setBigUint64(0, 0n);
    const count = this.#kernel.readMemory(this.#pid, address, this.#bytes.subarray(0, length));
    return count === length ? this.#view.getBigUint64(0, true) : undefined;
  }

  /** Only near the stack pointer, where the program surely may write: elsewhere the CPU is to say. */
  write(address: number, length: number, value: bigint): boolean {
    const sp = this.thread.registers.get(this.#sp)!;
    if (address < sp - NEAR || address > sp + NEAR) return false;
    this.#view.setBigUint64(0, BigInt.asUintN(64, value), true);
    const bytes = this.#bytes.subarray(0, length);
    const isWhole = this.#kernel.writeMemory(this.#pid, address, bytes) === length;
    if (isWhole) this.#memory.noteWritten(address, bytes);
    else this.#memory.invalidate();
    return isWhole;
  }
}
