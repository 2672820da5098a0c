import type { StructType } from '../../image/index.ts';
import type { Memory } from '../../target/index.ts';
import { Time } from '../runtime-facts/values.ts';
import { civilText } from './civil-time.ts';
import { fieldAtAny, layoutIn } from './shapes.ts';
import type { Source } from './source.ts';
import { zoneOffset } from './time-zone.ts';

/** time/time.go: hasMonotonic is the top bit of `wall`; below it 33 bits of seconds since 1885, 30 of nanoseconds. */
const NANOSECOND_BITS = 30n;
const SECONDS_MASK = (1n << 33n) - 1n;
/** Seconds from 1 January of year 1 and of 1885 (wallToInternal) to 1970. */
const YEAR_1 = -62135596800;
const YEAR_1885 = -2682288000;
/** Beyond this a time.Time is damage, and a double no longer holds its seconds. */
const MAX_SECONDS = 9_223_372_036_000n;

/**
 * A time.Time as RFC 3339 in its own location, with the monotonic clock reading behind it if there is one;
 * undefined if it is not laid out as we know it, or is no time.
 */
export function timeText(
  memory: Memory,
  type: StructType,
  source: Source,
  offset: number,
): string | undefined {
  const layout = layoutIn(type, Time);
  const location = fieldAtAny(type, Time.fields.location.paths);
  if (layout === undefined || location === undefined) return undefined;
  const wall = source.integer(offset + layout.wall, 8, false);
  const ext = source.integer(offset + layout.ext, 8, true);
  const monotonic = wall >> 63n === 1n;
  if (!monotonic && (ext > MAX_SECONDS || ext < -MAX_SECONDS)) return undefined;
  const seconds = monotonic
    ? Number((wall >> NANOSECOND_BITS) & SECONDS_MASK) + YEAR_1885
    : Number(ext) + YEAR_1;
  const zone = zoneOffset(memory, location.type, source.pointer(offset + layout.location), seconds);
  const text = civilText(seconds, zone);
  return monotonic ? `${text}, ${ext >= 0n ? '+' : ''}${ext}` : text;
}

/** time.Duration.String. */
export function durationText(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const total = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (total < 1000n) return `${sign}${total}ns`;
  if (total < 1_000_000n) return `${sign}${decimal(total, 3)}µs`;
  if (total < 1_000_000_000n) return `${sign}${decimal(total, 6)}ms`;
  const minutes = total / 60_000_000_000n;
  const seconds = `${decimal(total % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return sign + seconds;
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** value ÷ 10^places, without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const scale = 10n ** BigInt(places);
  const fraction = String(value % scale)
    .padStart(places, '0')
    .replace(/0+$/, '');
  return `${value / scale}${fraction === '' ? '' : `.${fraction}`}`;
}
