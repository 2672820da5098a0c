import { type Command, Option } from 'commander';
import { parseDuration } from '../commands/language/duration.ts';
import { MOST_FRAMES } from '../trace/calls/call-plan.ts';
import type { RecordingRequest } from './trace-subject.ts';

/** What `mattock trace PATTERN` was asked for. */
export interface TraceCallOptions extends RecordingRequest {
  readonly pattern: string;
  readonly followCalls: number;
  readonly frames: number;
  readonly condition: string | undefined;
  /** Nanoseconds. */
  readonly slowerThan: number | undefined;
  readonly summary: boolean;
  readonly traps: boolean;
  readonly json: boolean;
  readonly color: boolean;
}

/** Deeper is the whole program. */
const MOST_FOLLOWED = 20;

export function addCallOptions(trace: Command): void {
  const number =
    (most: number) =>
    (text: string): number => {
      const value = Number(text);
      const known = Number.isInteger(value) && value >= 0 && value <= most;
      return known ? value : trace.error(`error: ${text} is not a number from 0 to ${most}`);
    };
  trace
    .addOption(
      new Option('-s, --stack <n>', 'of each call, the stack: so many frames').argParser(number(MOST_FRAMES)),
    )
    .addOption(
      new Option('--follow-calls <n>', 'calls that traced functions make too, so many levels down').argParser(
        number(MOST_FOLLOWED),
      ),
    )
    .addOption(new Option('--if <condition>', "only calls for which it is true: --if 'n > 100'"))
    .addOption(
      new Option('--slower-than <time>', 'only calls that take at least so long: 10ms').argParser(
        (text) => parseDuration(text) ?? trace.error(`error: ${text} is not a time: write 10ms or 1.5s`),
      ),
    )
    .addOption(
      new Option('--no-traps', 'nothing of functions without room for a jump: a trap there takes 2 to 10 µs'),
    )
    .addOption(new Option('--summary', 'count calls and how long they take, instead of showing each'));
}

export function callOptions(
  pattern: string,
  values: Readonly<Record<string, unknown>>,
  common: Pick<TraceCallOptions, 'subject' | 'duration' | 'lossless'>,
): TraceCallOptions {
  return {
    subject: common.subject,
    duration: common.duration,
    lossless: common.lossless,
    pattern,
    followCalls: (values.followCalls as number | undefined) ?? 0,
    frames: (values.stack as number | undefined) ?? 0,
    condition: values.if as string | undefined,
    slowerThan: values.slowerThan as number | undefined,
    summary: values.summary === true,
    traps: values.traps !== false,
    json: values.json === true,
    color: values.color !== false,
  };
}

/** By the names of their values. */
const OF_CALLS = {
  stack: '--stack',
  followCalls: '--follow-calls',
  if: '--if',
  slowerThan: '--slower-than',
  summary: '--summary',
};
const OF_GOROUTINES = {
  lines: '--lines',
  states: '--states',
  stacks: '--stacks',
  limit: '--limit',
  engine: '--engine',
};
/** What a file takes the place of. */
const OF_SHOWN_CALLS = { summary: '--summary', json: '--json' };

/** Why an option has nothing to be about; undefined: all have. */
export function strayOption(
  pattern: string | undefined,
  values: Readonly<Record<string, unknown>>,
): string | undefined {
  const given = (options: Readonly<Record<string, string>>): string | undefined =>
    Object.entries(options).find(([name]) => values[name] !== undefined)?.[1];
  if (pattern === undefined) {
    const stray =
      given(OF_CALLS) ?? (values.traps === false && !values.goroutines ? '--no-traps' : undefined);
    return stray && `${stray} is for calls: name a pattern of functions too`;
  }
  const stray = given(OF_GOROUTINES);
  if (stray !== undefined) return `${stray} is for goroutines: ${pattern} means calls`;
  if (values.output === undefined && values.followChild !== undefined)
    return 'calls of children are kept and not shown: name a file with -o';
  if (values.output === undefined)
    return values.goroutines === undefined
      ? undefined
      : 'calls of some goroutines only are kept and not shown: name a file with -o';
  const shown = given(OF_SHOWN_CALLS);
  return shown && `${shown} shows calls, and -o keeps them in a file: one of the two`;
}
