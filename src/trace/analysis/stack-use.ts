import { EVENT } from '../events.ts';
import type { Place } from './places.ts';
import type { Subject } from './subject.ts';

/** How stacks grew, and functions that are on a stack again and again. */
export interface StackUse {
  /** Copies to a larger stack; the trace tells of them only if it is ours. */
  readonly growths: number;
  /** The largest first. */
  readonly largest: readonly GrownStack[];
  /** The deepest first. */
  readonly recursion: readonly Recursion[];
}

export interface GrownStack {
  readonly goroutine: number;
  readonly entry: string | undefined;
  readonly growths: number;
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
  /** The stack may be deeper: a trace keeps no more frames. */
  readonly cut: boolean;
  readonly goroutines: readonly number[];
}

/** internal/trace/tracev2, MaxFramesPerStack. */
const MAX_FRAMES = 128;
/** Trees and parsers recurse so far; from here on it is worth a line. */
const REPEATS = 16;
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
  return { growths, largest: largestOf(subject, growth), recursion: recursionsOf(recursive, users) };
}

function largestOf(
  subject: Subject,
  growth: ReadonlyMap<number, { readonly growths: number; readonly bytes: number }>,
): GrownStack[] {
  return [...growth]
    .sort((a, b) => b[1].bytes - a[1].bytes)
    .slice(0, MOST)
    .map(([goroutine, grown]) => {
      const life = subject.lifeIndex(goroutine);
      return { goroutine, entry: life === undefined ? undefined : subject.life(life).entry, ...grown };
    });
}

type Found = Omit<Recursion, 'goroutines'>;

/** Stacks on which one function is many times. */
function recursiveStacks({ trace, places }: Subject): ReadonlyMap<number, Found> {
  const found = new Map<number, Found>();
  for (let stack = 1; stack < trace.stacks.count; stack++) {
    const ids = trace.stacks.frames(stack);
    if (ids.length < REPEATS) continue;
    const times = new Map<string, number>();
    let worst: string | undefined;
    const frames = places.frames(stack);
    for (const { function: name } of frames) {
      const count = (times.get(name) ?? 0) + 1;
      times.set(name, count);
      if (worst === undefined || count > times.get(worst)!) worst = name;
    }
    const repeats = worst === undefined ? 0 : times.get(worst)!;
    if (repeats < REPEATS) continue;
    const caller = frames.filter((frame) => frame.function === worst).at(-1)!;
    const place = { function: caller.function, file: caller.file, line: caller.line };
    found.set(stack, { function: worst!, place, repeats, depth: ids.length, cut: ids.length >= MAX_FRAMES });
  }
  return found;
}

/** One row for each function: its deepest stack. */
function recursionsOf(
  stacks: ReadonlyMap<number, Found>,
  users: ReadonlyMap<number, ReadonlySet<number>>,
): Recursion[] {
  const rows = new Map<string, { readonly found: Found; readonly goroutines: Set<number> }>();
  for (const [stack, found] of stacks) {
    const known = rows.get(found.function);
    const goroutines = known?.goroutines ?? new Set();
    for (const goroutine of users.get(stack) ?? []) if (goroutines.size < MOST) goroutines.add(goroutine);
    const deeper = known === undefined || found.repeats > known.found.repeats;
    rows.set(found.function, { found: deeper ? found : known.found, goroutines });
  }
  return [...rows.values()]
    .map(({ found, goroutines }) => ({ ...found, goroutines: [...goroutines].sort((a, b) => a - b) }))
    .sort((a, b) => b.repeats - a.repeats)
    .slice(0, MOST);
}
