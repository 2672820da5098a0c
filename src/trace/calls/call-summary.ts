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
  total = 0;
  shortest = Infinity;
  longest = 0;
  readonly #buckets = new Uint32Array(BUCKETS);

  constructor(name: string) {
    this.function = name;
  }

  add(nanoseconds: number): void {
    this.returned++;
    this.total += nanoseconds;
    this.shortest = Math.min(this.shortest, nanoseconds);
    this.longest = Math.max(this.longest, nanoseconds);
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

/** Calls counted instead of told one by one. */
export class CallSummary {
  readonly #functions = new Map<string, CallStatistics>();

  /** `nanoseconds`: how long it took. */
  add({ function: { name } }: OpenCall, { outcome }: Pick<CallEnd, 'outcome'>, nanoseconds: number): void {
    let statistics = this.#functions.get(name);
    if (statistics === undefined) {
      statistics = new CallStatistics(name);
      this.#functions.set(name, statistics);
    }
    if (outcome === 'returned') statistics.add(nanoseconds);
    else if (outcome === 'unseen') statistics.unseen++;
    else statistics.unwound++;
  }

  /** That took the most time together first. */
  functions(): readonly CallStatistics[] {
    return [...this.#functions.values()].sort((a, b) => b.total - a.total);
  }
}
