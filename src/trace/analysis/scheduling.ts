import { STATE } from '../events.ts';
import { SPAN_FLAG } from '../spans.ts';
import { type Distribution, distributionOf, GroupedDurations, Numbering } from './distribution.ts';
import type { Place } from './places.ts';
import type { Subject } from './subject.ts';

/** How long goroutines that could run waited until they did. */
export interface Scheduling {
  readonly latency: Distribution;
  /** Powers of two; those at both ends that are empty are left out. */
  readonly histogram: readonly HistogramBar[];
  readonly byCause: readonly { readonly cause: RunnableCause; readonly latency: Distribution }[];
  /** By the function that they began in, the longest total first. */
  readonly byEntry: readonly { readonly entry: string | undefined; readonly latency: Distribution }[];
  readonly preemptions: {
    readonly count: number;
    readonly perSecond: number;
    /** Where, the most frequent first. */
    readonly byPlace: readonly { readonly place: Place | undefined; readonly count: number }[];
  };
}

export interface HistogramBar {
  readonly atLeastNs: number;
  readonly belowNs: number;
  readonly count: number;
}

/** Why it was runnable. `yielded`: by runtime.Gosched, to who gets a lock, or whatever else the trace says. */
export type RunnableCause = 'started' | 'woken' | 'preempted' | 'yielded' | 'after a system call' | 'unknown';
const CAUSES: readonly RunnableCause[] = [
  'started',
  'woken',
  'preempted',
  'yielded',
  'after a system call',
  'unknown',
];

const MOST_PLACES = 20;

export function schedulingOf(subject: Subject): Scheduling {
  const { spans, goroutines } = subject.lives;
  const byCause = new GroupedDurations();
  const byEntry = new GroupedDurations();
  const entries = new Numbering<string>();
  const preempted = new Map<number, number>();
  const all = new Float64Array(spans.count);
  let count = 0;
  const wasPreempted = preemptedStrings(subject);
  const handsOver = new HandOvers(subject);
  for (let i = 0; i < spans.count; i++) {
    if (spans.state[i] !== STATE.runnable) continue;
    const life = goroutines[spans.life[i]!]!;
    const cause = causeOf(subject, i, life.first, wasPreempted, handsOver);
    if (CAUSES[cause] === 'preempted') {
      const place = subject.places.of(spans.stack[i]!);
      preempted.set(place, (preempted.get(place) ?? 0) + 1);
    }
    // Latencies of which an end was not seen would be too short.
    if ((spans.flags[i]! & (SPAN_FLAG.openEnd | SPAN_FLAG.openStart)) !== 0) continue;
    const latency = spans.end[i]! - spans.start[i]!;
    all[count++] = latency;
    byCause.add(cause, latency);
    byEntry.add(entries.of(life.entry ?? ''), latency);
  }
  const values = all.subarray(0, count);
  const latency = distributionOf(values);
  return {
    latency,
    histogram: histogramOf(values),
    byCause: byCause
      .distributions()
      .map((each, cause) => ({ cause: CAUSES[cause]!, latency: each }))
      .filter((row) => row.latency.count > 0),
    byEntry: byEntry
      .distributions()
      .map((each, entry) => ({ entry: entries.keys[entry] || undefined, latency: each }))
      .sort((a, b) => b.latency.totalNs - a.latency.totalNs),
    preemptions: preemptionsOf(subject, preempted),
  };
}

/** String ids that mean that the scheduler took the goroutine off. */
function preemptedStrings({ trace }: Subject): ReadonlySet<number> {
  const ids = new Set<number>();
  trace.strings.forEach((text, id) => {
    if (text === 'preempted') ids.add(id);
  });
  return ids;
}

/** Who lets go of a contended lock yields to who gets it (runtime.goyield); Go's tracer calls that preempted too. */
const HAND_OVER: ReadonlySet<string> = new Set([
  'runtime.goyield',
  'runtime.semrelease1',
  'runtime.semrelease',
  'sync.runtime_Semrelease',
  'internal/sync.runtime_Semrelease',
  'sync.(*Mutex).unlockSlow',
  'internal/sync.(*Mutex).unlockSlow',
]);

class HandOvers {
  readonly #subject: Subject;
  readonly #byStack = new Map<number, boolean>();

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  has(stack: number): boolean {
    let known = this.#byStack.get(stack);
    if (known === undefined) {
      const { stacks } = this.#subject.trace;
      const [leaf] = stacks.frames(stack);
      known = leaf !== undefined && HAND_OVER.has(stacks.frame(leaf).function);
      this.#byStack.set(stack, known);
    }
    return known;
  }
}

function causeOf(
  subject: Subject,
  span: number,
  first: number,
  preempted: ReadonlySet<number>,
  handsOver: HandOvers,
): number {
  const { spans } = subject.lives;
  if (span === first) {
    const open = (spans.flags[span]! & SPAN_FLAG.openStart) !== 0;
    return CAUSES.indexOf(open ? 'unknown' : 'started');
  }
  switch (spans.state[span - 1]) {
    case STATE.waiting:
      return CAUSES.indexOf('woken');
    case STATE.syscall:
      return CAUSES.indexOf('after a system call');
    case STATE.running:
      return CAUSES.indexOf(
        preempted.has(spans.reason[span]!) && !handsOver.has(spans.stack[span]!) ? 'preempted' : 'yielded',
      );
    default:
      return CAUSES.indexOf('unknown');
  }
}

/** Of sorted values. */
function histogramOf(sorted: Float64Array): HistogramBar[] {
  const bars: HistogramBar[] = [];
  let at = 0;
  for (let power = 0; at < sorted.length && power < 1024; power++) {
    const belowNs = 2 ** power;
    const before = at;
    while (at < sorted.length && sorted[at]! < belowNs) at++;
    if (at > before || bars.length > 0)
      bars.push({ atLeastNs: power === 0 ? 0 : belowNs / 2, belowNs, count: at - before });
  }
  return bars;
}

function preemptionsOf(subject: Subject, byPlace: ReadonlyMap<number, number>): Scheduling['preemptions'] {
  const count = [...byPlace.values()].reduce((sum, n) => sum + n, 0);
  const seconds = subject.trace.duration / 1e9;
  return {
    count,
    perSecond: seconds > 0 ? count / seconds : 0,
    byPlace: [...byPlace]
      .sort((a, b) => b[1] - a[1])
      .slice(0, MOST_PLACES)
      .map(([place, times]) => ({ place: subject.places.place(place), count: times })),
  };
}
