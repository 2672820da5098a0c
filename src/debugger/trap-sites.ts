import type { RuntimeAddress } from '../base/index.ts';
import type { LiveTarget, LiveThread } from '../target/index.ts';
import type { StopCause } from './stop.ts';

/** Asked when a thread arrives at a trap; gives the reason to stop, or undefined: the thread goes on at once. */
export type TrapHandler = (thread: LiveThread, address: RuntimeAddress) => StopCause | undefined;

/** One wish for a trap; several may be for one address. */
export interface TrapWish {
  readonly address: RuntimeAddress;
  readonly handler: TrapHandler;
}

/** Who wants to know when which instruction is reached. The target has one trap for all wishes at an address. */
export class TrapSites {
  readonly #target: LiveTarget;
  readonly #wishes = new Map<number, TrapWish[]>();

  constructor(target: LiveTarget) {
    this.#target = target;
  }

  /** Throws a TargetFault where there is no code. */
  add(address: RuntimeAddress, handler: TrapHandler): TrapWish {
    const wish = { address, handler };
    const there = this.#wishes.get(address);
    if (there !== undefined) {
      this.#wishes.set(address, [...there, wish]);
      return wish;
    }
    // Where the process is gone nobody comes by: the next one that runs the program gets its own.
    if (this.#target.ended === undefined) this.#target.insertTrap(address);
    this.#wishes.set(address, [wish]);
    return wish;
  }

  /** Idempotent. */
  remove(wish: TrapWish): void {
    const there = this.#wishes.get(wish.address);
    if (there === undefined) return;
    const rest = there.filter((other) => other !== wish);
    if (rest.length > 0) {
      this.#wishes.set(wish.address, rest);
      return;
    }
    this.#wishes.delete(wish.address);
    this.#target.removeTrap(wish.address);
  }

  has(address: RuntimeAddress): boolean {
    return this.#wishes.has(address);
  }

  /** Whether anybody waits in [start, end). */
  isAnyWithin(start: number, end: number): boolean {
    for (const address of this.#wishes.keys()) if (address >= start && address < end) return true;
    return false;
  }

  /** Asks everyone who waits at an address; handlers may add and remove wishes. */
  *hit(thread: LiveThread, address: RuntimeAddress): Generator<StopCause> {
    for (const { handler } of this.#wishes.get(address) ?? []) {
      const cause = handler(thread, address);
      if (cause !== undefined) yield cause;
    }
  }

  /** After exec: the text in which the traps were is gone. */
  forgetAll(): void {
    this.#wishes.clear();
  }
}
