import { describe, expect, it } from 'vitest';
import { BytesSource } from '../base/index.ts';
import { ByteBuilder } from '../base/testing/byte-builder.ts';
import { testPlatform } from '../base/testing/platform.ts';
import { openImage } from './open-image.ts';
import {
  buildElf,
  ET_DYN,
  ET_EXEC,
  type SectionSpec,
  type SegmentSpec,
  SHF_ALLOC,
} from './testing/elf-builder.ts';

const ADDRESS = 0x500000;
const FRAME = new Uint8Array(16).map((_, i) => 0x80 + 7 * i);
const LINES = [
  'path\texample.com/app',
  'mod\texample.com/app\tv1.2.3\th1:abc=',
  'dep\tgolang.org/x/sys\tv0.1.0\th1:def=',
  'dep\texample.com/old\tv1.0.0',
  '=>\texample.com/new\tv2.0.0\th1:ghi=',
  'build\t-compiler=gc',
  'build\t-ldflags="-X main.v=\\"a b\\"\\tc"',
  'build\tvcs.modified=true',
].join('\n');
const framed = new ByteBuilder().bytes(FRAME).text(`${LINES}\n`).bytes(FRAME).build();

const header = (flags: number) => new ByteBuilder().u8(0xff).text(' Go buildinf:').u8(8, flags);
const inline = (version: string, modules: Uint8Array) =>
  header(2).zeros(16).uleb(version.length).text(version).uleb(modules.length).bytes(modules).build();

/** Go < 1.18: pointers to string headers. */
function pointers(): ByteBuilder {
  const b = header(0).ref('version', 8, -ADDRESS).ref('modules', 8, -ADDRESS);
  b.label('version').ref('version text', 8, -ADDRESS).u64(8);
  b.label('modules').ref('modules text', 8, -ADDRESS).u64(framed.length);
  return b.label('version text').text('go1.17.5').label('modules text').bytes(framed);
}

function infoOf(bytes: Uint8Array, how: 'section' | 'segment' = 'section', rela?: Uint8Array) {
  const segments: SegmentSpec[] = [{ type: 1, flags: 6, address: ADDRESS, bytes }];
  const sections: SectionSpec[] = [];
  if (how === 'section') sections.push({ name: '.go.buildinfo', flags: SHF_ALLOC, address: ADDRESS, bytes });
  if (rela !== undefined) sections.push({ name: '.rela', type: 4, flags: SHF_ALLOC, bytes: rela });
  const elf = buildElf({ type: rela === undefined ? ET_EXEC : ET_DYN, segments, sections });
  return openImage(new BytesSource('app', elf), testPlatform).buildInfo;
}

const expected = {
  path: 'example.com/app',
  mainModule: { path: 'example.com/app', version: 'v1.2.3' },
  dependencies: [
    { path: 'golang.org/x/sys', version: 'v0.1.0' },
    { path: 'example.com/old', version: 'v1.0.0' },
  ],
  settings: new Map([
    ['-compiler', 'gc'],
    ['-ldflags', '-X main.v="a b"\tc'],
    ['vcs.modified', 'true'],
  ]),
};

describe('build info', () => {
  it('is read inline, by section or from the data segment', () => {
    const bytes = inline('go1.26.8', framed);
    expect(infoOf(bytes)).toEqual({ goVersion: 'go1.26.8', ...expected });
    const behind = new ByteBuilder().zeros(48).bytes(bytes).build();
    expect(infoOf(behind, 'segment')).toEqual({ goVersion: 'go1.26.8', ...expected });
  });

  it('is read through pointers (Go < 1.18)', () => {
    expect(infoOf(pointers().build())).toEqual({ goVersion: 'go1.17.5', ...expected });
  });

  it('is read through pointers that relocations put there', () => {
    const builder = pointers();
    const bytes = builder.build();
    const rela = new ByteBuilder();
    const relocate = (at: number, label: string) =>
      rela
        .u64(ADDRESS + at)
        .u64(8)
        .u64(ADDRESS + builder.offsetOf(label));
    relocate(16, 'version');
    relocate(24, 'modules');
    relocate(32, 'version text');
    relocate(48, 'modules text');
    for (const at of [16, 24, 32, 48]) bytes.fill(0, at, at + 8);
    expect(infoOf(bytes)).toBeUndefined();
    expect(infoOf(bytes, 'section', rela.build())).toEqual({ goVersion: 'go1.17.5', ...expected });
  });

  it('without modules has the version alone', () => {
    const info = { path: undefined, mainModule: undefined, dependencies: [], settings: new Map() };
    expect(infoOf(inline('go1.20', new Uint8Array(0)))).toEqual({ goVersion: 'go1.20', ...info });
    expect(infoOf(inline('go1.20', framed.subarray(0, 20)))).toEqual({ goVersion: 'go1.20', ...info });
  });

  it('that is damaged is none', () => {
    const cut = inline('go1.26.8', framed);
    expect(infoOf(cut.subarray(0, 36))).toBeUndefined();
    expect(infoOf(cut.subarray(0, 20))).toBeUndefined();
    expect(
      infoOf(
        header(2)
          .zeros(16)
          .uleb(2n ** 60n)
          .build(),
      ),
    ).toBeUndefined();
    expect(infoOf(header(1).zeros(64).build())).toBeUndefined();
    expect(infoOf(new Uint8Array(64))).toBeUndefined();
    const unaligned = new ByteBuilder().zeros(8).bytes(cut).build();
    expect(infoOf(unaligned)).toBeUndefined();
  });
});
