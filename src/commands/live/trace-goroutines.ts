import { UserError } from '../../base/index.ts';
import { namePattern } from '../../trace/calls/name-pattern.ts';
import { Answer, type Context } from '../command.ts';
import { formatDuration } from '../language/duration.ts';
import type { Style } from '../output/style.ts';
import type { Happening } from '../session/happening.ts';
import { liveOf, type Recorded, requireAlive } from '../session/live-control.ts';
import type { EventRow } from '../trace/event-rows.ts';
import { type EventTextOptions, eventPlain, eventText } from '../trace/event-text.ts';
import { type LeftOut, leftOutText, WATCHABLE, WatchableEvents } from '../trace/watchable-events.ts';
import { renderStop, reportStop, type StopReport } from './stop-report.ts';

/** What was typed of `trace -g`. */
export interface GoroutineTraceArguments {
  readonly time: number | undefined;
  readonly limit: number | undefined;
  readonly states: boolean;
  readonly stacks: boolean;
}

interface GoroutineTraceReport {
  readonly stop: StopReport;
  readonly recorded: Omit<Recorded, 'stop'> & {
    /** Of the goroutines that were followed, with a line or without. */
    readonly events: number;
  };
}

export function traceGoroutines(context: Context, args: GoroutineTraceArguments, pattern: string): Answer {
  const live = liveOf(context, 'trace');
  requireAlive(live.processes.selected);
  const follow = namePattern(pattern);
  const { session } = context;
  const watchable = new WatchableEvents(args.limit ?? WATCHABLE);
  let events = 0;
  const tell = (all: Iterable<EventRow | LeftOut>): void => {
    for (const one of all) {
      events += one.event === 'left-out' ? one.count : 1;
      session.tell?.(new GoroutineEvent(one, args));
    }
  };
  const { stop, ...recorded } = live.record({
    follow,
    nanoseconds: args.time,
    tell: (trace) => tell(watchable.read(trace, performance.now())),
  });
  tell(watchable.rest());
  const report: GoroutineTraceReport = {
    stop: reportStop(context, stop),
    recorded: { ...recorded, events },
  };
  return new Answer(report, (style) => render(report, style, context));
}

/** Flags that mean something with `-g` only. */
export function refuseWithout(args: GoroutineTraceArguments): void {
  const { time, limit, states, stacks } = args;
  if (time === undefined && limit === undefined && !states && !stacks) return;
  throw new UserError(
    '-t, -limit, -states and -stacks are of `trace -g`',
    'name the goroutines: -g main.handle',
  );
}

function* render({ stop, recorded }: GoroutineTraceReport, style: Style, context: Context): Iterable<string> {
  const { nanoseconds, events, followed, lost, notes } = recorded;
  for (const note of notes) yield style.paint('comment', note);
  const missing = lost === 0 ? 'none lost' : style.paint('error', `${lost} lost: the ring was full`);
  yield `${formatDuration(nanoseconds)}: ${events} events of ${followed} goroutines, ${missing}`;
  yield* renderStop(stop, style, context);
}

/** Something that a goroutine did, or that some have no line. */
class GoroutineEvent implements Happening {
  readonly #event: EventRow | LeftOut;
  readonly #options: EventTextOptions;

  constructor(event: EventRow | LeftOut, options: EventTextOptions) {
    this.#event = event;
    this.#options = options;
  }

  toPlain(): Readonly<Record<string, unknown>> {
    const event = this.#event;
    return event.event === 'left-out' ? { ...event } : eventPlain(event, this.#options);
  }

  *text(style: Style): Iterable<string> {
    const event = this.#event;
    if (event.event !== 'left-out') yield* eventText(event, this.#options, style);
    else yield style.paint('comment', leftOutText(event, '-limit 0 tells all'));
  }
}
