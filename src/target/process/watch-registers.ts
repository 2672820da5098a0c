import type { MemoryAccess } from '../../arch/index.ts';
import type { HardwareWatch, MemoryRange } from '../live.ts';
import type { Kernel } from './kernel.ts';

/**
 * The debug registers of amd64 (Intel SDM vol. 3B §17.2): DR0–DR3 hold addresses, DR7 says which are on (bits 0, 2, 4,
 * 6), for what (bits 16+4n: 0 execute, 1 write, 3 read or write) and how long (bits 18+4n: 0 1 byte, 1 2, 2 8, 3 4),
 * DR6 (bits 0–3) which fired. Each thread has its own.
 */
export const WATCH_REGISTERS = 4;
const CONTROL = 7;
const STATUS = 6;
const ACCESS = { execute: 0, write: 1, 'read-write': 3 } as const;
const LENGTH: Readonly<Record<number, number>> = { 1: 0, 2: 1, 4: 3, 8: 2 };

export class WatchRegisters {
  /** Rises with every change: threads whose registers are of an older version are brought into line as they go on. */
  version = 0;
  readonly #kernel: Kernel;
  readonly #watches: (HardwareWatch | undefined)[] = new Array(WATCH_REGISTERS).fill(undefined);

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Memory that is watched otherwise. */
  guarded: readonly MemoryRange[] = [];

  /** Whether an access must be made by the CPU itself to be seen. */
  sees({ address, length }: MemoryAccess): boolean {
    const end = address + length;
    return (
      this.#watches.some(
        (one) => one !== undefined && one.address < end && address < one.address + one.length,
      ) || this.guarded.some((range) => range.start < end && address < range.end)
    );
  }

  get none(): boolean {
    return !this.any && this.guarded.length === 0;
  }

  get any(): boolean {
    return this.#watches.some((watch) => watch !== undefined);
  }

  set(index: number, watch: HardwareWatch | undefined): void {
    this.#watches[index] = watch;
    this.version++;
  }

  clear(): void {
    this.#watches.fill(undefined);
    this.guarded = [];
    this.version++;
  }

  /** Brings a stopped thread's registers into line. False: the kernel refuses them. */
  apply(tid: number): boolean {
    const control = this.#control;
    // Off first: the kernel checks each address against what DR7 says of it.
    if (!this.#kernel.setDebugRegister(tid, CONTROL, 0)) return control === 0;
    for (const [index, watch] of this.#watches.entries()) {
      if (watch !== undefined && !this.#kernel.setDebugRegister(tid, index, watch.address)) return false;
    }
    return control === 0 || this.#kernel.setDebugRegister(tid, CONTROL, control);
  }

  /**
   * Which fired in a thread since it was last asked. The kernel keeps those that fired while it wrote for a system
   * call itself (arch/x86/kernel/traps.c, exc_debug_kernel): they are told with the thread's next debug exception.
   */
  fired(tid: number): number[] {
    const status = this.#kernel.getDebugRegister(tid, STATUS) ?? 0;
    const fired: number[] = [];
    for (let index = 0; index < WATCH_REGISTERS; index++) {
      if ((status & (1 << index)) !== 0 && this.#watches[index] !== undefined) fired.push(index);
    }
    if ((status & 0xf) !== 0) this.#kernel.setDebugRegister(tid, STATUS, 0);
    return fired;
  }

  get #control(): number {
    let control = 0;
    for (const [index, watch] of this.#watches.entries()) {
      if (watch === undefined) continue;
      const kind = ACCESS[watch.access] | (LENGTH[watch.length]! << 2);
      control += 2 ** (index * 2) + kind * 2 ** (16 + index * 4);
    }
    return control;
  }
}
