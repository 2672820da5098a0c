import { type RuntimeAddress, UserError } from '../../base/index.ts';
import type { Goroutine, GoroutineState, Location } from '../../golang/index.ts';
import type { Kind } from '../language/arguments.ts';
import { NOTHING } from '../language/cursor.ts';
import type { Session } from '../session/session.ts';
import { PLACES, type Place } from './row.ts';

export type Condition = (g: Goroutine, session: Session) => boolean;

/** Frames in which `anyloc` looks. */
const ANY_DEPTH = 100;
const MOST_NAMES = 4096;

const LOCATIONS: Readonly<Record<string, Place>> = {
  userloc: 'user',
  ownloc: 'own',
  curloc: 'current',
  goloc: 'go',
  startloc: 'start',
};

const FIELDS = [...Object.keys(LOCATIONS), 'label', 'running', 'user'] as const;

/** What goroutines can be filtered by. */
const FILTERS = [...FIELDS, 'anyloc'] as const;

/** What goroutines can be grouped by. */
const GROUPS = [...FIELDS, 'state', 'reason'] as const;

/** `userloc <text>`, `label <key[=value]>`, `running`, `user` */
export const filter: Kind<Condition> = {
  usage: '<filter>',
  values:
    'userloc, ownloc, curloc, goloc, startloc or anyloc <text>; label <key> or <key>=<value>; running; user',
  expected: { kind: 'words', words: FILTERS },
  read(cursor) {
    const field = cursor.word('a filter', this.expected);
    const place = LOCATIONS[field.text];
    if (place !== undefined) {
      const text = cursor.word(`the text that ${field.text} contains`, { kind: 'function' }).text;
      return (g, session) => locationContains(PLACES[place].of(g, session), text);
    }
    if (field.text === 'anyloc') {
      const text = cursor.word('the text that a frame contains', { kind: 'function' }).text;
      return (g, { program }) =>
        program.stackOf(g, ANY_DEPTH).frames.some((frame) => locationContains(frame, text));
    }
    if (field.text === 'label') return labelCondition(cursor.word('a label', NOTHING).text);
    if (field.text === 'running') return isRunning;
    if (field.text === 'user') return (g) => !g.system;
    throw unknownFilter(field.text, field.column);
  },
};

const unknownFilter = (text: string, column: number): UserError =>
  new UserError(
    `${text} is not a filter of goroutines`,
    `they are ${FILTERS.join(', ')}; states and wait reasons have flags of their own, -state and -reason`,
    column,
  );

const unknownGroup = (text: string, column: number): UserError =>
  new UserError(`goroutines cannot be grouped by ${text}`, `they can by ${GROUPS.join(', ')}`, column);

/** As in the one-line form, so that what can be seen can be searched for: `file:line function`. */
function locationContains({ function: name, position }: Location, text: string): boolean {
  if (name?.includes(text) === true) return true;
  return position !== undefined && `${position.file}:${position.line}`.includes(text);
}

function labelCondition(text: string): Condition {
  const at = text.indexOf('=');
  if (at < 0) return (g) => g.labels.has(text);
  const key = text.slice(0, at);
  const value = text.slice(at + 1);
  return (g) => g.labels.get(key) === value;
}

/** As Delve means it: a thread runs it or waits in a system call for it. */
const isRunning = (g: Goroutine): boolean => g.thread !== undefined;

/** What `-group` groups by: a name for each goroutine's group. */
export interface Grouping {
  readonly by: string;
  /** Naming a group takes the top of the stack. */
  readonly readsStack?: boolean;
  nameOf(g: Goroutine, session: Session): string;
}

export const grouping: Kind<Grouping> = {
  usage: '<property>',
  values: 'userloc, ownloc, curloc, goloc, startloc, running, user, state, reason, or label <key>',
  expected: { kind: 'words', words: GROUPS },
  read(cursor) {
    const field = cursor.word('what to group by', this.expected);
    const place = LOCATIONS[field.text];
    if (place !== undefined)
      return {
        by: field.text,
        readsStack: place === 'user' || place === 'own',
        nameOf: locationNames(place),
      };
    switch (field.text) {
      case 'label': {
        const key = cursor.word('the label', NOTHING).text;
        return { by: `label ${key}`, nameOf: (g) => labelName(key, g.labels.get(key)) };
      }
      case 'running':
        return { by: 'running', nameOf: (g) => `running=${isRunning(g)}` };
      case 'user':
        return { by: 'user', nameOf: (g) => `user=${!g.system}` };
      case 'state':
        return { by: 'state', nameOf: (g) => g.state };
      case 'reason':
        return { by: 'reason', nameOf: (g) => g.waitReason ?? g.state };
      default:
        throw unknownGroup(field.text, field.column);
    }
  },
};

const labelName = (key: string, value: string | undefined): string =>
  value === undefined ? `no label ${key}` : `${key}=${value}`;

/** A million goroutines are in a handful of places, and mostly each is one object: its name is made once. */
function locationNames(place: Place): (g: Goroutine, session: Session) => string {
  const names = new Map<Location, string>();
  const { of } = PLACES[place];
  return (g, session) => {
    const location = of(g, session);
    let name = names.get(location);
    if (name === undefined) {
      name = locationName(location);
      if (names.size >= MOST_NAMES) names.clear();
      names.set(location, name);
    }
    return name;
  };
}

function locationName({ pc, function: name, position }: Location): string {
  if (position === undefined) return `${name ?? '?'} (0x${pc.toString(16)})`;
  return `${position.file}:${position.line} in ${name ?? '?'}`;
}

/** The names that are typed: `waiting`, `_Gwaiting`. */
const STATES: Readonly<Record<string, GoroutineState>> = {
  idle: '_Gidle',
  runnable: '_Grunnable',
  running: '_Grunning',
  syscall: '_Gsyscall',
  waiting: '_Gwaiting',
  dead: '_Gdead',
  copystack: '_Gcopystack',
  preempted: '_Gpreempted',
  leaked: '_Gleaked',
  deadextra: '_Gdeadextra',
};

export const state: Kind<GoroutineState> = {
  usage: '<state>',
  values: Object.keys(STATES).join(', '),
  expected: { kind: 'words', words: Object.keys(STATES) },
  read(cursor) {
    const word = cursor.word('a state', this.expected);
    const found = STATES[word.text.replace(/^_G/, '')];
    if (found !== undefined) return found;
    throw new UserError(
      `${word.text} is not a state of goroutines`,
      `they are ${Object.keys(STATES).join(', ')}`,
      word.column,
    );
  },
};

/** Whether a goroutine sends to or receives from a channel now. */
export function waitsOn(g: Goroutine, channel: RuntimeAddress): boolean {
  const blocked = g.blockedOn;
  if (blocked?.kind === 'channel') return blocked.channel?.address === channel;
  return blocked?.kind === 'select' && blocked.cases.some((c) => c.channel.address === channel);
}
