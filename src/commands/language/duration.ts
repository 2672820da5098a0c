import { UserError } from '../../base/index.ts';
import type { Kind } from './arguments.ts';
import { NOTHING } from './cursor.ts';

/** Nanoseconds of the units that Go's time.ParseDuration knows, and days. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86400e9,
};

export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g)) {
    total += Number(amount) * UNITS[unit!]!;
  }
  return total;
}

/** Two units at most: `3h12m`, `5.2s`, `80µs`. */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${Math.round(nanoseconds)}ns`;
  if (nanoseconds < 1e6) return `${tenths(nanoseconds / 1e3)}µs`;
  if (nanoseconds < 1e9) return `${tenths(nanoseconds / 1e6)}ms`;
  if (nanoseconds < 60e9) return `${tenths(nanoseconds / 1e9)}s`;
  const seconds = Math.floor(nanoseconds / 1e9);
  // A list of many timers tells mostly of the same second.
  if (seconds !== keptSeconds) {
    keptSeconds = seconds;
    keptText = formatSeconds(seconds);
  }
  return keptText;
}

let keptSeconds = -1;
let keptText = '';

/** From a minute on. */
function formatSeconds(seconds: number): string {
  const pair = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'm', seconds % 60, 's');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
  const hours = Math.floor(minutes / 60);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

const tenths = (value: number): string => String(Math.floor(value * 10) / 10);

/** `5s`, `1m30s`: nanoseconds. */
export const duration: Kind<number> = {
  usage: '<time>',
  expected: NOTHING,
  read(cursor) {
    const { text, column } = cursor.word('<time>', NOTHING);
    const parsed = parseDuration(text);
    if (parsed === undefined)
      throw new UserError(`${text} is not a time`, "write it like '5s' or '1m30s'", column);
    return parsed;
  },
};

/** `>5m`, `<=10s`, or `5m` (at least). */
export interface DurationLimit {
  readonly text: string;
  admits(nanoseconds: number): boolean;
}

export const durationLimit: Kind<DurationLimit> = {
  usage: '<limit>',
  expected: NOTHING,
  read(cursor) {
    const word = cursor.word('<limit>', NOTHING);
    const [, operator, amount] = /^(>=|<=|>|<|)(.*)$/.exec(word.text)!;
    const limit = parseDuration(amount!);
    if (limit === undefined) {
      throw new UserError(
        `${word.text} is not a limit of time`,
        "write it like '>5m' or '<=1h30m'",
        word.column,
      );
    }
    return { text: word.text, admits: comparison(operator!, limit) };
  },
};

function comparison(operator: string, limit: number): (value: number) => boolean {
  switch (operator) {
    case '>':
      return (value) => value > limit;
    case '<':
      return (value) => value < limit;
    case '<=':
      return (value) => value <= limit;
    default:
      return (value) => value >= limit;
  }
}
