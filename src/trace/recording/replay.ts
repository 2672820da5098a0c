import type { TraceBuilder } from '../trace-builder.ts';
import { EventStream } from './event-stream.ts';
import type { Interpretation } from './interpreter.ts';
import type { RawLog } from './raw-log.ts';
import { LOST, NOT_KEPT, RecordLog } from './record-log.ts';

/** Records that are looked at together: some hundred megabytes. */
const WINDOW = 1 << 20;
/** The record that would have told its id may have been lost. */
const UNNAMED_NS = 10e9;

/**
 * Turns all that was kept into events, every goroutine's changes of state chained; what does not chain is counted. Gives
 * the part that is done, 0 to 1, after each window of records; what was built so far may be taken away then.
 */
export function* replay(
  builder: TraceBuilder,
  raw: RawLog,
  input: Omit<Interpretation, 'log'>,
  window = WINDOW,
): Iterable<{ readonly done: number; readonly stream: EventStream }> {
  // All that are followed are to be known first: what they did before they were counts too.
  if (input.followed !== undefined) {
    for (const { stream, time, last } of windows(builder, raw, input, window)) stream.follow(time, last);
  }
  for (const { stream, time, last, done } of windows(builder, raw, input, window)) {
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
  window: number,
): Iterable<Window> {
  const log = new RecordLog();
  const stream = new EventStream(
    builder,
    { ...input, log },
    {
      late: input.clock.span(raw.lateness),
      unnamed: UNNAMED_NS,
    },
  );
  const reader = raw.reader();
  for (let last = false; !last; ) {
    // What waits is looked through each time.
    reader.read(log, Math.max(window, stream.waiting));
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
