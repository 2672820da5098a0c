import type { WaitFinding } from '../../golang/wait-graph/findings.ts';
import { isGoroutine, type WaitGraph } from '../../golang/wait-graph/graph.ts';
import { MAX_FRAMES } from '../cut-stacks.ts';
import type { Analysis } from './analysis.ts';
import type { PartnerFacts } from './leaks.ts';
import type { Place } from './places.ts';
import { isWorse, type Risk } from './risk.ts';
import { chainOf, goroutinesOf } from './wait-chain.ts';
import { bytesText, durationText, percent, placeText } from './words.ts';

/** Something that somebody should look at. */
export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Risk;
  /** One line. */
  readonly title: string;
  /** The line of code to look at first. */
  readonly place: Place | undefined;
  /** What it is known by, line by line. */
  readonly evidence: readonly string[];
  /** Some of those concerned. */
  readonly goroutines: readonly number[];
}

export type FindingKind =
  | 'deadlock'
  | 'stuck'
  | 'leak'
  | 'contention'
  | 'scheduling'
  | 'gc'
  /** The world stood still for something else than a collection. */
  | 'pause'
  | 'recursion'
  | 'consistency';

/** From here on a latency or a pause is worth a line. */
const SLOW_NS = 10e6;
/** Of the time of all Ps. */
const MUCH_ASSIST = 0.05;
/** Waiting for one lock, of the duration of the trace: so many goroutines do nothing else. */
const CONTENTION = 0.25;
const LOW_UTILISATION = 0.5;
const WINDOW_NS = 1e7;
const MOST_OF_A_KIND = 5;
const MOST_GOROUTINES = 10;

/** The worst first. */
export function findingsOf(analysis: Analysis): readonly Finding[] {
  const all = [
    ...stuck(analysis),
    ...leaks(analysis),
    ...contention(analysis),
    ...recursion(analysis),
    ...scheduling(analysis),
    ...collection(analysis),
    ...stops(analysis),
    ...consistency(analysis),
  ];
  return all
    .map((finding, order) => ({ finding, order }))
    .sort((a, b) => compare(a.finding.severity, b.finding.severity) || a.order - b.order)
    .map(({ finding }) => finding);
}

const compare = (a: Risk, b: Risk): number => (a === b ? 0 : isWorse(a, b) ? -1 : 1);

function* stuck(analysis: Analysis): Iterable<Finding> {
  const { graph, findings } = analysis.waitFor();
  const bad = findings.filter(({ kind }) => kind !== 'queue');
  for (const found of bad.slice(0, MOST_OF_A_KIND)) {
    const chain = chainOf(graph, found);
    // A lone group that waits, of which nobody knows who would help, is for the leaks to judge.
    if (chain.nodes.length < 2 && found.kind !== 'deadlock') continue;
    const root = chain.nodes.at(-1);
    const place = root === undefined ? undefined : placeOf(graph, root);
    const group = analysis.leaks.groups.find((each) => isSame(each.place, place));
    // Parts of a server that idle, and who waits for them to end. The graph has them.
    if (found.confidence === 'possible' && group?.risk === 'normal') continue;
    const partner = group?.partners.ended;
    const known = `how sure this is: ${found.confidence}`;
    yield {
      kind: found.kind === 'deadlock' ? 'deadlock' : 'stuck',
      severity: found.confidence === 'possible' && group?.risk !== 'high' ? 'medium' : 'high',
      title:
        found.kind === 'deadlock'
          ? circleTitle(graph, found)
          : `${found.goroutines} goroutines hang on one that nobody lets go on`,
      place,
      evidence: [
        ...chain.lines,
        ...(partner === undefined ? [] : [partnerText(partner)]),
        ...chain.beside,
        known,
      ],
      goroutines: chain.nodes.flatMap((node) => goroutinesOf(graph, node)).slice(0, MOST_GOROUTINES),
    };
  }
}

function circleTitle(graph: WaitGraph, { members, goroutines }: WaitFinding): string {
  const circle = members.reduce((sum, node) => sum + goroutinesOf(graph, node).length, 0);
  const others = goroutines - circle;
  const what =
    circle === 1 ? 'a goroutine waits for itself' : `${circle} goroutines wait for each other in a circle`;
  return others === 0 ? what : `${what}, and ${others} for ${circle === 1 ? 'it' : 'them'}`;
}

const isSame = (a: Place | undefined, b: Place | undefined): boolean =>
  a !== undefined && b !== undefined && a.file === b.file && a.line === b.line;

function placeOf(graph: WaitGraph, node: number): Place | undefined {
  const found = graph.nodes[node]!;
  if (!isGoroutine(found) || found.place === undefined) return undefined;
  const { function: name, file, line } = found.place;
  return name === undefined || file === undefined || line === undefined
    ? undefined
    : { function: name, file, line };
}

/** Those who only wait for others that hang, and those of a circle: that is the finding. */
function behindOthers(analysis: Analysis): ReadonlySet<number> {
  const { graph, findings } = analysis.waitFor();
  const bad = findings.filter(({ kind }) => kind !== 'queue');
  const told = bad.flatMap(({ kind, members, behind }) =>
    kind === 'deadlock' ? [...members, ...behind] : behind,
  );
  return new Set(told.flatMap((node) => goroutinesOf(graph, node)));
}

function partnerText({ goroutine, entry, atNs }: NonNullable<PartnerFacts['ended']>): string {
  return `  goroutine ${goroutine} (${entry ?? '?'}), which did it before, ended at ${durationText(atNs)}`;
}

function* leaks(analysis: Analysis): Iterable<Finding> {
  const explained = behindOthers(analysis);
  const bad = analysis.leaks.groups.filter(
    ({ risk, goroutines }) =>
      (risk === 'high' || risk === 'medium') && !goroutines.every((id) => explained.has(id)),
  );
  for (const group of bad.slice(0, MOST_OF_A_KIND)) {
    const { count, reason, place, partners } = group;
    const evidence = [
      group.because,
      `waiting so at the beginning, each quarter and the end: ${group.counts.join(', ')}`,
      `they have waited for ${durationText(group.waiting.p50Ns)} (half of them longer), at most ${durationText(group.waiting.maxNs)}`,
    ];
    if (group.ended.count > 0)
      evidence.push(
        `${group.ended.count} waits here ended before, 99 % of them within ${durationText(group.ended.p99Ns)}`,
      );
    if (group.unmoved > 0) evidence.push(unmovedText(group));
    if (group.createdAt !== undefined) evidence.push(`started at ${placeText(group.createdAt)}`);
    if (partners.ended !== undefined) evidence.push(partnerText(partners.ended));
    yield {
      kind: 'leak',
      severity: group.risk,
      title: `${count} ${count === 1 ? 'goroutine waits' : 'goroutines wait'} in ${reason}, ${percent(group.share)} of all`,
      place,
      evidence,
      goroutines: group.goroutines,
    };
  }
}

const unmovedText = ({ unmoved, count }: { readonly unmoved: number; readonly count: number }): string =>
  `${unmoved === count ? (count === 1 ? 'it' : 'all of them') : `${unmoved} of them`} did not move at all during the trace`;

function* contention(analysis: Analysis): Iterable<Finding> {
  const { duration } = analysis.subject.trace;
  for (const lock of analysis.blocking.byObject
    .filter(({ kind }) => kind === 'lock')
    .slice(0, MOST_OF_A_KIND)) {
    const ended = lock.waits.count - lock.stillWaiting;
    if (ended === 0 || lock.waits.totalNs < CONTENTION * duration || lock.waits.p99Ns < SLOW_NS / 10)
      continue;
    const evidence = lock.wakers.map(
      ({ place, count, waitedNs }) =>
        `released ${times(count)} at ${place === undefined ? '?' : placeText(place)}, after waits of ${durationText(waitedNs)}`,
    );
    for (const owner of lock.owners)
      evidence.push(`goroutine ${owner.goroutine} may hold it: ${owner.because}`);
    yield {
      kind: 'contention',
      severity: lock.endedNs > duration ? 'medium' : 'low',
      title: `goroutines waited ${times(ended)} for a lock and then got it, ${durationText(lock.endedNs)} in all`,
      place: lock.places[0],
      evidence,
      goroutines: [],
    };
  }
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** Stacks begin with 2 to 8 KiB, and may have 1 GB (runtime.maxstacksize). From here on somebody should know, or worry. */
const LARGE_STACK = 1 << 20;
const HUGE_STACK = 64 << 20;

const stackRisk = (bytes: number): Risk =>
  bytes >= HUGE_STACK ? 'high' : bytes >= LARGE_STACK ? 'medium' : 'low';

function* recursion({ stacks, subject }: Analysis): Iterable<Finding> {
  const told = new Set<string | undefined>();
  for (const {
    cut,
    function: name,
    place,
    repeats,
    depth,
    stackBytes = 0,
    goroutines,
  } of stacks.recursion.slice(0, MOST_OF_A_KIND)) {
    for (const id of goroutines) {
      const life = subject.lifeIndex(id);
      if (life !== undefined) told.add(subject.life(life).entry);
    }
    const least = cut ? 'at least ' : '';
    const severity = stackRisk(stackBytes);
    yield {
      kind: 'recursion',
      severity: cut && depth >= MAX_FRAMES && severity === 'low' ? 'medium' : severity,
      title: `${name} is ${least}${times(repeats)} on one stack of ${least}${depth} frames`,
      place,
      evidence: [
        ...(cut ? ['deeper frames are not in the trace'] : []),
        ...(stackBytes > 0 ? [`the largest of these stacks grew to ${bytesText(stackBytes)}`] : []),
      ],
      goroutines: goroutines.slice(0, MOST_GOROUTINES),
    };
  }
  for (const { entry, goroutines, bytes } of stacks.byEntry.slice(0, MOST_OF_A_KIND)) {
    if (bytes < LARGE_STACK || told.has(entry)) continue;
    yield {
      kind: 'recursion',
      severity: stackRisk(bytes) === 'high' ? 'high' : 'low',
      title: `${goroutines === 1 ? 'the stack of one goroutine' : `the stacks of ${goroutines} goroutines`} grew, up to ${bytesText(bytes)}`,
      place: undefined,
      evidence: [
        `${goroutines === 1 ? 'it' : 'they'} began in ${entry ?? '?'}`,
        'what is on it when it is at its largest the trace does not tell',
      ],
      goroutines: stacks.largest
        .filter((grown) => grown.entry === entry)
        .map(({ goroutine }) => goroutine)
        .slice(0, MOST_GOROUTINES),
    };
  }
}

function* scheduling(analysis: Analysis): Iterable<Finding> {
  const { latency } = analysis.scheduling;
  if (latency.p99Ns < SLOW_NS) return;
  const { meanUtilisation, gomaxprocs, gomaxprocsKnown } = analysis.processors;
  yield {
    kind: 'scheduling',
    severity: latency.p50Ns >= SLOW_NS ? 'medium' : 'low',
    title: `one in a hundred goroutines waits ${durationText(latency.p99Ns)} or longer for a P`,
    place: undefined,
    evidence: [
      `${gomaxprocsKnown ? `GOMAXPROCS is ${gomaxprocs}` : `${gomaxprocs} Ps were seen`}; the Ps run goroutines ${percent(meanUtilisation)} of the time`,
    ],
    goroutines: [],
  };
}

function* collection(analysis: Analysis): Iterable<Finding> {
  const { gc } = analysis;
  const window = gc.mutatorUtilisation?.windows.find(({ windowNs }) => windowNs === WINDOW_NS);
  const pauses = longStops(analysis).filter(isOfCollection);
  const low = window !== undefined && window.utilisation < LOW_UTILISATION;
  if (gc.assistShare < MUCH_ASSIST && !low && pauses.length === 0) return;
  const evidence = pauses.map(
    ({ reason, pauses: { maxNs } }) =>
      `the world stood still for ${durationText(maxNs)}${reason === '' ? '' : ` (${reason})`}`,
  );
  if (low)
    evidence.push(
      `within some ${durationText(WINDOW_NS)} the program had ${percent(window.utilisation)} of its Ps`,
    );
  for (const { entry, assists, runningNs } of gc.assists.slice(0, 3))
    evidence.push(`${entry ?? '?'} paid ${durationText(runningNs)} in ${assists.count} mark assists`);
  yield {
    kind: 'gc',
    severity: gc.assistShare >= MUCH_ASSIST || pauses.length > 0 ? 'medium' : 'low',
    title: `the garbage collector holds the program up (${gc.cycles.length === 1 ? '1 cycle' : `${gc.cycles.length} cycles`}, assists ${percent(gc.assistShare)} of ${analysis.processors.gomaxprocsKnown ? 'all Ps' : 'the Ps seen'})`,
    place: undefined,
    evidence,
    goroutines: [],
  };
}

type Stops = Analysis['gc']['stopTheWorld'];

const longStops = ({ gc }: Analysis): Stops =>
  gc.stopTheWorld.filter(({ pauses: { maxNs } }) => maxNs >= SLOW_NS);

/** Where the trace does not tell what for, it is nearly always that. */
const isOfCollection = ({ reason }: Stops[number]): boolean => reason === '' || reason.includes('GC');

function* stops(analysis: Analysis): Iterable<Finding> {
  for (const { reason, pauses } of longStops(analysis)) {
    if (isOfCollection({ reason, pauses })) continue;
    yield {
      kind: 'pause',
      severity: 'low',
      title: `the world stood still for ${durationText(pauses.maxNs)} (${reason})`,
      place: undefined,
      evidence: pauses.count > 1 ? [`${pauses.count} such stops took ${durationText(pauses.totalNs)}`] : [],
      goroutines: [],
    };
  }
}

function* consistency(analysis: Analysis): Iterable<Finding> {
  const { violations, examples, lost } = analysis.consistency;
  if (violations > 0)
    yield {
      kind: 'consistency',
      severity: 'low',
      title: `${violations} transitions do not follow from the state before: durations near them may be wrong`,
      place: undefined,
      evidence: examples.slice(0, 3).map(({ atNs, what }) => `at ${durationText(atNs)}: ${what}`),
      goroutines: [],
    };
  for (const { reason, events } of lost)
    yield {
      kind: 'consistency',
      severity: 'medium',
      title: `${events} events were lost while the trace was recorded: ${reason}`,
      place: undefined,
      evidence: [],
      goroutines: [],
    };
}
