import {
  LONGEST_SLOT,
  type LostRecords,
  type RecordSink,
  type Room,
  SIZE_SHIFT,
  slotLength,
} from '../../probe/index.ts';
import { RECORD } from './record.ts';
import type { RecordLog } from './record-log.ts';

/** 4 MB. */
const BLOCK_WORDS = 1 << 20;
const TALL = 1;
const FIRST_FRAME = RECORD.frames >> 2;
const END_OF_FRAMES = RECORD.framesEnd >> 2;
const TIME = 2;
const HEAD = 4;
/** What an entry is, above its length in words. */
const ENTRY = { record: 0, lost: 1, lostSomewhere: 2, note: 3 } as const;
const ENTRY_SHIFT = 16;
const LENGTH_MASK = 0xffff;
/** The numbers of marks, 64 bits each, as their words. */
const NUMBER_WORDS = 2;
const number = new Float64Array(1);
const numberWords = new Uint32Array(number.buffer);

/** Shared with nobody: of memory that could be, the collector takes no notice, and other 4 MB made it go through all we have. */
const newBlock = (): Uint32Array => new Uint32Array(new SharedArrayBuffer(4 * BLOCK_WORDS));

/** Where blocks go that there is no room for in memory. */
export interface Spool {
  /** Behind what was written before. Throws a UserError where there is no room left. */
  append(words: Uint32Array): void;
  /** Words from a place on; all of `into` was written. */
  read(at: number, into: Uint32Array): void;
}

/**
 * What the probes wrote, as they wrote it: records are read to where they are kept. A word in front of each says what it is
 * and how long; it stands where the commit word stood. What comes from elsewhere is copied, without what is empty. So
 * much is kept in memory, and the rest in the spool.
 */
export class RawLog implements RecordSink {
  readonly #spool: Spool;
  readonly #memoryBlocks: number;
  readonly #blocks: Uint32Array[] = [];
  /** Words used of each block. */
  readonly #used: number[] = [];
  #current: Uint32Array = newBlock();
  #at = 0;
  #failure: Error | undefined;
  #latest = 0;
  /** By how many ticks an entry came behind one of a later time, at most: so far they are out of their order. */
  lateness = 0;
  /** Entries. */
  count = 0;
  /** Records that came when nothing could be kept any more. */
  refused = 0;

  /** `memoryBytes`: how much is kept in memory, about. */
  constructor(spool: Spool, memoryBytes = 256 << 20) {
    this.#spool = spool;
    this.#memoryBlocks = Math.max(1, Math.floor(memoryBytes / (4 * BLOCK_WORDS)));
  }

  /** Why nothing is kept any more. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Records are best read to where they are kept; nowhere, if nothing can be kept any more. */
  room(bytes: number): Room | undefined {
    if (this.#at + (bytes >> 2) > BLOCK_WORDS && this.#failure === undefined) this.#close();
    return this.#failure === undefined ? { words: this.#current, from: this.#at } : undefined;
  }

  record(words: Uint32Array, at: number): void {
    const time = words[at + TIME]! + words[at + TIME + 1]! * 2 ** 32;
    if (words === this.#current) {
      const length = slotWords(words, at);
      words[at] = length;
      this.#at = at + length;
    } else if (!this.#copy(words, at)) return;
    this.count++;
    this.#cameAt(time);
  }

  #copy(words: Uint32Array, from: number): boolean {
    const length = usedWords(words, from);
    if (!this.#hasRoom(length)) return false;
    const block = this.#current;
    let to = this.#at;
    block[to++] = length;
    for (let i = from + 1; i < from + length; i++) block[to++] = words[i]!;
    this.#at = to;
    return true;
  }

  lost({ count, between }: LostRecords): void {
    if (between === undefined) this.#mark(ENTRY.lostSomewhere, [count]);
    else {
      this.#mark(ENTRY.lost, [count, between[0], between[1]]);
      for (const time of between) this.#cameAt(time);
    }
  }

  /** RecordLog.note. */
  note(kind: number, time: number, goroutine: number, thread: number, extra: number): void {
    this.#mark(ENTRY.note, [kind, time, goroutine, thread, extra]);
    this.#cameAt(time);
  }

  /** No more will come: what was kept free for it is given back. */
  close(): void {
    this.#current = this.#current.slice(0, this.#at);
  }

  /** From the first entry on, as often as somebody wants. What comes meanwhile is not read. */
  reader(): RawReader {
    return new RawReader(this.#used.length + 1, (block) => this.#block(block));
  }

  #block(index: number): Uint32Array {
    if (index === this.#used.length) return this.#current.subarray(0, this.#at);
    if (index < this.#blocks.length) return this.#blocks[index]!;
    let at = 0;
    for (let i = this.#blocks.length; i < index; i++) at += this.#used[i]!;
    const words = new Uint32Array(this.#used[index]!);
    this.#spool.read(at, words);
    return words;
  }

  #cameAt(time: number): void {
    if (time > this.#latest) this.#latest = time;
    else if (this.#latest - time > this.lateness) this.lateness = this.#latest - time;
  }

  #mark(entry: number, values: readonly number[]): void {
    const length = 1 + NUMBER_WORDS * values.length;
    if (!this.#hasRoom(length)) return;
    const block = this.#current;
    block[this.#at++] = (entry << ENTRY_SHIFT) | length;
    for (const value of values) {
      number[0] = value;
      block[this.#at++] = numberWords[0]!;
      block[this.#at++] = numberWords[1]!;
    }
    this.count++;
  }

  #hasRoom(length: number): boolean {
    if (this.#at + length <= BLOCK_WORDS && this.#failure === undefined) return true;
    if (this.#failure === undefined) this.#close();
    if (this.#failure === undefined) return true;
    this.refused++;
    return false;
  }

  /** The block in hand is full. */
  #close(): void {
    const full = this.#current.subarray(0, this.#at);
    if (this.#blocks.length < this.#memoryBlocks) {
      this.#blocks.push(full);
      this.#current = newBlock();
    } else {
      try {
        this.#spool.append(full);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        this.#failure = error;
        return;
      }
    }
    this.#used.push(this.#at);
    this.#at = 0;
  }
}

function slotWords(words: Uint32Array, at: number): number {
  const head = words[at + HEAD]!;
  return slotLength(head & 0xff, (head >>> 8) & 0xff)! >> 2;
}

/** Behind its stack stands in a slot what was there a lap ago. */
function usedWords(words: Uint32Array, at: number): number {
  if ((words[at + HEAD]! & 0xff) >> SIZE_SHIFT !== TALL) return slotWords(words, at);
  let end = FIRST_FRAME;
  while (end < END_OF_FRAMES && (words[at + end]! | words[at + end + 1]!) !== 0) end += 2;
  return end;
}

/** Goes through what was kept, in the order in which it came. */
export class RawReader {
  readonly #blockCount: number;
  readonly #blockAt: (index: number) => Uint32Array;
  /** A record as long as one can be, with zeros behind it. */
  readonly #record = new Uint32Array(LONGEST_SLOT / 4);
  #next = 0;
  #block: Uint32Array = new Uint32Array(0);
  #at = 0;

  constructor(blockCount: number, blockAt: (index: number) => Uint32Array) {
    this.#blockCount = blockCount;
    this.#blockAt = blockAt;
  }

  get isAtEnd(): boolean {
    while (this.#at === this.#block.length) {
      if (this.#next === this.#blockCount) return true;
      this.#block = this.#blockAt(this.#next++);
      this.#at = 0;
    }
    return false;
  }

  /** Gives a log the next entries, so many at most. */
  read(log: Pick<RecordLog, 'record' | 'lost' | 'note'>, most: number): void {
    for (let left = most; left > 0 && !this.isAtEnd; left--) this.#entry(log);
  }

  #entry(log: Pick<RecordLog, 'record' | 'lost' | 'note'>): void {
    const block = this.#block;
    const at = this.#at;
    const length = block[at]! & LENGTH_MASK;
    this.#at = at + length;
    switch (block[at]! >>> ENTRY_SHIFT) {
      case ENTRY.record: {
        const record = this.#record;
        const used = Math.min(length, usedWords(block, at));
        for (let i = 1; i < used; i++) record[i] = block[at + i]!;
        record.fill(0, used);
        log.record(record, 0);
        return;
      }
      case ENTRY.lost:
        log.lost({ count: this.#number(at, 0), between: [this.#number(at, 1), this.#number(at, 2)] });
        return;
      case ENTRY.lostSomewhere:
        log.lost({ count: this.#number(at, 0), between: undefined });
        return;
      default: {
        const [kind, time, goroutine, thread, extra] = [0, 1, 2, 3, 4].map((i) => this.#number(at, i));
        log.note(kind!, time!, goroutine!, thread!, extra!);
      }
    }
  }

  #number(entry: number, index: number): number {
    numberWords[0] = this.#block[entry + 1 + NUMBER_WORDS * index]!;
    numberWords[1] = this.#block[entry + 2 + NUMBER_WORDS * index]!;
    return number[0]!;
  }
}
