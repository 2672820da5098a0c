import { makeStyle } from '../commands/output/style.ts';
import type { EventRow } from '../commands/trace/event-rows.ts';
import { type EventTextOptions, eventHeading, eventPlain, eventText } from '../commands/trace/event-text.ts';
import { type LeftOut, leftOutText, WATCHABLE, WatchableEvents } from '../commands/trace/watchable-events.ts';
import type { Trace } from '../trace/index.ts';
import { renderOptions } from './rendering.ts';
import { isTerminal, writeOut } from './standard-streams.ts';

export interface TraceLineOptions extends EventTextOptions {
  readonly json: boolean;
  readonly color: boolean;
  /** Events a second of which lines tell, 0 for all. By itself: what can be watched on a terminal, all elsewhere. */
  readonly limit: number | undefined;
}

interface ProcessEvents {
  /** Undefined: there is one process only. */
  readonly pid?: number;
  /** When its times begin, in nanoseconds of the recording. */
  readonly begin?: number;
  readonly trace: Trace;
}

/** What has happened since the last time, of each process that is recorded. */
export interface LiveSource {
  take(): readonly ProcessEvents[];
}

/** An event, or how many have no line, in a process. */
interface Told {
  readonly pid: number | undefined;
  readonly one: EventRow | LeftOut;
}

/** Lines that are written at once. */
const PIECE = 1000;
const LOOK_AT_CLOCK = 64;

/** Tells of events on standard output while they happen. */
export class TraceLines {
  readonly #live: LiveSource;
  readonly #options: TraceLineOptions;
  readonly #style;
  readonly #limit: number;
  /** By process. */
  readonly #events = new Map<number | undefined, WatchableEvents>();
  #lines: string[] = [];
  /** What was taken and is not told yet: the events are valid until others are taken. */
  #reading: Iterator<Told> | undefined;

  constructor(live: LiveSource, options: TraceLineOptions) {
    this.#live = live;
    this.#options = options;
    this.#style = makeStyle(renderOptions(options));
    this.#limit = options.limit ?? (isTerminal(1) && !options.json ? WATCHABLE : 0);
    if (!options.json && isTerminal(1)) this.#lines.push(this.#style.paint('heading', eventHeading(options)));
  }

  /** Whether it has more to tell than it had time for. */
  get isBehind(): boolean {
    return this.#reading !== undefined;
  }

  /** Tells what has come, as much as there is time for: until `deadline`, of performance.now(). */
  tell(deadline = Infinity): void {
    this.#reading ??= this.#read(performance.now());
    if (this.#add(this.#reading, deadline)) this.#reading = undefined;
  }

  /** What has come since the last time, when no more will. */
  finish(): void {
    if (this.isBehind) this.tell();
    this.tell();
    this.#add(this.#rest(), Infinity);
  }

  *#read(now: number): Generator<Told> {
    for (const { pid, begin = 0, trace } of this.#live.take()) {
      let events = this.#events.get(pid);
      if (events === undefined) {
        events = new WatchableEvents(this.#limit);
        this.#events.set(pid, events);
      }
      for (const one of events.read(trace, now))
        yield { pid, one: one.event === 'left-out' ? one : { ...one, time: one.time + begin } };
    }
  }

  *#rest(): Generator<Told> {
    for (const [pid, events] of this.#events) for (const one of events.rest()) yield { pid, one };
  }

  /** False: it was not through when the time was over. */
  #add(events: Iterator<Told>, deadline: number): boolean {
    for (let count = 1; ; count++) {
      const { value: told, done } = events.next();
      if (done) break;
      this.#tell(told);
      if (this.#lines.length >= PIECE) this.#write();
      if (count % LOOK_AT_CLOCK === 0 && performance.now() >= deadline) {
        this.#write();
        return false;
      }
    }
    this.#write();
    return true;
  }

  #tell({ pid, one }: Told): void {
    if (this.#options.json) {
      const plain = one.event === 'left-out' ? one : eventPlain(one, this.#options);
      this.#lines.push(JSON.stringify(pid === undefined ? plain : { process: pid, ...plain }));
      return;
    }
    const lines =
      one.event === 'left-out' ? [this.#leftOut(one)] : eventText(one, this.#options, this.#style);
    const whose = pid === undefined ? '' : this.#style.paint('comment', `[${pid}] `);
    for (const line of lines) this.#lines.push(whose + line);
  }

  #leftOut(one: LeftOut): string {
    return this.#style.paint('comment', leftOutText(one, '--limit 0 tells all, -o keeps all'));
  }

  #write(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    writeOut(`${lines.join('\n')}\n`);
  }
}
