import { type Goid, goid, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { BlockedOn } from '../goroutine.ts';
import type { GoroutineFields } from '../goroutines/goroutine-fields.ts';
import { Cond, Sudog } from '../runtime-facts/structs.ts';
import { parkedWords, tryWord } from './parked-words.ts';

const MAX_WAITERS = 2_000_000;

/** Waiters of one sync.Cond. */
interface Waiters {
  readonly ids: readonly Goid[];
  readonly goroutines: ReadonlySet<number>;
  /** Whether notifyList.tail, the word after the head, names the last of them: a word inside a list has its rest too. */
  readonly isWhole: boolean;
}

/**
 * sync.Cond.Wait (runtime/sema.go, notifyListWait). Since go1.26 the sudog is at g.waiting and names the list;
 * before, the Cond is found in the frame of its Wait method: it is the one on whose list this goroutine is.
 */
export class Conditions {
  readonly #fields: GoroutineFields;
  readonly #lists = new Map<number, Waiters>();

  constructor(fields: GoroutineFields) {
    this.#fields = fields;
  }

  of(g: number): BlockedOn | undefined {
    const { runtime } = this.#fields;
    const cond = runtime.layouts.tryOf(Cond);
    const sudog = runtime.layouts.tryOf(Sudog);
    if (cond === undefined || sudog === undefined) return undefined;
    const candidates: number[] = [];
    const waiting = this.#fields.word(g, this.#fields.layout.waiting);
    const list = waiting === 0 ? 0 : (tryWord(this.#fields, waiting + sudog.element) ?? 0);
    if (list !== 0) candidates.push(list - cond.notify);
    for (const word of parkedWords(this.#fields, g)) candidates.push(word, word - cond.notify);
    let damaged: BlockedOn | undefined;
    for (const candidate of candidates) {
      const waiters = this.#waiters(candidate + cond.head);
      if (!waiters.goroutines.has(g)) continue;
      const found: BlockedOn = {
        kind: 'semaphore',
        owner: 'cond',
        address: runtimeAddress(candidate),
        waiting: waiters.ids.length,
        waiters: waiters.ids,
      };
      if (waiters.isWhole) return found;
      damaged ??= found;
    }
    return damaged;
  }

  #waiters(head: number): Waiters {
    const known = this.#lists.get(head);
    if (known !== undefined) return known;
    const waiters = this.#read(head);
    if (waiters.goroutines.size > 0) this.#lists.set(head, waiters);
    return waiters;
  }

  /** The list that begins at a word, as far as it looks like one: every sudog names a g with a stack. */
  #read(head: number): Waiters {
    const { layout, runtime } = this.#fields;
    const { g: gOffset, next } = runtime.layout(Sudog);
    const goroutines = new Set<number>();
    const ids: Goid[] = [];
    const seen = new Set<number>();
    let sudog = tryWord(this.#fields, head) ?? 0;
    let last = 0;
    while (sudog !== 0 && sudog % 8 === 0 && !seen.has(sudog) && seen.size < MAX_WAITERS) {
      seen.add(sudog);
      const g = tryWord(this.#fields, sudog + gOffset);
      if (g === undefined || g === 0 || g % 8 !== 0) break;
      const low = tryWord(this.#fields, g + layout.stackLow);
      const high = tryWord(this.#fields, g + layout.stackHigh);
      if (low === undefined || high === undefined || low === 0 || high <= low) break;
      const id = tryWord(this.#fields, g + layout.goid);
      if (id === undefined) break;
      last = sudog;
      goroutines.add(g);
      ids.push(goid(id));
      sudog = tryWord(this.#fields, (sudog + next) as RuntimeAddress) ?? 0;
    }
    return { ids, goroutines, isWhole: sudog === 0 && last === tryWord(this.#fields, head + 8) };
  }
}
