import { isCut } from './cut-stacks.ts';
import { EVENT, STATE, type State, WITH_ITS_PROCESS } from './events.ts';
import { type Life, type Lives, SPAN_FLAG, type Spans } from './spans.ts';
import type { Trace, Violation } from './trace.ts';

/** The kinds up to here are a goroutine's transitions, except `stackGrown`. */
const LAST_TRANSITION = EVENT.ended;

interface Transition {
  readonly name: string;
  /** The state that it must come from; undefined: it begins a life. */
  readonly from: State | undefined;
}

/** What each kind of event needs: kind → transition. `ended` is also sound from a system call (cgo callbacks). */
const TRANSITIONS: readonly (Transition | undefined)[] = [
  undefined,
  { name: 'created', from: undefined },
  { name: 'known', from: undefined },
  { name: 'unblocked', from: STATE.waiting },
  { name: 'running', from: STATE.runnable },
  { name: 'blocked', from: STATE.running },
  { name: 'stopped', from: STATE.running },
  { name: 'syscallBegin', from: STATE.running },
  { name: 'syscallEnd', from: STATE.syscall },
  { name: 'ended', from: STATE.running },
];

const STATE_NAMES = ['unknown', 'runnable', 'running', 'in a system call', 'waiting', 'ended'] as const;

/**
 * Derives what each goroutine did from when to when. Every transition must follow from the state before it; one that
 * does not is counted in `violations` and believed all the same: the later event knows better.
 */
export function livesOf(trace: Trace): Lives {
  return new LivesBuilder(trace).build();
}

class LivesBuilder {
  readonly #trace: Trace;
  readonly #ids: number[] = [];
  /** Life (in order of appearance) of each transition, −1 for other events. */
  readonly #lifeOf: Int32Array;
  readonly #spanCounts: number[] = [];
  readonly #violations: Violation[] = [];
  #spans!: Spans;
  /** By life: where its next span goes, and what it is doing. */
  #next!: Uint32Array;
  #state!: Uint8Array;

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#lifeOf = new Int32Array(trace.events.count).fill(-1);
  }

  build(): Lives {
    this.#countSpans();
    const order = this.#ids.map((_, life) => life).sort((x, y) => this.#ids[x]! - this.#ids[y]!);
    const first = new Uint32Array(order.length);
    const rank = new Uint32Array(order.length);
    let total = 0;
    for (const [position, life] of order.entries()) {
      first[life] = total;
      rank[life] = position;
      total += this.#spanCounts[life]!;
    }
    this.#spans = makeSpans(total);
    this.#next = first.slice();
    this.#state = new Uint8Array(order.length);
    const facts = new LifeFacts(this.#trace, order.length);
    this.#walk(rank, facts);
    this.#closeAll();
    const goroutines = order.map((life) =>
      facts.life(life, this.#ids[life]!, first[life]!, this.#next[life]!),
    );
    return { goroutines, spans: this.#spans, violations: this.#violations };
  }

  /**
   * How many spans each goroutine needs: one for each transition but `ended`, one for what it did before its first, and
   * one for the time between an end and a second beginning (the goroutine of a cgo callback keeps its id).
   */
  #countSpans(): void {
    const { kind, goroutine, count } = this.#trace.events;
    const lives = new Map<number, number>();
    const ended: boolean[] = [];
    for (let i = 0; i < count; i++) {
      const what = kind[i]!;
      if (what > LAST_TRANSITION || what === 0) continue;
      const id = goroutine[i]!;
      let life = lives.get(id);
      if (life === undefined) {
        life = this.#ids.length;
        lives.set(id, life);
        this.#ids.push(id);
        this.#spanCounts.push(what <= EVENT.known ? 0 : 1);
        ended.push(false);
      }
      this.#lifeOf[i] = life;
      if (ended[life]) this.#spanCounts[life]!++;
      ended[life] = what === EVENT.ended;
      if (what !== EVENT.ended) this.#spanCounts[life]!++;
    }
  }

  #walk(rank: Uint32Array, facts: LifeFacts): void {
    const { events } = this.#trace;
    const lifeOf = this.#lifeOf;
    for (let i = 0; i < events.count; i++) {
      const life = lifeOf[i]!;
      if (life < 0) continue;
      const kind = events.kind[i]!;
      this.#check(i, kind, life);
      this.#leave(i, kind, life, rank[life]!);
      if (kind !== EVENT.ended) this.#enter(i, kind, life, rank[life]!);
      else this.#state[life] = STATE.ended;
      facts.see(i, kind, life);
    }
  }

  #check(event: number, kind: number, life: number): void {
    const state = this.#state[life]!;
    const { from, name } = TRANSITIONS[kind]!;
    if (state === STATE.unknown || state === from) return;
    if (from === undefined && state === STATE.ended && kind === EVENT.created) return;
    if (kind === EVENT.ended && (state === STATE.syscall || this.#trace.events.a[event] === WITH_ITS_PROCESS))
      return;
    const id = this.#ids[life]!;
    this.#violations.push({ event, what: `goroutine ${id} is ${STATE_NAMES[state]}, but then "${name}"` });
  }

  /** Ends the span that the event ends. */
  #leave(event: number, kind: number, life: number, rank: number): void {
    const { events } = this.#trace;
    const time = events.time[event]!;
    const state = this.#state[life]!;
    const spans = this.#spans;
    if (state === STATE.unknown) {
      const before = TRANSITIONS[kind]!.from;
      if (before === undefined) return;
      const at = this.#open(life, rank, 0, before);
      spans.flags[at]! |= SPAN_FLAG.openStart;
      if (before === STATE.running) spans.proc[at] = events.proc[event]!;
    } else if (state === STATE.ended) {
      this.#open(life, rank, this.#endOf(life), STATE.ended);
    }
    const at = this.#next[life]! - 1;
    spans.end[at] = time;
    if (kind === EVENT.unblocked) {
      spans.endedBy[at] = events.actor[event]!;
      spans.endedAt[at] = events.stack[event]!;
    } else if (kind === EVENT.ended) this.#endOfLife.set(life, time);
  }

  /** When the goroutine ended, of those that have. */
  readonly #endOfLife = new Map<number, number>();

  #endOf(life: number): number {
    return this.#endOfLife.get(life) ?? 0;
  }

  #enter(event: number, kind: number, life: number, rank: number): void {
    const { events } = this.#trace;
    const spans = this.#spans;
    const state = stateAfter(kind, events.a[event]!, events.b[event]!);
    const first = this.#state[life] === STATE.unknown;
    const at = this.#open(life, rank, events.time[event]!, state);
    switch (kind) {
      case EVENT.known:
        spans.flags[at]! |= SPAN_FLAG.openStart;
        // A tracer tells what a goroutine did at the beginning only when it first comes to speak of it.
        if (first) spans.start[at] = 0;
        spans.reason[at] = events.b[event]!;
        spans.object[at] = events.c[event]!;
        spans.stack[at] = events.stack[event]!;
        if (state === STATE.running || state === STATE.syscall) spans.proc[at] = events.proc[event]!;
        break;
      case EVENT.running:
        spans.proc[at] = events.proc[event]!;
        if (events.a[event]! > 0) spans.flags[at]! |= SPAN_FLAG.stolen;
        break;
      case EVENT.blocked:
        spans.reason[at] = events.a[event]!;
        spans.object[at] = events.b[event]!;
        spans.stack[at] = events.stack[event]!;
        break;
      case EVENT.stopped:
        spans.reason[at] = events.a[event]!;
        spans.stack[at] = events.stack[event]!;
        break;
      case EVENT.syscallBegin:
        spans.object[at] = events.b[event]!;
        spans.stack[at] = events.stack[event]!;
        spans.proc[at] = events.proc[event]!;
        break;
      case EVENT.syscallEnd:
        if (state === STATE.running) spans.proc[at] = events.proc[event]!;
        break;
      default:
    }
  }

  #open(life: number, rank: number, start: number, state: State): number {
    const at = this.#next[life]!++;
    const spans = this.#spans;
    spans.life[at] = rank;
    spans.start[at] = start;
    spans.end[at] = start;
    spans.state[at] = state;
    spans.proc[at] = -1;
    this.#state[life] = state;
    return at;
  }

  #closeAll(): void {
    for (let life = 0; life < this.#ids.length; life++) {
      if (this.#state[life] === STATE.ended || this.#state[life] === STATE.unknown) continue;
      const at = this.#next[life]! - 1;
      this.#spans.end[at] = this.#trace.duration;
      this.#spans.flags[at]! |= SPAN_FLAG.openEnd;
    }
  }
}

/** The state of a goroutine behind an event of a kind that changes it. */
export function stateAfter(kind: number, a: number, b: number): State {
  switch (kind) {
    case EVENT.created:
      return asState(b);
    case EVENT.known:
      return asState(a);
    case EVENT.running:
      return STATE.running;
    case EVENT.blocked:
      return STATE.waiting;
    case EVENT.syscallBegin:
      return STATE.syscall;
    case EVENT.syscallEnd:
      return a === 1 ? STATE.runnable : STATE.running;
    default:
      return STATE.runnable;
  }
}

function asState(value: number): State {
  return value >= STATE.runnable && value <= STATE.waiting ? (value as State) : STATE.runnable;
}

/** What is known of each life as a whole. */
class LifeFacts {
  readonly #trace: Trace;
  readonly #created: Float64Array;
  readonly #ended: Float64Array;
  readonly #creator: Float64Array;
  readonly #createdAt: Uint32Array;
  /** A stack whose root frame is the function that the goroutine began in. */
  readonly #rootStack: Uint32Array;

  constructor(trace: Trace, count: number) {
    this.#trace = trace;
    this.#created = new Float64Array(count).fill(-1);
    this.#ended = new Float64Array(count).fill(-1);
    this.#creator = new Float64Array(count);
    this.#createdAt = new Uint32Array(count);
    this.#rootStack = new Uint32Array(count);
  }

  see(event: number, kind: number, life: number): void {
    const { events } = this.#trace;
    if (kind === EVENT.created) {
      this.#ended[life] = -1;
      if (this.#created[life]! >= 0) return;
      this.#created[life] = events.time[event]!;
      this.#creator[life] = events.actor[event]!;
      this.#createdAt[life] = events.stack[event]!;
      this.#rootStack[life] = events.a[event]!;
    } else if (kind === EVENT.ended) this.#ended[life] = events.time[event]!;
    else if (this.#rootStack[life] === 0 && kind !== EVENT.unblocked)
      this.#rootStack[life] = events.stack[event]!;
  }

  life(life: number, id: number, first: number, end: number): Life {
    const time = (column: Float64Array) => (column[life]! < 0 ? undefined : column[life]!);
    return {
      id,
      first,
      end,
      created: time(this.#created),
      ended: time(this.#ended),
      creator: this.#creator[life]!,
      createdAt: this.#createdAt[life]!,
      entry: this.#entry(this.#rootStack[life]!),
    };
  }

  readonly #entries = new Map<number, string | undefined>();

  #entry(stack: number): string | undefined {
    if (stack === 0) return undefined;
    if (!this.#entries.has(stack)) {
      const frames = this.#trace.stacks.frames(stack);
      // Of a stack that is cut the root is not known.
      this.#entries.set(stack, isCut(this.#trace, stack) ? undefined : this.#rootOf(frames));
    }
    return this.#entries.get(stack);
  }

  /** Below the function that a goroutine begins in an unwinder may find where it would return to. */
  #rootOf(frames: Uint32Array): string | undefined {
    const names = Array.from(frames.subarray(-2), (id) => this.#trace.stacks.frame(id).function);
    const last = names.at(-1);
    return last === 'runtime.goexit' ? names.at(-2) : last;
  }
}

function makeSpans(count: number): Spans {
  return {
    count,
    life: new Uint32Array(count),
    start: new Float64Array(count),
    end: new Float64Array(count),
    state: new Uint8Array(count),
    reason: new Uint32Array(count),
    object: new Uint32Array(count),
    stack: new Uint32Array(count),
    proc: new Int32Array(count),
    endedBy: new Float64Array(count),
    endedAt: new Uint32Array(count),
    flags: new Uint8Array(count),
  };
}
