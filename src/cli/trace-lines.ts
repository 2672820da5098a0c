import { makeStyle } from '../commands/output/style.ts';
import { type EventName, EventRows } from '../commands/trace/event-rows.ts';
import { type EventTextOptions, eventHeading, eventPlain, eventText } from '../commands/trace/event-text.ts';
import type { LiveRecording } from '../engine/trace/recording.ts';
import { renderOptions } from './rendering.ts';
import { isTerminal, writeOut } from './standard-streams.ts';

export interface TraceLineOptions extends EventTextOptions {
  readonly json: boolean;
  readonly color: boolean;
  /** Events a second of which lines tell, 0 for all. By itself: what can be watched on a terminal, all elsewhere. */
  readonly limit: number | undefined;
}

const WATCHABLE = 200;
const WINDOW_MS = 1000;
/** Lines that are written at once. */
const PIECE = 1000;

/** Tells of events on standard output while they happen. */
export class TraceLines {
  readonly #live: LiveRecording;
  readonly #options: TraceLineOptions;
  readonly #style;
  readonly #rows = new EventRows();
  readonly #limit: number;
  #windowEnd = 0;
  #told = 0;
  readonly #leftOut = new Map<EventName, number>();
  #lines: string[] = [];

  constructor(live: LiveRecording, options: TraceLineOptions) {
    this.#live = live;
    this.#options = options;
    this.#style = makeStyle(renderOptions(options));
    this.#limit = options.limit ?? (isTerminal(1) && !options.json ? WATCHABLE : 0);
    if (!options.json && isTerminal(1)) this.#lines.push(this.#style.paint('heading', eventHeading(options)));
  }

  /** Tells what has come. */
  tell(): void {
    const trace = this.#live.take();
    this.#turnWindow(performance.now());
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
      if (this.#options.json) this.#lines.push(JSON.stringify(eventPlain(row, this.#options)));
      else this.#lines.push(...eventText(row, this.#options, this.#style));
      if (this.#lines.length >= PIECE) this.#write();
    }
    this.#write();
  }

  /** What has come since the last time, when no more will. */
  finish(): void {
    this.tell();
    this.#tellLeftOut();
    this.#write();
  }

  #turnWindow(now: number): void {
    if (now < this.#windowEnd) return;
    this.#tellLeftOut();
    this.#windowEnd = now + WINDOW_MS;
    this.#told = 0;
  }

  #tellLeftOut(): void {
    if (this.#leftOut.size === 0) return;
    const kinds = [...this.#leftOut].sort(([, x], [, y]) => y - x);
    const total = kinds.reduce((sum, [, count]) => sum + count, 0);
    this.#leftOut.clear();
    if (this.#options.json) {
      this.#lines.push(
        JSON.stringify({ event: 'left-out', count: total, events: Object.fromEntries(kinds) }),
      );
      return;
    }
    const words = kinds.map(([name, count]) => `${count} ${name}`).join(', ');
    const text = `… ${total} events without a line: ${words} (--limit 0 tells all, -o keeps all)`;
    this.#lines.push(this.#style.paint('comment', text));
  }

  #write(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    writeOut(`${lines.join('\n')}\n`);
  }
}
