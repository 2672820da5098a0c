import type { CallEnd, OpenCall } from './call-stacks.ts';

/** Buckets in each doubling of a duration: a quantile is right within 100/32 percent. */
const PER_DOUBLING = 16;
/** Up to 2^63 ns. */
const BUCKETS = 63 * PER_DOUBLING;

/** How long the calls of one function took, in nanoseconds. */
export class CallStatistics {
  readonly function: string;
  /** That were seen to begin and to return. */
  returned = 0;
  /** That a panic, or the end of their goroutine, went through. */
  unwound = 0;
  /** That ended nobody saw how. */
  unseen = 0;
  /** Time during which at least one call went on, of each goroutine: a call within a call of the same is not counted again. */
  total = 0;
  /** Of all durations, whether one is within another or not. */
  sum = 0;
  /** How many went on at once on one goroutine: more than 1 is recursion. */
  deepest = 0;
  shortest = Infinity;
  longest = 0;
  readonly #buckets = new Uint32Array(BUCKETS);

  constructor(name: string) {
    this.function = name;
  }

  add(nanoseconds: number): void {
    this.returned++;
    this.sum += nanoseconds;
    if (nanoseconds < this.shortest) this.shortest = nanoseconds;
    if (nanoseconds > this.longest) this.longest = nanoseconds;
    this.#buckets[bucketOf(nanoseconds)]!++;
  }

  /** Of those that returned; undefined without one. */
  quantile(part: number): number | undefined {
    if (this.returned === 0) return undefined;
    let left = Math.max(1, Math.ceil(this.returned * part));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#buckets[bucket]!;
      if (left > 0) continue;
      const middle = 2 ** ((bucket + 0.5) / PER_DOUBLING);
      return Math.min(this.longest, Math.max(this.shortest, middle));
    }
    return this.longest;
  }

  /** Counts by powers of two of nanoseconds: from..2 × from. Those between the first and the last are all there. */
  histogram(): readonly { readonly from: number; readonly count: number }[] {
    const counts: { from: number; count: number }[] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const doubling = Math.floor(bucket / PER_DOUBLING);
      counts[doubling] ??= { from: 2 ** doubling, count: 0 };
      counts[doubling].count += this.#buckets[bucket]!;
    }
    const first = counts.findIndex(({ count }) => count > 0);
    const last = counts.findLastIndex(({ count }) => count > 0);
    return first < 0 ? [] : counts.slice(first, last + 1);
  }
}

const bucketOf = (nanoseconds: number): number =>
  Math.min(BUCKETS - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, nanoseconds)) * PER_DOUBLING)));

/** What tells apart which calls are counted together: instances of a generic function share their code. */
type Counted = Pick<OpenCall, 'function' | 'dictionary'>;

/** Calls counted instead of told one by one. */
export class CallSummary {
  readonly #nameOf: (call: Counted) => string;
  readonly #functions = new Map<string, CallStatistics>();
  /** The same by function and dictionary: putting a name together for each call would take its time. */
  readonly #known = new Map<Counted['function'], Map<number, CallStatistics>>();
  /**
   * Of calls that have ended within others of the same function that go on, by function and goroutine: at n the time of
   * those that were n deep, since the one around them began.
   */
  readonly #within = new Map<CallStatistics, Map<number, number[]>>();

  /** `nameOf`: what a call is counted under. */
  constructor(nameOf: (call: Counted) => string) {
    this.#nameOf = nameOf;
  }

  /** `nanoseconds`: how long it took. Calls of a goroutine end innermost first. */
  add(call: OpenCall, { outcome }: Pick<CallEnd, 'outcome'>, nanoseconds: number): void {
    const { nested, goroutine, thread } = call;
    const statistics = this.#known.get(call.function)?.get(call.dictionary) ?? this.#statisticsOf(call);
    if (nested >= statistics.deepest) statistics.deepest = nested + 1;
    if (outcome === 'returned') {
      statistics.add(nanoseconds);
      if (nested === 0 && !this.#within.has(statistics)) {
        statistics.total += nanoseconds;
        return;
      }
    } else if (outcome === 'unseen') statistics.unseen++;
    else statistics.unwound++;
    // Of a call that nobody saw return, those within are what is known.
    const known = outcome === 'returned' ? nanoseconds : undefined;
    this.#cover(statistics, goroutine === 0 ? -thread : goroutine, nested, known);
  }

  #statisticsOf(call: Counted): CallStatistics {
    const name = this.#nameOf(call);
    let statistics = this.#functions.get(name);
    if (statistics === undefined) {
      statistics = new CallStatistics(name);
      this.#functions.set(name, statistics);
    }
    const known = this.#known.get(call.function) ?? new Map<number, CallStatistics>();
    this.#known.set(call.function, known.set(call.dictionary, statistics));
    return statistics;
  }

  #cover(statistics: CallStatistics, key: number, nested: number, known: number | undefined): void {
    let goroutines = this.#within.get(statistics);
    const depths = goroutines?.get(key);
    const covered = known ?? (depths?.slice(nested + 1) ?? []).reduce((sum, time) => sum + time, 0);
    if (nested === 0) {
      goroutines?.delete(key);
      if (goroutines?.size === 0) this.#within.delete(statistics);
      statistics.total += covered;
      return;
    }
    if (goroutines === undefined) {
      goroutines = new Map();
      this.#within.set(statistics, goroutines);
    }
    const list = depths ?? [];
    while (list.length <= nested) list.push(0);
    list.length = nested + 1;
    list[nested]! += covered;
    if (depths === undefined) goroutines.set(key, list);
  }

  /** Records are missing, or it is the end: of those that go on no more will be known. */
  forget(): void {
    for (const [statistics, goroutines] of this.#within)
      for (const depths of goroutines.values())
        statistics.total += depths.reduce((sum, time) => sum + time, 0);
    this.#within.clear();
  }

  /** That took the most time together first. */
  functions(): readonly CallStatistics[] {
    this.forget();
    return [...this.#functions.values()].sort((a, b) => b.total - a.total);
  }
}
