import { describe, expect, it } from 'vitest';
import { BytesSource, DataError, linkedAddress } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { testPlatform } from '../../base/testing/platform.ts';
import { openImage } from '../open-image.ts';
import { buildElf, SHF_ALLOC } from '../testing/elf-builder.ts';

const TEXT = 0x401000;
const PCLNTAB = 0x500000;

/** Value-and-pc-delta pairs; 0 ends the table. */
const pcTable = (b: ByteBuilder, pairs: readonly (readonly [value: number, pc: number])[]) => {
  let last = -1;
  for (const [value, pc] of pairs) {
    const delta = value - last;
    b.uleb(delta < 0 ? -2 * delta - 1 : 2 * delta).uleb(pc);
    last = value;
  }
  b.u8(0);
};

interface Version {
  readonly magic: number;
  readonly hasStartLine: boolean;
  readonly byAddress: boolean;
}
const VERSIONS: Readonly<Record<string, Version>> = {
  'Go 1.16': { magic: 0xfffffffa, hasStartLine: false, byAddress: true },
  'Go 1.18': { magic: 0xfffffff0, hasStartLine: false, byAddress: false },
  'Go 1.20': { magic: 0xfffffff1, hasStartLine: true, byAddress: false },
};

/** Two functions, main.a at +0 (0x40 bytes) and main.b at +0x40 (0x20 bytes), in a.go and b.go of one unit. */
function pclntab(version: Version, quantum = 1, textStart: number = TEXT): Uint8Array {
  const b = new ByteBuilder();
  b.u32(version.magic).u8(0, 0, quantum, 8).u64(2).u64(2);
  if (!version.byAddress) b.u64(textStart);
  for (const part of ['names', 'units', 'files', 'values', 'functions']) b.ref(part, 8);
  b.label('names').cstr('main.a').cstr('main.b');
  const names = b.offsetOf('names');
  b.align(4).label('units').u32(0).u32(5);
  b.label('files').cstr('a.go').cstr('b.go');
  b.label('values').u8(0);
  const table = (name: string, pairs: readonly (readonly [number, number])[]) => {
    b.label(name);
    pcTable(b, pairs);
  };
  table('a file', [[0, 0x40 / quantum]]);
  table('b file', [[1, 0x20 / quantum]]);
  table('a line', [
    [10, 0x10 / quantum],
    [11, 0x10 / quantum],
    [9, 0x20 / quantum],
  ]);
  table('b line', [[300, 0x10 / quantum]]);
  table('sp', [
    [0, 4 / quantum],
    [24, 0x1c / quantum],
  ]);
  const values = b.offsetOf('values');
  b.align(8).label('functions');
  const start = b.offsetOf('functions');
  const entry = (offset: number) => (version.byAddress ? b.u64(TEXT + offset) : b.u32(offset));
  const width = version.byAddress ? 8 : 4;
  entry(0).ref('record a', width, start);
  entry(0x40).ref('record b', width, start);
  entry(0x60);
  const record = (name: string, offset: number, line: number, flag: number) => {
    b.align(8).label(`record ${name}`);
    entry(offset)
      .u32(b.offsetOf('names') + (name === 'a' ? 0 : 7) - names)
      .u32(0)
      .u32(name === 'a' ? 0x30 : 0);
    b.ref('sp', 4, values).ref(`${name} file`, 4, values).ref(`${name} line`, 4, values).u32(1).u32(0);
    if (version.hasStartLine) b.u32(line);
    b.u8(7, flag, 0, 0).ref('sp', 4, values);
  };
  record('a', 0, 8, 1);
  record('b', 0x40, 299, 6);
  return b.build();
}

const open = (bytes: Uint8Array, machine = 62) =>
  openImage(
    new BytesSource(
      'app',
      buildElf({
        machine,
        sections: [
          { name: '.text', flags: SHF_ALLOC, address: TEXT, bytes: new Uint8Array(0x60) },
          { name: '.gopclntab', flags: SHF_ALLOC, address: PCLNTAB, bytes },
        ],
      }),
    ),
    testPlatform,
  ).functions!;

describe.each(Object.entries(VERSIONS))('pclntab of %s', (_, version) => {
  it.each([1, 4])('with instruction units of %d', (quantum) => {
    const functions = open(pclntab(version, quantum));
    const at = (offset: number) => linkedAddress(TEXT + offset);
    expect([functions.count, functions.textStart]).toEqual([2, TEXT]);
    expect([functions.name(0), functions.name(1)]).toEqual(['main.a', 'main.b']);
    expect([functions.byName('main.a'), functions.byName('main.b'), functions.byName('a')]).toEqual([
      [0],
      [1],
      [],
    ]);
    expect([functions.entry(1), functions.end(1)]).toEqual([at(0x40), at(0x60)]);
    expect([-1, 0, 0x3f, 0x40, 0x5f, 0x60].map((o) => functions.find(at(o)))).toEqual([-1, 0, 0, 1, 1, -1]);
    const lines = [0, 0x0c, 0x10, 0x20, 0x3c, 0x40].map((o) => functions.position(at(o)));
    expect(lines.map((p) => `${p?.file}:${p?.line}`)).toEqual([
      'a.go:10',
      'a.go:10',
      'a.go:11',
      'a.go:9',
      'a.go:9',
      'b.go:300',
    ]);
    expect(functions.position(at(0x50))).toBeUndefined();
    expect([0, 4, 0x1c, 0x20].map((o) => functions.spDelta(at(o)))).toEqual([0, 24, 24, undefined]);
    expect(functions.pcdata(at(4), 0)).toBe(24);
    expect(functions.pcdata(at(4), 1)).toBeUndefined();
    expect([functions.startLine(0), functions.startLine(1)]).toEqual(
      version.hasStartLine ? [8, 299] : [0, 0],
    );
    expect(functions.traits(0)).toEqual({
      topFrame: true,
      writesSp: false,
      assembly: false,
      funcId: 7,
      deferReturn: TEXT + 0x30,
    });
    expect(functions.traits(1)).toMatchObject({
      topFrame: false,
      writesSp: true,
      assembly: true,
      deferReturn: 0,
    });
    expect(functions.inlining(at(4))).toEqual({ inlined: [], outer: { file: 'a.go', line: 10 } });
    expect(functions.files()).toEqual(['a.go', 'b.go']);
  });
});

describe('pclntab', () => {
  const current = VERSIONS['Go 1.20']!;
  const patched = (at: number, ...bytes: number[]) => {
    const table = pclntab(current);
    table.set(bytes, at);
    return () => open(table);
  };

  it('without a text start takes that of the text section', () => {
    expect(open(pclntab(current, 1, 0)).textStart).toBe(TEXT);
  });

  it('that is damaged says what is wrong', () => {
    expect(patched(0, 0xfb)).toThrow('written by Go 1.15 or older');
    expect(patched(0, 0x12)).toThrow('no known version of Go');
    expect(patched(6, 3)).toThrow('an instruction unit of 3');
    expect(patched(7, 4)).toThrow('pointers of 4 bytes');
    expect(patched(8, 0xff, 0xff, 0xff, 0x7f)).toThrow('claims 2147483647 functions');
    expect(patched(32, 0xff, 0xff, 0xff)).toThrow('part 0 begins at 16777');
    expect(() => open(pclntab(current).subarray(0, 50))).toThrow(DataError);
    for (const make of [patched(0, 1), patched(8, 0xff, 0xff)]) expect(make).toThrow(DataError);
    expect(patched(0, 0xfb)).toThrow('app .gopclntab at offset 0x0');
  });

  it('whose tables have no end throws where they are read', () => {
    const table = pclntab(current);
    const values = new DataView(table.buffer).getUint32(32 + 3 * 8, true);
    const functions = new DataView(table.buffer).getUint32(32 + 4 * 8, true);
    table.fill(0x81, values + 1, functions);
    const damaged = open(table);
    expect(() => damaged.position(linkedAddress(TEXT))).toThrow(DataError);
    expect(damaged.name(0)).toBe('main.a');
  });
});
