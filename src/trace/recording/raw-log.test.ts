import { describe, expect, it } from 'vitest';
import { COUNTED, type LostRecords, SIZE_SHIFT, slotLength } from '../../probe/index.ts';
import { RawLog, type Spool } from './raw-log.ts';
import { RECORD } from './record.ts';

const MEGABYTE = 1 << 20;
const FRAMES = (RECORD.framesEnd - RECORD.frames) / 8;

/** What a log is given, as text. */
class Story {
  readonly told: string[] = [];

  record(words: Uint32Array, at: number): void {
    const head = words[at + 4]!;
    const length = slotLength(head & 0xff, (head >>> 8) & 0xff)! / 4;
    // The commit word is nobody's any more.
    let sum = length;
    for (let i = at + 2; i < at + length; i++) sum = Math.imul(sum ^ words[i]!, 0x01000193);
    this.told.push(`${words[at + 2]} ${sum}`);
  }

  lost(lost: LostRecords): void {
    this.told.push(JSON.stringify(lost));
  }

  note(...numbers: readonly number[]): void {
    this.told.push(`note ${numbers.join(' ')}`);
  }
}

class MemorySpool implements Spool {
  #words = new Uint32Array(0);

  append(words: Uint32Array): void {
    const all = new Uint32Array(this.#words.length + words.length);
    all.set(this.#words);
    all.set(words, this.#words.length);
    this.#words = all;
  }

  read(at: number, into: Uint32Array): void {
    into.set(this.#words.subarray(at, at + into.length));
  }

  get length(): number {
    return this.#words.length;
  }
}

const FULL: Spool = {
  append: () => {
    throw new Error('the disk is full');
  },
  read: () => {
    throw new Error('nothing was written');
  },
};

/** A slot as a probe leaves it in a ring: behind its stack stands what was there a lap ago. */
function slot(index: number): Uint32Array {
  const size = index % 4;
  const words = new Uint32Array(256);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(index + 1, i + 0x9e3779b1);
  words[4] = (size << SIZE_SHIFT) | (index % 60) | ((1 + (index % 16)) << 8);
  if (size !== COUNTED) {
    const frames = index % (FRAMES + 1);
    const end = (RECORD.frames >> 2) + 2 * frames;
    words.fill(0, end, Math.max(end, RECORD.framesEnd >> 2));
  }
  return words;
}

/** Records between which some are lost. */
function fill(log: Pick<RawLog, 'record' | 'lost' | 'note'>, count: number): void {
  for (let i = 0; i < count; i++) {
    log.record(slot(i), 0);
    if (i % 1000 === 7) log.lost({ count: i, between: [2 ** 40 + i, 2 ** 52 - i] });
    if (i % 1000 === 8) log.lost({ count: i, between: undefined });
    if (i % 1000 === 9) log.note(3, 2 ** 50 + i, -1, i, 0.5);
  }
}

/** As who reads a ring gives them: read to where they are kept. */
class InPlace {
  readonly #log: RawLog;

  constructor(log: RawLog) {
    this.#log = log;
  }

  record(slot: Uint32Array): void {
    const { words, from } = this.#log.room(2 * 1024) ?? { words: new Uint32Array(512), from: 0 };
    words.set(slot, from);
    // What comes behind it is not taken yet.
    words.fill(0xffffffff, from + slot.length, from + 2 * slot.length);
    this.#log.record(words, from);
  }

  lost(lost: LostRecords): void {
    this.#log.lost(lost);
  }

  note(...numbers: Parameters<RawLog['note']>): void {
    this.#log.note(...numbers);
  }
}

describe('what was kept', () => {
  it.each([
    ['copied to memory', 256 * MEGABYTE, false, (log: RawLog) => log],
    ['copied, for the most part to the spool', 1, true, (log: RawLog) => log],
    ['read to memory', 256 * MEGABYTE, false, (log: RawLog) => new InPlace(log)],
    ['read, for the most part to the spool', 1, true, (log: RawLog) => new InPlace(log)],
  ])('comes back as it came: %s', (_, memory, spools, given) => {
    const count = 40_000;
    const expected = new Story();
    fill(expected, count);
    const spool = new MemorySpool();
    const log = new RawLog(spool, memory);
    fill(given(log), count);
    expect(spool.length > 0).toBe(spools);
    log.close();
    for (let again = 0; again < 2; again++) {
      const story = new Story();
      const reader = log.reader();
      while (!reader.isAtEnd) reader.read(story, 777);
      expect(story.told.length).toBe(expected.told.length);
      expect(story.told.every((each, i) => each === expected.told[i])).toBe(true);
    }
    expect(log.count).toBe(expected.told.length);
  });

  it.each([
    ['copied', (log: RawLog) => log],
    ['read', (log: RawLog) => new InPlace(log)],
  ])('ends where there is no room any more, and says how much came after: %s', (_, given) => {
    const log = new RawLog(FULL, 1);
    const all = new Story();
    fill(all, 40_000);
    fill(given(log), 40_000);
    const story = new Story();
    log.reader().read(story, Infinity);
    expect(log.failure?.message).toBe('the disk is full');
    expect(story.told.length).toBeGreaterThan(5_000);
    expect(log.count).toBe(story.told.length);
    expect(log.count + log.refused).toBe(all.told.length);
    expect(story.told.at(-1)).toBe(all.told[story.told.length - 1]);
  });
});
