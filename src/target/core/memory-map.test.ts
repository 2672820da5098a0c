import { describe, expect, it } from 'vitest';
import { buildMemoryMap, type CoreSegment } from './memory-map.ts';

const segment = (
  start: number,
  memorySize: number,
  fileSize: number,
  fileOffset: number,
  writable = true,
): CoreSegment => ({
  address: start,
  memorySize,
  fileSize,
  fileOffset,
  readable: true,
  writable,
  executable: false,
});

const shape = (...args: Parameters<typeof buildMemoryMap>) => {
  const { regions, pieces } = buildMemoryMap(...args);
  return {
    regions: regions.map((r) => [r.start, r.end, r.file ?? '', r.fileOffset]),
    pieces: pieces.map((p) => [p.start, p.end, p.from]),
  };
};

describe('buildMemoryMap', () => {
  it('cuts segments where mapped files begin and end', () => {
    const { regions } = shape(
      [segment(0x1000, 0x4000, 0x4000, 0)],
      [{ start: 0x2000, end: 0x3000, fileOffset: 0x7000, path: '/f' }],
      2 ** 30,
    );
    expect(regions).toEqual([
      [0x1000, 0x2000, '', 0],
      [0x2000, 0x3000, '/f', 0x7000],
      [0x3000, 0x5000, '', 0],
    ]);
  });

  it('takes from the file what the core leaves out', () => {
    const mapping = { start: 0x1000, end: 0x5000, fileOffset: 0x2000, path: '/f' };
    const { pieces } = shape([segment(0x1000, 0x4000, 0x1000, 0x100, false)], [mapping], 2 ** 30);
    expect(pieces).toEqual([
      [0x1000, 0x2000, { kind: 'core', offset: 0x100 }],
      [0x2000, 0x5000, { kind: 'file', offset: 0x3000, path: '/f' }],
    ]);
  });

  it('makes regions of mappings that have no segment', () => {
    const mapping = { start: 0x1000, end: 0x2000, fileOffset: 0, path: '/f' };
    expect(shape([], [mapping], 100)).toEqual({
      regions: [[0x1000, 0x2000, '/f', 0]],
      pieces: [[0x1000, 0x2000, { kind: 'file', offset: 0, path: '/f' }]],
    });
  });

  it('tells bytes that are cut from bytes that were not written', () => {
    expect(shape([segment(0x1000, 0x3000, 0x2000, 0x100)], [], 0x900).pieces).toEqual([
      [0x1000, 0x1800, { kind: 'core', offset: 0x100 }],
      [0x1800, 0x3000, { kind: 'cut', fileOffset: 0x900 }],
      [0x3000, 0x4000, { kind: 'omitted' }],
    ]);
  });

  it('replaces cut pages of read-only mappings by their file', () => {
    const mapping = { start: 0x1000, end: 0x3000, fileOffset: 0, path: '/f' };
    const lost = [segment(0x1000, 0x2000, 0x2000, 0x1000, false)];
    expect(shape(lost, [mapping], 0x100).pieces).toEqual([
      [0x1000, 0x3000, { kind: 'file', offset: 0, path: '/f' }],
    ]);
  });

  it('passes over what overlaps', () => {
    const { regions } = shape(
      [segment(0x1000, 0x2000, 0, 0), segment(0x2000, 0x2000, 0, 0), segment(0x2000, 0, 0, 0)],
      [],
      0,
    );
    expect(regions).toEqual([[0x1000, 0x3000, '', 0]]);
  });
});
