import type { Trace } from '../../trace/index.ts';
import { type EventName, type EventRow, EventRows } from './event-rows.ts';

/** As many lines as can be watched. */
export const WATCHABLE = 200;
const WINDOW_MS = 1000;

/** Events without a line. */
export interface LeftOut {
  readonly event: 'left-out';
  readonly count: number;
  /** The most frequent first. */
  readonly events: Readonly<Partial<Record<EventName, number>>>;
}

/** Events of which lines tell: so many a second, and how many others there were. */
export class WatchableEvents {
  /** A second; 0: all. */
  readonly #limit: number;
  readonly #rows = new EventRows();
  #windowEnd = 0;
  #told = 0;
  readonly #leftOut = new Map<EventName, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `now`: milliseconds. */
  *read(trace: Trace, now: number): Generator<EventRow | LeftOut> {
    if (now >= this.#windowEnd) {
      yield* this.rest();
      this.#windowEnd = now + WINDOW_MS;
      this.#told = 0;
    }
    for (let i = 0; i < trace.events.count; i++) {
      const name = EventRows.nameOf(trace, i);
      // What is lost is always told.
      if (name === undefined || (name !== 'lost' && this.#limit > 0 && this.#told >= this.#limit)) {
        if (name !== undefined) this.#leftOut.set(name, (this.#leftOut.get(name) ?? 0) + 1);
        this.#rows.pass(trace, i);
        continue;
      }
      const row = this.#rows.row(trace, i);
      if (row === undefined) continue;
      this.#told++;
      yield row;
    }
  }

  /** What has been left out since that was told last. */
  *rest(): Generator<LeftOut> {
    if (this.#leftOut.size === 0) return;
    const kinds = [...this.#leftOut].sort(([, x], [, y]) => y - x);
    this.#leftOut.clear();
    const count = kinds.reduce((sum, [, of]) => sum + of, 0);
    yield { event: 'left-out', count, events: Object.fromEntries(kinds) };
  }
}

/** `how`: to have them all. */
export function leftOutText({ count, events }: LeftOut, how: string): string {
  const words = Object.entries(events).map(([name, of]) => `${of} ${name}`);
  return `… ${count} events without a line: ${words.join(', ')} (${how})`;
}
