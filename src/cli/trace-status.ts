import type { RecordingStatus } from '../engine/trace/recording.ts';
import { bytesText } from '../trace/analysis/index.ts';
import { isTerminal, writeError } from './standard-streams.ts';

const EVERY_MS = 250;

/** What a recording tells of itself while it goes on. */
interface ReportsStatus {
  readonly pid: number;
  readonly status: RecordingStatus;
  /** What an event costs the program. */
  readonly nanosecondsPerEvent: number;
}

/** How a recording goes: one line on a terminal that is written anew, and an answer to whoever asks. */
export class TraceStatus {
  readonly #recording: ReportsStatus;
  readonly #visible: boolean;
  readonly #line: Rates;
  readonly #asked: Rates;
  #shown = false;

  /** `shown`: the line may be on the terminal. */
  constructor(recording: ReportsStatus, shown: boolean) {
    this.#recording = recording;
    this.#visible = shown && isTerminal(2);
    this.#line = new Rates(recording);
    this.#asked = new Rates(recording);
  }

  /** Writes the line anew if it is time. */
  show(): void {
    if (!this.#visible || this.#line.age < EVERY_MS) return;
    writeError(`\r\x1b[Krecording process ${this.#recording.pid}: ${this.#line.take()}`);
    this.#shown = true;
  }

  /** Says how it goes, by all since the last time that somebody asked. */
  tell(): void {
    this.clear();
    const { events, lost } = this.#recording.status;
    const { pid } = this.#recording;
    writeError(`mattock: process ${pid}: ${this.#asked.take()}; ${events} events so far, ${lost} lost\n`);
  }

  clear(): void {
    if (this.#shown) writeError('\r\x1b[K');
    this.#shown = false;
  }
}

/** What happened between two moments. */
class Rates {
  readonly #recording: ReportsStatus;
  #time = performance.now();
  #events = 0;
  #bytes = 0;
  #lost = 0;

  constructor(recording: ReportsStatus) {
    this.#recording = recording;
  }

  /** Milliseconds since the last time. */
  get age(): number {
    return performance.now() - this.#time;
  }

  take(): string {
    const { events, bytes, lost } = this.#recording.status;
    const seconds = Math.max(this.age / 1000, 1e-3);
    const rate = Math.round((events - this.#events) / seconds);
    const volume = bytesText((bytes - this.#bytes) / seconds);
    const cost = costText(events - this.#events, this.#recording.nanosecondsPerEvent, seconds);
    const drops = lost > this.#lost ? `, ${lost - this.#lost} lost` : '';
    this.#time = performance.now();
    this.#events = events;
    this.#bytes = bytes;
    this.#lost = lost;
    return `${rate} events/s, ${volume}/s, about ${cost} of one CPU${drops}`;
  }
}

/** What so many events cost, as a share of one CPU's time. */
export const costText = (events: number, nanosecondsPerEvent: number, seconds: number): string =>
  `${((events * nanosecondsPerEvent) / 1e7 / Math.max(seconds, 1e-3)).toFixed(2)} %`;
