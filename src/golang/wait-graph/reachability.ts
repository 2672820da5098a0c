import type { GoProgram } from '../go-program.ts';
import type { GoroutineWords } from '../live-words/goroutine-words.ts';
import { pointersIn } from '../pointer-words.ts';
import { CACHE_LINE, SEMAPHORE_TABLE_SIZE } from '../runtime-facts/constants.ts';
import { SEMAPHORE_TABLE } from '../runtime-facts/globals.ts';
import { SemaRoot } from '../runtime-facts/structs.ts';
import { type Participant, timersOf } from './books.ts';
import type { HeapObjects } from './heap-objects.ts';
import type { WaitedObjects } from './waited-objects.ts';

/** What a search reads at most. A larger heap is not searched, and then nothing is said about it. */
const MOST_BYTES = 2 ** 30;

export interface ReachSetting {
  readonly go: GoProgram;
  readonly stacks: GoroutineWords;
  readonly heap: HeapObjects;
  readonly waited: WaitedObjects;
  readonly books: ReadonlySet<number>;
  /** All goroutines, the runtime's own too; indices are those of `WaitedObject.waiters`. */
  readonly goroutines: readonly Participant[];
  /** By object: those who seem to hold it, and who alone then can let others go on. Of others anybody can. */
  readonly holders: ReadonlyMap<number, readonly number[]>;
  readonly progress: (bytes: number) => void;
}

/**
 * Which of the waited objects somebody who lives can still come by: a conservative mark from the variables of the
 * package level and goroutines that can run, through the heap, waking who waits for what it meets (as the
 * runtime's own detector of leaked goroutines does since go1.26, runtime/mgc.go). What it does not meet nobody will
 * ever send to, unlock or close. A word that only looks like a pointer makes it say less, never too much. Not followed
 * are finalizers, and pointers that C keeps; nor what a thread of the scheduler's has in registers and on its own stack,
 * which is no root to the collector either (runtime/mgcmark.go, markroot) and is mostly left over. The runtime's books on who waits and runs (g, m, p, sudog, semtable) are left out: through
 * them everything would be reachable. Returns 1 for those that were met; undefined: there is too much memory.
 */
export function reachableObjects(setting: ReachSetting): Uint8Array | undefined {
  return new Search(setting).run();
}

class Search {
  readonly #setting: ReachSetting;
  readonly #met: Uint8Array;
  readonly #alive: Uint8Array;
  readonly #seen = new Set<number>();
  readonly #books: ReadonlySet<number>;
  readonly #work: { readonly base: number; readonly size: number }[] = [];
  readonly #heldBy = new Map<number, number[]>();
  #bytes = 0;

  constructor(setting: ReachSetting) {
    this.#setting = setting;
    this.#met = new Uint8Array(setting.waited.all.length);
    this.#alive = new Uint8Array(setting.goroutines.length);
    this.#books = setting.books;
    for (const [object, holders] of setting.holders) {
      for (const holder of holders) this.#heldBy.set(holder, [...(this.#heldBy.get(holder) ?? []), object]);
    }
  }

  run(): Uint8Array | undefined {
    const { goroutines } = this.#setting;
    this.#globals();
    for (const timers of timersOf(this.#setting.go)) this.#word(timers);
    goroutines.forEach(({ blocked }, i) => {
      if (!blocked) this.#revive(i);
    });
    for (let next = this.#work.pop(); next !== undefined; next = this.#work.pop()) {
      if (this.#bytes > MOST_BYTES) return undefined;
      this.#scan(next.base, next.base + next.size);
    }
    return this.#met;
  }

  #scan(start: number, end: number): void {
    this.#bytes += end - start;
    this.#setting.progress(this.#bytes);
    pointersIn(this.#setting.go.runtime.memory, start, end, this.#word);
  }

  readonly #word = (word: number): void => {
    const { heap, waited } = this.#setting;
    const elsewhere = waited.outsideOfHeap(word);
    if (elsewhere !== undefined) for (const object of elsewhere) this.#meet(object);
    const object = heap.at(word);
    if (object === undefined || this.#seen.has(object.base)) return;
    this.#seen.add(object.base);
    if (this.#books.has(object.base)) return;
    for (const here of waited.inObject(object.base) ?? []) this.#meet(here);
    if (object.pointers) this.#work.push(object);
  };

  #meet(object: number): void {
    if (this.#met[object] === 1) return;
    this.#met[object] = 1;
    const holders = this.#setting.holders.get(object);
    if (holders === undefined || holders.some((holder) => this.#alive[holder] === 1)) this.#wake(object);
  }

  #wake(object: number): void {
    for (const waiter of this.#setting.waited.all[object]!.waiters.keys()) this.#revive(waiter);
  }

  #revive(goroutine: number): void {
    if (this.#alive[goroutine] === 1) return;
    this.#alive[goroutine] = 1;
    const { go, stacks, goroutines, waited } = this.#setting;
    const g = goroutines[goroutine]!.address;
    stacks.of(g, this.#word);
    // Its defers and panics on the heap, its labels; not its stack's bounds, where an object of the heap may begin.
    this.#scan(g + go.fields.layout.panic, g + go.fields.layout.size);
    const low = go.fields.word(g, go.fields.layout.stackLow);
    const high = go.fields.word(g, go.fields.layout.stackHigh);
    for (const address of waited.addressesElsewhere)
      if (address >= low && address < high) this.#word(address);
    // Those who wait for what this one seems to hold.
    for (const object of this.#heldBy.get(goroutine) ?? []) if (this.#met[object] === 1) this.#wake(object);
  }

  #globals(): void {
    const { go } = this.#setting;
    const { runtime } = go;
    const table = runtime.tryGlobal(SEMAPHORE_TABLE) ?? 0;
    const line = CACHE_LINE[runtime.target.arch.name];
    const stride = Math.ceil((runtime.layouts.tryOf(SemaRoot)?.size ?? line) / line) * line;
    const tableEnd = table + SEMAPHORE_TABLE_SIZE * stride;
    for (const { image, bias } of runtime.target.modules.all) {
      for (const { address, memorySize, writable } of image?.segments ?? []) {
        if (!writable) continue;
        const start = address + bias;
        const end = start + memorySize;
        // A variable of the package level is reachable even if nothing points to it.
        for (const at of this.#setting.waited.addressesElsewhere) if (at >= start && at < end) this.#word(at);
        if (table >= start && table < end) {
          this.#scan(start, table);
          this.#scan(tableEnd, end);
        } else this.#scan(start, end);
      }
    }
  }
}
