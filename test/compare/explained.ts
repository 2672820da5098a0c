import type { Category, Difference } from './differences.ts';

/** A kind of difference that is known, with the reason why it is right that it is there. */
export interface Explanation {
  readonly category: Category;
  readonly reason: string;
  /** Parts that must match; what is not named matches anything. */
  readonly subject?: RegExp;
  readonly delve?: RegExp;
  readonly mattock?: RegExp;
  /** Only in builds with this in their label. */
  readonly build?: RegExp;
}

export const EXPLANATIONS: readonly Explanation[] = [];

export function explanationOf(difference: Difference, build: string): Explanation | undefined {
  return EXPLANATIONS.find(
    (e) =>
      e.category === difference.category &&
      (e.subject?.test(difference.subject) ?? true) &&
      (e.delve?.test(difference.delve) ?? true) &&
      (e.mattock?.test(difference.mattock) ?? true) &&
      (e.build?.test(build) ?? true),
  );
}
