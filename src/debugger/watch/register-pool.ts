import type { HardwareWatch, LiveTarget } from '../../target/index.ts';
import { registerPieces } from './pieces.ts';

/** amd64 has four (DR0–DR3). */
const REGISTERS = 4;

/** Who has which of the CPU's watch registers. */
export class RegisterPool<Owner> {
  readonly #target: LiveTarget;
  readonly #owners: (Owner | undefined)[] = new Array(REGISTERS).fill(undefined);

  constructor(target: LiveTarget) {
    this.#target = target;
  }

  /** Takes as many as it needs. False: there are too few, or the kernel refuses them; nothing is taken then. */
  take(owner: Owner, address: number, size: number, access: HardwareWatch['access']): boolean {
    const free = this.#owners.flatMap((one, index) => (one === undefined ? [index] : []));
    const pieces = registerPieces(address, size, free.length);
    if (pieces === undefined) return false;
    for (const [i, piece] of pieces.entries()) {
      const index = free[i]!;
      if (!this.#target.setWatchRegister(index, { ...piece, access })) {
        this.free(owner);
        return false;
      }
      this.#owners[index] = owner;
    }
    return true;
  }

  free(owner: Owner): void {
    for (const [index, one] of this.#owners.entries()) {
      if (one !== owner) continue;
      this.#owners[index] = undefined;
      this.#target.setWatchRegister(index, undefined);
    }
  }

  /** Each once, however many of its registers fired. */
  owners(registers: readonly number[]): Set<Owner> {
    const owners = new Set<Owner>();
    for (const index of registers) {
      const owner = this.#owners[index];
      if (owner !== undefined) owners.add(owner);
    }
    return owners;
  }

  /** After exec the kernel has cleared them. */
  forget(): void {
    this.#owners.fill(undefined);
  }
}
