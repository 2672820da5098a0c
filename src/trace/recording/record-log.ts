import { COUNTED, KIND_MASK, type LostRecords, type RecordSink, SIZE_SHIFT } from '../../probe/index.ts';
import { RECORD } from './record.ts';
import { StackPool } from './stack-pool.ts';

/** Records in a block: growing copies nothing. */
const BLOCK = 1 << 15;
const FIELDS = 13;
const HIGH = 2 ** 32;

/** A field of a record in the log. */
export const FIELD = {
  time: 0,
  kind: 1,
  /** old + 16 × new + 256 × reason. */
  states: 2,
  caller: 3,
  subject: 4,
  id: 5,
  actor: 6,
  thread: 7,
  processor: 8,
  extra: 9,
  detail: 10,
  detail2: 11,
  /** Stack in `stacks`; of a select, its cases are `cases` of the record's number. */
  stack: 12,
} as const;

/** Kind of the entries between which records are missing: `extra` is how many for the first, 0 for the second. */
export const LOST = 0;
/** In place of a thread, where there was no room to keep them, and not the ring was full. */
export const NOT_KEPT = 1;

/** What the probes wrote, as columns of numbers, in the order of the ring. */
export class RecordLog implements RecordSink {
  readonly stacks = new StackPool();
  /** Cases of selects by record. */
  readonly cases = new Map<number, readonly number[]>();
  readonly #blocks: (Float64Array | undefined)[] = [];
  #count = 0;
  #lastTime = 0;

  get count(): number {
    return this.#count;
  }

  get(record: number, field: number): number {
    return this.#blocks[Math.floor(record / BLOCK)]![(record % BLOCK) * FIELDS + field]!;
  }

  set(record: number, field: number, value: number): void {
    this.#blocks[Math.floor(record / BLOCK)]![(record % BLOCK) * FIELDS + field] = value;
  }

  record(words: Uint32Array, at: number): void {
    const head = words[at + 4]!;
    const tall = (head & 0xff) >> SIZE_SHIFT;
    const record = this.#count;
    const block = this.#block();
    const to = (record % BLOCK) * FIELDS;
    const time = word(words, at + 2);
    const reason = head >>> 24;
    const state = (head >>> 16) & 0xff;
    block[to + FIELD.time] = time;
    block[to + FIELD.kind] = head & KIND_MASK;
    block[to + FIELD.states] = ((head >>> 8) & 0xff) + 16 * state + 256 * reason;
    block[to + FIELD.caller] = words[at + (RECORD.caller >> 2)]!;
    block[to + FIELD.subject] = word(words, at + (RECORD.subject >> 2));
    block[to + FIELD.id] = word(words, at + (RECORD.id >> 2));
    block[to + FIELD.actor] = word(words, at + (RECORD.actor >> 2));
    block[to + FIELD.thread] = words[at + (RECORD.thread >> 2)]!;
    block[to + FIELD.processor] = words[at + (RECORD.processor >> 2)]! | 0;
    const extra = word(words, at + (RECORD.extra >> 2));
    block[to + FIELD.extra] = extra;
    this.#count = record + 1;
    this.#lastTime = time;
    if (tall === 0 || tall === COUNTED) return;
    block[to + FIELD.detail] = word(words, at + (RECORD.detail >> 2));
    block[to + FIELD.detail2] = word(words, at + (RECORD.detail2 >> 2));
    block[to + FIELD.stack] = this.stacks.add(words, at);
    if (tall > 1) this.cases.set(record, casesOf(words, at));
  }

  /** Something that has no record of this form: `extra` says which it is. */
  note(kind: number, time: number, goroutine: number, thread: number, extra: number): void {
    const block = this.#block();
    const to = (this.#count % BLOCK) * FIELDS;
    block[to + FIELD.time] = time;
    block[to + FIELD.kind] = kind;
    block[to + FIELD.subject] = goroutine;
    block[to + FIELD.thread] = thread;
    block[to + FIELD.extra] = extra;
    this.#count++;
  }

  lost({ count, between = [this.#lastTime, this.#lastTime] }: LostRecords): void {
    this.#mark(between[0], count);
    this.#mark(between[1], 0);
  }

  #mark(time: number, count: number): void {
    const block = this.#block();
    const to = (this.#count % BLOCK) * FIELDS;
    block[to + FIELD.time] = time;
    block[to + FIELD.kind] = LOST;
    block[to + FIELD.extra] = count;
    this.#count++;
  }

  /** When the record that came last was written, in ticks. */
  get lastTime(): number {
    return this.#lastTime;
  }

  /** Records that are nearly in the order of time, put into it: a thread that was descheduled in a probe comes late. */
  sorted(records: Uint32Array): Uint32Array {
    const times = new Float64Array(records.length);
    for (let i = 0; i < records.length; i++) {
      const record = records[i]!;
      const time = this.get(record, FIELD.time);
      let at = i;
      for (; at > 0 && times[at - 1]! > time; at--) {
        times[at] = times[at - 1]!;
        records[at] = records[at - 1]!;
      }
      times[at] = time;
      records[at] = record;
    }
    return records;
  }

  /** Nobody will ask for the records in front of this one. */
  release(record: number): void {
    for (let index = Math.floor(record / BLOCK) - 1; this.#blocks[index] !== undefined; index--) {
      this.#blocks[index] = undefined;
    }
    for (const each of this.cases.keys()) {
      if (each >= record) break;
      this.cases.delete(each);
    }
  }

  #block(): Float64Array {
    const index = Math.floor(this.#count / BLOCK);
    this.#blocks[index] ??= new Float64Array(BLOCK * FIELDS);
    return this.#blocks[index];
  }
}

const word = (words: Uint32Array, at: number): number => words[at]! + words[at + 1]! * HIGH;

function casesOf(words: Uint32Array, at: number): number[] {
  const cases: number[] = [];
  for (let i = RECORD.cases >> 2; i < RECORD.casesEnd >> 2; i += 2) {
    const channel = word(words, at + i);
    if (channel === 0) break;
    cases.push(channel);
  }
  return cases;
}
