import { EVENT } from '../events.ts';

/**
 * What our files carry besides events that every reader takes: strings that no event refers to, so that Go's tools do
 * not see them and our reader gets back exactly what was written.
 *
 *   "mattock hidden T T …"     ticks of events that were only written because the format asks for them; each but the
 *                              first as the distance from the one before; in base 36
 *   "mattock event T K …"      an event at tick T whose columns the format cannot say: kind, goroutine, actor, P,
 *                              thread, stack, a, b, c; strings and stacks as ids of the generation, objects as strings
 *   "mattock started N"        when the recording began, in nanoseconds since 1970
 *   "mattock process {…}"      in the last generation: one of several processes that the trace is of, as JSON (TraceProcess)
 *   "mattock ended N"          when it ended, in nanoseconds since its beginning, if that is later than its last event
 */
export const HIDDEN = 'mattock hidden ';
export const SIDE_EVENT = 'mattock event ';
export const STARTED = 'mattock started ';
export const PROCESS = 'mattock process ';
export const ENDED = 'mattock ended ';

/** Ticks per nanosecond: events of one nanosecond keep their order. */
export const TICKS = 8;

/** Addresses of user space are below; what is above tells frames of one pc apart, which Go's readers would not. */
export const PC_SPACE = 2 ** 47;

export type Role = 'number' | 'string' | 'stack' | 'object';

const NUMBERS = ['number', 'number', 'number'] as const;

const ROLES: Readonly<Record<number, readonly [Role, Role, Role]>> = {
  [EVENT.created]: ['stack', 'number', 'number'],
  [EVENT.known]: ['number', 'string', 'object'],
  [EVENT.blocked]: ['string', 'object', 'number'],
  [EVENT.stopped]: ['string', 'number', 'number'],
  [EVENT.syscallBegin]: ['number', 'object', 'number'],
  [EVENT.stwBegin]: ['string', 'number', 'number'],
  [EVENT.taskBegin]: ['number', 'number', 'string'],
  [EVENT.regionBegin]: ['number', 'number', 'string'],
  [EVENT.regionEnd]: ['number', 'number', 'string'],
  [EVENT.log]: ['number', 'string', 'string'],
  [EVENT.label]: ['number', 'number', 'string'],
  [EVENT.call]: ['string', 'string', 'number'],
  [EVENT.return]: ['string', 'string', 'number'],
  [EVENT.lost]: ['number', 'string', 'number'],
  [EVENT.holds]: ['object', 'string', 'number'],
};

/** What a, b and c of a kind are: events.ts, as a table. */
export const rolesOf = (kind: number): readonly [Role, Role, Role] => ROLES[kind] ?? NUMBERS;

export interface SideEvent {
  readonly tick: number;
  /** kind, goroutine, actor, P, thread, stack, a, b, c. */
  readonly fields: readonly number[];
}

const FIELDS = 9;

export function parseSideEvent(text: string): SideEvent | undefined {
  const numbers = text.slice(SIDE_EVENT.length).split(' ').map(Number);
  const [tick, ...fields] = numbers;
  // A damaged file may say anything: a time that is no number would make all sums of times such.
  if (tick === undefined || fields.length !== FIELDS || !numbers.every(Number.isFinite)) return undefined;
  return { tick, fields };
}

export function* parseHidden(text: string): Iterable<number> {
  let tick = 0;
  for (const word of text.slice(HIDDEN.length).split(' ')) {
    tick += Number.parseInt(word, 36);
    yield tick;
  }
}
