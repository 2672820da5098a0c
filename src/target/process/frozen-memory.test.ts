import { describe, expect, it } from 'vitest';
import { runtimeAddress } from '../../base/index.ts';
import { FrozenMemory } from './frozen-memory.ts';
import type { Kernel } from './kernel.ts';

const PAGE = 4096;
const START = 16 * PAGE;

/** Three pages at START, of which the second is not readable; `reads` counts the calls. */
function processOf(bytes: Uint8Array) {
  const state = { reads: 0 };
  const readMemory = (_: number, address: number, into: Uint8Array): number => {
    const at = address - START;
    const end = at < PAGE ? PAGE : bytes.length;
    if (at < 0 || at >= bytes.length || (at >= PAGE && at < 2 * PAGE)) return 0;
    const part = bytes.subarray(at, Math.min(end, at + into.length));
    into.set(part);
    return part.length;
  };
  const kernel = {
    readMemory,
    readScattered(pid: number, addresses: Float64Array, lengths: Uint32Array, into: Uint8Array): number {
      state.reads++;
      let done = 0;
      for (const [i, address] of addresses.entries()) {
        const got = readMemory(pid, address, into.subarray(done, done + lengths[i]!));
        done += got;
        if (got < lengths[i]!) break;
      }
      return done;
    },
  } as Partial<Kernel> as Kernel;
  const regions = [
    {
      start: runtimeAddress(START),
      end: runtimeAddress(START + bytes.length),
      readable: true,
      writable: true,
      executable: false,
      file: undefined,
      fileOffset: 0,
      available: bytes.length,
    },
  ];
  return { state, memory: new FrozenMemory(kernel, 1, { regions, regionAt: () => regions[0] }) };
}

describe('frozen memory', () => {
  it('is taken with little work where much of it cannot be read', () => {
    const PAGES = 4000;
    let asked = 0;
    const kernel = {
      readScattered(_: number, addresses: Float64Array, __: Uint32Array, into: Uint8Array): number {
        asked += into.length / PAGE;
        const gap = addresses.findIndex((address) => (address / PAGE) % 2 === 1);
        return (gap < 0 ? addresses.length : gap) * PAGE;
      },
    } as Partial<Kernel> as Kernel;
    const memory = new FrozenMemory(kernel, 1, { regions: [], regionAt: () => undefined });
    memory.holdPages(Array.from({ length: PAGES }, (_, i) => i + 1));
    expect([...memory.pages]).toHaveLength(PAGES / 2);
    expect(asked).toBeLessThan(PAGES * 100);
  });

  it('stays as it was when it was taken', () => {
    const bytes = new Uint8Array(3 * PAGE).fill(1);
    const { memory, state } = processOf(bytes);
    memory.hold([[START + 8, 8]]);
    bytes.fill(2);
    expect(memory.uint8(runtimeAddress(START + 100))).toBe(1);
    // What was not taken is as it has become, and stays so.
    expect(memory.uint64(runtimeAddress(START + 2 * PAGE))).toBe(0x02020202 * (2 ** 32 + 1));
    bytes.fill(3);
    expect(memory.uint32(runtimeAddress(START + 2 * PAGE))).toBe(0x02020202);
    expect(state.reads).toBe(2);
  });

  it('has what is behind a page that cannot be read', () => {
    const { memory, state } = processOf(new Uint8Array(3 * PAGE).fill(7));
    memory.hold([[START, 3 * PAGE]]);
    expect(state.reads).toBe(2);
    expect(memory.uint8(runtimeAddress(START + 2 * PAGE))).toBe(7);
    expect(memory.tryRead(runtimeAddress(START + PAGE - 4), 8)).toBeUndefined();
    expect(memory.readUpTo(runtimeAddress(START + PAGE - 4), 8)).toEqual(new Uint8Array(4).fill(7));
    expect(() => memory.uint64(runtimeAddress(START + PAGE))).toThrow('cannot read 8 bytes of memory');
    expect([...memory.pages]).toEqual([16, 18]);
    expect(state.reads).toBe(2);
  });

  it('asks for no more than there can be', () => {
    const { memory } = processOf(new Uint8Array(3 * PAGE));
    expect(memory.tryRead(runtimeAddress(START), 2 ** 40)).toBeUndefined();
    expect(memory.tryRead(runtimeAddress(2 ** 45), 2 ** 30)).toBeUndefined();
  });
});
