import { EVENT } from '../events.ts';
import { processOf } from '../processes.ts';
import type { Trace } from '../trace.ts';
import type { ColumnReader, ColumnWriter } from './page-columns.ts';

/** [begin, end] in nanoseconds, and what it was: the number of the collector's cycle, or the string that says why. */
export type Period = readonly [begin: number, end: number, what: number];

/** A value that is what it is until the next one. */
export interface Series {
  readonly time: Float64Array;
  readonly value: Float64Array;
}

/** What the runtime of one process did: nobody's life. */
export interface PageRuntime {
  readonly collections: readonly Period[];
  readonly stops: readonly Period[];
  /** Bytes. */
  readonly heap: Series;
  readonly goal: Series;
  /** GOMAXPROCS. */
  readonly processors: Series;
}

/** Periods of one kind. One that has no beginning began before the trace, one without an end lasts beyond it. */
class Periods {
  readonly #found: Period[] = [];
  #begun: readonly [number, number] | undefined;

  begin(time: number, what: number): void {
    this.#begun ??= [time, what];
  }

  end(time: number, what: number): void {
    const [begun, of] = this.#begun ?? [0, what];
    const from = Math.round(begun);
    this.#found.push([from, Math.max(from, Math.round(time)), of]);
    this.#begun = undefined;
  }

  write(out: ColumnWriter, duration: number): void {
    if (this.#begun !== undefined) this.end(duration, 0);
    out.number(this.#found.length);
    let before = 0;
    for (const [begin, end, what] of this.#found) {
      out.number(begin - before);
      out.number(end - begin);
      out.number(what);
      before = end;
    }
  }
}

class Values {
  readonly #times: number[] = [];
  readonly #values: number[] = [];

  add(time: number, value: number): void {
    if (this.#values.at(-1) === value) return;
    this.#times.push(Math.round(time));
    this.#values.push(value);
  }

  write(out: ColumnWriter): void {
    out.number(this.#times.length);
    let [before, last] = [0, 0];
    for (const [i, time] of this.#times.entries()) {
      const value = this.#values[i]!;
      out.number(time - before);
      out.signed(value - last);
      [before, last] = [time, value];
    }
  }
}

export function writeRuntimes(trace: Trace, out: ColumnWriter): void {
  const { events, processes, duration } = trace;
  const runtimes = Array.from({ length: Math.max(1, processes.length) }, () => ({
    collections: new Periods(),
    stops: new Periods(),
    heap: new Values(),
    goal: new Values(),
    processors: new Values(),
  }));
  for (let i = 0; i < events.count; i++) {
    const kind = events.kind[i]!;
    if (kind < EVENT.procsChange || kind > EVENT.heapGoal) continue;
    const own = runtimes[processes.length === 0 ? 0 : processOf(processes, events, i)]!;
    const [time, a] = [events.time[i]!, events.a[i]!];
    if (kind === EVENT.gcBegin) own.collections.begin(time, a);
    else if (kind === EVENT.gcEnd) own.collections.end(time, a);
    else if (kind === EVENT.stwBegin) own.stops.begin(time, a);
    else if (kind === EVENT.stwEnd) own.stops.end(time, 0);
    else if (kind === EVENT.heapAlloc) own.heap.add(time, a);
    else if (kind === EVENT.heapGoal) own.goal.add(time, a);
    else if (kind === EVENT.procsChange) own.processors.add(time, a);
  }
  out.number(runtimes.length);
  for (const [i, { collections, stops, heap, goal, processors }] of runtimes.entries()) {
    const end = processes[i]?.end ?? duration;
    for (const periods of [collections, stops]) periods.write(out, end);
    for (const values of [heap, goal, processors]) values.write(out);
  }
}

export function readRuntimes(input: ColumnReader): PageRuntime[] {
  return Array.from({ length: input.number() }, () => ({
    collections: readPeriods(input),
    stops: readPeriods(input),
    heap: readSeries(input),
    goal: readSeries(input),
    processors: readSeries(input),
  }));
}

function readPeriods(input: ColumnReader): Period[] {
  let before = 0;
  return Array.from({ length: input.number() }, () => {
    const begin = before + input.number();
    before = begin + input.number();
    return [begin, before, input.number()] as const;
  });
}

function readSeries(input: ColumnReader): Series {
  const count = input.number();
  const series = { time: new Float64Array(count), value: new Float64Array(count) };
  for (let i = 0; i < count; i++) {
    series.time[i] = (series.time[i - 1] ?? 0) + input.number();
    series.value[i] = (series.value[i - 1] ?? 0) + input.signed();
  }
  return series;
}
