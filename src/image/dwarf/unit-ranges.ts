import type { Unit } from './units.ts';

/** Which unit holds a pc: all units' ranges, sorted. */
export class UnitRanges {
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  readonly #units: readonly Unit[];

  constructor(units: readonly Unit[]) {
    const all: { from: number; to: number; unit: Unit }[] = [];
    for (const unit of units) {
      for (const { from, to } of unit.ranges) all.push({ from, to, unit });
    }
    all.sort((a, b) => a.from - b.from);
    this.#from = Float64Array.from(all, (range) => range.from);
    this.#to = Float64Array.from(all, (range) => range.to);
    this.#units = all.map((range) => range.unit);
  }

  find(pc: number): Unit | undefined {
    const from = this.#from;
    let low = 0;
    let high = from.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (from[middle]! <= pc) low = middle + 1;
      else high = middle;
    }
    return low > 0 && pc < this.#to[low - 1]! ? this.#units[low - 1] : undefined;
  }
}
