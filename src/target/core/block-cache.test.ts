import { describe, expect, it } from 'vitest';
import { random } from '../../base/testing/mutate.ts';
import { BLOCK, BlockCache, type FillBlocks } from './block-cache.ts';

function setUp(size: number, slots: number) {
  const next = random(7);
  const data = new Uint8Array(size);
  for (let i = 0; i < size; i += 16) data[i] = next();
  const reads: number[] = [];
  const fill: FillBlocks = (offset, target) => {
    const bytes = data.subarray(offset, offset + target.length);
    target.set(bytes);
    reads.push(target.length / BLOCK);
    return bytes.length;
  };
  const cache = new BlockCache(slots);
  const blockAt = (block: number) => {
    const found = cache.slotOf(block);
    const slot = found >= 0 ? found : cache.load(block, 1, 0, fill);
    return cache.bytes.slice(slot * BLOCK, Math.min((slot + 1) * BLOCK, slot * BLOCK + size - block * BLOCK));
  };
  return { data, reads, fill, cache, blockAt };
}

describe('BlockCache', () => {
  it('gives the right bytes whatever is read and thrown out', () => {
    const { data, blockAt } = setUp(1200 * BLOCK + 100, 1000);
    const next = random(1);
    for (let i = 0; i < 5000; i++) {
      const block = next() % 3 === 0 ? i % 1200 : next() % 1201;
      expect(Buffer.compare(blockAt(block), data.subarray(block * BLOCK, (block + 1) * BLOCK))).toBe(0);
    }
  });

  it('reads ahead further and further where reads continue each other, and not elsewhere', () => {
    const { reads, blockAt } = setUp(100 * BLOCK, 100);
    for (let block = 0; block < 63; block++) blockAt(block);
    expect(reads).toEqual([1, 2, 4, 8, 16, 32]);
    reads.length = 0;
    for (const block of [99, 80, 90]) blockAt(block);
    expect(reads).toEqual([1, 1, 1]);
  });

  it('reads ahead backwards too, not below the lowest block', () => {
    const { cache, fill, reads, data } = setUp(100 * BLOCK, 100);
    for (const block of [20, 19, 17]) cache.load(block, 1, 15, fill);
    expect(reads).toEqual([1, 2, 3]);
    for (let block = 15; block <= 20; block++) {
      const slot = cache.slotOf(block);
      const bytes = cache.bytes.subarray(slot * BLOCK, (slot + 1) * BLOCK);
      expect(Buffer.compare(bytes, data.subarray(block * BLOCK, (block + 1) * BLOCK))).toBe(0);
    }
    expect(cache.slotOf(14)).toBe(-1);
  });

  it('reads over blocks that it has, and keeps one of each', () => {
    const { cache, fill, reads } = setUp(100 * BLOCK, 100);
    cache.load(12, 1, 0, fill);
    const slot = cache.load(10, 8, 0, fill);
    expect(reads).toEqual([1, 8]);
    expect(cache.together(10, slot, 20)).toBe(8);
    expect(cache.slotOf(12)).toBe(slot + 2);
  });

  it('reads what lies near each other at once, and only what it does not have', () => {
    const { cache, fill, reads, data } = setUp(200 * BLOCK, 200);
    cache.load(3, 1, 0, fill);
    reads.length = 0;
    cache.loadAll(
      [0, 2, 3, 50, 54, 60, 61, 100, 103, 106, 109, 112, 115, 118, 121, 124, 127, 130, 133, 199],
      fill,
    );
    expect(reads).toEqual([3, 5, 2, 31, 1, 1]);
    reads.length = 0;
    for (const block of [2, 54, 61, 130, 133, 199]) {
      const slot = cache.slotOf(block);
      const bytes = cache.bytes.subarray(slot * BLOCK, (slot + 1) * BLOCK);
      expect(Buffer.compare(bytes, data.subarray(block * BLOCK, (block + 1) * BLOCK))).toBe(0);
    }
    cache.loadAll([0, 50, 199], fill);
    expect(reads).toEqual([]);
  });

  it('has room for what is asked for by itself that lists do not take', () => {
    const { cache, fill, blockAt, data } = setUp(3000 * BLOCK, 3000);
    const atFirst = cache.bytes.length;
    for (let first = 0; first < 1500; first += 50) {
      cache.loadAll(
        Array.from({ length: 50 }, (_, i) => first + i),
        fill,
      );
      expect(cache.slotOf(first + 49)).toBeGreaterThan(0);
    }
    expect(cache.bytes.length).toBe(atFirst);
    for (let block = 1500; block < 3000; block++)
      expect(Buffer.compare(blockAt(block), data.subarray(block * BLOCK, (block + 1) * BLOCK))).toBe(0);
    expect(cache.bytes.length).toBeGreaterThan(atFirst);
    expect(cache.slotOf(1500)).toBeGreaterThan(0);
  });

  it('knows nothing of what could not be read', () => {
    const { cache, fill } = setUp(BLOCK + 1, 40);
    const slot = cache.load(0, 8, 0, fill);
    expect(cache.together(0, slot, 8)).toBe(2);
    expect(cache.slotOf(2)).toBe(-1);
    expect(cache.load(2, 1, 0, fill)).toBe(-1);
  });
});
