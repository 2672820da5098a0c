import { STATE } from '../events.ts';
import { SPAN_FLAG } from '../spans.ts';
import { type Distribution, distributionOf, Numbering } from './distribution.ts';
import { GoStatements } from './go-statements.ts';
import { type LeakRisk, riskOfGroup, UNUSUAL } from './leak-risk.ts';
import { PartnerIndex, partnerKey } from './partners.ts';
import type { Place } from './places.ts';
import { isWorse, RISKS } from './risk.ts';
import { type StateRow, statesAt } from './states.ts';
import type { Subject } from './subject.ts';
import { WAIT_CLASSES, type WaitClass } from './wait-class.ts';
import { familyOf, WaitedObjects } from './waited-objects.ts';

export interface Leaks {
  /** The program's goroutines that live at the end of the trace. */
  readonly living: number;
  readonly states: readonly StateRow[];
  /** How many did not move at all while the trace was recorded. */
  readonly unmoved: number;
  /** Goroutines that wait at the end, the most suspicious group first. */
  readonly groups: readonly LeakGroup[];
}

/** Goroutines of the same `go` statement that wait at the same line at the end of the trace. */
export interface LeakGroup extends LeakRisk {
  /** The function that they began in. */
  readonly entry: string | undefined;
  readonly createdAt: Place | undefined;
  readonly reason: WaitClass;
  readonly place: Place | undefined;
  readonly count: number;
  /** Of all goroutines of the program that live at the end. */
  readonly share: number;
  /** How many waited so at the beginning, at each quarter and at the end of the trace. */
  readonly counts: readonly number[];
  /** How many of them did not move at all while the trace was recorded. */
  readonly unmoved: number;
  /** Of the channels and locks that they wait for, the first, where the trace has addresses. */
  readonly addresses: readonly number[];
  /** How long they have waited. */
  readonly waiting: Distribution;
  /** Waits at the same line that came to an end. */
  readonly ended: Distribution;
  readonly partners: PartnerFacts;
  /** The first of them. */
  readonly goroutines: readonly number[];
  /** Of one of them, leaf first. */
  readonly stack: readonly Place[];
}

/** Those who let goroutines go on at that line before: of senders the receivers. */
export interface PartnerFacts {
  readonly seen: number;
  readonly living: number;
  /** The one that did it most often, if it has ended. */
  readonly ended:
    | { readonly goroutine: number; readonly entry: string | undefined; readonly atNs: number }
    | undefined;
}

const QUARTERS = [0, 0.25, 0.5, 0.75, 1];
const SAMPLE = 10;

export function leaksOf(subject: Subject, objects: WaitedObjects = new WaitedObjects(subject)): Leaks {
  const states = statesAt(subject, subject.trace.duration);
  const living = states.reduce((sum, { count }) => sum + count, 0);
  const waits = new WaitGroups(subject);
  const { spans } = subject.lives;
  const firsts = waits.members.map((members) => members[0]!);
  const keys = new Set(firsts.map((span) => partnerKey(subject, objects, span)));
  const partners = new PartnerIndex(subject, objects, keys);
  const ended = endedWaits(subject, waits);
  const groups = waits.members.map((members, group): LeakGroup => {
    const first = members[0]!;
    const life = subject.life(spans.life[first]!);
    const reason = subject.waitClass(first);
    const place = subject.placeOf(spans.stack[first]!);
    const facts = {
      reason,
      count: members.length,
      share: members.length / living,
      counts: waits.counts[group]!,
      unmoved: members.filter((span) => isUnmoved(subject, span)).length,
      waiting: distributionOf(Float64Array.from(members, (span) => spans.end[span]! - spans.start[span]!)),
      ended: ended[group]!,
      partners: partnerFacts(
        subject,
        familyOf(reason) === undefined ? NOBODY : partners.of(partnerKey(subject, objects, first)),
      ),
      own: place !== undefined && subject.places.isOwn(place),
      durationNs: subject.trace.duration,
    };
    const { own: _own, durationNs: _durationNs, ...shown } = facts;
    return {
      entry: life.entry,
      createdAt: subject.places.place(waits.sites.of(life)),
      place,
      addresses: addressesOf(objects, members),
      ...shown,
      ...riskOfGroup(facts),
      goroutines: members.slice(0, SAMPLE).map((span) => subject.life(spans.life[span]!).id),
      stack: subject.places
        .frames(spans.stack[first]!)
        .map(({ function: name, file, line }) => ({ function: name, file, line })),
    };
  });
  const order = (group: LeakGroup): number => RISKS.indexOf(group.risk);
  return {
    living,
    states: states.map((row) => eased(row, groups)),
    unmoved: groups.reduce((sum, { unmoved }) => sum + unmoved, 0),
    groups: groups.sort((a, b) => order(b) - order(a) || b.count - a.count),
  };
}

/** Many in one state mean nothing where each goes on as soon as others did: workers that have just run out of work. */
function eased(row: StateRow, groups: readonly LeakGroup[]): StateRow {
  if (!isWorse(row.risk, 'low')) return row;
  const same = groups.filter(({ reason }) => reason === row.state);
  const usual = same.every(
    ({ risk, waiting, ended }) => risk === 'normal' && waiting.maxNs <= UNUSUAL * ended.p99Ns,
  );
  if (same.length === 0 || !usual) return row;
  return { ...row, risk: 'normal', because: 'none waits longer than waits at the same line did before' };
}

/** Whether a wait was there before the trace and lasts beyond it. */
const isUnmoved = ({ lives: { spans } }: Subject, span: number): boolean =>
  (spans.flags[span]! & UNMOVED) === UNMOVED;
const UNMOVED = SPAN_FLAG.openStart | SPAN_FLAG.openEnd;

function addressesOf(objects: WaitedObjects, members: readonly number[]): number[] {
  const found = new Set<number>();
  for (const span of members) {
    const address = objects.object(objects.ofSpan[span]!)?.address;
    if (address !== undefined) found.add(address);
    if (found.size === SAMPLE) break;
  }
  return [...found];
}

const NOBODY: ReadonlyMap<number, number> = new Map();

/** Most kinds of waits and places for keys of three numbers: 2^24 places as in `Places`. */
const RADIX = 2 ** 24;

/** Waits at the end of the trace, by who made the goroutine and where it waits. */
class WaitGroups {
  /** Spans. */
  readonly members: number[][] = [];
  readonly counts: number[][] = [];
  readonly #subject: Subject;
  readonly sites: GoStatements;
  readonly #numbers = new Numbering<string>();
  readonly #entries = new Numbering<string>();

  constructor(subject: Subject) {
    this.#subject = subject;
    this.sites = new GoStatements(subject);
    const { trace } = subject;
    this.#each(trace.duration, (span, key) => {
      const group = this.#numbers.of(key);
      const known = this.members[group];
      if (known === undefined) this.members[group] = [span];
      else known.push(span);
    });
    for (const _ of this.members) this.counts.push([]);
    for (const [quarter, share] of QUARTERS.entries()) {
      for (let group = 0; group < this.members.length; group++) this.counts[group]![quarter] = 0;
      this.#each(trace.duration * share, (_span, key) => {
        const group = this.#numbers.find(key);
        if (group !== undefined) this.counts[group]![quarter]!++;
      });
    }
  }

  #each(time: number, see: (span: number, key: string) => void): void {
    const { lives } = this.#subject;
    lives.goroutines.forEach((life, index) => {
      if (this.#subject.isSystem(index)) return;
      const span = this.#subject.spanAt(life, time);
      if (span !== undefined && lives.spans.state[span] === STATE.waiting) see(span, this.key(span));
    });
  }

  key(span: number): string {
    const { lives, places, classOfSpan } = this.#subject;
    const life = lives.goroutines[lives.spans.life[span]!]!;
    const wait = places.of(lives.spans.stack[span]!) * WAIT_CLASSES.length + classOfSpan[span]!;
    return `${this.#entries.of(life.entry ?? '')} ${this.sites.of(life)} ${wait}`;
  }

  find(span: number): number | undefined {
    return this.#numbers.find(this.key(span));
  }
}

/** How long waits lasted that came to an end, by group. */
function endedWaits(subject: Subject, waits: WaitGroups): Distribution[] {
  const { spans } = subject.lives;
  const values: number[][] = waits.members.map(() => []);
  // By place and kind first, which is cheap: nearly all waits are elsewhere.
  const wanted = new Set(waits.members.map(([first]) => waitKey(subject, first!)));
  for (let i = 0; i < spans.count; i++) {
    if (spans.state[i] !== STATE.waiting || (spans.flags[i]! & SPAN_FLAG.openEnd) !== 0) continue;
    if (!wanted.has(waitKey(subject, i))) continue;
    const group = waits.find(i);
    if (group !== undefined) values[group]!.push(spans.end[i]! - spans.start[i]!);
  }
  return values.map((list) => distributionOf(Float64Array.from(list)));
}

const waitKey = (subject: Subject, span: number): number =>
  subject.places.of(subject.lives.spans.stack[span]!) + subject.classOfSpan[span]! * RADIX;

function partnerFacts(subject: Subject, counts: ReadonlyMap<number, number>): PartnerFacts {
  let living = 0;
  let most: number | undefined;
  for (const [life, count] of counts) {
    if (subject.life(life).ended === undefined) living++;
    if (most === undefined || count > counts.get(most)!) most = life;
  }
  const main = most === undefined ? undefined : subject.life(most);
  const ended =
    main?.ended === undefined ? undefined : { goroutine: main.id, entry: main.entry, atNs: main.ended };
  return { seen: counts.size, living, ended };
}
