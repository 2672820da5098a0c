import { describe, expect, it } from 'vitest';
import { runtimeAddress } from '../base/index.ts';
import { JUMP_LENGTH, type PatchSite, patchBytes } from './patch-site.ts';
import { SitePieces } from './site-pieces.ts';

const START = 0x400000;
const ENTRY = 0x500000;
const ORIGINAL = Uint8Array.of(0x49, 0x3b, 0x66, 0x10, 0x76, 0x20);

/** Text that is read and written from outside, and counts how often. */
class Text {
  readonly bytes: Uint8Array;
  reads = 0;
  readonly writes: (readonly [address: number, length: number])[] = [];

  constructor(length: number, sites: readonly PatchSite[]) {
    this.bytes = Uint8Array.from({ length }, (_, i) => (i * 7) % 251);
    for (const { address, original } of sites) this.bytes.set(original, address - START);
  }

  read(address: number, length: number): Uint8Array {
    return this.bytes.subarray(address - START, address - START + length);
  }

  readInto(address: number, into: Uint8Array): void {
    this.reads++;
    into.set(this.read(address, into.length));
  }

  write(address: number, bytes: Uint8Array): void {
    this.writes.push([address, bytes.length]);
    this.bytes.set(bytes, address - START);
  }
}

const sitesAt = (...offsets: number[]): PatchSite[] =>
  offsets.map((offset) => ({
    name: `main.f${offset}`,
    address: runtimeAddress(START + offset),
    original: ORIGINAL,
  })) as PatchSite[];

const refuse = ({ name, original }: PatchSite, there: Uint8Array): void => {
  if (!there.every((byte, i) => byte === original[i])) throw new Error(`${name} is not what it was`);
};

const readerOf =
  (text: Text) =>
  (address: number, length: number): Uint8Array =>
    text.read(address, length);

function prepared(sites: readonly PatchSite[], length = 1 << 20): { text: Text; pieces: SitePieces } {
  const text = new Text(length, sites);
  return { text, pieces: new SitePieces(readerOf(text), sites, (site) => patchBytes(site, ENTRY), refuse) };
}

describe('pieces of text with sites', () => {
  it('are few of many sites, and each is read and written once', () => {
    const sites = sitesAt(...Array.from({ length: 2000 }, (_, i) => 16 + i * 500));
    const { text, pieces } = prepared(sites);
    const before = text.bytes.slice();
    pieces.patch(text, refuse);
    expect([text.reads, text.writes.length]).toEqual([1, 1]);
    for (const { address } of sites) {
      const view = new DataView(text.bytes.buffer, address - START);
      expect([view.getUint8(0), address + JUMP_LENGTH + view.getInt32(1, true)]).toEqual([0xe9, ENTRY]);
    }
    pieces.restore(text);
    expect([text.reads, text.writes.length]).toEqual([2, 2]);
    expect(Buffer.compare(text.bytes, before)).toBe(0);
  });

  it('stand between each other', () => {
    const [first, second] = [sitesAt(100, 300, 9000), sitesAt(200, 306)];
    const text = new Text(1 << 14, [...first, ...second]);
    const before = text.bytes.slice();
    const jumps = new SitePieces(readerOf(text), first, (site) => patchBytes(site, ENTRY), refuse);
    const traps = new SitePieces(
      (address, length) => jumps.patched(address, text.read(address, length)),
      second,
      () => new Uint8Array(ORIGINAL.length).fill(0xcc),
      refuse,
    );
    jumps.patch(text, refuse);
    traps.patch(text, () => {
      throw new Error('nothing has changed meanwhile');
    });
    expect([100, 200, 300, 306, 9000].map((at) => text.bytes[at])).toEqual([0xe9, 0xcc, 0xe9, 0xcc, 0xe9]);
    traps.restore(text);
    jumps.restore(text);
    expect(Buffer.compare(text.bytes, before)).toBe(0);
  });

  it('leave pages alone that have no site', () => {
    const { text, pieces } = prepared(sitesAt(100, 2000, 80_000));
    pieces.patch(text, refuse);
    expect(text.writes).toEqual([
      [START + 100, 1906],
      [START + 80_000, 6],
    ]);
  });

  it('keep what somebody has written between the sites meanwhile', () => {
    const { text, pieces } = prepared(sitesAt(100, 1000));
    text.bytes[500] = 1;
    pieces.patch(text, refuse);
    expect([text.bytes[100], text.bytes[500], text.bytes[1000]]).toEqual([0xe9, 1, 0xe9]);
    text.bytes[501] = 2;
    pieces.restore(text);
    expect([...text.bytes.subarray(100, 106)]).toEqual([...ORIGINAL]);
    expect([...text.bytes.subarray(500, 502)]).toEqual([1, 2]);
  });

  it('are not written at all if a site is somebody else’s by then', () => {
    const { text, pieces } = prepared(sitesAt(100, 80_000));
    text.bytes[80_000] = 0xcc;
    expect(() => pieces.patch(text, refuse)).toThrow('main.f80000 is not what it was');
    expect(text.writes).toEqual([]);
  });
});
