import { STATE } from '../events.ts';
import { SPAN_FLAG } from '../spans.ts';
import { type Distribution, GroupedDurations, Numbering } from './distribution.ts';
import { type OwnerCandidate, ownersAt } from './lock-owners.ts';
import type { Place } from './places.ts';
import type { Subject } from './subject.ts';
import { WAIT_CLASSES, type WaitClass } from './wait-class.ts';
import { type ObjectFamily, WaitedObjects } from './waited-objects.ts';

/** Where goroutines wait, and who lets them go on. Waits that last to the end count with what they have lasted. */
export interface Blocking {
  readonly byReason: readonly BlockingByReason[];
  readonly byPlace: readonly BlockingByPlace[];
  readonly byObject: readonly BlockingByObject[];
}

interface Waits {
  readonly waits: Distribution;
  /** How many of them last to the end of the trace. */
  readonly stillWaiting: number;
  /** The total of all others. */
  readonly endedNs: number;
  /** How many goroutines waited so. */
  readonly goroutines: number;
}

export interface BlockingByReason extends Waits {
  readonly reason: WaitClass;
}

export interface BlockingByPlace extends Waits {
  readonly reason: WaitClass;
  /** Undefined: no stack was recorded. */
  readonly place: Place | undefined;
  readonly wakers: readonly Waker[];
}

export interface BlockingByObject extends Waits {
  readonly kind: ObjectFamily;
  readonly address: number | undefined;
  readonly places: readonly Place[];
  readonly wakers: readonly Waker[];
  /** Of locks for which somebody waits at the end. */
  readonly owners: readonly OwnerCandidate[];
}

/** Who woke, by the line that did it. Undefined place: the runtime (a timer, the network poller), or not recorded. */
export interface Waker {
  readonly place: Place | undefined;
  readonly count: number;
  /** How long those waited whom it woke: of a lock what its holders cost who released it there. */
  readonly waitedNs: number;
  /** One of those who did it; 0: the runtime. */
  readonly goroutine: number;
}

const MOST_WAKERS = 3;

export function blockingOf(subject: Subject, objects: WaitedObjects = new WaitedObjects(subject)): Blocking {
  const byReason = new Groups();
  const byPlace = new Groups();
  const byObject = new Groups();
  const { spans } = subject.lives;
  for (let i = 0; i < spans.count; i++) {
    if (spans.state[i] !== STATE.waiting) continue;
    const life = spans.life[i]!;
    const reason = subject.classOfSpan[i]!;
    const open = (spans.flags[i]! & SPAN_FLAG.openEnd) !== 0;
    const duration = spans.end[i]! - spans.start[i]!;
    byReason.add(reason, life, duration, open);
    // The runtime's own goroutines have no place that says anything.
    if (subject.isSystem(life)) continue;
    const wakerPlace = open ? -1 : subject.places.of(spans.endedAt[i]!);
    const waker = spans.endedBy[i]!;
    const place = subject.places.of(spans.stack[i]!);
    byPlace.add(place * WAIT_CLASSES.length + reason, life, duration, open, wakerPlace, waker);
    const object = objects.ofSpan[i]!;
    if (object !== 0) byObject.add(object, life, duration, open, wakerPlace, waker);
  }
  const owners = ownersAt(subject, objects, subject.trace.duration);
  return {
    byReason: byReason.rows(subject, (reason, waits) => ({ reason: WAIT_CLASSES[reason]!, ...waits })),
    byPlace: byPlace.rows(subject, (key, waits, wakers) => ({
      reason: WAIT_CLASSES[key % WAIT_CLASSES.length]!,
      place: subject.places.place(Math.floor(key / WAIT_CLASSES.length)),
      ...waits,
      wakers,
    })),
    byObject: byObject.rows(subject, (id, waits, wakers) => ({
      ...objects.object(id)!,
      ...waits,
      wakers,
      owners: owners.get(id) ?? [],
    })),
  };
}

/** Most groups by which wakers are told apart: keys of two numbers stay exact. */
const WAKER_PLACES = 2 ** 24;

/** Waits by a key, with what is to be said of each group. */
class Groups {
  readonly #keys = new Numbering<number>();
  readonly #durations = new GroupedDurations();
  readonly #open: number[] = [];
  readonly #endedNs: number[] = [];
  readonly #goroutines: number[] = [];
  readonly #lastLife: number[] = [];
  readonly #wakers = new Map<number, { count: number; waitedNs: number; readonly goroutine: number }>();

  /** Spans come by goroutine, so that counting the changes of the life counts the goroutines. */
  add(key: number, life: number, duration: number, open: boolean, wakerPlace = -1, waker = 0): void {
    const group = this.#keys.of(key);
    this.#durations.add(group, duration);
    this.#open[group] = (this.#open[group] ?? 0) + (open ? 1 : 0);
    this.#endedNs[group] = (this.#endedNs[group] ?? 0) + (open ? 0 : duration);
    if (this.#lastLife[group] !== life) {
      this.#lastLife[group] = life;
      this.#goroutines[group] = (this.#goroutines[group] ?? 0) + 1;
    }
    if (wakerPlace < 0) return;
    const wakerKey = group * WAKER_PLACES + wakerPlace;
    const known = this.#wakers.get(wakerKey);
    if (known === undefined) {
      this.#wakers.set(wakerKey, { count: 1, waitedNs: duration, goroutine: waker });
      return;
    }
    known.count++;
    known.waitedNs += duration;
  }

  /** The longest total first. */
  rows<T>(subject: Subject, make: (key: number, waits: Waits, wakers: readonly Waker[]) => T): T[] {
    const distributions = this.#durations.distributions();
    const wakers: Waker[][] = distributions.map(() => []);
    for (const [key, { count, waitedNs, goroutine }] of this.#wakers) {
      const place = subject.places.place(key % WAKER_PLACES);
      wakers[Math.floor(key / WAKER_PLACES)]!.push({ place, count, waitedNs, goroutine });
    }
    return distributions
      .map((waits, group) => ({ waits, group }))
      .sort((a, b) => b.waits.totalNs - a.waits.totalNs)
      .map(({ waits, group }) =>
        make(
          this.#keys.keys[group]!,
          {
            waits,
            stillWaiting: this.#open[group]!,
            endedNs: this.#endedNs[group]!,
            goroutines: this.#goroutines[group]!,
          },
          wakers[group]!.sort((a, b) => b.waitedNs - a.waitedNs).slice(0, MOST_WAKERS),
        ),
      );
  }
}
