import type { RuntimeAddress } from '../../base/index.ts';
import type { StructType, Type } from '../../image/index.ts';
import type { Memory } from '../../target/index.ts';
import { TimeLocation, TimeTransition, TimeZone } from '../runtime-facts/values.ts';
import { dateOfDay, dayOfDate } from './civil-time.ts';
import { fieldAtAny, layoutIn, structOf, targetOf, underlying } from './shapes.ts';
import { Source } from './source.ts';

const DAY = 86400;
/** The most transitions of any zone are below 300. */
const MAX_TRANSITIONS = 4096;

/**
 * Seconds east of UTC at a Unix time, from the debuggee's own time.Location (time/zoneinfo.go, Location.lookup):
 * the machine that debugs may have other rules, or other names. A location that was never loaded is UTC.
 */
export function zoneOffset(
  memory: Memory,
  pointerType: Type,
  location: RuntimeAddress,
  seconds: number,
): number {
  const type = structOf(targetOf(pointerType));
  if (location === 0 || type === undefined) return 0;
  const source = Source.memory(memory, location);
  return cachedOffset(memory, type, source, seconds) ?? tableOffset(memory, type, source, seconds) ?? 0;
}

function cachedOffset(memory: Memory, type: StructType, source: Source, seconds: number): number | undefined {
  const layout = layoutIn(type, TimeLocation);
  const zoneType = targetOf(fieldAtAny(type, TimeLocation.fields.cacheZone.paths)?.type);
  const zone = layoutIn(zoneType, TimeZone);
  if (layout === undefined || zone === undefined) return undefined;
  const address = source.pointer(layout.cacheZone);
  if (
    address === 0 ||
    seconds < source.int64(layout.cacheStart) ||
    seconds >= source.int64(layout.cacheEnd)
  ) {
    return undefined;
  }
  return Source.memory(memory, address).int64(zone.offset);
}

function tableOffset(memory: Memory, type: StructType, source: Source, seconds: number): number | undefined {
  const zones = sliceField(memory, type, source, TimeLocation.fields.zones.paths);
  const transitions = sliceField(memory, type, source, TimeLocation.fields.transitions.paths);
  const zoneLayout = layoutIn(zones?.element, TimeZone);
  const layout = layoutIn(transitions?.element, TimeTransition);
  if (!zones || !transitions || !zoneLayout || !layout || zones.length === 0) return undefined;
  const { items } = transitions;
  let last = -1;
  for (let i = 0; i < Math.min(transitions.length, MAX_TRANSITIONS); i++) {
    if (items.int64(i * layout.size + layout.when) > seconds) break;
    last = i;
  }
  if (last === transitions.length - 1) {
    const extended = ruleOffset(extendOf(memory, type, source), seconds);
    if (extended !== undefined) return extended;
  }
  // Before the first transition: the first zone, which lookupFirstZone picks in all but odd files.
  const zone = last < 0 ? 0 : items.uint8(last * layout.size + layout.index);
  return zone < zones.length ? zones.items.int64(zone * zoneLayout.size + zoneLayout.offset) : undefined;
}

interface SliceField {
  readonly element: Type;
  readonly length: number;
  readonly items: Source;
}

function sliceField(
  memory: Memory,
  type: StructType,
  source: Source,
  paths: readonly string[],
): SliceField | undefined {
  const field = fieldAtAny(type, paths);
  const slice = field === undefined ? undefined : underlying(field.type);
  if (field === undefined || slice?.kind !== 'slice') return undefined;
  const items = Source.memory(memory, source.pointer(field.offset));
  return { element: slice.element, length: source.int64(field.offset + 8), items };
}

function extendOf(memory: Memory, type: StructType, source: Source): string {
  const field = fieldAtAny(type, TimeLocation.fields.extend.paths);
  if (field === undefined) return '';
  const length = source.int64(field.offset + 8);
  if (length <= 0 || length > 256) return '';
  return String.fromCharCode(...memory.read(source.pointer(field.offset), length));
}

const NAME = '(?:[A-Za-z]{3,}|<[^>]+>)';
const CLOCK = '[+-]?\\d+(?::\\d+){0,2}';
const RULE = `M\\d+\\.\\d\\.\\d(?:/${CLOCK})?`;
const POSIX = new RegExp(`^${NAME}(${CLOCK})(?:${NAME}(${CLOCK})?(?:,(${RULE}),(${RULE}))?)?$`);

/**
 * POSIX TZ rules (`CET-1CEST,M3.5.0,M10.5.0/3`), by which tz files continue after their last transition.
 * Not supported: days of the year (J59, 60), which no zone in use has; they give undefined.
 */
export function ruleOffset(rule: string, seconds: number): number | undefined {
  const match = POSIX.exec(rule);
  if (match === null) return undefined;
  const standard = -clockSeconds(match[1]!);
  const [, , daylightText, startText, endText] = match;
  if (startText === undefined || endText === undefined) return standard;
  const daylight = daylightText === undefined ? standard + 3600 : -clockSeconds(daylightText);
  const { year } = dateOfDay(Math.floor((seconds + standard) / DAY));
  const start = ruleSeconds(startText, year) - standard;
  const end = ruleSeconds(endText, year) - daylight;
  const inDaylight = start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end;
  return inDaylight ? daylight : standard;
}

function clockSeconds(text: string): number {
  const negative = text.startsWith('-');
  const [hours = 0, minutes = 0, seconds = 0] = text.replace(/^[+-]/, '').split(':').map(Number);
  const total = hours * 3600 + minutes * 60 + seconds;
  return negative ? -total : total;
}

/** `M3.5.0/2`: the fifth (that is, last) Sunday of March at 2 o'clock, as local seconds since 1970. */
function ruleSeconds(rule: string, year: number): number {
  const [date, clock = '2'] = rule.slice(1).split('/') as [string, string?];
  const [month, week, weekday] = date.split('.').map(Number) as [number, number, number];
  const first = dayOfDate({ year, month, day: 1 });
  // 1970-01-01 was a Thursday.
  const firstWeekday = (((first + 4) % 7) + 7) % 7;
  let day = first + ((weekday - firstWeekday + 7) % 7) + 7 * (week - 1);
  const next =
    month === 12
      ? dayOfDate({ year: year + 1, month: 1, day: 1 })
      : dayOfDate({ year, month: month + 1, day: 1 });
  while (day >= next) day -= 7;
  return day * DAY + clockSeconds(clock);
}
