import type { TraceBuilder } from '../trace-builder.ts';
import { EventStream } from './event-stream.ts';
import type { Interpretation } from './interpreter.ts';
import type { RawLog } from './raw-log.ts';
import { LOST, NOT_KEPT, RecordLog } from './record-log.ts';

export interface Pace {
  /** Records that are looked at together. */
  readonly window: number;
  /** For so many nanoseconds a thread may be descheduled between looking at the clock and finishing its record. */
  readonly behind: number;
}

/** Some hundred megabytes. */
const CALM: Pace = { window: 1 << 20, behind: 1e9 };

/**
 * Turns all that was kept into events, every goroutine's changes of state chained; what does not chain is counted. Gives
 * the part that is done, 0 to 1, after each window of records; what was built so far may be taken away then.
 */
export function* replay(
  builder: TraceBuilder,
  raw: RawLog,
  input: Omit<Interpretation, 'log'>,
  pace: Pace = CALM,
): Iterable<{ readonly done: number; readonly stream: EventStream }> {
  // All that are followed are to be known first: what they did before they were counts too.
  if (input.followed !== undefined) {
    for (const { stream, time, last } of windows(builder, raw, input, pace)) stream.follow(time, last);
  }
  for (const { stream, time, last, done } of windows(builder, raw, input, pace)) {
    stream.advance(time, last);
    yield { done, stream };
  }
}

interface Window {
  readonly stream: EventStream;
  /** Of the record that came last. */
  readonly time: number;
  readonly last: boolean;
  readonly done: number;
}

function* windows(
  builder: TraceBuilder,
  raw: RawLog,
  input: Omit<Interpretation, 'log'>,
  { window, behind }: Pace,
): Iterable<Window> {
  const log = new RecordLog();
  const stream = new EventStream(builder, { ...input, log }, behind);
  const reader = raw.reader();
  for (let last = false; !last; ) {
    reader.read(log, window);
    last = reader.isAtEnd;
    if (last && raw.refused > 0) log.note(LOST, log.lastTime, 0, NOT_KEPT, raw.refused);
    yield {
      stream,
      last,
      time: input.clock.time(log.lastTime),
      done: raw.count === 0 ? 1 : log.count / raw.count,
    };
  }
}
