import { EVENT, STATE } from '../events.ts';
import { SPAN_FLAG } from '../spans.ts';
import type { WaitObject } from '../wait-object.ts';
import type { Subject } from './subject.ts';

/** Somebody of whom the memory of the program says that he holds what others wait for. */
export interface SeenHolder {
  readonly goroutine: number;
  readonly kind: WaitObject['kind'];
  /** In words. */
  readonly how: string;
}

const NOBODY: readonly SeenHolder[] = [];

/**
 * What the recorder found in the program's memory, at the end, of locks and who holds them. The program ran meanwhile:
 * it counts for those who had waited before the look began and wait to the end.
 */
export class SeenHolders {
  readonly #byAddress = new Map<number, SeenHolder[]>();

  constructor(subject: Subject, time: number) {
    const { events, strings, objects } = subject.trace;
    for (let i = events.count - 1; i >= 0; i--) {
      if (events.kind[i] !== EVENT.holds) continue;
      const object = objects[events.a[i]!];
      const goroutine = events.goroutine[i]!;
      if (object === undefined || !('address' in object)) continue;
      if (!standsStill(subject, goroutine, time, events.time[i]! - events.c[i]!)) continue;
      const holder = { goroutine, kind: object.kind, how: sentence(strings[events.b[i]!] ?? '') };
      const known = this.#byAddress.get(object.address);
      if (known === undefined) this.#byAddress.set(object.address, [holder]);
      else known.push(holder);
    }
  }

  of(address: number | undefined): readonly SeenHolder[] {
    return (address === undefined ? undefined : this.#byAddress.get(address)) ?? NOBODY;
  }
}

const sentence = (how: string): string => (how.startsWith('has ') ? `it ${how}` : how);

/** Whether it waits at a time, has since before the look, and never goes on. */
function standsStill(subject: Subject, goroutine: number, time: number, look: number): boolean {
  const life = subject.lifeIndex(goroutine);
  const span = life === undefined ? undefined : subject.spanAt(subject.life(life), time);
  if (span === undefined) return false;
  const { spans } = subject.lives;
  return (
    spans.state[span] === STATE.waiting &&
    spans.start[span]! <= look &&
    (spans.flags[span]! & SPAN_FLAG.openEnd) !== 0
  );
}
