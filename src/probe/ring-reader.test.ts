import { describe, expect, it } from 'vitest';
import type { RingFile } from './port.ts';
import { HEADER, HEADER_BYTES, mappedBytes, SLOT, SWITCH } from './ring-layout.ts';
import { type LostRecords, RingReader, writeOwner } from './ring-reader.ts';

const RING = 1 << 20;
const SMALL = 64;
const TALL = 320;

/** A ring in our own memory, and what a probe does with it. */
class FakeRing implements RingFile {
  readonly bytes = new Uint8Array(mappedBytes(RING));
  readonly #view = new DataView(this.bytes.buffer);
  head = 0;

  read(offset: number, into: Uint8Array): number {
    const there = this.bytes.subarray(offset, offset + into.length);
    into.set(there);
    return there.length;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, offset);
  }

  field(field: keyof typeof HEADER, value?: number): number {
    if (value !== undefined) this.#view.setBigUint64(HEADER[field], BigInt(value), true);
    return Number(this.#view.getBigUint64(HEADER[field], true));
  }

  /** Takes a slot; gives how to commit it. */
  reserve(kind: number, length: number): () => void {
    const position = this.head;
    this.head += length;
    this.field('head', this.head);
    const at = HEADER_BYTES + (position % RING);
    this.#view.setBigUint64(at + SLOT.time, BigInt(position), true);
    this.bytes[at + SLOT.kind] = kind;
    return () => this.#view.setBigUint64(at, BigInt(position + 1), true);
  }
}

function readerOf(ring: FakeRing) {
  const seen: number[] = [];
  const lost: LostRecords[] = [];
  const reader = new RingReader(ring, RING, () => 1 + 7 * ring.head);
  const drain = (final = false): boolean =>
    reader.drain(
      { record: (words, at) => seen.push(words[at + 2]!), lost: (records) => lost.push(records) },
      final,
    );
  return { reader, seen, lost, drain };
}

describe('reading a ring', () => {
  it('gives records in order, of every size, over many laps', () => {
    const ring = new FakeRing();
    const { reader, seen, lost, drain } = readerOf(ring);
    const expected: number[] = [];
    while (ring.head < 5 * RING) {
      for (let i = 0; i < 1000; i++) {
        expected.push(ring.head);
        const tall = (i * 7) % 3 === 0;
        ring.reserve(tall ? 0x41 : 1, tall ? TALL : SMALL)();
      }
      drain();
      expect(ring.field('tail')).toBe(ring.head);
      // Who waits for room sees that somebody reads.
      expect(ring.field('alive')).toBe(1 + 7 * ring.head);
    }
    expect(seen).toEqual(expected);
    expect(lost).toEqual([]);
    expect(reader.records).toBe(expected.length);
  });

  it('waits for a record that is not whole, and for nothing behind it', () => {
    const ring = new FakeRing();
    const { seen, drain } = readerOf(ring);
    ring.reserve(1, SMALL)();
    const commit = ring.reserve(1, SMALL);
    ring.reserve(1, SMALL)();
    expect(drain()).toBe(false);
    expect(seen).toEqual([0]);
    commit();
    expect(drain()).toBe(true);
    expect(seen).toEqual([0, SMALL, 2 * SMALL]);
  });

  it('at the end goes on behind what never was whole', () => {
    const ring = new FakeRing();
    const { reader, seen, lost, drain } = readerOf(ring);
    ring.reserve(0x41, TALL);
    ring.reserve(1, SMALL)();
    drain(true);
    expect(seen).toEqual([TALL]);
    // The ring was not full.
    expect([lost, reader.lost]).toEqual([[], 0]);
  });

  it('tells what the probes counted, and when', () => {
    const ring = new FakeRing();
    const { reader, lost, drain } = readerOf(ring);
    ring.field('dropped', 5);
    ring.field('firstDrop', 100);
    ring.field('lastDrop', 130);
    drain();
    drain();
    expect(lost).toEqual([{ count: 5, between: [100, 130] }]);
    expect(ring.field('firstDrop')).toBe(0);
    expect(reader.lost).toBe(5);
  });

  it('that was lapped goes on at the head', () => {
    const ring = new FakeRing();
    const { seen, lost, drain } = readerOf(ring);
    for (let i = 0; i < (1.5 * RING) / SMALL; i++) ring.reserve(1, SMALL)();
    drain();
    expect(seen).toEqual([]);
    expect(lost).toEqual([{ count: (1.5 * RING) / SMALL, between: undefined }]);
    ring.reserve(1, SMALL)();
    drain();
    expect(seen).toEqual([1.5 * RING]);
  });

  it('has said that it reads before it has read anything, and who it is', () => {
    const ring = new FakeRing();
    writeOwner(ring, 4711);
    readerOf(ring);
    expect(ring.field('alive')).toBeGreaterThan(0);
    expect(ring.field('owner')).toBe(4711);
  });

  it('knows when the program has given it up', () => {
    const ring = new FakeRing();
    const { reader, drain } = readerOf(ring);
    drain();
    expect(reader.givenUp).toBe(false);
    ring.field('switch', SWITCH.gaveUp);
    drain();
    expect(reader.givenUp).toBe(true);
    reader.switchOff();
    expect(ring.field('switch')).toBe(SWITCH.off);
  });
});
