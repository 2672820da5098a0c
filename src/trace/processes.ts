import { EVENT, type EventKind, type Events, STATE, WITH_ITS_PROCESS } from './events.ts';
import { rolesOf } from './go-format/side-strings.ts';
import { stateAfter } from './lives.ts';
import type { Trace, TraceProcess } from './trace.ts';
import { TraceBuilder } from './trace-builder.ts';
import type { WaitObject } from './wait-object.ts';

/** What one process did. */
export interface ProcessTrace {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly trace: Trace;
  /** When it began: nanoseconds from the beginning of the whole. */
  readonly begin: number;
  /** When it ended, or ran another program; undefined: it did not. */
  readonly end: number | undefined;
}

/** Ranges of goroutine ids begin at a multiple of this at least. */
const LEAST_RANGE = 1e6;
/** Threads of a namespace of its own (pid_namespaces(7)) are not those of other processes that have their numbers. */
const THREAD_RANGE = 2 ** 32;

/**
 * The traces of several processes as one. A trace has one set of goroutines and Ps, so those of each process get ranges
 * of their own: goroutine 7 of the third is 2000007, and its Ps follow those of the second. The first keeps its own. Of a
 * process that ends before the whole does, everything ends with it.
 */
export function mergeProcesses(parts: readonly ProcessTrace[]): Trace {
  const [first] = parts;
  if (first === undefined) throw new Error('there is no process');
  const range = rangeOf(parts);
  const builder = new TraceBuilder(first.trace.source);
  builder.startedAt = first.trace.startedAt;
  let processors = 0;
  const copiers = parts.map((part, index) => {
    const process: TraceProcess = {
      pid: part.pid,
      parent: part.parent,
      command: part.command,
      begin: part.begin,
      end: part.end,
      firstGoroutine: index * range,
      firstProcessor: processors,
      firstThread: clashes(parts, index) ? index * THREAD_RANGE : 0,
    };
    processors += processorsOf(part.trace.events);
    builder.processes.push(process);
    const parent = parts.slice(0, index).findLastIndex(({ pid }) => pid === part.parent);
    return new Copier(builder, part.trace, process, { number: index + 1, parent: parent + 1 });
  });
  const whole = Math.max(...parts.map(({ begin, end, trace }) => end ?? begin + trace.duration));
  builder.endedAt = whole;
  for (const [part, event] of inOrder(parts, whole)) {
    if (event < parts[part]!.trace.events.count) copiers[part]!.copy(event);
    else copiers[part]!.finish(parts[part]!.end!);
  }
  for (const { trace, pid } of parts)
    for (const { what } of trace.violations) builder.violation(`process ${pid}: ${what}`);
  for (const note of commonNotes(parts)) builder.note(note);
  return builder.build();
}

const PIDS_IN_NOTES = 3;

/** Many processes run the same program, of which the same is to be said. */
function* commonNotes(parts: readonly ProcessTrace[]): Iterable<string> {
  const pids = new Map<string, Set<number>>();
  for (const { trace, pid } of parts)
    for (const note of trace.notes) pids.set(note, (pids.get(note) ?? new Set()).add(pid));
  for (const [note, whose] of pids) {
    const [first, ...others] = [...whose].slice(0, PIDS_IN_NOTES);
    const more = whose.size > PIDS_IN_NOTES ? ` and ${whose.size - PIDS_IN_NOTES} more` : '';
    if (parts.length === 1) yield note;
    else if (others.length === 0) yield `process ${first}: ${note}`;
    else yield `processes ${[first, ...others].join(', ')}${more}: ${note}`;
  }
}

/** Each process of a trace by itself, as it counts its own goroutines and Ps; times stay those of the whole. */
export function splitProcesses(trace: Trace): readonly (TraceProcess & { readonly trace: Trace })[] {
  const { processes, events } = trace;
  const builders = processes.map(() => {
    const builder = new TraceBuilder(trace.source);
    builder.startedAt = trace.startedAt;
    return builder;
  });
  const copiers = processes.map((process, i) => new Copier(builders[i]!, trace, { ...process, begin: 0 }));
  for (let i = 0; i < events.count; i++) copiers[processOf(processes, events, i)]?.copy(i);
  return processes.map((process, i) => {
    builders[i]!.endedAt = process.end ?? trace.duration;
    return { ...process, trace: builders[i]!.build() };
  });
}

/** Whose event it is: an index. */
export function processOf(processes: readonly TraceProcess[], events: Events, i: number): number {
  const goroutine = events.goroutine[i]!;
  if (goroutine > 0) return lastAt(processes, goroutine, ({ firstGoroutine }) => firstGoroutine);
  return lastAt(processes, events.proc[i]!, ({ firstProcessor }) => firstProcessor);
}

/** The last that does not begin behind `value`. */
export function lastAt<T>(all: readonly T[], value: number, beginOf: (one: T) => number): number {
  let [low, high] = [0, all.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (beginOf(all[middle]!) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function rangeOf(parts: readonly ProcessTrace[]): number {
  let most = LEAST_RANGE - 1;
  for (const { trace } of parts) {
    const { goroutine, actor, count } = trace.events;
    for (let i = 0; i < count; i++) most = Math.max(most, goroutine[i]!, actor[i]!);
  }
  return 10 ** Math.ceil(Math.log10(most + 1));
}

const processorsOf = ({ proc }: Events): number => 1 + proc.reduce((most, each) => Math.max(most, each), 0);

/**
 * Events of all parts by time: [part, event]. Behind the last of a process that ended before the others comes one more,
 * which is its end.
 */
function* inOrder(parts: readonly ProcessTrace[], whole: number): Generator<readonly [number, number]> {
  const next = parts.map(() => 0);
  const counts = parts.map(
    ({ trace, end }) => trace.events.count + (end !== undefined && end < whole ? 1 : 0),
  );
  const timeOf = (part: number): number => {
    const { trace, begin, end } = parts[part]!;
    const at = next[part]!;
    // A process is noticed to have ended a moment later.
    return at < trace.events.count ? begin + trace.events.time[at]! : end!;
  };
  const heap = parts.map((_, part) => part).filter((part) => counts[part]! > 0);
  const times = parts.map((_, part) => (counts[part]! > 0 ? timeOf(part) : 0));
  const before = (x: number, y: number): boolean => times[x]! < times[y]! || (times[x] === times[y] && x < y);
  const sink = (from: number): void => {
    for (let at = from; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  };
  for (let at = heap.length >> 1; at >= 0; at--) sink(at);
  while (heap.length > 0) {
    const part = heap[0]!;
    yield [part, next[part]!];
    if (++next[part]! < counts[part]!) times[part] = timeOf(part);
    else {
      const last = heap.pop()!;
      if (heap.length > 0) heap[0] = last;
    }
    sink(0);
  }
}

/** Whether threads of a process have numbers of threads that were there at the same time in one before it. */
function clashes(parts: readonly ProcessTrace[], index: number): boolean {
  const { begin, end = Infinity, trace } = parts[index]!;
  const threads = threadsOf(trace.events);
  return parts
    .slice(0, index)
    .some(
      (other) =>
        other.begin < end &&
        begin < (other.end ?? Infinity) &&
        [...threadsOf(other.trace.events)].some((thread) => threads.has(thread)),
    );
}

const threadsCache = new WeakMap<Events, ReadonlySet<number>>();

function threadsOf(events: Events): ReadonlySet<number> {
  let threads = threadsCache.get(events);
  if (threads === undefined) {
    threads = new Set(events.thread.filter((thread) => thread > 0));
    threadsCache.set(events, threads);
  }
  return threads;
}

type Place = Pick<
  TraceProcess,
  'pid' | 'command' | 'begin' | 'firstGoroutine' | 'firstProcessor' | 'firstThread'
>;

/** Numbers of tasks: that of a process, and that of the one that made it, or 0. */
interface ProcessTask {
  readonly number: number;
  readonly parent: number;
}

/** Copies events of one trace into another: into a process's ranges, or, without a task, out of them. */
class Copier {
  readonly #to: TraceBuilder;
  readonly #from: Trace;
  readonly #place: Place;
  readonly #sign: 1 | -1;
  readonly #strings = new Map<number, number>([[0, 0]]);
  readonly #stacks = new Map<number, number>([[0, 0]]);
  readonly #frames = new Map<number, number>();
  readonly #objects = new Map<number, number>([[0, 0]]);
  readonly #open: OpenEnds | undefined;
  /** Stands for the process. */
  readonly #task: ProcessTask | undefined;
  #begun = false;

  constructor(to: TraceBuilder, from: Trace, place: Place, task?: ProcessTask) {
    this.#to = to;
    this.#from = from;
    this.#place = place;
    this.#sign = task === undefined ? -1 : 1;
    this.#task = task;
    this.#open = task && new OpenEnds();
  }

  copy(i: number): void {
    const { events } = this.#from;
    const kind = events.kind[i]! as EventKind;
    const [goroutine, actor] = [this.#goroutine(events.goroutine[i]!), this.#goroutine(events.actor[i]!)];
    const proc = this.#processor(events.proc[i]!, kind);
    const thread = this.#thread(events.thread[i]!);
    const time = this.#place.begin + events.time[i]!;
    const stack = this.#stack(events.stack[i]!);
    const [a, b, c] = this.#values(kind, events.a[i]!, events.b[i]!, events.c[i]!);
    this.#to.columns.add(kind, time, goroutine, actor, proc, thread, stack, a, b, c);
    this.#open?.see(kind, goroutine, proc, thread, a, b);
    if (kind === EVENT.running) this.#beginTask(time, goroutine, proc, thread);
  }

  /** Everything of the process ends. */
  finish(time: number): void {
    if (this.#open === undefined) return;
    const running = this.#open.running();
    if (running !== undefined && this.#begun) {
      const { goroutine, proc, thread } = running;
      this.#to.add(EVENT.taskEnd, time, goroutine, { proc, thread, a: this.#task!.number });
    }
    this.#open.end((kind, goroutine, details) => this.#to.add(kind, time, goroutine, details));
  }

  /** Tools that know of one process only show the others as tasks. */
  #beginTask(time: number, goroutine: number, proc: number, thread: number): void {
    if (this.#begun || this.#task === undefined) return;
    this.#begun = true;
    const { pid, command } = this.#place;
    const { number: a, parent: b } = this.#task;
    const c = this.#to.string(`process ${pid} ${command}`);
    this.#to.add(EVENT.taskBegin, time, goroutine, { proc, thread, a, b, c });
  }

  /** The first thread knows its number only after its first events: it is that of the process. */
  #thread(id: number): number {
    if (this.#sign < 0) return id >= 0 ? id - this.#place.firstThread : id;
    return id >= 0 ? (id === 0 ? this.#place.pid : id) + this.#place.firstThread : id;
  }

  #goroutine(id: number): number {
    return id > 0 ? id + this.#sign * this.#place.firstGoroutine : id;
  }

  /** What is lost on no P is known by the first of the process. */
  #processor(proc: number, kind: EventKind): number {
    if (this.#sign > 0 && proc < 0 && kind === EVENT.lost) return this.#place.firstProcessor;
    return proc >= 0 ? proc + this.#sign * this.#place.firstProcessor : proc;
  }

  #values(kind: EventKind, a: number, b: number, c: number): readonly [number, number, number] {
    const roles = rolesOf(kind);
    const value = (at: 0 | 1 | 2, given: number): number => {
      switch (roles[at]) {
        case 'string':
          return this.#string(given);
        case 'stack':
          return this.#stack(given);
        case 'object':
          return this.#object(given);
        default:
          return given;
      }
    };
    const first = kind === EVENT.procStolen ? this.#thread(a) : value(0, a);
    const { firstProcessor } = this.#place;
    // Of a stolen goroutine a is a P, and one more.
    const moved = kind === EVENT.running && first > 0 ? first + this.#sign * firstProcessor : first;
    return [moved, value(1, b), value(2, c)];
  }

  #string(id: number): number {
    return cached(this.#strings, id, () => this.#to.string(this.#from.strings[id] ?? ''));
  }

  #stack(id: number): number {
    return cached(this.#stacks, id, () =>
      this.#to.stack(Array.from(this.#from.stacks.frames(id), (frame) => this.#frame(frame))),
    );
  }

  #frame(id: number): number {
    return cached(this.#frames, id, () => {
      const { pc, function: name, file, line } = this.#from.stacks.frame(id);
      return this.#to.frame(pc, this.#to.string(name), this.#to.string(file), line);
    });
  }

  #object(id: number): number {
    return cached(this.#objects, id, () => {
      const object = this.#from.objects[id];
      return object === undefined ? 0 : this.#to.object(this.#later(object));
    });
  }

  #later(object: WaitObject): WaitObject {
    return object.kind === 'sleep' ? { ...object, until: object.until + this.#place.begin } : object;
  }
}

function cached(known: Map<number, number>, id: number, make: () => number): number {
  const there = known.get(id);
  if (there !== undefined) return there;
  const made = make();
  known.set(id, made);
  return made;
}

interface Seat {
  readonly goroutine: number;
  readonly proc: number;
  readonly thread: number;
}

/** What goes on in a process: it ends when the process does. */
class OpenEnds {
  /** STATE by goroutine that lives. */
  readonly #states = new Map<number, number>();
  /** Who was last seen to run on a P, by P, and the thread of a P. */
  readonly #seats = new Map<number, Seat>();
  readonly #threads = new Map<number, number>();
  #cycle: number | undefined;
  #stopping: number | undefined;

  see(kind: EventKind, goroutine: number, proc: number, thread: number, a: number, b: number): void {
    if (kind <= EVENT.ended) {
      if (kind === EVENT.ended) this.#states.delete(goroutine);
      else this.#states.set(goroutine, stateAfter(kind, a, b));
      if (kind === EVENT.running) this.#seats.set(proc, { goroutine, proc, thread });
      return;
    }
    switch (kind) {
      case EVENT.procStart:
      case EVENT.procKnown:
        if (thread >= 0) this.#threads.set(proc, thread);
        break;
      case EVENT.procStop:
      case EVENT.procStolen:
        this.#threads.delete(proc);
        break;
      case EVENT.gcBegin:
        this.#cycle = a;
        break;
      case EVENT.gcEnd:
        this.#cycle = undefined;
        break;
      case EVENT.stwBegin:
        this.#stopping = goroutine;
        break;
      case EVENT.stwEnd:
        this.#stopping = undefined;
        break;
      default:
    }
  }

  /** One that runs, and where. */
  running(): Seat | undefined {
    for (const seat of this.#seats.values())
      if (this.#states.get(seat.goroutine) === STATE.running && this.#threads.get(seat.proc) === seat.thread)
        return seat;
    return undefined;
  }

  end(
    add: (
      kind: EventKind,
      goroutine: number,
      details: { proc?: number; thread?: number; a?: number },
    ) => void,
  ): void {
    if (this.#stopping !== undefined) add(EVENT.stwEnd, this.#stopping, {});
    if (this.#cycle !== undefined) {
      const [proc] = this.#threads.keys();
      add(EVENT.gcEnd, 0, { a: this.#cycle, ...(proc === undefined ? {} : { proc }) });
    }
    for (const goroutine of this.#states.keys()) add(EVENT.ended, goroutine, { a: WITH_ITS_PROCESS });
    for (const [proc, thread] of this.#threads) add(EVENT.procStop, 0, { proc, thread });
  }
}
