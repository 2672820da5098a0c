import type { RingFile } from './port.ts';
import { GRAIN, HEADER, HEADER_BYTES, LONGEST_SLOT, SLOT, SWITCH, slotLength } from './ring-layout.ts';

const CHUNK_BYTES = 1 << 20;
const HEADER_FIELDS = 512;

/** Records that are missing at this place. */
export interface LostRecords {
  readonly count: number;
  /** Time stamps between which they would have been; undefined where nobody can tell. */
  readonly between: readonly [first: number, last: number] | undefined;
}

/** Who gets what the probes wrote. */
export interface RecordSink {
  /** A record stands in `words` (32 bits each) from `at` on. */
  record(words: Uint32Array, at: number): void;
  lost(records: LostRecords): void;
  /**
   * Where the next records may be read to, so many bytes at most: `record` is then called for each of them in its place,
   * one behind the other, with nothing told in between.
   */
  room?(bytes: number): Room | undefined;
}

export interface Room {
  readonly words: Uint32Array;
  /** Index of the first free word. */
  readonly from: number;
}

/** Says to those who wait who reads the ring and answers: the process id as the program has it, 0 if it cannot see it. */
export function writeOwner(ring: RingFile, owner: number): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, owner, true);
  ring.write(HEADER.owner, bytes);
}

/**
 * Reads a ring from outside the program, in order. Nothing is lost as long as the probes see `tail`: they drop and
 * count, or wait, instead of overwriting. A reader that was lapped all the same goes on at the head and says so.
 */
export class RingReader {
  readonly #file: RingFile;
  readonly #bytes: number;
  readonly #ticks: () => number;
  readonly #headerBytes = new Uint8Array(HEADER_FIELDS);
  readonly #headerWords = new Uint32Array(this.#headerBytes.buffer);
  #own: Room | undefined;
  #position = 0;
  #dropped = 0;
  /** Records that came. */
  records = 0;
  lost = 0;

  /** `ticks`: the time stamp counter. */
  constructor(file: RingFile, bytes: number, ticks: () => number) {
    this.#file = file;
    this.#bytes = bytes;
    this.#ticks = ticks;
    this.#setTail();
  }

  /** Bytes that came. */
  get position(): number {
    return this.#position;
  }

  /** How often a thread waited for us. */
  get waits(): number {
    return this.#field('waits');
  }

  /** Whether the program has taken us for dead and drops records instead of waiting. */
  get givenUp(): boolean {
    return this.#headerWords[HEADER.switch >> 2] === SWITCH.gaveUp;
  }

  /**
   * What came since the last time. `final`: nobody writes any more, what is not whole will never be. `enough` is asked
   * after each chunk whether the rest stays for the next time. False: something was begun before that has not come.
   */
  drain(sink: RecordSink, final = false, enough: () => boolean = () => false): boolean {
    this.#readHeader();
    const head = this.#field('head');
    this.#tellDrops(sink);
    while (this.#position < head) {
      const read = this.#drainChunk(head, sink);
      this.#position += read;
      this.#setTail();
      if (read > 0) {
        if (enough()) break;
        continue;
      }
      if (!final) break;
      // Its thread died while it wrote this: what it was about to do did not happen, and nothing of it comes behind.
      this.#position += GRAIN;
    }
    return this.#position >= head;
  }

  /** The probes write no more; their trampolines stay harmless. */
  switchOff(): void {
    this.#file.write(HEADER.switch, Uint8Array.of(SWITCH.off));
  }

  #drainChunk(head: number, sink: RecordSink): number {
    const offset = this.#position % this.#bytes;
    const wanted = Math.min(head - this.#position, this.#bytes - offset, CHUNK_BYTES);
    const { words, from } = sink.room?.(wanted + LONGEST_SLOT) ?? this.#ownRoom();
    const bytes = new Uint8Array(words.buffer, words.byteOffset + 4 * from, wanted + LONGEST_SLOT);
    const got = this.#file.read(HEADER_BYTES + offset, bytes);
    if (this.#lapped()) {
      const skipped = this.#field('head') - this.#position;
      sink.lost({ count: Math.round(skipped / GRAIN), between: undefined });
      this.lost += Math.round(skipped / GRAIN);
      return skipped;
    }
    let at = 0;
    while (at < wanted) {
      const expected = this.#position + at + 1;
      const word = from + (at >> 2);
      if (words[word]! !== (expected % 2 ** 32) >>> 0 || words[word + 1]! !== Math.floor(expected / 2 ** 32))
        break;
      const kind = words[word + (SLOT.kind >> 2)]!;
      const length = slotLength(kind & 0xff, (kind >>> 8) & 0xff);
      if (length === undefined || at + length > got) break;
      this.records++;
      sink.record(words, word);
      at += length;
    }
    return at;
  }

  #ownRoom(): Room {
    this.#own ??= { words: new Uint32Array((CHUNK_BYTES + LONGEST_SLOT) / 4), from: 0 };
    return this.#own;
  }

  /** What was read may have been written over meanwhile. */
  #lapped(): boolean {
    this.#readHeader();
    return this.#field('head') - this.#position > this.#bytes;
  }

  /**
   * The probe notes the first drop where none is noted. That note is taken away before the count is read again, so a
   * drop in between is in this count and, harmlessly, the first of the next.
   */
  #tellDrops(sink: RecordSink): void {
    if (this.#field('dropped') === this.#dropped) return;
    const first = this.#field('firstDrop');
    this.#file.write(HEADER.firstDrop, new Uint8Array(8));
    this.#readHeader();
    const last = this.#field('lastDrop');
    const count = this.#field('dropped') - this.#dropped;
    this.#dropped += count;
    this.lost += count;
    sink.lost({ count, between: [first === 0 ? last : Math.min(first, last), last] });
  }

  #setTail(): void {
    const bytes = new Uint8Array(HEADER.alive + 8 - HEADER.tail);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, BigInt(this.#position), true);
    view.setBigUint64(HEADER.alive - HEADER.tail, BigInt(this.#ticks()), true);
    this.#file.write(HEADER.tail, bytes);
  }

  #readHeader(): void {
    this.#file.read(0, this.#headerBytes);
  }

  #field(field: keyof typeof HEADER): number {
    const at = HEADER[field] >> 2;
    return this.#headerWords[at]! + this.#headerWords[at + 1]! * 2 ** 32;
  }
}
