import { makeStyle } from '../commands/output/style.ts';
import type { EventRow } from '../commands/trace/event-rows.ts';
import { type EventTextOptions, eventHeading, eventPlain, eventText } from '../commands/trace/event-text.ts';
import { type LeftOut, leftOutText, WATCHABLE, WatchableEvents } from '../commands/trace/watchable-events.ts';
import type { LiveRecording } from '../engine/trace/recording.ts';
import { renderOptions } from './rendering.ts';
import { isTerminal, writeOut } from './standard-streams.ts';

export interface TraceLineOptions extends EventTextOptions {
  readonly json: boolean;
  readonly color: boolean;
  /** Events a second of which lines tell, 0 for all. By itself: what can be watched on a terminal, all elsewhere. */
  readonly limit: number | undefined;
}

/** Lines that are written at once. */
const PIECE = 1000;
const LOOK_AT_CLOCK = 64;

/** Tells of events on standard output while they happen. */
export class TraceLines {
  readonly #live: LiveRecording;
  readonly #options: TraceLineOptions;
  readonly #style;
  readonly #events: WatchableEvents;
  #lines: string[] = [];
  /** What was taken and is not told yet: the events are valid until others are taken. */
  #reading: Iterator<EventRow | LeftOut> | undefined;

  constructor(live: LiveRecording, options: TraceLineOptions) {
    this.#live = live;
    this.#options = options;
    this.#style = makeStyle(renderOptions(options));
    this.#events = new WatchableEvents(options.limit ?? (isTerminal(1) && !options.json ? WATCHABLE : 0));
    if (!options.json && isTerminal(1)) this.#lines.push(this.#style.paint('heading', eventHeading(options)));
  }

  /** Whether it has more to tell than it had time for. */
  get isBehind(): boolean {
    return this.#reading !== undefined;
  }

  /** Tells what has come, as much as there is time for: until `deadline`, of performance.now(). */
  tell(deadline = Infinity): void {
    this.#reading ??= this.#events.read(this.#live.take(), performance.now());
    if (this.#add(this.#reading, deadline)) this.#reading = undefined;
  }

  /** What has come since the last time, when no more will. */
  finish(): void {
    if (this.isBehind) this.tell();
    this.tell();
    this.#add(this.#events.rest(), Infinity);
  }

  /** False: it was not through when the time was over. */
  #add(events: Iterator<EventRow | LeftOut>, deadline: number): boolean {
    for (let count = 1; ; count++) {
      const { value: one, done } = events.next();
      if (done) break;
      if (one.event === 'left-out') this.#lines.push(this.#leftOut(one));
      else if (this.#options.json) this.#lines.push(JSON.stringify(eventPlain(one, this.#options)));
      else this.#lines.push(...eventText(one, this.#options, this.#style));
      if (this.#lines.length >= PIECE) this.#write();
      if (count % LOOK_AT_CLOCK === 0 && performance.now() >= deadline) {
        this.#write();
        return false;
      }
    }
    this.#write();
    return true;
  }

  #leftOut(one: LeftOut): string {
    if (this.#options.json) return JSON.stringify(one);
    return this.#style.paint('comment', leftOutText(one, '--limit 0 tells all, -o keeps all'));
  }

  #write(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    writeOut(`${lines.join('\n')}\n`);
  }
}
