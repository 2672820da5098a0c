const TWO_32 = 2 ** 32;

/**
 * Items (numbers below 2^32) in the order of their addresses. Addresses below 2^32, which are all in ordinary
 * programs, are kept as {item, address} pairs of words: as 64-bit integers those sort natively, and code that has
 * not been compiled yet reads words without allocating, as it would for doubles.
 */
export class AddressIndex {
  readonly count: number;
  readonly #pairs: Uint32Array;
  /** Upper halves of the addresses, when there are any. */
  readonly #high: Uint32Array | undefined;

  constructor(pairs: Uint32Array, high: Uint32Array | undefined) {
    this.count = pairs.length / 2;
    this.#pairs = pairs;
    this.#high = high;
  }

  item(position: number): number {
    return this.#pairs[2 * position]!;
  }

  address(position: number): number {
    const low = this.#pairs[2 * position + 1]!;
    return this.#high === undefined ? low : this.#high[position]! * TWO_32 + low;
  }

  /** Position of the last item at or before an address, or -1. */
  last(address: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.address(middle) <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Collects items in any order; of equal addresses, lower items come first. */
export class AddressIndexBuilder {
  /** For loops that cannot afford a call: {item, address below 2^32} pairs, `count` of them. */
  readonly pairs: Uint32Array;
  count = 0;
  #high: Uint32Array | undefined;

  /** `capacity`: never more items than this are added. */
  constructor(capacity: number) {
    this.pairs = new Uint32Array(2 * capacity);
  }

  add(item: number, address: number): void {
    const at = this.count++;
    this.pairs[2 * at] = item;
    this.pairs[2 * at + 1] = address % TWO_32;
    if (address < TWO_32) return;
    this.#high ??= new Uint32Array(this.pairs.length / 2);
    this.#high[at] = address / TWO_32;
  }

  build(): AddressIndex {
    const pairs = this.pairs.slice(0, 2 * this.count);
    if (this.#high !== undefined) return sortedWide(pairs, this.#high);
    // Little-endian, as every platform of JavaScript: the address is the upper half.
    if (!isSorted(pairs)) new BigUint64Array(pairs.buffer).sort();
    return new AddressIndex(pairs, undefined);
  }
}

function isSorted(pairs: Uint32Array): boolean {
  for (let i = 3; i < pairs.length; i += 2) if (pairs[i]! < pairs[i - 2]!) return false;
  return true;
}

function sortedWide(pairs: Uint32Array, high: Uint32Array): AddressIndex {
  const order = Uint32Array.from({ length: pairs.length / 2 }, (_, i) => i).sort(
    (a, b) => high[a]! - high[b]! || pairs[2 * a + 1]! - pairs[2 * b + 1]! || pairs[2 * a]! - pairs[2 * b]!,
  );
  const sorted = new Uint32Array(pairs.length);
  const upper = new Uint32Array(order.length);
  for (const [to, from] of order.entries()) {
    sorted[2 * to] = pairs[2 * from]!;
    sorted[2 * to + 1] = pairs[2 * from + 1]!;
    upper[to] = high[from]!;
  }
  return new AddressIndex(sorted, upper);
}
