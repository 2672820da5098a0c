import { type FrameAnswer, placeText } from './answers.ts';

/** One step along two stacks: the same frame, or two of one function at other lines, or one that only one has. */
export type Step =
  | { readonly kind: 'pair'; readonly delve: number; readonly mattock: number }
  | { readonly kind: 'delve-only'; readonly delve: number }
  | { readonly kind: 'mattock-only'; readonly mattock: number }
  /** From here on the stacks have nothing in common nearby. */
  | { readonly kind: 'apart'; readonly delve: number; readonly mattock: number };

/** How many frames one side may have in excess at a place before the stacks count as different stacks. */
const MOST_EXTRA = 8;

/**
 * Walks two stacks side by side. Where they differ the shortest way back to a common frame is taken, so that a
 * frame more on one side is one difference and not all that follow.
 */
export function align(delve: readonly FrameAnswer[], mattock: readonly FrameAnswer[]): Step[] {
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  while (i < delve.length || j < mattock.length) {
    if (samePc(delve[i], mattock[j]) || sameAtSomePc(delve[i], mattock[j])) {
      steps.push({ kind: 'pair', delve: i++, mattock: j++ });
      continue;
    }
    const way = wayBack(delve, mattock, i, j);
    if (way === undefined) {
      steps.push({ kind: 'apart', delve: i, mattock: j });
      return steps;
    }
    for (let k = 0; k < way.delve; k++) steps.push({ kind: 'delve-only', delve: i++ });
    for (let k = 0; k < way.mattock; k++) steps.push({ kind: 'mattock-only', mattock: j++ });
    steps.push({ kind: 'pair', delve: i++, mattock: j++ });
  }
  return steps;
}

/**
 * How many frames to leave out on each side to come to a pair: of one function at one pc, since recursion has many
 * frames that look alike; else of the same place; else of the same function.
 */
function wayBack(
  delve: readonly FrameAnswer[],
  mattock: readonly FrameAnswer[],
  i: number,
  j: number,
): { readonly delve: number; readonly mattock: number } | undefined {
  for (const same of [samePc, sameAt, sameFunction])
    for (let k = 0; k <= MOST_EXTRA; k++) {
      if (same(delve[i], mattock[j + k])) return { delve: 0, mattock: k };
      if (same(delve[i + k], mattock[j])) return { delve: k, mattock: 0 };
    }
  return undefined;
}

/** The same place, and nothing is known against it. */
function sameAtSomePc(a: FrameAnswer | undefined, b: FrameAnswer | undefined): boolean {
  return sameAt(a, b) && (a?.pc === b?.pc || a?.pc === 0 || b?.pc === 0);
}

function samePc(a: FrameAnswer | undefined, b: FrameAnswer | undefined): boolean {
  return sameFunction(a, b) && a?.pc !== 0 && a?.pc === b?.pc;
}

function sameAt(a: FrameAnswer | undefined, b: FrameAnswer | undefined): boolean {
  return a !== undefined && b !== undefined && placeText(a) === placeText(b);
}

function sameFunction(a: FrameAnswer | undefined, b: FrameAnswer | undefined): boolean {
  return a !== undefined && b !== undefined && a.function !== '' && a.function === b.function;
}
