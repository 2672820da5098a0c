import type { Trace } from '../trace.ts';
import { walkCalls } from '../traced-calls.ts';
import type { ColumnReader, ColumnWriter } from './page-columns.ts';

/**
 * Traced calls as the page has them: by goroutine, then by how deep they are, then by time. Those of one depth of one
 * goroutine are a lane: they do not overlap.
 */
export interface PageCalls {
  readonly count: number;
  /** Lanes of a life are from laneOf[life] to laneOf[life + 1], the outermost first. */
  readonly laneOf: Uint32Array;
  /** Calls of a lane are from first[lane] to first[lane + 1]. */
  readonly first: Uint32Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** String ids; results + 1, 0: its return was not seen. */
  readonly name: Uint32Array;
  readonly values: Uint32Array;
  readonly results: Uint32Array;
  readonly stack: Uint32Array;
}

export interface CallCounts {
  readonly calls: number;
  readonly lanes: number;
}

/** Of one call: index of its event, when it ended, and the event of its return or −1. */
type Call = [event: number, end: number, returned: number];

/** Collects the calls of a trace and writes their columns. */
export class CallColumns {
  readonly #trace: Trace;
  /** By goroutine and depth. */
  readonly #lanes = new Map<number, Call[][]>();
  readonly counts: CallCounts;

  constructor(trace: Trace) {
    this.#trace = trace;
    const open = new Map<number, Call[]>();
    let calls = 0;
    let lanes = 0;
    walkCalls(trace, {
      begin: (goroutine, _name, _time, event) => {
        const going = listOf(open, goroutine);
        const own = listOf(this.#lanes, goroutine);
        if (own.length === going.length) {
          own.push([]);
          lanes++;
        }
        const call: Call = [event, 0, -1];
        own[going.length]!.push(call);
        going.push(call);
        calls++;
      },
      end: (goroutine, time, event) => {
        const call = open.get(goroutine)!.pop()!;
        call[1] = time;
        call[2] = event ?? -1;
      },
    });
    this.counts = { calls, lanes };
  }

  get count(): number {
    return this.counts.calls;
  }

  goroutines(): Iterable<number> {
    return this.#lanes.keys();
  }

  /** `ids`: goroutines in the order of the page's lives. */
  write(out: ColumnWriter, ids: readonly number[]): void {
    const lanes = ids.map((id) => this.#lanes.get(id) ?? []);
    for (const { length } of lanes) out.number(length);
    const ordered = lanes.flat();
    for (const lane of ordered) {
      out.number(lane.length);
      let before = 0;
      for (const [event, end] of lane) {
        const start = Math.max(before, Math.round(this.#trace.events.time[event]!));
        const last = Math.max(start, Math.round(end));
        out.number(start - before);
        out.number(last - start);
        before = last;
      }
    }
    const { a, b, stack } = this.#trace.events;
    const column = (at: (call: Call) => number): void => {
      for (const lane of ordered) for (const call of lane) out.number(at(call));
    };
    column(([event]) => a[event]!);
    column(([event]) => b[event]!);
    column(([, , returned]) => (returned < 0 ? 0 : b[returned]! + 1));
    column(([event]) => stack[event]!);
  }
}

function listOf<K, T>(lists: Map<K, T[]>, key: K): T[] {
  let list = lists.get(key);
  if (list === undefined) {
    list = [];
    lists.set(key, list);
  }
  return list;
}

export function readCalls(input: ColumnReader, lives: number, { calls, lanes }: CallCounts): PageCalls {
  const laneOf = new Uint32Array(lives + 1);
  for (let life = 0; life < lives; life++) laneOf[life + 1] = laneOf[life]! + input.number();
  const first = new Uint32Array(lanes + 1);
  const start = new Float64Array(calls);
  const end = new Float64Array(calls);
  for (let lane = 0, call = 0; lane < lanes; lane++) {
    first[lane + 1] = first[lane]! + input.number();
    let time = 0;
    for (; call < first[lane + 1]!; call++) {
      time += input.number();
      start[call] = time;
      time += input.number();
      end[call] = time;
    }
  }
  const [name, values, results, stack] = [0, 1, 2, 3].map(() => input.column(new Uint32Array(calls)));
  return {
    count: calls,
    laneOf,
    first,
    start,
    end,
    name: name!,
    values: values!,
    results: results!,
    stack: stack!,
  };
}
