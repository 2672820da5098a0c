import { STATE } from '../src/trace/events.ts';
import type { PageData } from '../src/trace/export/page-data.ts';
import { KINDS, kindsOf, STATE_NAMES } from './kinds.ts';

/** A line of the timeline: spans by time, from `first` to `end` of `order`, or of the spans themselves without it. */
export interface Row {
  readonly label: string;
  readonly life: number;
  readonly first: number;
  readonly end: number;
  readonly order: Uint32Array | undefined;
}

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
      label: this.lifeLabel(life),
      life,
      first: data.first[life]!,
      end: data.first[life + 1]!,
      order: undefined,
    }));
    this.processors = processorRows(data);
    this.lifeById = new Map(Array.from(data.id, (id, life) => [id, life]));
  }

  lifeLabel(life: number): string {
    return `${goroutineName(this.data, this.data.id[life]!)}  ${this.data.entries[this.data.entry[life]!] ?? ''}`;
  }

  endOf(span: number): number {
    const life = this.lifeOfSpan[span]!;
    return span + 1 < this.data.first[life + 1]! ? this.data.start[span + 1]! : this.data.lifeEnd[life]!;
  }

  spanAt(row: Row, i: number): number {
    return row.order === undefined ? i : row.order[i]!;
  }

  /** The last span of a row that begins at a time or before; `first − 1` if there is none. */
  indexAt(row: Row, time: number): number {
    const { start } = this.data;
    let low = row.first;
    let high = row.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (start[this.spanAt(row, middle)]! <= time) low = middle + 1;
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

  /** Rows that a filter lets through: words are all to be met; `g:`, `p:` (process), `state:`, `reason:` say where. */
  filtered(query: string): readonly Row[] {
    const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
    return words.length === 0 ? this.goroutines : this.goroutines.filter(this.#condition(words));
  }

  #condition(words: readonly string[]): (row: Row) => boolean {
    const { data } = this;
    const tests = words.map((word): ((row: Row) => boolean) => {
      const [, field, text] = /^(g|p|state|reason|fn):(.*)$/.exec(word) ?? [undefined, undefined, word];
      if (field === 'g')
        return ({ life }) => String(data.id[life]) === text || goroutineName(data, data.id[life]!) === text;
      if (field === 'p')
        return ({ life }) => {
          const process = ofProcess(data, data.id[life]!, 'firstGoroutine');
          return process !== undefined && `${process.pid} ${process.command.toLowerCase()}`.includes(text!);
        };
      if (field === 'state') {
        const wanted = STATE_NAMES.map((name) => name.startsWith(text!));
        return this.#anySpan((span) => wanted[data.state[span]!] === true);
      }
      if (field === 'reason') {
        const wanted = data.strings.map((reason) => reason.toLowerCase().includes(text!));
        return this.#anySpan((span) => data.reason[span] !== 0 && wanted[data.reason[span]!] === true);
      }
      const frames = data.frames.map(([name]) => name.toLowerCase().includes(text!));
      const stacks = data.stacks.map((stack) => stack.some((frame) => frames[frame] === true));
      const inStack = this.#anySpan((span) => stacks[data.stack[span]!] === true);
      return (row) => row.label.toLowerCase().includes(text!) || inStack(row);
    });
    return (row) => tests.every((test) => test(row));
  }

  #anySpan(test: (span: number) => boolean): (row: Row) => boolean {
    return ({ first, end }) => {
      for (let span = first; span < end; span++) if (test(span)) return true;
      return false;
    };
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
    return [{ label: processorName(data, proc - 1), life: -1, first: 0, end: order.length, order }];
  });
}

/** The last that does not begin behind a goroutine or P; undefined: the trace is of one process. */
function ofProcess(
  { processes }: PageData,
  id: number,
  first: 'firstGoroutine' | 'firstProcessor',
): PageData['processes'][number] | undefined {
  return processes.findLast((process) => process[first] <= id);
}

/** As its process counts it, behind the process's id if there are several: 1234:7. */
function goroutineName(data: PageData, id: number): string {
  const process = ofProcess(data, id, 'firstGoroutine');
  return process === undefined ? String(id) : `${process.pid}:${id - process.firstGoroutine}`;
}

export function processorName(data: PageData, id: number): string {
  const process = ofProcess(data, id, 'firstProcessor');
  return process === undefined ? `P ${id}` : `${process.pid}: P ${id - process.firstProcessor}`;
}
