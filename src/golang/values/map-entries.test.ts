import { describe, expect, test } from 'vitest';
import { runtimeAddress, TargetFault } from '../../base/index.ts';
import type { MapType } from '../../image/index.ts';
import { mapEntries, mapLength } from './map-entries.ts';
import { FakeMemory } from './testing/fake-program.ts';
import { array, classicMap, int64, struct, swissMap, uint64 } from './testing/fake-types.ts';
import { bytes, words } from './testing/words.ts';

const MAP = runtimeAddress(0x1000);

function entriesOf(memory: FakeMemory, type: MapType): number[][] {
  const found: number[][] = [];
  for (const { key, keyOffset, element, elementOffset } of mapEntries(memory, type, MAP)) {
    found.push([key.int64(keyOffset), element.int64(elementOffset)]);
  }
  return found;
}

/** hmap{count, flags, B, noverflow, hash0, buckets, oldbuckets, nevacuate} */
const hmap = (count: number, logBuckets: number, buckets: number, old = 0, flags = 0): Uint8Array =>
  words(count, bytes(flags, logBuckets, 0, 0, 0, 0, 0, 0), buckets, old, 0);

/** A bucket of 8 cells: a tophash below 5 means that the cell is empty. */
function bucket(cells: readonly (readonly [number, number, number])[], overflow = 0): Uint8Array {
  const full = [...cells, ...Array<[number, number, number]>(8 - cells.length).fill([0, 0, 0])];
  return words(
    bytes(...full.map(([hash]) => hash)),
    ...full.map(([, key]) => key),
    ...full.map(([, , value]) => value),
    overflow,
  );
}
const BUCKET = 8 + 64 + 64 + 8;

describe('classic maps', () => {
  const type = classicMap(int64, int64);

  test('cells, holes and overflow buckets, in order', () => {
    const memory = new FakeMemory()
      .add(MAP, hmap(4, 1, 0x2000))
      .add(
        0x2000,
        words(
          bucket(
            [
              [9, 1, 10],
              [1, 0, 0],
              [200, 2, 20],
            ],
            0x3000,
          ),
          bucket([[5, 3, 30]]),
        ),
      )
      .add(0x3000, bucket([[7, 4, 40]]));
    expect(mapLength(memory, type, MAP)).toBe(4);
    expect(entriesOf(memory, type)).toEqual([
      [1, 10],
      [2, 20],
      [4, 40],
      [3, 30],
    ]);
  });

  test('a growing map: what was not moved is in the old buckets', () => {
    // Old bucket 0 is moved to new 0 and 2, old bucket 1 is not moved yet: new 1 and 3 are empty.
    const moved = bucket([
      [2, 0, 0],
      [3, 0, 0],
    ]);
    const memory = new FakeMemory()
      .add(MAP, hmap(4, 2, 0x2000, 0x4000))
      .add(0x2000, words(bucket([[9, 1, 10]]), bucket([]), bucket([[9, 2, 20]]), bucket([])))
      .add(
        0x4000,
        words(
          moved,
          bucket([
            [9, 3, 30],
            [9, 4, 40],
          ]),
        ),
      );
    expect(entriesOf(memory, type)).toEqual([
      [1, 10],
      [3, 30],
      [4, 40],
      [2, 20],
    ]);
  });

  test('growth to the same size, for overflow buckets', () => {
    const memory = new FakeMemory()
      .add(MAP, hmap(2, 1, 0x2000, 0x4000, 8))
      .add(0x2000, words(bucket([[9, 1, 10]]), bucket([])))
      .add(0x4000, words(bucket([[4, 0, 0]]), bucket([[9, 2, 20]])));
    expect(entriesOf(memory, type)).toEqual([
      [1, 10],
      [2, 20],
    ]);
  });

  test('keys and elements above 128 bytes are behind pointers', () => {
    const big = struct('big', { x: uint64, rest: array(20, uint64) });
    const memory = new FakeMemory()
      .add(MAP, hmap(1, 0, 0x2000))
      .add(0x2000, bucket([[9, 0x5000, 0x6000]]))
      .add(0x5000, words(77, ...Array(20).fill(0)))
      .add(0x6000, words(88, ...Array(20).fill(0)));
    expect(entriesOf(memory, classicMap(big, big))).toEqual([[77, 88]]);
  });

  test('a nil map and an empty one', () => {
    const memory = new FakeMemory().add(MAP, hmap(0, 0, 0));
    expect(entriesOf(memory, type)).toEqual([]);
    expect(mapLength(memory, type, runtimeAddress(0))).toBe(0);
    expect([...mapEntries(memory, type, runtimeAddress(0))]).toEqual([]);
  });

  test('damage is told, not followed', () => {
    const circle = new FakeMemory().add(MAP, hmap(3, 0, 0x2000)).add(0x2000, bucket([], 0x2000));
    expect(() => entriesOf(circle, type)).toThrow(/circle/);
    const huge = new FakeMemory().add(MAP, hmap(3, 200, 0x2000));
    expect(() => entriesOf(huge, type)).toThrow(TargetFault);
    const full = new FakeMemory().add(MAP, hmap(2 ** 40, 0, 0x2000)).add(0x2000, bucket([]));
    expect(() => entriesOf(full, type)).toThrow(/1099511627776 entries/);
  });

  test('what cannot be read is a fault at its address', () => {
    const memory = new FakeMemory().add(MAP, hmap(40, 3, 0x2000)).add(0x2000, new Uint8Array(BUCKET));
    expect(() => entriesOf(memory, type)).toThrow(/0x20/);
  });
});

/** Map{used, seed, dirPtr, dirLen, …} */
const swiss = (used: number, dirPtr: number, dirLen: number): Uint8Array => words(used, 0, dirPtr, dirLen, 0);

/** A group: a control byte for each slot, 0x80 for an empty one; then key and element of each. */
function group(slots: readonly (readonly [number, number] | undefined)[]): Uint8Array {
  const full = [...slots, ...Array(8 - slots.length).fill(undefined)];
  return words(
    bytes(...full.map((slot) => (slot === undefined ? 0x80 : 0x11))),
    ...full.flatMap((slot) => slot ?? [0xdead, 0xdead]),
  );
}

/** table{used, capacity uint16, index int, groups{data, lengthMask}} */
const table = (index: number, data: number, mask: number): Uint8Array => words(0, index, data, mask);

describe('swiss maps', () => {
  const type = swissMap(int64, int64);

  test('a small map is one group', () => {
    const memory = new FakeMemory()
      .add(MAP, swiss(2, 0x2000, 0))
      .add(0x2000, group([[1, 10], undefined, [2, 20]]));
    expect(mapLength(memory, type, MAP)).toBe(2);
    expect(entriesOf(memory, type)).toEqual([
      [1, 10],
      [2, 20],
    ]);
  });

  test('a directory, in which one table stands twice', () => {
    const memory = new FakeMemory()
      .add(MAP, swiss(4, 0x2000, 4))
      .add(0x2000, words(0x3000, 0x3000, 0x3100, 0x3200))
      .add(0x3000, table(0, 0x4000, 1))
      .add(0x3100, table(2, 0x5000, 0))
      .add(0x3200, table(3, 0x6000, 0))
      .add(0x4000, words(group([[1, 10]]), group([undefined, [2, 20]])))
      .add(0x5000, group([[3, 30]]))
      .add(0x6000, group([[4, 40]]));
    expect(entriesOf(memory, type)).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
      [4, 40],
    ]);
  });

  test('deleted slots hold nothing', () => {
    const deleted = group([
      [1, 10],
      [2, 20],
    ]);
    deleted[0] = 0xfe;
    const memory = new FakeMemory().add(MAP, swiss(1, 0x2000, 0)).add(0x2000, deleted);
    expect(entriesOf(memory, type)).toEqual([[2, 20]]);
  });

  test('keys and elements above 128 bytes are behind pointers', () => {
    const big = struct('big', { x: uint64, rest: array(20, uint64) });
    const memory = new FakeMemory()
      .add(MAP, swiss(1, 0x2000, 0))
      .add(0x2000, group([[0x5000, 0x6000]]))
      .add(0x5000, words(77))
      .add(0x6000, words(88));
    expect(entriesOf(memory, swissMap(big, big))).toEqual([[77, 88]]);
  });

  test('groups with keys and elements apart (GOEXPERIMENT=mapsplitgroup)', () => {
    const split = struct('group', { ctrl: uint64, keys: array(8, int64), elems: array(8, int64) });
    const renamed = swissMap(int64, int64, split);
    const memory = new FakeMemory()
      .add(MAP, swiss(2, 0x2000, 0))
      .add(
        0x2000,
        words(
          bytes(0x11, 0x80, 0x11, 0x80, 0x80, 0x80, 0x80, 0x80),
          1,
          0,
          2,
          0,
          0,
          0,
          0,
          0,
          10,
          0,
          20,
          0,
          0,
          0,
          0,
          0,
        ),
      );
    expect(entriesOf(memory, renamed)).toEqual([
      [1, 10],
      [2, 20],
    ]);
  });

  test('damage is told, not followed', () => {
    const directory = new FakeMemory().add(MAP, swiss(3, 0x2000, 2 ** 45));
    expect(() => entriesOf(directory, type)).toThrow(/directory/);
    const groups = new FakeMemory()
      .add(MAP, swiss(3, 0x2000, 1))
      .add(0x2000, words(0x3000))
      .add(0x3000, table(0, 0x4000, 2 ** 40));
    expect(() => entriesOf(groups, type)).toThrow(/groups/);
  });
});

test('another layout is refused by name', () => {
  const unknown: MapType = { ...classicMap(int64, int64), pointer: swissMap(int64, int64).pointer };
  const stranger = { ...unknown, pointer: { ...unknown.pointer, target: struct('other', { a: uint64 }) } };
  expect(() => mapLength(new FakeMemory(), stranger, MAP)).toThrow('the layout of map[int]int is not known');
});
