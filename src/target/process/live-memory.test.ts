import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runtimeAddress } from '../../base/index.ts';
import type { Kernel } from './kernel.ts';
import { ProcessMemory } from './live-memory.ts';

const PAGE = 4096;
const START = 0x10000;

beforeEach(() => void vi.useFakeTimers({ now: 1000 }));
afterEach(() => void vi.useRealTimers());

/** Two pages of a process, and how often they were read. */
function twoPages() {
  const bytes = new Uint8Array(2 * PAGE);
  let reads = 0;
  const kernel = {
    procFile: () => undefined,
    readMemory(_pid: number, address: number, into: Uint8Array) {
      reads++;
      const from = bytes.subarray(address - START, address - START + into.length);
      into.set(from);
      return from.length;
    },
  } as unknown as Kernel;
  const memory = new ProcessMemory(kernel, 1, { restore: () => {} });
  const wordAt = (offset: number): number => memory.uint64(runtimeAddress(START + offset));
  /** As an instruction that is emulated does it. */
  const emulated = (offset: number, written: readonly number[]): void => {
    bytes.set(written, offset);
    memory.noteWritten(START + offset, Uint8Array.from(written));
    memory.noteStep();
  };
  return { bytes, memory, wordAt, emulated, reads: () => reads };
}

describe('memory of a process that stands still', () => {
  it('is read once, also while instructions are emulated that write', () => {
    const { memory, wordAt, emulated, reads } = twoPages();
    const before = memory.read(runtimeAddress(START), PAGE);
    expect(wordAt(PAGE)).toBe(0);
    emulated(PAGE - 2, [1, 2, 3, 4]);
    expect(wordAt(PAGE - 8)).toBe(0x0201_0000_0000_0000);
    expect(wordAt(PAGE)).toBe(0x0403);
    expect(reads()).toBe(2);
    // What was given out stays as it was.
    expect(before.subarray(PAGE - 2)).toEqual(Uint8Array.of(0, 0));
  });

  it('is read again in time: other processes may write into it', () => {
    const { bytes, wordAt, emulated } = twoPages();
    expect(wordAt(0)).toBe(0);
    bytes[0] = 7;
    emulated(8, [1]);
    expect(wordAt(0)).toBe(0);
    vi.advanceTimersByTime(60);
    emulated(8, [2]);
    expect(wordAt(0)).toBe(7);
    expect(wordAt(8)).toBe(2);
  });

  it('of which much was read is not patched, but read again', () => {
    const { memory, wordAt, emulated } = twoPages();
    memory.prefetch(new Float64Array(1000).fill(START));
    expect(memory.regions).toEqual([]);
    emulated(0, [5]);
    expect(wordAt(0)).toBe(5);
  });
});
