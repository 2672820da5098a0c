import { EVENT, STATE } from '../events.ts';
import type { Subject } from './subject.ts';

/** What the Ps did. A P that runs no goroutine looks for one, runs the scheduler, or is idle. */
export interface Processors {
  /** As many as were seen, where the trace does not say. */
  readonly gomaxprocs: number;
  readonly gomaxprocsKnown: boolean;
  readonly processors: readonly ProcessorRow[];
  /** Share of all Ps that ran goroutines, in equal pieces of the trace. */
  readonly utilisation: readonly number[];
  readonly meanUtilisation: number;
  /** How much longer than the mean the busiest P ran: 0 is even, 1 is twice as long. */
  readonly unevenness: number;
  readonly steals: Steals;
}

export interface ProcessorRow {
  readonly processor: number;
  readonly runningNs: number;
  /** In system calls, with the P kept. */
  readonly syscallNs: number;
  /** How often a goroutine began to run on it. */
  readonly runs: number;
  /** Of these: taken from another P, as the trace says. */
  readonly stolen: number;
  readonly stolenPerSecond: number;
  /** Of these: runnable since something happened on another P. */
  readonly fromElsewhere: number;
}

export interface Steals {
  /** The trace tells of steals; Go's own does not. */
  readonly known: boolean;
  readonly count: number;
  readonly perSecond: number;
  readonly fromElsewhere: number;
}

const PIECES = 60;

export function processorsOf(subject: Subject): Processors {
  const { gomaxprocs, gomaxprocsKnown } = maxProcs(subject);
  const seen = new Map<number, Counts>();
  const busy = new Float64Array(PIECES);
  addSpans(subject, seen, busy);
  addRuns(subject, seen);
  const seconds = subject.trace.duration / 1e9;
  const perSecond = (count: number): number => (seconds > 0 ? count / seconds : 0);
  const processors = [...seen]
    .sort((a, b) => a[0] - b[0])
    .map(([processor, counts]) => ({ processor, ...counts, stolenPerSecond: perSecond(counts.stolen) }));
  const sum = (of: (row: ProcessorRow) => number): number =>
    processors.reduce((all, row) => all + of(row), 0);
  const stolen = sum((row) => row.stolen);
  const running = sum((row) => row.runningNs);
  const mean = running / Math.max(1, gomaxprocs);
  const piece = (subject.trace.duration / PIECES) * gomaxprocs;
  return {
    gomaxprocs,
    gomaxprocsKnown,
    processors,
    utilisation: Array.from(busy, (ns) => (piece > 0 ? Math.min(1, ns / piece) : 0)),
    meanUtilisation: subject.trace.duration > 0 ? mean / subject.trace.duration : 0,
    unevenness: mean > 0 ? processors.reduce((most, row) => Math.max(most, row.runningNs), 0) / mean - 1 : 0,
    steals: {
      known: stolen > 0 || subject.trace.source.writer === 'mattock',
      count: stolen,
      perSecond: perSecond(stolen),
      fromElsewhere: sum((row) => row.fromElsewhere),
    },
  };
}

interface Counts {
  runningNs: number;
  syscallNs: number;
  runs: number;
  stolen: number;
  fromElsewhere: number;
}

function counts(seen: Map<number, Counts>, processor: number): Counts {
  let found = seen.get(processor);
  if (found === undefined) {
    found = { runningNs: 0, syscallNs: 0, runs: 0, stolen: 0, fromElsewhere: 0 };
    seen.set(processor, found);
  }
  return found;
}

function addSpans({ lives, trace }: Subject, seen: Map<number, Counts>, busy: Float64Array): void {
  const { spans } = lives;
  const starts = startsByProcessor(lives);
  for (let i = 0; i < spans.count; i++) {
    const processor = spans.proc[i]!;
    if (processor < 0) continue;
    const of = counts(seen, processor);
    const [start, end] = [spans.start[i]!, spans.end[i]!];
    // The P is the goroutine's until others run on it.
    if (spans.state[i] === STATE.syscall)
      of.syscallNs += Math.min(end, firstAfter(starts.get(processor), start)) - start;
    if (spans.state[i] !== STATE.running) continue;
    of.runningNs += end - start;
    addPieces(busy, start, end, trace.duration / PIECES);
  }
}

/** When goroutines began to run on each P, in order. */
function startsByProcessor({ spans }: Subject['lives']): ReadonlyMap<number, Float64Array> {
  const lists = new Map<number, number[]>();
  for (let i = 0; i < spans.count; i++) {
    if (spans.state[i] !== STATE.running || spans.proc[i]! < 0) continue;
    const list = lists.get(spans.proc[i]!);
    if (list === undefined) lists.set(spans.proc[i]!, [spans.start[i]!]);
    else list.push(spans.start[i]!);
  }
  return new Map([...lists].map(([processor, list]) => [processor, Float64Array.from(list).sort()]));
}

/** The first of sorted times that is after one. */
function firstAfter(times: Float64Array | undefined, time: number): number {
  if (times === undefined) return Infinity;
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return times[low] ?? Infinity;
}

function addPieces(busy: Float64Array, start: number, end: number, width: number): void {
  if (width === 0) return;
  const last = Math.min(PIECES - 1, Math.floor(end / width));
  for (let piece = Math.floor(start / width); piece <= last; piece++) {
    busy[piece]! += Math.max(0, Math.min(end, (piece + 1) * width) - Math.max(start, piece * width));
  }
}

/** Which P a goroutine became runnable on is where the event happened that made it so. */
function addRuns({ trace }: Subject, seen: Map<number, Counts>): void {
  const { events } = trace;
  const runnableOn = new Map<number, number>();
  for (let i = 0; i < events.count; i++) {
    switch (events.kind[i]) {
      case EVENT.created:
      case EVENT.unblocked:
      case EVENT.stopped:
        runnableOn.set(events.goroutine[i]!, events.proc[i]!);
        break;
      case EVENT.running: {
        const processor = events.proc[i]!;
        if (processor < 0) break;
        const of = counts(seen, processor);
        of.runs++;
        if (events.a[i]! > 0) of.stolen++;
        const before = runnableOn.get(events.goroutine[i]!) ?? -1;
        if (before >= 0 && before !== processor) of.fromElsewhere++;
        break;
      }
      default:
    }
  }
}

/** The largest GOMAXPROCS of the trace; without one the Ps that were seen. */
function maxProcs({ trace }: Subject): Pick<Processors, 'gomaxprocs' | 'gomaxprocsKnown'> {
  const { events } = trace;
  let most = 0;
  let highest = -1;
  for (let i = 0; i < events.count; i++) {
    if (events.kind[i] === EVENT.procsChange) most = Math.max(most, events.a[i]!);
    highest = Math.max(highest, events.proc[i]!);
  }
  return { gomaxprocs: most > 0 ? most : highest + 1, gomaxprocsKnown: most > 0 };
}
