import { EventColumns } from './event-columns.ts';
import type { EventKind } from './events.ts';
import { StackTable } from './stack-table.ts';
import type { Trace, TraceProcess, TraceSource, Violation } from './trace.ts';
import type { WaitObject } from './wait-object.ts';

/** What most events leave at its default. */
export interface EventDetails {
  readonly actor?: number;
  readonly proc?: number;
  readonly thread?: number;
  readonly stack?: number;
  readonly a?: number;
  readonly b?: number;
  readonly c?: number;
}

/**
 * Builds a `Trace`: events go in by their order, strings, frames, stacks and wait objects are kept once each and
 * answered with their ids. `build` may be called again and again while more comes in.
 */
export class TraceBuilder {
  readonly columns = new EventColumns();
  readonly #source: TraceSource;
  readonly #strings: string[] = [''];
  readonly #stringIds = new Map<string, number>([['', 0]]);
  readonly #stacks: StackTable;
  readonly #objects: (WaitObject | undefined)[] = [undefined];
  readonly #objectIds = new Map<string, number>();
  readonly #violations: Violation[] = [];
  readonly #notes: string[] = [];
  readonly processes: TraceProcess[] = [];
  startedAt: bigint | undefined;
  /** When the recording ended, where that is known: often later than the last event. */
  endedAt = 0;

  constructor(source: TraceSource) {
    this.#source = source;
    this.#stacks = new StackTable(this.#strings);
  }

  string(text: string): number {
    const known = this.#stringIds.get(text);
    if (known !== undefined) return known;
    const id = this.#strings.length;
    this.#strings.push(text);
    this.#stringIds.set(text, id);
    return id;
  }

  text(id: number): string {
    return this.#strings[id] ?? '';
  }

  /** `functionName` and `file` are string ids. */
  frame(pc: number, functionName: number, file: number, line: number): number {
    return this.#stacks.frame(pc, functionName, file, line);
  }

  /** Frame ids, leaf first; of `frames` the first `count` are read. */
  stack(frames: ArrayLike<number>, count = frames.length): number {
    return this.#stacks.stack(frames, count);
  }

  object(object: WaitObject): number {
    const key = keyOf(object);
    const known = this.#objectIds.get(key);
    if (known !== undefined) return known;
    const id = this.#objects.length;
    this.#objects.push(object);
    this.#objectIds.set(key, id);
    return id;
  }

  /** Adds an event, answers its index. In hot loops `columns.add` does the same without an object. */
  add(kind: EventKind, time: number, goroutine: number, details: EventDetails = {}): number {
    const { actor = 0, proc = -1, thread = -1, stack = 0, a = 0, b = 0, c = 0 } = details;
    return this.columns.add(kind, time, goroutine, actor, proc, thread, stack, a, b, c);
  }

  /** Something does not follow from what was known, at the last event. */
  violation(what: string): void {
    this.#violations.push({ event: Math.max(0, this.columns.count - 1), what });
  }

  /** Something to tell whoever reads the trace: that its file was cut off. */
  note(text: string): void {
    this.#notes.push(text);
  }

  /** Takes all events away, and what only they have: objects, violations, notes. Strings and stacks keep their ids. */
  clear(): void {
    this.columns.clear();
    this.#objects.length = 1;
    this.#objectIds.clear();
    this.#violations.length = 0;
    this.#notes.length = 0;
  }

  build(): Trace {
    return {
      source: this.#source,
      duration: Math.max(this.columns.lastTime, this.endedAt),
      startedAt: this.startedAt,
      events: this.columns.view(),
      strings: this.#strings,
      stacks: this.#stacks.view(),
      objects: this.#objects,
      violations: this.#violations,
      notes: this.#notes,
      processes: this.processes,
    };
  }
}

function keyOf(object: WaitObject): string {
  switch (object.kind) {
    case 'channel':
      return `c${object.address} ${object.direction} ${object.length} ${object.capacity}`;
    case 'select':
      return `S${object.cases.map((each) => `${each.address}${each.direction}`).join(' ')}`;
    case 'io':
      return `i${object.descriptor} ${object.mode}`;
    case 'sleep':
      return `z${object.until}`;
    case 'syscall':
      return `s${object.number} ${object.name}`;
    default:
      return `${object.kind} ${object.address}`;
  }
}
