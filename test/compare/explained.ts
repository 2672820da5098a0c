import type { Category, Difference } from './differences.ts';

/** A kind of difference that is known, with the reason why it is right that it is there. */
export interface Explanation {
  readonly category: Category;
  readonly reason: string;
  /** Parts that must match; what is not named matches anything. */
  readonly subject?: RegExp;
  readonly delve?: RegExp;
  readonly mattock?: RegExp;
  /** Only in cores with this in their name and build: `values-maps 1.26.8 noopt`. */
  readonly core?: RegExp;
  /** Only where the program's own traceback says as Mattock. */
  readonly confirmed?: true;
}

export const EXPLANATIONS: readonly Explanation[] = [];

export function explanationOf(difference: Difference, core: string): Explanation | undefined {
  return EXPLANATIONS.find(
    (e) =>
      e.category === difference.category &&
      (e.subject?.test(difference.subject) ?? true) &&
      (e.delve?.test(difference.delve) ?? true) &&
      (e.mattock?.test(difference.mattock) ?? true) &&
      (e.core?.test(core) ?? true) &&
      (e.confirmed === undefined || difference.confirmed),
  );
}
