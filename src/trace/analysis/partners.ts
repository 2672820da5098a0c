import { STATE } from '../events.ts';
import type { Subject } from './subject.ts';
import type { WaitedObjects } from './waited-objects.ts';

/** More partners than this are not told apart: each costs memory, and nobody reads them. */
const MOST = 10_000;

/**
 * The partners of those who wait: goroutines that let others go on from an object, or were let go on from its other
 * side; of a channel at which senders wait, whoever received from it. By object and direction: key `object * 2 + 1` is for those who wait to send, who need receivers;
 * `object * 2` for all others.
 */
export class PartnerIndex {
  readonly #counts = new Map<number, Map<number, number>>();

  /** Of the given keys only, and of what happened until a time. */
  constructor(
    subject: Subject,
    objects: WaitedObjects,
    keys: ReadonlySet<number>,
    until = Number.POSITIVE_INFINITY,
  ) {
    const { spans } = subject.lives;
    for (const key of keys) this.#counts.set(key, new Map());
    for (let i = 0; i < spans.count; i++) {
      const object = objects.ofSpan[i]!;
      if (object === 0 || spans.state[i] !== STATE.waiting || spans.endedBy[i] === 0) continue;
      if (spans.end[i]! > until) continue;
      const key = partnerKey(subject, objects, i);
      const waker = subject.lifeIndex(spans.endedBy[i]!);
      if (waker === undefined) continue;
      this.#count(key, waker);
      // Who waited to receive and was woken by a sender is the partner of senders, and the other way round.
      if (objects.object(object)?.kind === 'channel') this.#count(key ^ 1, spans.life[i]!);
    }
  }

  of(key: number): ReadonlyMap<number, number> {
    return this.#counts.get(key) ?? NOBODY;
  }

  #count(key: number, life: number): void {
    const counts = this.#counts.get(key);
    if (counts === undefined) return;
    const before = counts.get(life);
    if (before !== undefined || counts.size < MOST) counts.set(life, (before ?? 0) + 1);
  }
}

const NOBODY: ReadonlyMap<number, number> = new Map();

export function partnerKey(subject: Subject, objects: WaitedObjects, span: number): number {
  return objects.ofSpan[span]! * 2 + (subject.waitClass(span) === 'chan send' ? 1 : 0);
}
