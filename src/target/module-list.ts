import type { RuntimeAddress } from '../base/index.ts';
import type { Module } from './module.ts';
import type { ModuleMap } from './target.ts';

/** Modules that do not overlap, found by address. */
export class ModuleList implements ModuleMap {
  readonly all: readonly Module[];
  readonly executable: Module | undefined;
  readonly #sorted: readonly Module[];
  #last: Module | undefined;

  constructor(executable: Module | undefined, others: readonly Module[]) {
    this.executable = executable;
    const byAddress = [...others].sort((a, b) => a.start - b.start);
    this.all = executable === undefined ? byAddress : [executable, ...byAddress];
    this.#sorted = [...this.all].sort((a, b) => a.start - b.start);
    this.#last = executable;
  }

  at(address: RuntimeAddress): Module | undefined {
    const last = this.#last;
    if (last !== undefined && address >= last.start && address < last.end) return last;
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    const found = this.#sorted[low - 1];
    if (found === undefined || !(address < found.end)) return undefined;
    this.#last = found;
    return found;
  }
}
