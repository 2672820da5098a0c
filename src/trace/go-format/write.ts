import { EVENT } from '../events.ts';
import type { Trace, TraceProcess } from '../trace.ts';
import { GenerationOut } from './generation-out.ts';
import { noteText } from './notes.ts';
import { type Ids, Row } from './row.ts';
import { SchedulerWriter } from './scheduler-writer.ts';
import { ENDED, PROCESS, SIDE_EVENT, STARTED, TICKS } from './side-strings.ts';

/** "go 1.23": every reader of Go 1.23 and newer takes it, and gotraceui. */
const HEADER = 'go 1.23 trace\0\0\0';
/** Tick of time 0. Go's readers take a time of 0 for "not set". */
const ORIGIN = 1e9 * TICKS;
/** A generation is closed at this size. */
const GENERATION_BYTES = 4 << 20;
/** A stop of the world whose end was lost does not hold a generation for ever. */
const MOST_GENERATION_BYTES = 4 * GENERATION_BYTES;

export type TracePart = Pick<Trace, 'events' | 'strings' | 'stacks' | 'objects'>;

/**
 * Writes a trace as a Go execution trace, by and by: what was written before the last `endGeneration` is on disk and
 * readable, what came after is in memory. Go's tools show all that its format has events for, wait objects and lost
 * events as logs of the category "mattock", and traced calls as regions; `readGoTrace` gets back the very events.
 *
 * Lost: fractions of nanoseconds, strings beyond 1024 bytes, frames beyond 128, violations, what was known of the trace
 * as a whole.
 */
export class GoTraceWriter implements Ids {
  readonly #sink: (bytes: Uint8Array) => void;
  readonly #startedAt: bigint | undefined;
  readonly #scheduler = new SchedulerWriter();
  #generation: GenerationOut | undefined;
  #count = 0;
  #tick = ORIGIN - 1;
  /** The generation ends when the world goes on. */
  #isDue = false;
  /** Ids of the part in hand → ids of the generation. */
  #part: TracePart | undefined;
  #stringIds = new Map<number, number>();
  #stackIds = new Map<number, number>();

  constructor(sink: (bytes: Uint8Array) => void, startedAt?: bigint) {
    this.#sink = sink;
    this.#startedAt = startedAt;
    sink(new TextEncoder().encode(HEADER));
  }

  /** Events [first, end) of a part; those of parts before happened earlier. */
  write(part: TracePart, first = 0, end = part.events.count): void {
    if (this.#part !== part) this.#forgetIds();
    this.#part = part;
    for (let i = first; i < end; i++) {
      this.#event(part, i);
      if (this.#isDue || this.#generation!.size > GENERATION_BYTES) this.endGeneration();
    }
  }

  /**
   * What was written so far can be read by itself then. While the world is stopped it waits for it to go on: Go's
   * reader names the end of a stop by the beginning's string, and looks for that in the end's generation
   * (internal/trace/order.go, advanceSTWEnd).
   */
  endGeneration(): void {
    this.#isDue = this.#scheduler.isWorldStopped && (this.#generation?.size ?? 0) < MOST_GENERATION_BYTES;
    if (!this.#isDue) this.#end();
  }

  #end(): void {
    if (this.#generation === undefined) return;
    if (this.#generation.isEmpty) this.#tick = this.#scheduler.writeSomething(this.#tick);
    this.#sink(this.#generation.finish(1e9 * TICKS));
    this.#generation = undefined;
    this.#forgetIds();
  }

  /** `endedAt`: when the recording ended, in nanoseconds. `processes`: of which the trace is, if there are several. */
  close(endedAt = 0, processes: readonly TraceProcess[] = []): void {
    // A file without a single generation is refused by all.
    if (this.#count === 0) this.#open(0);
    if (ORIGIN + Math.floor(endedAt) * TICKS > this.#tick)
      this.#open(endedAt).string(`${ENDED}${Math.round(endedAt)}`);
    for (const process of processes) this.#open(endedAt).string(`${PROCESS}${JSON.stringify(process)}`);
    this.#end();
  }

  #open(time: number): GenerationOut {
    if (this.#generation === undefined) {
      const tick = this.#count === 0 ? ORIGIN : Math.max(this.#tick + 1, ORIGIN + Math.floor(time) * TICKS);
      this.#generation = new GenerationOut(++this.#count, tick);
      if (this.#count === 1 && this.#startedAt !== undefined)
        this.#generation.string(`${STARTED}${this.#startedAt}`);
      this.#scheduler.begin(this.#generation, this.#count);
    }
    return this.#generation;
  }

  #event(part: TracePart, i: number): void {
    const { events } = part;
    const time = events.time[i]!;
    const generation = this.#open(time);
    this.#tick = Math.max(this.#tick + 1, ORIGIN + Math.floor(time) * TICKS);
    const row = new Row(events, i, this);
    if (row.kind === EVENT.cpuSample) {
      generation.sample(this.#tick, row.thread, row.proc, row.goroutine, row.stack);
      return;
    }
    const said = this.#scheduler.write(row, this.#tick);
    this.#tick = this.#scheduler.tick;
    if (!said) this.#sideEvent(row, generation);
  }

  #sideEvent(row: Row, generation: GenerationOut): void {
    const { kind, goroutine, actor, proc, thread, stack, a, b, c } = row;
    generation.string(
      `${SIDE_EVENT}${this.#tick} ${[kind, goroutine, actor, proc, thread, stack, a, b, c].join(' ')}`,
    );
  }

  #forgetIds(): void {
    this.#stringIds = new Map();
    this.#stackIds = new Map();
  }

  stringId(id: number): number {
    let mine = this.#stringIds.get(id);
    if (mine === undefined) {
      mine = this.#generation!.string(this.#part!.strings[id] ?? '');
      this.#stringIds.set(id, mine);
    }
    return mine;
  }

  stackId(id: number): number {
    if (id === 0) return 0;
    let mine = this.#stackIds.get(id);
    if (mine === undefined) {
      mine = this.#generation!.stack(this.#part!.stacks, id);
      this.#stackIds.set(id, mine);
    }
    return mine;
  }

  /** An object as the text of its note. */
  objectText(id: number): string {
    const object = this.#part!.objects[id];
    return object === undefined ? '' : noteText({ kind: 'object', object });
  }

  text(id: number): string {
    return this.#part!.strings[id] ?? '';
  }

  note(text: string): number {
    return this.#generation!.string(text);
  }
}
