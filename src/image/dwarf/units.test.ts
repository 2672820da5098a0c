import { describe, expect, it } from 'vitest';
import { DataError } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { AT, FORM, TAG } from './constants.ts';
import { childrenOf, readTree } from './die-tree.ts';
import { Sections } from './sections.ts';
import { cRoot, DwarfBuilder, goRoot } from './testing/dwarf-builder.ts';
import { Units } from './units.ts';

const byteOf = (one: number | string): number => (typeof one === 'string' ? one.charCodeAt(0) : one);

const unitsOf = (builder: DwarfBuilder) => new Units(new Sections(builder.source()));
const rawUnits = (info: Uint8Array, more: Record<string, Uint8Array> = {}) =>
  new Units(
    new Sections({
      file: 'built',
      pointerSize: 8,
      section: (name) => ({ '.debug_info': info, '.debug_abbrev': new Uint8Array(1), ...more })[name],
      typesBase: () => undefined,
    }),
  );

describe('Units', () => {
  it.each([2, 3, 4, 5])('reads headers of version %d', (version) => {
    const units = unitsOf(new DwarfBuilder().unit(version, goRoot('a')).unit(version, cRoot('b.c')));
    expect(units.all.map((unit) => [unit.name, unit.version, unit.language])).toEqual([
      ['a', version, 'go'],
      ['b.c', version, 'c'],
    ]);
  });

  it.each([2, 3, 4, 5])('reads 64-bit DWARF of version %d beside 32-bit', (version) => {
    const strings = { '.debug_str': new ByteBuilder().cstr('?').cstr('far').build() };
    const root = [
      [AT.name, version === 2 ? FORM.string : FORM.strp, version === 2 ? 'far' : 2],
      [AT.language, FORM.data1, 0x1d],
      [AT.statementList, version >= 4 ? FORM.secOffset : FORM.data4, 77],
    ] as const;
    const children = (b: DwarfBuilder) =>
      b
        .die(TAG.baseType, [[AT.name, FORM.string, 'int']], undefined, `int${b.info.length}`)
        .die(TAG.typedef, [[AT.type, FORM.refAddr, { label: 'type' }]])
        .die(TAG.variable, [[AT.name, FORM.indirect, [FORM.string, ...'v\0'].map(byteOf)]]);
    const builder = new DwarfBuilder(strings)
      .unit(version, goRoot('a'), (b) =>
        b.die(TAG.baseType, [[AT.name, FORM.string, 'T']], undefined, 'type'),
      )
      .unit(version, root, children, 8)
      .unit(version, root, children);
    const units = unitsOf(builder);
    expect(units.all.map(({ name, offsetSize }) => [name, offsetSize])).toEqual([
      ['a', 4],
      ['far', 8],
      ['far', 4],
    ]);
    for (const unit of units.all.slice(1)) {
      expect(unit.lineOffset).toBe(77);
      const [, alias, variable] = childrenOf(unit.root);
      expect(units.die(alias!.reference(AT.type)!).string(AT.name)).toBe('T');
      expect(variable!.string(AT.name)).toBe('v');
    }
  });

  it('finds the unit of a DIE and refuses offsets between DIEs and units', () => {
    const units = unitsOf(new DwarfBuilder().unit(5, goRoot('a')).unit(4, goRoot('b')));
    const [first, second] = units.all;
    expect(units.at(first!.rootOffset)).toBe(first);
    expect(units.at(second!.end - 1)).toBe(second);
    expect(() => units.at(second!.offset)).toThrow('where no entry can be');
    expect(() => units.at(1 << 20)).toThrow(DataError);
    expect(() => units.die(second!.end - 1)).toThrow('the end of a list');
  });

  it.each([
    ['Go cmd/compile go1.26.8; regabi', true],
    ['Go cmd/compile go1.26.8; -N -l regabi', false],
    ['Go cmd/compile go1.19.13; -l regabi', true],
    ['Go cmd/compile go1.10', true],
    ['GNU C17 12.2.0 -mtune=generic -g -O2 -fPIC', true],
    ['GNU C17 12.2.0 -mtune=generic -g -O2 -O0', false],
    ['GNU C17 12.2.0 -g', false],
    ['GNU C17 12.2.0', undefined],
    ['clang version 17.0.0', undefined],
  ])('tells from %j whether it was optimised', (producer, optimized) => {
    const units = unitsOf(new DwarfBuilder().unit(5, goRoot('a', [[AT.producer, FORM.string, producer]])));
    expect(units.all[0]!.optimized).toBe(optimized);
  });

  it('reads type units of DWARF 5 and, from .debug_types, of DWARF 4', () => {
    const abbreviations = new ByteBuilder()
      .uleb(1)
      .uleb(TAG.typeUnit)
      .u8(1)
      .u8(0, 0)
      .uleb(2)
      .uleb(TAG.structureType)
      .u8(0)
      .uleb(AT.name)
      .uleb(FORM.string)
      .u8(0, 0)
      .u8(0)
      .build();
    const body = (builder: ByteBuilder) => builder.u8(1).u8(2).cstr('remote').u8(0);
    const v5 = new ByteBuilder().sized(4, (b) => body(b.u16(5).u8(2, 8).u32(0).u64(0xfeedn).u32(25))).build();
    const v4 = new ByteBuilder().sized(4, (b) => body(b.u16(4).u32(0).u8(8).u64(0xbeefn).u32(24))).build();
    const units = rawUnits(v5, { '.debug_types': v4, '.debug_abbrev': abbreviations });
    expect(units.die(units.signedType('feed')!).string(AT.name)).toBe('remote');
    expect(units.die(units.signedType('beef')!).string(AT.name)).toBe('remote');
    expect(units.signedType('1')).toBeUndefined();
  });

  it.each([
    ['a reserved length', new ByteBuilder().u32(0xfffffff1).zeros(28), 'reserved'],
    ['a 64-bit unit longer than the section', new ByteBuilder().u32(0xffffffff).u64(99).zeros(20), 'not fit'],
    [
      'a length beyond every file',
      new ByteBuilder()
        .u32(0xffffffff)
        .u64(2n ** 63n)
        .zeros(20),
      'does not fit',
    ],
    ['a unit longer than the section', new ByteBuilder().u32(100).u16(5).zeros(8), 'does not fit'],
    ['version 6', new ByteBuilder().sized(4, (b) => b.u16(6).zeros(20)), 'version 6'],
    [
      '4-byte addresses',
      new ByteBuilder().sized(4, (b) => b.u16(4).u32(0).u8(4).zeros(9)),
      'addresses of 4 bytes',
    ],
    [
      'a unit without room for its header',
      new ByteBuilder().sized(4, (b) => b.u16(5).u8(1, 8)).zeros(16),
      'shorter',
    ],
  ])('refuses %s', (_, info, message) => {
    expect(() => rawUnits(info.build()).all).toThrow(message);
  });

  it('refuses codes that are not declared and DIEs that leave their unit', () => {
    const undeclared = new ByteBuilder().sized(4, (b) => b.u16(5).u8(1, 8).u32(0).u8(9)).build();
    expect(() => rawUnits(undeclared).all[0]!.root).toThrow('abbreviation 9 is not declared');
    const abbreviations = new ByteBuilder()
      .uleb(1)
      .uleb(TAG.compileUnit)
      .u8(0)
      .uleb(AT.name)
      .uleb(FORM.data8)
      .u8(0, 0, 0)
      .build();
    const short = new ByteBuilder()
      .sized(4, (b) => b.u16(5).u8(1, 8).u32(0).u8(1, 0))
      .zeros(8)
      .build();
    expect(() => rawUnits(short, { '.debug_abbrev': abbreviations }).all[0]!.root).toThrow(
      'runs past its unit',
    );
  });

  it('refuses lists of more children than can be true', () => {
    const abbreviations = new ByteBuilder();
    abbreviations.uleb(1).uleb(TAG.compileUnit).u8(1).u8(0, 0);
    // A child without attributes takes one byte.
    abbreviations.uleb(2).uleb(TAG.member).u8(0).u8(0, 0).u8(0);
    const body = new Uint8Array(600_000).fill(2);
    const info = new ByteBuilder().sized(4, (b) => b.u16(5).u8(1, 8).u32(0).u8(1).bytes(body).u8(0)).build();
    const { root } = rawUnits(info, { '.debug_abbrev': abbreviations.build() }).all[0]!;
    expect(() => [...childrenOf(root)]).toThrow('more than');
    expect(() => readTree(root)).toThrow('more than');
  });

  it('skips children of children by DW_AT_sibling and without it', () => {
    for (const withSibling of [true, false]) {
      const sibling = withSibling ? ([[AT.sibling, FORM.ref4, { label: 'second' }]] as const) : [];
      const builder = new DwarfBuilder().unit(5, cRoot('x.c'), (b) =>
        b
          .die(TAG.structureType, [...sibling, [AT.name, FORM.string, 'first']], (inner) =>
            inner.die(TAG.member, [[AT.name, FORM.string, 'm']]),
          )
          .die(TAG.baseType, [[AT.name, FORM.string, 'second']], undefined, 'second'),
      );
      const names = [...childrenOf(unitsOf(builder).all[0]!.root)].map((die) => die.string(AT.name));
      expect(names).toEqual(['first', 'second']);
    }
  });
});
