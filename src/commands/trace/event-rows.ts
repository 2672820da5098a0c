import { CodeOrigins, ORIGIN } from '../../trace/analysis/code-origin.ts';
import { isCut } from '../../trace/cut-stacks.ts';
import { EVENT, STATE, type StackFrame, type Trace, type WaitObject } from '../../trace/index.ts';

/** What happened, in a word; JSON has it as `event`. */
export type EventName =
  | 'created'
  | 'unblocked'
  | 'running'
  | 'blocked'
  | 'preempted'
  | 'yielded'
  | 'syscall'
  | 'syscall-end'
  | 'ended'
  | 'stack'
  | 'gc-begin'
  | 'gc-end'
  | 'stw-begin'
  | 'stw-end'
  | 'assist-begin'
  | 'assist-end'
  | 'lost';

/** An event as a line tells it. */
export interface EventRow {
  readonly event: EventName;
  /** Nanoseconds since the recording began. */
  readonly time: number;
  readonly goroutine: number | undefined;
  readonly processor: number | undefined;
  readonly thread: number | undefined;
  /** Where the goroutine is: as far as it was seen last. The innermost line of the program's own code. */
  readonly place: StackFrame | undefined;
  /** Leaf first: of who blocks or enters a system call, of who creates or wakes. */
  readonly stack: readonly StackFrame[];
  /** The stack is deeper than what was recorded. */
  readonly stackCut: true | undefined;
  readonly reason: string | undefined;
  readonly object: WaitObject | undefined;
  /** Who created or woke it, and where that one was. */
  readonly by: number | undefined;
  readonly byPlace: StackFrame | undefined;
  /** Nanoseconds that it had been doing what it did before. */
  readonly after: number | undefined;
  /** The P that it was taken from. */
  readonly stolenFrom: number | undefined;
  /** The runtime's names of the states before and after. */
  readonly states: readonly string[] | undefined;
  /** Bytes of its stack before and after. */
  readonly sizes: readonly [number, number] | undefined;
  /** Of a collection, or events that were lost. */
  readonly count: number | undefined;
}

interface EventWords {
  readonly name: EventName;
  readonly states?: readonly string[];
}

/** What is told, by kind of event. States are those of runtime/runtime2.go. */
const WORDS: Readonly<Record<number, EventWords>> = {
  [EVENT.created]: { name: 'created', states: ['_Gdead', '_Grunnable'] },
  [EVENT.unblocked]: { name: 'unblocked', states: ['_Gwaiting', '_Grunnable'] },
  [EVENT.running]: { name: 'running', states: ['_Grunnable', '_Grunning'] },
  [EVENT.blocked]: { name: 'blocked', states: ['_Grunning', '_Gwaiting'] },
  [EVENT.stopped]: { name: 'yielded', states: ['_Grunning', '_Grunnable'] },
  [EVENT.syscallBegin]: { name: 'syscall', states: ['_Grunning', '_Gsyscall'] },
  [EVENT.syscallEnd]: { name: 'syscall-end', states: ['_Gsyscall', '_Grunning'] },
  [EVENT.ended]: { name: 'ended', states: ['_Grunning', '_Gdead'] },
  [EVENT.stackGrown]: { name: 'stack', states: ['_Grunning', '_Gcopystack', '_Grunning'] },
  [EVENT.gcBegin]: { name: 'gc-begin' },
  [EVENT.gcEnd]: { name: 'gc-end' },
  [EVENT.stwBegin]: { name: 'stw-begin' },
  [EVENT.stwEnd]: { name: 'stw-end' },
  [EVENT.assistBegin]: { name: 'assist-begin' },
  [EVENT.assistEnd]: { name: 'assist-end' },
  [EVENT.lost]: { name: 'lost' },
};

/** What an unfinished life was seen doing last. */
interface Seen {
  /** Since when; undefined for what was there before. */
  since: number | undefined;
  place: StackFrame | undefined;
}

/** Tells a trace event by event. It may come in pieces: what is known of a goroutine is kept as long as it lives. */
export class EventRows {
  readonly #seen = new Map<number, Seen>();
  readonly #places = new Map<number, StackFrame | undefined>();

  /** The name of an event of a trace; undefined: of such no line tells. */
  static nameOf({ events, strings }: Trace, event: number): EventName | undefined {
    const kind = events.kind[event]!;
    const name = WORDS[kind]?.name;
    if (name !== 'yielded' && name !== 'blocked') return name;
    return strings[events.a[event]!] === 'preempted' ? 'preempted' : name;
  }

  /** Notes an event that no line is made of. */
  pass(trace: Trace, event: number): void {
    this.#follow(trace, event);
  }

  row(trace: Trace, event: number): EventRow | undefined {
    const { events, strings } = trace;
    const name = EventRows.nameOf(trace, event);
    const before = this.#seen.get(events.goroutine[event]!);
    const since = before?.since;
    const seen = this.#follow(trace, event);
    if (name === undefined) return undefined;
    const kind = events.kind[event]!;
    const [a, b] = [events.a[event]!, events.b[event]!];
    const stack = events.stack[event]!;
    const acts = kind === EVENT.created || kind === EVENT.unblocked;
    const objectId = kind === EVENT.blocked || kind === EVENT.syscallBegin ? b : 0;
    const hasReason = kind === EVENT.blocked || kind === EVENT.stopped || kind === EVENT.stwBegin;
    const changes = kind <= EVENT.ended && kind !== EVENT.created;
    return {
      event: name,
      time: events.time[event]!,
      goroutine: events.goroutine[event] === 0 ? undefined : events.goroutine[event],
      processor: known(events.proc[event]!),
      thread: known(events.thread[event]!),
      place: seen?.place,
      stack: Array.from(trace.stacks.frames(stack), (id) => trace.stacks.frame(id)),
      stackCut: isCut(trace, stack) || undefined,
      reason: hasReason ? strings[a] || undefined : kind === EVENT.lost ? strings[b] : undefined,
      object: objectId === 0 ? undefined : trace.objects[objectId],
      by: acts && events.actor[event] !== 0 ? events.actor[event] : undefined,
      byPlace: acts && events.actor[event] !== 0 ? this.#place(trace, stack) : undefined,
      after: changes && since !== undefined ? events.time[event]! - since : undefined,
      stolenFrom: kind === EVENT.running && a > 0 ? a - 1 : undefined,
      states: statesOf(kind, name, a, b),
      sizes: kind === EVENT.stackGrown ? [a, b] : undefined,
      count: kind === EVENT.gcBegin || kind === EVENT.gcEnd || kind === EVENT.lost ? a : undefined,
    };
  }

  #follow(trace: Trace, event: number): Seen | undefined {
    const { events } = trace;
    const kind = events.kind[event]!;
    const id = events.goroutine[event]!;
    if (id === 0) return undefined;
    const seen = this.#seen.get(id) ?? { since: undefined, place: undefined };
    if (kind > EVENT.ended) return seen;
    seen.since = kind === EVENT.known ? undefined : events.time[event]!;
    if (kind === EVENT.created) seen.place = this.#place(trace, events.a[event]!);
    else if (kind !== EVENT.unblocked && events.stack[event] !== 0)
      seen.place = this.#place(trace, events.stack[event]!);
    if (kind === EVENT.ended) this.#seen.delete(id);
    else this.#seen.set(id, seen);
    return seen;
  }

  #place(trace: Trace, stack: number): StackFrame | undefined {
    if (stack === 0) return undefined;
    if (!this.#places.has(stack)) this.#places.set(stack, telling(trace, stack));
    return this.#places.get(stack);
  }
}

const known = (number: number): number | undefined => (number < 0 ? undefined : number);

const ROOT = 'runtime.goexit';

/** The innermost frame of the program, without one of what it uses, without one what the runtime's goroutine is for. */
function telling({ stacks }: Trace, stack: number): StackFrame | undefined {
  const origins = new CodeOrigins(stacks);
  const frames = Array.from(stacks.frames(stack), (id) => stacks.frame(id));
  for (const origin of [ORIGIN.own, ORIGIN.dependency, ORIGIN.standard]) {
    const found = frames.find((frame) => origins.of(frame) === origin);
    if (found !== undefined) return found;
  }
  return frames.findLast((frame) => frame.function !== ROOT);
}

function statesOf(kind: number, name: EventName, a: number, b: number): readonly string[] | undefined {
  if (kind === EVENT.created && b === STATE.waiting) return ['_Gdead', '_Gwaiting'];
  if (kind === EVENT.created && b === STATE.syscall) return ['_Gdead', '_Gsyscall'];
  if (kind === EVENT.syscallEnd && a === 1) return ['_Gsyscall', '_Grunnable'];
  if (kind === EVENT.blocked && name === 'preempted') return ['_Grunning', '_Gpreempted'];
  return WORDS[kind]?.states;
}
