import { STATE } from '../events.ts';
import { Numbering } from './distribution.ts';
import { GoStatements } from './go-statements.ts';
import type { Place } from './places.ts';
import type { Subject } from './subject.ts';
import { WAIT_CLASSES, type WaitClass } from './wait-class.ts';

/** What goroutines spent their time on, in the time that the trace saw them. */
export interface Times {
  readonly totalNs: number;
  readonly runningNs: number;
  readonly runnableNs: number;
  readonly syscallNs: number;
  readonly waitingNs: number;
  readonly waitingByReason: Readonly<Partial<Record<WaitClass, number>>>;
}

export interface GoroutineTotals extends Times {
  readonly goroutine: number;
  readonly entry: string | undefined;
  readonly createdAt: Place | undefined;
  readonly creator: number;
  /** Undefined: before the trace; after it, or never. */
  readonly createdNs: number | undefined;
  readonly endedNs: number | undefined;
}

/** Goroutines of one `go` statement together. */
export interface GoroutineGroup extends Times {
  readonly entry: string | undefined;
  readonly createdAt: Place | undefined;
  readonly count: number;
  readonly living: number;
}

/** One by one, by their ids: rows are made as they are read. */
export function* goroutineTotals(subject: Subject): Iterable<GoroutineTotals> {
  for (let index = 0; index < subject.lives.goroutines.length; index++) yield totalsOf(subject, index);
}

export function totalsOf(subject: Subject, index: number): GoroutineTotals {
  const life = subject.life(index);
  const sums = new Sums();
  sums.add(subject, index);
  return {
    goroutine: life.id,
    entry: life.entry,
    createdAt: subject.createdAt(life),
    creator: life.creator,
    createdNs: life.created,
    endedNs: life.ended,
    ...sums.times(),
  };
}

/** The longest running time first. */
export function goroutineGroups(subject: Subject): readonly GoroutineGroup[] {
  const keys = new Numbering<string>();
  const sites = new GoStatements(subject);
  const sums: Sums[] = [];
  const examples: number[] = [];
  subject.lives.goroutines.forEach((life, index) => {
    const group = keys.of(`${sites.of(life)} ${life.entry ?? ''}`);
    examples[group] ??= index;
    sums[group] ??= new Sums();
    sums[group].add(subject, index);
  });
  return sums
    .map((sum, group) => {
      const life = subject.life(examples[group]!);
      const { count, living } = sum;
      const createdAt = subject.places.place(sites.of(life));
      return { entry: life.entry, createdAt, count, living, ...sum.times() };
    })
    .sort((a, b) => b.runningNs - a.runningNs || b.totalNs - a.totalNs);
}

class Sums {
  readonly #states = new Float64Array(Object.keys(STATE).length);
  readonly #reasons = new Float64Array(WAIT_CLASSES.length);
  count = 0;
  living = 0;

  add(subject: Subject, index: number): void {
    const { spans } = subject.lives;
    const life = subject.life(index);
    this.count++;
    if (life.ended === undefined) this.living++;
    for (let i = life.first; i < life.end; i++) {
      const duration = spans.end[i]! - spans.start[i]!;
      this.#states[spans.state[i]!]! += duration;
      if (spans.state[i] === STATE.waiting) this.#reasons[subject.classOfSpan[i]!]! += duration;
    }
  }

  times(): Times {
    const of = (state: number): number => this.#states[state]!;
    const [runningNs, runnableNs] = [of(STATE.running), of(STATE.runnable)];
    const [syscallNs, waitingNs] = [of(STATE.syscall), of(STATE.waiting)];
    const reasons = WAIT_CLASSES.map((name, i) => [name, this.#reasons[i]!] as const).filter(
      ([, ns]) => ns > 0,
    );
    return {
      totalNs: runningNs + runnableNs + syscallNs + waitingNs,
      runningNs,
      runnableNs,
      syscallNs,
      waitingNs,
      waitingByReason: Object.fromEntries(reasons),
    };
  }
}
