import { type LinkedAddress, linkedAddress } from '../../base/index.ts';
import type { FunctionInfo } from '../debug-info.ts';
import { covers } from './ranges.ts';

interface Copy {
  /** Undefined: within an inlined call. */
  readonly entry: LinkedAddress | undefined;
  first: number;
  statement: number | undefined;
}

/** The copies of one line's code: one for each function, and one for each call inlined into it. */
export class LineCopies {
  readonly #functionAt: (pc: LinkedAddress) => FunctionInfo | undefined;
  readonly #copies = new Map<object, Copy>();

  constructor(functionAt: (pc: LinkedAddress) => FunctionInfo | undefined) {
    this.#functionAt = functionAt;
  }

  add(address: LinkedAddress, isStatement: boolean): void {
    const { key, entry } = this.#ownerOf(address);
    if (key === undefined) return;
    const copy = this.#copies.get(key) ?? { entry, first: address, statement: undefined };
    this.#copies.set(key, copy);
    copy.first = Math.min(copy.first, address);
    if (isStatement) copy.statement = Math.min(copy.statement ?? address, address);
  }

  /** The first statement of each copy, or its first address; behind the prologue where that is a function's entry. */
  firsts(bodyStart: (entry: LinkedAddress) => LinkedAddress): readonly LinkedAddress[] {
    const found = [...this.#copies.values()].map(({ entry, first, statement }) => {
      const chosen = linkedAddress(statement ?? first);
      return chosen === entry ? bodyStart(entry) : chosen;
    });
    return found.sort((a, b) => a - b);
  }

  /** The function or the innermost inlined call that an address is in. Code without either counts for itself. */
  #ownerOf(address: LinkedAddress): { readonly key: object | undefined; readonly entry?: LinkedAddress } {
    const outer = this.#functionAt(address);
    if (outer === undefined) return { key: { address } };
    // What the compiler made around a call: nobody wants to stop there.
    if (outer.trampoline) return { key: undefined };
    let copy: FunctionInfo = outer;
    for (;;) {
      const inner = copy.inlined.find(({ ranges }) => covers(ranges, address));
      if (inner === undefined) break;
      copy = inner;
    }
    if (copy !== outer) return { key: copy };
    return { key: copy, entry: linkedAddress(Math.min(...outer.ranges.map(({ from }) => from))) };
  }
}
