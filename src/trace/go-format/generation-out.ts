import type { Stacks } from '../trace.ts';
import { BytesOut } from './bytes-out.ts';
import { MARK } from './notes.ts';
import { HIDDEN, PC_SPACE } from './side-strings.ts';
import { MAX_FRAMES, MAX_STRING_BYTES, WIRE } from './wire.ts';

/** Room for a last event below the 65,536 bytes that a batch may have. */
const FULL = 60_000;
/** A side string with ticks is closed at this length. */
const HIDDEN_LENGTH = 1000;
const PCS_PER_ADDRESS = 16;

interface ThreadBatch {
  readonly data: BytesOut;
  first: number;
  last: number;
}

/** One generation while it is written: batches by thread, and the tables that its events refer to. */
export class GenerationOut {
  readonly number: number;
  readonly #out = new BytesOut();
  readonly #threads = new Map<number, ThreadBatch>();
  readonly #strings = new Map<string, number>([['', 0]]);
  readonly #stringData = new BytesOut();
  readonly #stackData = new BytesOut();
  readonly #samples = new BytesOut();
  readonly #framesAt = new Map<number, string[]>();
  readonly #encoder = new TextEncoder();
  readonly #firstTick: number;
  #stackCount = 0;
  #hidden: string[] = [];
  #hiddenLength = 0;
  #lastHidden = 0;

  constructor(number: number, firstTick: number) {
    this.number = number;
    this.#firstTick = firstTick;
    this.string(MARK);
    // The mark comes first of all, so that a reader knows early whose file it is.
    this.#flushStrings();
  }

  /** No thread has an event: Go's readers refuse such a generation. */
  get isEmpty(): boolean {
    return this.#threads.size === 0;
  }

  get size(): number {
    return this.#out.length + this.#stringData.length + this.#stackData.length;
  }

  string(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const id = this.#strings.size;
    this.#strings.set(text, id);
    const data = this.#stringData;
    if (data.length > FULL) this.#flushStrings();
    let bytes = this.#encoder.encode(text);
    if (bytes.length > MAX_STRING_BYTES) bytes = bytes.subarray(0, MAX_STRING_BYTES);
    data.byte(WIRE.string);
    data.varint(id);
    data.varint(bytes.length);
    data.raw(bytes);
    return id;
  }

  stack(stacks: Stacks, stack: number): number {
    const frames = stacks.frames(stack);
    const count = Math.min(frames.length, MAX_FRAMES);
    if (count === 0) return 0;
    const id = ++this.#stackCount;
    const data = this.#stackData;
    if (data.length > FULL / 2) this.#flushTable(data, WIRE.stacks);
    data.byte(WIRE.stack);
    data.varint(id);
    data.varint(count);
    for (let i = 0; i < count; i++) {
      const { pc, function: name, file, line } = stacks.frame(frames[i]!);
      data.varint(this.#distinct(pc, `${name} ${file} ${line}`));
      data.varint(this.string(name));
      data.varint(this.string(file));
      data.varint(line);
    }
    return id;
  }

  event(thread: number, tick: number, kind: number, ...args: number[]): void {
    let batch = this.#threads.get(thread);
    if (batch === undefined) {
      batch = { data: new BytesOut(), first: tick, last: tick };
      this.#threads.set(thread, batch);
    } else if (batch.data.length > FULL) this.#flushBatch(thread, batch);
    if (batch.data.length === 0) {
      batch.first = tick;
      batch.last = tick;
    }
    batch.data.byte(kind);
    batch.data.varint(tick - batch.last);
    batch.last = tick;
    for (const arg of args) batch.data.varint(arg);
  }

  sample(tick: number, thread: number, proc: number, goroutine: number, stack: number): void {
    const data = this.#samples;
    if (data.length > FULL) this.#flushTable(data, WIRE.cpuSamples);
    data.byte(WIRE.cpuSample);
    for (const value of [tick, thread, proc, goroutine, stack]) data.varint(value);
  }

  hide(tick: number): void {
    const word = (tick - this.#lastHidden).toString(36);
    this.#lastHidden = tick;
    this.#hidden.push(word);
    this.#hiddenLength += word.length + 1;
    if (this.#hiddenLength > HIDDEN_LENGTH - HIDDEN.length) this.#flushHidden();
  }

  finish(ticksPerSecond: number): Uint8Array {
    this.#flushHidden();
    const clock = new BytesOut();
    clock.byte(WIRE.frequency);
    clock.varint(ticksPerSecond);
    this.#batch(-1, this.#firstTick, clock.view());
    for (const [thread, batch] of this.#threads) this.#flushBatch(thread, batch);
    this.#flushTable(this.#samples, WIRE.cpuSamples);
    this.#flushTable(this.#stackData, WIRE.stacks);
    this.#flushStrings();
    return this.#out.view();
  }

  /** Go's readers know one frame per pc; inlined calls share theirs with their caller. */
  #distinct(pc: number, what: string): number {
    let there = this.#framesAt.get(pc);
    if (there === undefined) {
      there = [];
      this.#framesAt.set(pc, there);
    }
    let index = there.indexOf(what);
    if (index < 0) index = there.length < PCS_PER_ADDRESS ? there.push(what) - 1 : 0;
    return pc + index * PC_SPACE;
  }

  #flushHidden(): void {
    if (this.#hidden.length > 0) this.string(HIDDEN + this.#hidden.join(' '));
    this.#hidden = [];
    this.#hiddenLength = 0;
    this.#lastHidden = 0;
  }

  #flushBatch(thread: number, batch: ThreadBatch): void {
    if (batch.data.length > 0) this.#batch(thread, batch.first, batch.data.view());
    batch.data.clear();
  }

  #flushStrings(): void {
    this.#flushTable(this.#stringData, WIRE.strings);
  }

  #flushTable(data: BytesOut, kind: number): void {
    if (data.length === 0) return;
    const whole = new Uint8Array(data.length + 1);
    whole[0] = kind;
    whole.set(data.view(), 1);
    this.#batch(-1, this.#firstTick, whole);
    data.clear();
  }

  #batch(thread: number, tick: number, data: Uint8Array): void {
    this.#out.byte(WIRE.batch);
    for (const value of [this.number, thread, tick, data.length]) this.#out.varint(value);
    this.#out.raw(data);
  }
}
