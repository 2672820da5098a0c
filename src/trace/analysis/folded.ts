import type { Subject } from './subject.ts';
import type { WaitedObjects } from './waited-objects.ts';

/** So many goroutines that wait in the same way are looked at one by one. */
const MOST_ALIKE = 500;
const NONE: readonly number[] = [];

/**
 * Of a hundred thousand goroutines that come from one `go` statement and wait with one stack for one object some stand
 * for all: who waits for whom among the others looks the same.
 */
export class Folded {
  /** Spans of those that are looked at. */
  readonly kept: readonly number[];
  count = 0;
  /** By index of the life. */
  readonly #standsFor = new Map<number, number>();
  readonly #others = new Map<number, number[]>();

  /** Those in `special` always stand for themselves alone. */
  constructor(
    subject: Subject,
    objects: WaitedObjects,
    waiters: readonly number[],
    special: ReadonlySet<number>,
  ) {
    const { spans, goroutines } = subject.lives;
    const alike = new Map<string, { count: number; last: number }>();
    this.kept = waiters.filter((span) => {
      const life = spans.life[span]!;
      const { id, createdAt } = goroutines[life]!;
      if (special.has(id)) return true;
      const key = `${spans.stack[span]} ${spans.reason[span]} ${objects.ofSpan[span]} ${createdAt}`;
      const group = alike.get(key);
      if (group === undefined) {
        alike.set(key, { count: 1, last: life });
        return true;
      }
      group.count++;
      if (group.count > MOST_ALIKE) {
        this.#fold(life, id, group.last);
        return false;
      }
      group.last = life;
      return true;
    });
  }

  standsFor(life: number): number {
    return this.#standsFor.get(life) ?? life;
  }

  /** Ids of those that a life stands for besides itself. */
  others(life: number): readonly number[] {
    return this.#others.get(life) ?? NONE;
  }

  #fold(life: number, id: number, into: number): void {
    this.count++;
    this.#standsFor.set(life, into);
    const others = this.#others.get(into);
    if (others === undefined) this.#others.set(into, [id]);
    else others.push(id);
  }
}
