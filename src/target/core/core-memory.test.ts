import { describe, expect, it } from 'vitest';
import {
  type ByteSource,
  BytesSource,
  type RuntimeAddress,
  runtimeAddress,
  TargetFault,
} from '../../base/index.ts';
import { random } from '../../base/testing/mutate.ts';
import { CoreMemory } from './core-memory.ts';
import { buildMemoryMap, type CoreSegment } from './memory-map.ts';
import type { FileMapping } from './process-notes.ts';

const BASE = 0xc000000000;
const at = (offset: number): RuntimeAddress => runtimeAddress(BASE + offset);

function noise(size: number, seed = 3): Uint8Array {
  const next = random(seed);
  return Uint8Array.from({ length: size }, () => next());
}

interface Spec {
  readonly core: Uint8Array;
  readonly segments: readonly Partial<CoreSegment>[];
  readonly mappings?: readonly FileMapping[];
  readonly files?: Readonly<Record<string, ByteSource>>;
}

function memoryOf({ core, segments, mappings = [], files = {} }: Spec): CoreMemory {
  const full = segments.map((s) => ({
    address: BASE,
    memorySize: s.fileSize ?? 0,
    fileOffset: 0,
    fileSize: 0,
    readable: true,
    writable: true,
    executable: false,
    ...s,
  }));
  return new CoreMemory(
    new BytesSource('core', core),
    buildMemoryMap(full, mappings, core.length),
    (path) => files[path],
  );
}

const simple = (size: number) => {
  const core = noise(size);
  return { core, memory: memoryOf({ core, segments: [{ fileSize: size }] }) };
};

describe('CoreMemory', () => {
  it.each(['uint8', 'uint16', 'uint32', 'int32', 'uint64', 'bigUint64'] as const)(
    'reads %s right when the read itself makes the cache grow',
    (width) => {
      const pages = 2000;
      const core = new Uint8Array(pages * 4096);
      const view = new DataView(core.buffer);
      for (let page = 0; page < pages; page++) view.setUint32(page * 4096, page, true);
      const memory = memoryOf({ core, segments: [{ fileSize: core.length }] });
      const mask = width === 'uint8' ? 0xff : 0xffffffff;
      for (let page = 0; page < pages; page++)
        expect(Number(memory[width](at(page * 4096)))).toBe(page & mask);
    },
  );

  it('reads scalars of every width', () => {
    const core = new Uint8Array(8192);
    core.set([0xef, 0xbe, 0xad, 0xde, 0x78, 0x56, 0x34, 0x12], 4092);
    const memory = memoryOf({ core, segments: [{ fileSize: 8192 }] });
    expect(memory.uint8(at(4092))).toBe(0xef);
    expect(memory.uint16(at(4095))).toBe(0x78de);
    expect(memory.uint32(at(4092))).toBe(0xdeadbeef);
    expect(memory.int32(at(4092))).toBe(0xdeadbeef | 0);
    expect(memory.uint64(at(4092))).toBe(0x12345678 * 2 ** 32 + 0xdeadbeef);
    expect(memory.bigUint64(at(4092))).toBe(0x12345678deadbeefn);
    expect(memory.pointer(at(4088))).toBe(0xdeadbeef * 2 ** 32);
  });

  it('agrees with the file whatever is read in whatever order', () => {
    const { core, memory } = simple(3 * 2 ** 20 + 77);
    const view = new DataView(core.buffer);
    const next = random(11);
    for (let i = 0; i < 5000; i++) {
      const offset = next() % (core.length - 8);
      const length = [1, 8, 440, 5000, 70_000][next() % 5]!;
      if (next() % 2 === 0) expect(memory.uint64(at(offset))).toBe(Number(view.getBigUint64(offset, true)));
      else if (i % 50 === 0 && offset + length <= core.length) {
        expect(Buffer.compare(memory.read(at(offset), length), core.subarray(offset, offset + length))).toBe(
          0,
        );
      }
    }
  });

  it('reads right after a prefetch of anything, in any order, mapped or not', () => {
    const { core, memory } = simple(900_000);
    const next = random(5);
    for (let round = 0; round < 20; round++) {
      memory.uint8(at(next() % 900_000));
      const offsets = Array.from({ length: 50 }, () => next() % 900_000);
      memory.prefetch(Float64Array.from([...offsets.map((offset) => BASE + offset), 0, Number.NaN, 2 ** 60]));
      for (const offset of offsets) expect(memory.uint8(at(offset))).toBe(core[offset]);
    }
  });

  it('hands over objects in the order asked for, and passes over what is not whole', () => {
    const size = 900_000;
    const { core, memory } = simple(size);
    const next = random(7);
    const offsets = Array.from({ length: 2000 }, () => next() % size);
    // Across a block's end, at the end of all, beyond it, before it, nowhere.
    offsets.push(4096 * 3 - 5, size - 40, size - 39, size, -8, Number.NaN, 2 ** 60 - BASE);
    const visited: number[] = [];
    memory.visitObjects(
      Float64Array.from(offsets, (offset) => BASE + offset),
      40,
      (bytes, at, i) => {
        visited.push(i);
        const object = new Uint8Array(bytes.buffer, bytes.byteOffset + at, 40);
        expect(object).toEqual(core.subarray(offsets[i], offsets[i]! + 40));
      },
    );
    const whole = [...offsets.keys()].filter((i) => offsets[i]! >= 0 && offsets[i]! + 40 <= size);
    expect(visited).toEqual(whole);
    // More than a block at a time is not what it is for.
    memory.visitObjects(Float64Array.of(BASE), 4097, () => expect.unreachable());
    expect(memory.uint8(at(1))).toBe(core[1]);
  });

  it('joins neighbouring segments and files', () => {
    const core = noise(0x2000);
    const file = noise(0x3000, 5);
    const memory = memoryOf({
      core,
      segments: [
        { fileSize: 0x1000, fileOffset: 0x1000 },
        { address: BASE + 0x1000, fileSize: 0x1000, memorySize: 0x2000, fileOffset: 0, writable: false },
      ],
      mappings: [{ start: BASE + 0x1000, end: BASE + 0x3000, fileOffset: 0x1000, path: '/f' }],
      files: { '/f': new BytesSource('/f', file) },
    });
    const expected = [...core.subarray(0x1000), ...core.subarray(0, 0x1000), ...file.subarray(0x2000)];
    expect([...memory.read(at(0), 0x3000)]).toEqual(expected);
    expect(memory.uint32(at(0x1ffe))).toBe(
      (core[0xffe]! | (core[0xfff]! << 8) | (file[0x2000]! << 16) | (file[0x2001]! << 24)) >>> 0,
    );
    expect(memory.storedAt(at(0x1f00))).toBe(0x100);
    expect(memory.storedAt(at(0x2000))).toBe(0);
  });

  it('keeps mapped files apart in its cache', () => {
    const files = {
      '/a': new BytesSource('/a', noise(0x9000, 1)),
      '/b': new BytesSource('/b', noise(0x9000, 2)),
    };
    const memory = memoryOf({
      core: new Uint8Array(64),
      segments: [],
      mappings: [
        { start: BASE, end: BASE + 0x8000, fileOffset: 0x800, path: '/a' },
        { start: BASE + 0x8000, end: BASE + 0x9800, fileOffset: 0, path: '/b' },
        { start: BASE + 0xa000, end: BASE + 0xb000, fileOffset: 0, path: '/a' },
      ],
      files,
    });
    for (let offset = 0; offset < 0x9800; offset += 0x100) {
      const [file, shift] = offset < 0x8000 ? [files['/a'], 0x800] : [files['/b'], -0x8000];
      expect(memory.uint8(at(offset))).toBe(file.read(offset + shift, 1)[0]);
    }
    expect([...memory.read(at(0xa000), 16)]).toEqual([...files['/a'].read(0, 16)]);
  });

  it('says where and why nothing can be read', () => {
    const core = noise(0x800);
    const memory = memoryOf({
      core,
      segments: [{ fileSize: 0x1000 }, { address: BASE + 0x4000, memorySize: 0x1000 }],
      mappings: [{ start: BASE + 0x8000, end: BASE + 0x9000, fileOffset: 0, path: '/gone' }],
    });
    const fault = (offset: number, length = 8) => {
      try {
        memory.read(at(offset), length);
      } catch (error) {
        expect(error).toBeInstanceOf(TargetFault);
        return [(error as TargetFault).message, (error as TargetFault).address];
      }
      return undefined;
    };
    expect(fault(0x7f8)).toBeUndefined();
    expect(fault(0x7f9)).toEqual([
      'cannot read memory (the core is cut: its file ends at 0x800, these bytes would be at 0x800) at 0xc000000800',
      at(0x800),
    ]);
    expect(fault(0x2000)![0]).toContain('not mapped');
    expect(fault(0x4000)![0]).toContain('mapped, but not written to the core');
    expect(fault(0x8000)![0]).toContain('its file /gone was not found');
    expect(fault(0x4000, 2 ** 40)![0]).toContain('cannot read 1099511627776 bytes');
    expect(() => memory.uint64(runtimeAddress(Number.NaN))).toThrow(TargetFault);
    expect(() => memory.uint64(runtimeAddress(-8))).toThrow(TargetFault);
  });

  it('ends at the end of a mapped file that has become shorter', () => {
    const memory = memoryOf({
      core: new Uint8Array(8),
      segments: [],
      mappings: [{ start: BASE, end: BASE + 0x3000, fileOffset: 0, path: '/short' }],
      files: { '/short': new BytesSource('/short', noise(0x1004)) },
    });
    expect(memory.readUpTo(at(0xff0), 100).length).toBe(0x14);
    expect(memory.tryRead(at(0x1000), 5)).toBeUndefined();
    expect(memory.tryRead(at(0x1000), 4)).toHaveLength(4);
    expect(() => memory.read(at(0x1004), 1)).toThrow('beyond the end of its file /short');
    expect(memory.regions[0]!.available).toBe(0x1004);
  });

  it('reads what there is with readUpTo and tryRead', () => {
    const { core, memory } = simple(5000);
    expect([...memory.readUpTo(at(4990), 100)]).toEqual([...core.subarray(4990)]);
    expect(memory.readUpTo(at(5000), 100)).toHaveLength(0);
    expect(Buffer.compare(memory.readUpTo(at(0), 5000), core)).toBe(0);
    expect(memory.tryRead(at(4993), 8)).toBeUndefined();
    expect(memory.tryRead(at(0), -1)).toBeUndefined();
    expect(memory.read(at(0), 0)).toHaveLength(0);
  });

  it('reads strings to their end, the limit or the end of memory', () => {
    const core = new Uint8Array(9000).fill(0x61);
    core[300] = 0;
    const memory = memoryOf({ core, segments: [{ fileSize: 9000 }] });
    expect(memory.cString(at(0), 4096)).toBe('a'.repeat(300));
    expect(memory.cString(at(0), 10)).toBe('aaaaaaaaaa');
    expect(memory.cString(at(300), 10)).toBe('');
    expect(() => memory.cString(at(8990), 100)).toThrow('not mapped) at 0xc000002328');
  });

  it('finds regions', () => {
    const { memory } = simple(5000);
    expect(memory.regionAt(at(4999))).toMatchObject({ start: BASE, end: BASE + 5000, available: 5000 });
    expect(memory.regionAt(at(5000))).toBeUndefined();
    expect(memory.regionAt(runtimeAddress(0))).toBeUndefined();
  });
});
