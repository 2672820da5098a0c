import { runtimeAddress } from '../../base/index.ts';
import type { SchedulerFacts } from '../../golang/index.ts';
import type { NamePattern } from '../calls/name-pattern.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Goroutines that a recording is about: those that entered certain functions, or waited in one when it began, and all that
 * they create, in turn.
 */
export class Followed {
  readonly #ids = new Set<number>();

  get count(): number {
    return this.#ids.size;
  }

  has(id: number): boolean {
    return this.#ids.has(id);
  }

  entered(id: number): void {
    if (id !== 0) this.#ids.add(id);
  }

  created(id: number, creator: number): void {
    if (this.#ids.has(creator)) this.#ids.add(id);
  }
}

/** Goroutines that wait in a function of a pattern, however far down: a server's connections have entered it long ago. */
export function* standingIn(
  { goroutines }: Pick<Snapshot, 'goroutines'>,
  { image, module }: Pick<SchedulerFacts, 'image' | 'module'>,
  pattern: NamePattern,
): Iterable<number> {
  const { functions } = image;
  if (functions === undefined) return;
  const known = new Map<number, boolean>();
  const isMeant = (address: number): boolean => {
    const linked = module.toLinked(runtimeAddress(address - 1));
    const index = linked === undefined ? -1 : functions.find(linked);
    if (index < 0) return false;
    const before = known.get(index);
    if (before !== undefined) return before;
    const meant = pattern.matches(functions.name(index));
    known.set(index, meant);
    return meant;
  };
  for (const { id, stack } of goroutines) if (stack.some(isMeant)) yield id;
}
