/** What is known of a goroutine while the records are read. */
export interface TrackedGoroutine {
  id: number;
  /** G_STATE; −1 if nothing is known of it. */
  state: number;
  /** It has come out of a system call without a P and looks for one. */
  homeless: boolean;
  /** It marks for the collector. */
  assisting: boolean;
  /** The semaphore that it asked for last. */
  semaphore: number;
  /** The P on which it became runnable or went into a system call, and how often that had changed hands then. */
  processor: number;
  tenancy: number;
}

/** Goroutines by the address of their g, which may be used again by another when one has ended. */
export class GoroutineStates {
  readonly #byAddress = new Map<number, TrackedGoroutine>();
  readonly #byId = new Map<number, TrackedGoroutine>();

  at(address: number, id: number): TrackedGoroutine {
    let tracked = this.#byAddress.get(address);
    if (tracked === undefined) {
      tracked = {
        id,
        state: -1,
        homeless: false,
        assisting: false,
        semaphore: 0,
        processor: -1,
        tenancy: 0,
      };
      this.#byAddress.set(address, tracked);
      if (id !== 0) this.#byId.set(id, tracked);
    } else if (id !== 0 && tracked.id !== id) {
      this.#byId.delete(tracked.id);
      tracked.id = id;
      this.#byId.set(id, tracked);
    }
    return tracked;
  }

  byId(id: number): TrackedGoroutine | undefined {
    return this.#byId.get(id);
  }

  /** Events are missing: nobody's state is certain any more. */
  forget(): void {
    for (const tracked of this.#byAddress.values()) {
      tracked.state = -1;
      tracked.homeless = false;
      tracked.assisting = false;
    }
  }
}
