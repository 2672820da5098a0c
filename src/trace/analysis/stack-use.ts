import { isCut } from '../cut-stacks.ts';
import { EVENT } from '../events.ts';
import type { Place } from './places.ts';
import type { Subject } from './subject.ts';

/** How stacks grew, and functions that are on a stack again and again. */
export interface StackUse {
  /** Copies to a larger stack; the trace tells of them only if it is ours. */
  readonly growths: number;
  /** The largest first; then all, by the function in which they began. */
  readonly largest: readonly GrownStack[];
  readonly byEntry: readonly GrownStacks[];
  /** The deepest first. */
  readonly recursion: readonly Recursion[];
}

export interface GrownStack {
  readonly goroutine: number;
  readonly entry: string | undefined;
  readonly growths: number;
  readonly bytes: number;
}

export interface GrownStacks {
  readonly entry: string | undefined;
  readonly goroutines: number;
  readonly growths: number;
  /** Of the largest. */
  readonly bytes: number;
}

export interface Recursion {
  readonly function: string;
  /** A line at which it calls itself, or the circle in which it is. */
  readonly place: Place;
  /** How often it is on one stack. */
  readonly repeats: number;
  /** Frames of that stack. */
  readonly depth: number;
  /** The stack is deeper than the trace tells: all these numbers are what it is at least. */
  readonly cut: boolean;
  /** To what the stack of one of the goroutines grew, where the trace tells. */
  readonly stackBytes: number | undefined;
  readonly goroutines: readonly number[];
}

/** Trees and parsers recurse so far; from here on it is worth a line. */
const REPEATS = 16;
/** Of a stack that is cut this many rounds of the same calls, up to where it is cut, will have gone on. */
const ROUNDS = 4;
/** Functions that call each other in such a round, at most. */
const LONGEST_ROUND = 7;
const MOST = 20;

export function stackUseOf(subject: Subject): StackUse {
  const growth = new Map<number, { growths: number; bytes: number }>();
  const recursive = recursiveStacks(subject);
  const users = new Map<number, Set<number>>();
  const { events } = subject.trace;
  let growths = 0;
  for (let i = 0; i < events.count; i++) {
    const goroutine = events.goroutine[i]!;
    if (events.kind[i] === EVENT.stackGrown) {
      const before = growth.get(goroutine) ?? { growths: 0, bytes: 0 };
      growth.set(goroutine, { growths: before.growths + 1, bytes: Math.max(before.bytes, events.b[i]!) });
      growths++;
    }
    const stack = events.stack[i]!;
    if (stack === 0 || !recursive.has(stack)) continue;
    // Of a waker's stack the waker is the one that recurses.
    const actor = events.actor[i]!;
    const known = users.get(stack);
    if (known === undefined) users.set(stack, new Set([actor === 0 ? goroutine : actor]));
    else if (known.size < MOST) known.add(actor === 0 ? goroutine : actor);
  }
  return {
    growths,
    largest: largestOf(subject, growth),
    byEntry: byEntryOf(subject, growth),
    recursion: recursionsOf(recursive, users, growth),
  };
}

type Growth = ReadonlyMap<number, { readonly growths: number; readonly bytes: number }>;

function entryOf(subject: Subject, goroutine: number): string | undefined {
  const life = subject.lifeIndex(goroutine);
  return life === undefined ? undefined : subject.life(life).entry;
}

function largestOf(subject: Subject, growth: Growth): GrownStack[] {
  return [...growth]
    .sort((a, b) => b[1].bytes - a[1].bytes)
    .slice(0, MOST)
    .map(([goroutine, grown]) => ({ goroutine, entry: entryOf(subject, goroutine), ...grown }));
}

function byEntryOf(subject: Subject, growth: Growth): GrownStacks[] {
  const rows = new Map<string | undefined, GrownStacks>();
  for (const [goroutine, { growths, bytes }] of growth) {
    const entry = entryOf(subject, goroutine);
    const row = rows.get(entry) ?? { entry, goroutines: 0, growths: 0, bytes: 0 };
    rows.set(entry, {
      entry,
      goroutines: row.goroutines + 1,
      growths: row.growths + growths,
      bytes: Math.max(row.bytes, bytes),
    });
  }
  return [...rows.values()].sort((a, b) => b.bytes - a.bytes || b.growths - a.growths);
}

type Found = Omit<Recursion, 'goroutines' | 'stackBytes'>;

/** Stacks on which one function is many times. */
function recursiveStacks({ trace, places }: Subject): ReadonlyMap<number, Found> {
  const found = new Map<number, Found>();
  for (let stack = 1; stack < trace.stacks.count; stack++) {
    const ids = trace.stacks.frames(stack);
    if (ids.length < REPEATS) continue;
    const frames = places.frames(stack);
    const cut = isCut(trace, stack);
    const times = new Map<string, number>();
    let worst = frames[0]!.function;
    for (const { function: name } of frames) {
      const count = (times.get(name) ?? 0) + 1;
      times.set(name, count);
      if (count > times.get(worst)!) worst = name;
    }
    if (times.get(worst)! < REPEATS) {
      const round = cut ? roundOf(frames.map((frame) => frame.function)) : undefined;
      if (round === undefined) continue;
      worst = round;
    }
    const repeats = times.get(worst)!;
    const caller = frames.filter((frame) => frame.function === worst).at(-1)!;
    const place = { function: caller.function, file: caller.file, line: caller.line };
    found.set(stack, { function: worst, place, repeats, depth: ids.length, cut });
  }
  return found;
}

/** A function of the round that a stack goes through again and again up to its end: of those that are on it most often. */
function roundOf(names: readonly string[]): string | undefined {
  for (let length = 1; length <= LONGEST_ROUND; length++) {
    const from = names.length - Math.max(ROUNDS * length, REPEATS);
    let at = names.length - 1;
    while (at >= Math.max(from, length) && names[at] === names[at - length]) at--;
    if (from >= 0 && at < Math.max(from, length)) {
      const round = names.slice(-length);
      const count = (name: string): number => round.filter((other) => other === name).length;
      return round.reduceRight((best, name) => (count(name) > count(best) ? name : best));
    }
  }
  return undefined;
}

/** One row for each function: its deepest stack. */
function recursionsOf(
  stacks: ReadonlyMap<number, Found>,
  users: ReadonlyMap<number, ReadonlySet<number>>,
  growth: Growth,
): Recursion[] {
  const rows = new Map<string, { readonly found: Found; readonly goroutines: Set<number> }>();
  for (const [stack, found] of stacks) {
    const known = rows.get(found.function);
    const goroutines = known?.goroutines ?? new Set();
    for (const goroutine of users.get(stack) ?? []) if (goroutines.size < MOST) goroutines.add(goroutine);
    const deeper = known === undefined || found.repeats > known.found.repeats;
    // One that is cut may be the deepest, however few of its frames there are.
    const cut = found.cut || known?.found.cut === true;
    rows.set(found.function, { found: { ...(deeper ? found : known.found), cut }, goroutines });
  }
  return [...rows.values()]
    .map(({ found, goroutines }) => {
      const all = [...goroutines].sort((a, b) => a - b);
      const bytes = all.map((goroutine) => growth.get(goroutine)?.bytes ?? 0);
      return { ...found, stackBytes: Math.max(0, ...bytes) || undefined, goroutines: all };
    })
    .sort((a, b) => (b.stackBytes ?? 0) - (a.stackBytes ?? 0) || b.repeats - a.repeats)
    .slice(0, MOST);
}
