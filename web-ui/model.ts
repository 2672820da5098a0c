import { STATE } from '../src/trace/events.ts';
import type { PageData } from '../src/trace/export/page-data.ts';
import { KINDS, kindsOf, STATE_NAMES } from './kinds.ts';

/**
 * A line of the timeline: spans by time, from `first` to `end` of `order`, or of the spans themselves without it; or traced
 * calls of one depth; or a button that shows the deeper ones.
 */
export interface Row {
  readonly of: 'spans' | 'calls' | 'fold';
  readonly label: string;
  readonly life: number;
  readonly first: number;
  readonly end: number;
  readonly order: Uint32Array | undefined;
}

/** Levels of calls that are shown of each goroutine before all of its are asked for. */
const MOST_LEVELS = 6;

/** The trace and what is derived from it once. */
export class Model {
  readonly data: PageData;
  readonly kinds: Uint8Array;
  readonly lifeOfSpan: Uint32Array;
  readonly goroutines: readonly Row[];
  readonly processors: readonly Row[];
  readonly lifeById: ReadonlyMap<number, number>;

  constructor(data: PageData) {
    this.data = data;
    this.kinds = kindsOf(data);
    this.lifeOfSpan = new Uint32Array(data.spans);
    for (let life = 0; life < data.lives; life++)
      this.lifeOfSpan.fill(life, data.first[life], data.first[life + 1]);
    this.goroutines = Array.from({ length: data.lives }, (_, life) => ({
      of: 'spans',
      label: this.#shortLabel(life),
      life,
      first: data.first[life]!,
      end: data.first[life + 1]!,
      order: undefined,
    }));
    this.processors = processorRows(data);
    this.lifeById = new Map(Array.from(data.id, (id, life) => [id, life]));
  }

  /** Goroutines with their calls below, by depth; of those in `unfolded` all levels. */
  withCalls(rows: readonly Row[], unfolded: ReadonlySet<number>): readonly Row[] {
    const { laneOf, count } = this.data.traced;
    if (count === 0) return rows;
    return rows.flatMap((row) => {
      const lanes = laneOf[row.life + 1]! - laneOf[row.life]!;
      return lanes === 0 ? row : [row, ...this.#callRows(row.life, lanes, unfolded.has(row.life))];
    });
  }

  #callRows(life: number, lanes: number, unfolded: boolean): Row[] {
    const { laneOf, first } = this.data.traced;
    const shown = unfolded || lanes <= MOST_LEVELS + 1 ? lanes : MOST_LEVELS;
    const rows = Array.from({ length: shown }, (_, depth): Row => {
      const lane = laneOf[life]! + depth;
      const label = depth === 0 ? 'calls' : '';
      return { of: 'calls', label, life, first: first[lane]!, end: first[lane + 1]!, order: undefined };
    });
    if (lanes <= MOST_LEVELS + 1) return rows;
    const label = unfolded ? '▾ fewer levels' : `▸ ${lanes - shown} deeper levels`;
    return [...rows, { of: 'fold', label, life, first: 0, end: 0, order: undefined }];
  }

  /** Which process a goroutine belongs to: an index; 0 of a trace of one. */
  processOf(life: number): number {
    const process = ofProcess(this.data, this.data.id[life]!, 'firstGoroutine');
    return process === undefined ? 0 : this.data.processes.indexOf(process);
  }

  lifeOfCall(call: number): number {
    const { laneOf, first } = this.data.traced;
    return this.goroutines.findIndex((_, life) => call < first[laneOf[life + 1]!]!);
  }

  callName(call: number): string {
    return this.data.strings[this.data.traced.name[call]!] || '?';
  }

  /** What a goroutine did between two times: by kind of span, the most of it first. */
  timesWithin(life: number, from: number, until: number): (readonly [string, number])[] {
    const row = this.goroutines[life]!;
    const sums = new Map<string, number>();
    for (let span = Math.max(row.first, this.indexAt(row, from)); span < row.end; span++) {
      const start = this.data.start[span]!;
      if (start > until) break;
      const time = Math.min(this.endOf(span), until) - Math.max(start, from);
      if (time <= 0) continue;
      const name = this.stateText(span);
      sums.set(name, (sums.get(name) ?? 0) + time);
    }
    return [...sums].sort(([, x], [, y]) => y - x);
  }

  /** main.handle(n=5): as much of a call as fits on its bar. */
  callText(call: number): string {
    const { strings, traced } = this.data;
    const name = this.callName(call);
    const values = strings[traced.values[call]!] ?? '';
    return `${name.slice(name.lastIndexOf('/') + 1)}(${values})`;
  }

  /** Without the path of the package, as a Go programmer names it. */
  #shortLabel(life: number): string {
    const entry = this.data.entries[this.data.entry[life]!] ?? '';
    return `${goroutineName(this.data, this.data.id[life]!)}  ${entry.slice(entry.lastIndexOf('/') + 1)}`;
  }

  lifeLabel(life: number): string {
    return `${goroutineName(this.data, this.data.id[life]!)}  ${this.data.entries[this.data.entry[life]!] ?? ''}`;
  }

  endOf(span: number): number {
    const life = this.lifeOfSpan[span]!;
    return span + 1 < this.data.first[life + 1]! ? this.data.start[span + 1]! : this.data.lifeEnd[life]!;
  }

  /** The span, or the call, at a place of a row. */
  itemAt(row: Row, i: number): number {
    return row.order === undefined ? i : row.order[i]!;
  }

  startOfItem(row: Row, item: number): number {
    return row.of === 'calls' ? this.data.traced.start[item]! : this.data.start[item]!;
  }

  endOfItem(row: Row, item: number): number {
    return row.of === 'calls' ? this.data.traced.end[item]! : this.endOf(item);
  }

  /** The last span or call of a row that begins at a time or before; `first − 1` if there is none. */
  indexAt(row: Row, time: number): number {
    const start = row.of === 'calls' ? this.data.traced.start : this.data.start;
    let low = row.first;
    let high = row.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (start[this.itemAt(row, middle)]! <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  stateText(span: number): string {
    const state = STATE_NAMES[this.data.state[span]!] ?? 'unknown';
    const reason = this.data.strings[this.data.reason[span]!];
    return reason === undefined || reason === '' ? state : `${state}: ${reason}`;
  }

  kindName(span: number): string {
    return KINDS[this.kinds[span]!]!.name;
  }

  frames(stack: number): readonly (readonly [string, string, number])[] {
    return (this.data.stacks[stack] ?? []).map((frame) => this.data.frames[frame]!);
  }
}

function processorRows(data: PageData): Row[] {
  const counts: number[] = [];
  const runs = (span: number): number => (data.state[span] === STATE.running ? data.proc[span]! : 0);
  for (let span = 0; span < data.spans; span++) {
    const proc = runs(span);
    while (counts.length <= proc) counts.push(0);
    counts[proc]!++;
  }
  const orders = counts.map((count, proc) => new Uint32Array(proc === 0 ? 0 : count));
  const filled = counts.map(() => 0);
  for (let span = 0; span < data.spans; span++) {
    const proc = runs(span);
    if (proc > 0) orders[proc]![filled[proc]!++] = span;
  }
  return orders.flatMap((order, proc) => {
    if (order.length === 0) return [];
    order.sort((a, b) => data.start[a]! - data.start[b]!);
    return [
      { of: 'spans', label: processorName(data, proc - 1), life: -1, first: 0, end: order.length, order },
    ];
  });
}

/** The last that does not begin behind a goroutine or P; undefined: the trace is of one process. */
export function ofProcess(
  { processes }: PageData,
  id: number,
  first: 'firstGoroutine' | 'firstProcessor',
): PageData['processes'][number] | undefined {
  return processes.findLast((process) => process[first] <= id);
}

/** As its process counts it, behind the process's id if there are several: 1234:7. */
export function goroutineName(data: PageData, id: number): string {
  const process = ofProcess(data, id, 'firstGoroutine');
  return process === undefined ? String(id) : `${process.pid}:${id - process.firstGoroutine}`;
}

export function processorName(data: PageData, id: number): string {
  const process = ofProcess(data, id, 'firstProcessor');
  return process === undefined ? `P ${id}` : `${process.pid}: P ${id - process.firstProcessor}`;
}
