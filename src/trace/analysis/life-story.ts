import { UserError } from '../../base/index.ts';
import { SPAN_FLAG } from '../spans.ts';
import { type GoroutineTotals, totalsOf } from './goroutine-totals.ts';
import type { Place } from './places.ts';
import { type LiveState, liveState } from './states.ts';
import type { Subject } from './subject.ts';

/** All that a trace says of one goroutine. */
export interface LifeStory {
  readonly totals: GoroutineTotals;
  readonly chapters: Iterable<Chapter>;
}

export interface Chapter {
  readonly atNs: number;
  readonly durationNs: number;
  readonly state: LiveState;
  /** Where it waits or entered the system call, or what it was preempted in. */
  readonly place: Place | undefined;
  readonly processor: number | undefined;
  readonly stolen: boolean;
  /** Who ended a wait, and where. */
  readonly wokenBy: number | undefined;
  readonly wokenAt: Place | undefined;
  /** It was so before the trace; it is so after it. */
  readonly openStart: boolean;
  readonly openEnd: boolean;
}

export function storyOf(subject: Subject, goroutine: number): LifeStory {
  const index = subject.lifeIndex(goroutine);
  if (index === undefined)
    throw new UserError(
      `goroutine ${goroutine} is not in the trace`,
      `its goroutines are ${range(subject)}; --goroutines lists them by where they come from`,
    );
  return { totals: totalsOf(subject, index), chapters: chapters(subject, index) };
}

function range({ lives: { goroutines } }: Subject): string {
  const [first, last] = [goroutines[0], goroutines.at(-1)];
  return first === undefined ? 'none' : `${first.id} to ${last!.id}`;
}

function* chapters(subject: Subject, index: number): Iterable<Chapter> {
  const { spans } = subject.lives;
  const life = subject.life(index);
  for (let i = life.first; i < life.end; i++) {
    const waker = spans.endedBy[i]!;
    yield {
      atNs: spans.start[i]!,
      durationNs: spans.end[i]! - spans.start[i]!,
      state: liveState(subject, i),
      place: subject.placeOf(spans.stack[i]!),
      processor: spans.proc[i]! < 0 ? undefined : spans.proc[i]!,
      stolen: (spans.flags[i]! & SPAN_FLAG.stolen) !== 0,
      wokenBy: waker === 0 ? undefined : waker,
      wokenAt: subject.placeOf(spans.endedAt[i]!),
      openStart: (spans.flags[i]! & SPAN_FLAG.openStart) !== 0,
      openEnd: (spans.flags[i]! & SPAN_FLAG.openEnd) !== 0,
    };
  }
}
