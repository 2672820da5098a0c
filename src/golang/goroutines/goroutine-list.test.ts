import { expect, test } from 'vitest';
import { type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { Memory } from '../../target/index.ts';
import { GoroutineFields } from './goroutine-fields.ts';
import { GoroutineList } from './goroutine-list.ts';
import { GoroutineSlice, READ_TOGETHER } from './goroutine-slice.ts';

const HEADER = 0x1000;
const ARRAY = 0x10_0000;
const FIRST_G = 0xc000_0000;
const G_SIZE = 512;
const UNREADABLE = 7;

/** A runtime whose gs hold nothing but a status and a number: of the g at `place` of allgs, `idOf(place)`. */
function fieldsOf(count: number, idOf: (place: number) => number) {
  const prefetched: number[] = [];
  const place = (address: number): number => Math.floor((address - FIRST_G) / G_SIZE);
  const memory: Partial<Memory> = {
    pointer: () => runtimeAddress(ARRAY),
    uint64: (address) => (address < ARRAY ? count : idOf(place(address))),
    uint32(address) {
      if (place(address) === UNREADABLE) throw new TargetFault('cannot read memory', address);
      return 4;
    },
    uint8: () => 0,
    read(address, length) {
      const words = new BigUint64Array(length / 8);
      for (let i = 0; i < words.length; i++)
        words[i] = BigInt(FIRST_G + ((address - ARRAY) / 8 + i) * G_SIZE);
      return new Uint8Array(words.buffer);
    },
    prefetch(addresses) {
      prefetched.push(addresses.length);
    },
    regionAt: () => ({ end: runtimeAddress(ARRAY + count * 8) }) as ReturnType<Memory['regionAt']>,
  };
  const layout = { status: 0, goid: 8, schedSp: 16, schedPc: 24, waitSince: 32, waitReason: 40, waiting: 48 };
  const runtime = { memory, global: () => HEADER as RuntimeAddress };
  return { fields: { runtime, layout } as unknown as GoroutineFields, prefetched };
}

test('a long list comes in slices, a short one first, each with its order by number', () => {
  const ids = (place: number): number => (place % 16 < 8 ? 1_000_000 - place : place * 3);
  const { fields, prefetched } = fieldsOf(12_345, ids);
  const list = new GoroutineList(fields);
  const slices = [...list.slices()];
  expect(slices.map(({ length }) => length)).toEqual([500, 10_000, 1845]);
  expect(Math.max(...prefetched)).toBe(READ_TOGETHER);
  expect(prefetched.reduce((sum, one) => sum + one)).toBe(12_345);
  let first = 0;
  for (const { byId, ids: column, length } of slices) {
    const expected = Array.from({ length }, (_, i) => ids(first + i)).sort((a, b) => a - b);
    const sorted = Array.from(byId, (place) => column[place]!);
    // That of one g could not be read.
    if (first === 0) expected.splice(expected.indexOf(ids(UNREADABLE)), 1, 0);
    expect(sorted).toEqual(expected.sort((a, b) => a - b));
    expect(new Set(byId).size).toBe(length);
    first += length;
  }
  expect([...slices[0]!.problems.keys()]).toEqual([UNREADABLE]);
  // What has been read is kept.
  expect([...list.slices()]).toEqual(slices);
  expect(prefetched.reduce((sum, one) => sum + one)).toBe(12_345);
});

test('numbers that no goroutine has are put in order too, where memory is damaged', () => {
  const { fields } = fieldsOf(100, (place) => (place % 3 === 0 ? 2 ** 63 + place * 2 ** 40 : 100 - place));
  const [slice] = [...new GoroutineList(fields).slices()];
  const sorted = Array.from(slice!.byId, (place) => slice!.ids[place]!);
  expect(sorted).toEqual([...slice!.ids].sort((a, b) => a - b));
  expect(new Set(slice!.byId).size).toBe(100);
});

test('a list of ten thousand is one slice', () => {
  const slices = [...new GoroutineList(fieldsOf(10_000, (place) => place).fields).slices()];
  expect(slices.map(({ length }) => length)).toEqual([10_000]);
});

test('gs that are handed over whole are those that are read field by field', () => {
  const layout = { status: 0, goid: 8, schedSp: 16, schedPc: 24, waitSince: 32, waitReason: 40, waiting: 48 };
  const size = 56;
  const bytes = Uint8Array.from({ length: 20 * size }, (_, i) => (i % 8 > 5 ? 0 : (i * 7) % 251));
  const view = new DataView(bytes.buffer);
  const word = (at: number): number => view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  const memory: Partial<Memory> = {
    uint64: (address) => word(address),
    uint32: (address) => view.getUint32(address, true),
    uint8: (address) => view.getUint8(address),
  };
  const visitObjects: Memory['visitObjects'] = (addresses, length, each) => {
    expect(length).toBe(size);
    // One is passed over, and read by itself.
    for (const [i, address] of addresses.entries()) if (i !== 3) each(view, address, i);
  };
  const addresses = Float64Array.from({ length: 20 }, (_, i) => ((i * 7) % 20) * size);
  const [together, single] = [{ ...memory, visitObjects }, memory].map((read) => {
    const fields = Object.create(GoroutineFields.prototype, {
      runtime: { value: { memory: read } },
      layout: { value: { ...layout, sleepWhen: 16 } },
    }) as GoroutineFields;
    return new GoroutineSlice(fields, addresses);
  });
  expect(together).toEqual(single);
  expect(together!.ids[1]).toBe(word(addresses[1]! + 8));
});
