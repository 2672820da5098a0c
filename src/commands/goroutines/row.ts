import type { Goroutine, Location } from '../../golang/index.ts';
import { formatDuration } from '../language/duration.ts';
import { harmless, type Style } from '../output/style.ts';
import { locationRow, locationText } from '../output/text.ts';
import type { Session } from '../session/session.ts';
import { blockedOnFacts } from './blocked-facts.ts';
import { blockedText } from './blocked-text.ts';
import { ownCode } from './own-code.ts';

/** Which of a goroutine's places is shown: -u -o -r -g -s. */
export type Place = 'user' | 'own' | 'current' | 'go' | 'start';

interface PlaceWords {
  readonly label: string;
  of(g: Goroutine, session: Session): Location;
}

export const PLACES: Readonly<Record<Place, PlaceWords>> = {
  user: { label: 'User', of: (g) => g.userLocation },
  own: { label: 'Own', of: (g, { program }) => ownCode(program).locationOf(g) ?? g.userLocation },
  current: { label: 'Runtime', of: (g) => g.currentLocation },
  go: { label: 'Go', of: (g) => g.goStatementLocation },
  start: { label: 'Start', of: (g) => g.startLocation },
};

/** A goroutine as plain data: everything that `--json` tells of one; `waiters`: also who waits for the same. */
export function goroutineFacts(g: Goroutine, waiters = false): Readonly<Record<string, unknown>> {
  return {
    id: g.id,
    address: g.address,
    state: g.state,
    scanning: g.scanning,
    waitReason: g.waitReason,
    waitedNs: g.waited,
    thread: g.thread,
    system: g.system,
    parent: g.parent,
    current: locationRow(g.currentLocation),
    user: locationRow(g.userLocation),
    goStatement: locationRow(g.goStatementLocation),
    start: locationRow(g.startLocation),
    labels: g.labels,
    blockedOn: blockedOnFacts(g.blockedOn, waiters),
    problem: g.problem,
  };
}

interface KeptHead {
  readonly reason: string;
  readonly waited: number | undefined;
  /** `[chan receive 5m2s]` and `[chan receive 5m2s: ` */
  readonly alone: string;
  readonly head: string;
}

/**
 * Many wait for the same reason since the same moment, by the collector's clock: that is made to words once. The last
 * few, the latest first: a comparison each, where a map would have to look at the text.
 */
const keptHeads: KeptHead[] = [];
const MOST_HEADS = 8;

/** Harmless. */
function waitText(reason: string, waited: number | undefined): KeptHead {
  for (const kept of keptHeads) if (kept.reason === reason && kept.waited === waited) return kept;
  const words = harmless(reason);
  const text = waited === undefined ? `[${words}` : `[${words} ${formatDuration(waited)}`;
  const made = { reason, waited, alone: `${text}]`, head: `${text}: ` };
  if (keptHeads.length >= MOST_HEADS) keptHeads.pop();
  keptHeads.unshift(made);
  return made;
}

interface KeptPlace {
  readonly style: Style;
  readonly label: string;
  readonly location: Location;
  readonly text: string;
}

/** By the low bits of their addresses; a power of two. A million goroutines are in a handful of places. */
const RECENT_PLACES = 256;
const recentPlaces: (KeptPlace | undefined)[] = new Array(RECENT_PLACES).fill(undefined);

/** ` - User: ./main.go:93 main.inner (0x4cdfc9)` */
function placeText(label: string, location: Location, style: Style): string {
  const place = location.pc % RECENT_PLACES;
  const recent = recentPlaces[place];
  if (
    recent !== undefined &&
    recent.location === location &&
    recent.style === style &&
    recent.label === label
  )
    return recent.text;
  const text = ` - ${label}: ${locationText(location, style)}`;
  recentPlaces[place] = { style, label, location, text };
  return text;
}

/** `[chan receive 5m2s: chan int 0xc00001c0e0 (0 of 5)]`, `[_Grunnable]`; harmless. */
function statusText(g: Goroutine): string {
  const state = g.scanning ? `${g.state}|_Gscan` : g.state;
  if (g.state !== '_Gwaiting' && g.state !== '_Gsyscall') {
    return g.state === '_Grunning' && !g.scanning ? '' : `[${state}]`;
  }
  const { alone, head } = waitText(
    g.scanning ? `${g.waitReason ?? state} (_Gscan)` : (g.waitReason ?? state),
    g.waited,
  );
  const blocked = g.blockedOn;
  return blocked === undefined ? alone : `${head}${blockedText(blocked)}]`;
}

/**
 * One line, in Delve's order: `Goroutine 18 - User: ./main.go:93 main.inner (0x4cdfc9) (thread 21110) [chan receive]`.
 * `lead` is what it begins with, a mark before it: of fewer pieces a line is sooner put together.
 */
export function goroutineLine(
  g: Goroutine,
  place: Place,
  style: Style,
  session: Session,
  lead = 'Goroutine ',
): string {
  const { label, of } = PLACES[place];
  const location = of(g, session);
  // What runs none of the program's own code is where its user location is.
  const name = place === 'own' && !ownCode(session.program).has(location) ? PLACES.user.label : label;
  let line = lead + g.id + placeText(name, location, style);
  const { thread } = g;
  if (thread !== undefined) line += ` (thread ${thread})`;
  const status = statusText(g);
  if (status !== '') line += ` ${style.paintHarmless('keyword', status)}`;
  if (g.problem !== undefined) line += ` ${style.paint('error', `(${harmless(g.problem)})`)}`;
  return line;
}

const MOST_LABELS = 5;

export function labelsText(labels: ReadonlyMap<string, string>): string | undefined {
  if (labels.size === 0) return undefined;
  const shown = [...labels]
    .slice(0, MOST_LABELS)
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const more = labels.size - shown.length;
  return `Labels: ${shown.join(', ')}${more > 0 ? `... (${more} more)` : ''}`;
}
