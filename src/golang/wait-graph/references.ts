import type { RuntimeAddress } from '../../base/index.ts';
import type { GoProgram } from '../go-program.ts';
import type { GoroutineWords } from '../live-words/goroutine-words.ts';
import { pointersIn } from '../pointer-words.ts';
import type { HeapObjects } from './heap-objects.ts';
import type { WaitedObjects } from './waited-objects.ts';

/** So much of an object is looked at for pointers. */
const MOST_BYTES = 2048;
/** So many objects of the heap are looked into in all; what this leaves out is told. */
const MOST_OBJECTS = 1_000_000;
/** From the stack over so many objects: a closure, the variable that it holds, the struct to which that points. */
const MOST_STEPS = 3;

const NONE: readonly number[] = [];

/** Which goroutines could come by what others wait for: conservatively, every word that may be a pointer is one. */
export class References {
  readonly #go: GoProgram;
  readonly #stacks: GoroutineWords;
  readonly #heap: HeapObjects | undefined;
  readonly #waited: WaitedObjects;
  /** By object and steps left: what it leads to. */
  readonly #known: readonly Map<number, readonly number[]>[] = [new Map(), new Map(), new Map(), new Map()];
  /** Objects that are not looked into. */
  readonly #books: ReadonlySet<number>;
  readonly #most: number;
  #looked = 0;

  constructor(
    go: GoProgram,
    stacks: GoroutineWords,
    heap: HeapObjects | undefined,
    waited: WaitedObjects,
    books: ReadonlySet<number>,
    most = MOST_OBJECTS,
  ) {
    this.#most = most;
    this.#books = books;
    this.#go = go;
    this.#stacks = stacks;
    this.#heap = heap;
    this.#waited = waited;
  }

  get complete(): boolean {
    return this.#looked < this.#most;
  }

  /** Waited objects by index, with how many steps from the stack they are. */
  of(g: RuntimeAddress): ReadonlyMap<number, number> {
    const found = new Map<number, number>();
    const bases = new Set<number>();
    this.#stacks.of(g, (word) => {
      for (const object of this.#waited.outsideOfHeap(word) ?? NONE) found.set(object, 0);
      const object = this.#heap?.at(word);
      if (object === undefined || bases.has(object.base)) return;
      bases.add(object.base);
      for (const here of this.#waited.inObject(object.base) ?? NONE) found.set(here, 0);
    });
    for (let steps = 1; steps <= MOST_STEPS; steps++) {
      for (const base of bases)
        for (const object of this.#from(base, steps)) if (!found.has(object)) found.set(object, steps);
    }
    return found;
  }

  /** What an object leads to in so many steps at most. */
  #from(base: number, steps: number): readonly number[] {
    const known = this.#known[steps]!.get(base);
    if (known !== undefined) return known;
    const object = this.#heap?.at(base);
    if (object?.pointers !== true || !this.complete || this.#books.has(base)) return NONE;
    this.#looked++;
    // Before it is known: what leads back to it adds nothing.
    this.#known[steps]!.set(base, NONE);
    let found: Set<number> | undefined;
    const end = base + Math.min(object.size, MOST_BYTES);
    pointersIn(this.#go.runtime.memory, base, end, (word) => {
      const next = this.#heap!.at(word);
      const here = this.#waited.outsideOfHeap(word) ?? (next && this.#waited.inObject(next.base)) ?? NONE;
      const further = next === undefined || steps === 1 ? NONE : this.#from(next.base, steps - 1);
      if (here.length + further.length === 0) return;
      found ??= new Set();
      for (const one of here) found.add(one);
      for (const one of further) found.add(one);
    });
    const list = found === undefined ? NONE : [...found];
    this.#known[steps]!.set(base, list);
    return list;
  }
}
