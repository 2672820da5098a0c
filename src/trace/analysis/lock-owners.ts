import { STATE } from '../events.ts';
import { SPAN_FLAG } from '../spans.ts';
import type { WaitObject } from '../wait-object.ts';
import type { Place } from './places.ts';
import { SeenHolders } from './seen-holders.ts';
import type { Subject } from './subject.ts';
import type { WaitedObjects } from './waited-objects.ts';

/** Somebody who probably holds a lock. */
export interface OwnerCandidate {
  readonly goroutine: number;
  readonly entry: string | undefined;
  /** Where it is, if it waits. */
  readonly place: Place | undefined;
  readonly how: OwnerEvidence;
  /** In words. */
  readonly because: string;
  /** Of an RWMutex, whom it keeps waiting: undefined: everybody. */
  readonly against: WaitObject['kind'] | undefined;
}

/**
 * seen: its stack, its deferred calls and its code say so. acquired: it was woken in Lock, does not wait there any more, and has woken nobody since, as an Unlock with waiters
 * would have. inside: it waits further down in the function in which the others wait for the lock.
 */
export type OwnerEvidence = 'seen' | 'acquired' | 'inside';

const MOST_CANDIDATES = 5;

interface LastSeen {
  woken: number;
  wokenAt: number;
  /** By waker: when it last woke somebody here. */
  readonly wakers: Map<number, number>;
}

/** Who may hold a lock at a time, by its object: for those locks for which somebody waits then. */
export function ownersAt(
  subject: Subject,
  objects: WaitedObjects,
  time: number,
): ReadonlyMap<number, readonly OwnerCandidate[]> {
  const waiters = waitersAt(subject, time);
  const locks = new Map<number, number[]>();
  for (const span of waiters) {
    const object = objects.ofSpan[span]!;
    if (objects.object(object)?.kind !== 'lock') continue;
    const known = locks.get(object);
    if (known === undefined) locks.set(object, [span]);
    else known.push(span);
  }
  const seen = lastSeen(subject, objects, time, locks);
  const inside = new FunctionIndex(subject, waiters);
  const inMemory = new SeenHolders(subject, time);
  const owners = new Map<number, OwnerCandidate[]>();
  for (const [object, spans] of locks) {
    const known = inMemory.of(objects.object(object)!.address);
    if (known.length > 0) {
      owners.set(
        object,
        known.map(({ goroutine, how, kind }) => candidate(subject, goroutine, time, how, kind)),
      );
      continue;
    }
    const candidates = new Map<number, OwnerCandidate>();
    const waiting = new Set(spans.map((span) => subject.lives.spans.life[span]!));
    const acquired = byAcquisition(subject, seen.get(object), waiting, time);
    if (acquired !== undefined) candidates.set(acquired.goroutine, acquired);
    for (const candidate of inside.candidates(spans, waiting)) {
      if (!candidates.has(candidate.goroutine)) candidates.set(candidate.goroutine, candidate);
    }
    owners.set(object, [...candidates.values()].slice(0, MOST_CANDIDATES));
  }
  return owners;
}

function candidate(
  subject: Subject,
  goroutine: number,
  time: number,
  because: string,
  against: WaitObject['kind'],
): OwnerCandidate {
  const life = subject.life(subject.lifeIndex(goroutine)!);
  const span = subject.spanAt(life, time)!;
  const place = subject.placeOf(subject.lives.spans.stack[span]!);
  return { goroutine, entry: life.entry, place, how: 'seen', because, against };
}

/** Spans of those who wait at a time. */
export function waitersAt(subject: Subject, time: number): number[] {
  const spans: number[] = [];
  subject.lives.goroutines.forEach((life, index) => {
    if (subject.isSystem(index)) return;
    const span = subject.spanAt(life, time);
    if (span !== undefined && isWaiting(subject, span)) spans.push(span);
  });
  return spans;
}

const isWaiting = (subject: Subject, span: number): boolean =>
  subject.lives.spans.state[span] === STATE.waiting;

/** The last wake-ups of each lock before a time. */
function lastSeen(
  subject: Subject,
  objects: WaitedObjects,
  time: number,
  locks: ReadonlyMap<number, unknown>,
): ReadonlyMap<number, LastSeen> {
  const { spans } = subject.lives;
  const seen = new Map<number, LastSeen>();
  for (const object of locks.keys()) seen.set(object, { woken: -1, wokenAt: -1, wakers: new Map() });
  for (let i = 0; i < spans.count; i++) {
    const last = seen.get(objects.ofSpan[i]!);
    if (last === undefined || spans.end[i]! > time || (spans.flags[i]! & SPAN_FLAG.openEnd) !== 0) continue;
    if (spans.end[i]! >= last.wokenAt) {
      last.wokenAt = spans.end[i]!;
      last.woken = spans.life[i]!;
    }
    const waker = spans.endedBy[i]!;
    if (waker !== 0) last.wakers.set(waker, Math.max(spans.end[i]!, last.wakers.get(waker) ?? 0));
  }
  return seen;
}

function byAcquisition(
  subject: Subject,
  last: LastSeen | undefined,
  waiting: ReadonlySet<number>,
  time: number,
): OwnerCandidate | undefined {
  if (last === undefined || last.woken < 0 || waiting.has(last.woken)) return undefined;
  const life = subject.life(last.woken);
  const span = subject.spanAt(life, time);
  if (span === undefined || (last.wakers.get(life.id) ?? -1) > last.wokenAt) return undefined;
  return {
    goroutine: life.id,
    entry: life.entry,
    place: isWaiting(subject, span) ? subject.placeOf(subject.lives.spans.stack[span]!) : undefined,
    how: 'acquired',
    because: 'it was the last to be woken in Lock and has woken nobody since',
    against: undefined,
  };
}

/** Those who wait, by the functions that they are in. */
class FunctionIndex {
  readonly #subject: Subject;
  readonly #byFunction = new Map<string, { readonly span: number; readonly line: number }[]>();

  constructor(subject: Subject, waiters: readonly number[]) {
    this.#subject = subject;
    for (const span of waiters) this.#add(span);
  }

  #add(span: number): void {
    const { places, lives } = this.#subject;
    for (const frame of places.ownFrames(lives.spans.stack[span]!)) {
      const known = this.#byFunction.get(frame.function);
      if (known === undefined) this.#byFunction.set(frame.function, [{ span, line: frame.line }]);
      else known.push({ span, line: frame.line });
    }
  }

  /** Those who are further down in a function in which others wait for a lock. */
  *candidates(waits: readonly number[], waiting: ReadonlySet<number>): Iterable<OwnerCandidate> {
    const { lives } = this.#subject;
    const places = new Set(waits.map((span) => this.#subject.placeOf(lives.spans.stack[span]!)));
    for (const place of places) {
      for (const { span, line } of (place && this.#byFunction.get(place.function)) ?? []) {
        if (line <= place!.line || waiting.has(lives.spans.life[span]!)) continue;
        const life = this.#subject.life(lives.spans.life[span]!);
        yield {
          goroutine: life.id,
          entry: life.entry,
          place: this.#subject.placeOf(lives.spans.stack[span]!),
          how: 'inside',
          because: `it waits in ${place!.function}, at line ${line}, past the Lock of line ${place!.line}`,
          against: undefined,
        };
      }
    }
  }
}
