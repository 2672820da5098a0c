/** Durations in nanoseconds, summed up. Percentiles are values that occurred (nearest rank). */
export interface Distribution {
  readonly count: number;
  readonly totalNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

const NONE: Distribution = { count: 0, totalNs: 0, p50Ns: 0, p99Ns: 0, maxNs: 0 };

/** Of values in any order; they are sorted in place. */
export function distributionOf(values: Float64Array): Distribution {
  const count = values.length;
  if (count === 0) return NONE;
  values.sort();
  let totalNs = 0;
  for (let i = 0; i < count; i++) totalNs += values[i]!;
  const rank = (share: number): number => values[Math.max(0, Math.ceil(share * count) - 1)]!;
  return { count, totalNs, p50Ns: rank(0.5), p99Ns: rank(0.99), maxNs: values[count - 1]! };
}

/** Durations that fall into groups, in two columns: no object for each of them. */
export class GroupedDurations {
  #groups = new Uint32Array(1024);
  #values = new Float64Array(1024);
  #count = 0;
  #groupCount = 0;

  add(group: number, value: number): void {
    if (this.#count === this.#groups.length) this.#grow();
    this.#groups[this.#count] = group;
    this.#values[this.#count++] = value;
    if (group >= this.#groupCount) this.#groupCount = group + 1;
  }

  /** By group; those that have none are empty. */
  distributions(): Distribution[] {
    // A counting sort brings those of a group together.
    const starts = new Uint32Array(this.#groupCount + 1);
    for (let i = 0; i < this.#count; i++) starts[this.#groups[i]! + 1]!++;
    for (let g = 0; g < this.#groupCount; g++) starts[g + 1]! += starts[g]!;
    const next = starts.slice();
    const sorted = new Float64Array(this.#count);
    for (let i = 0; i < this.#count; i++) sorted[next[this.#groups[i]!]!++] = this.#values[i]!;
    return Array.from({ length: this.#groupCount }, (_, g) =>
      distributionOf(sorted.subarray(starts[g]!, starts[g + 1]!)),
    );
  }

  #grow(): void {
    const groups = new Uint32Array(this.#count * 2);
    groups.set(this.#groups);
    this.#groups = groups;
    const values = new Float64Array(this.#count * 2);
    values.set(this.#values);
    this.#values = values;
  }
}

/** Gives keys numbers from 0 on, in the order in which they come. */
export class Numbering<K extends string | number> {
  readonly keys: K[] = [];
  readonly #numbers = new Map<K, number>();

  of(key: K): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.keys.length;
      this.keys.push(key);
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** Undefined if it was never met. */
  find(key: K): number | undefined {
    return this.#numbers.get(key);
  }
}
