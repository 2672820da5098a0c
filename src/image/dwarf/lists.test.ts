import { describe, expect, it } from 'vitest';
import { linkedAddress } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { AT, FORM, TAG } from './constants.ts';
import type { Die } from './die.ts';
import { childrenOf } from './die-tree.ts';
import { UnitOperations } from './expression-unit.ts';
import { locationAt } from './locations.ts';
import { rangesOf } from './ranges.ts';
import { Sections } from './sections.ts';
import { type Attribute, DwarfBuilder, goRoot } from './testing/dwarf-builder.ts';
import { Units } from './units.ts';

const LOW = 0x401000;
const HEADER = new ByteBuilder().u32(28).u16(5).u8(8, 0).build();
const ADDRESSES = new ByteBuilder().bytes(HEADER).u64(0x500000).u64(0x500100).u64(0x500200).build();
const ALL_ONES = 2n ** 64n - 1n;

function dieWith(
  version: number,
  attributes: readonly Attribute[],
  sections: Record<string, Uint8Array>,
  offsetSize: 4 | 8 = 4,
): Die {
  const builder = new DwarfBuilder({ '.debug_addr': ADDRESSES, ...sections }).unit(
    version,
    goRoot('main', [
      [AT.lowPc, FORM.addr, LOW],
      [AT.addressBase, FORM.secOffset, 8],
    ]),
    (b) => b.die(TAG.lexicalBlock, attributes),
    offsetSize,
  );
  const [die] = childrenOf(new Units(new Sections(builder.source())).all[0]!.root);
  return die!;
}

const listed = (die: Die) => rangesOf(die).map(({ from, to }) => [from, to]);

describe('ranges', () => {
  it('takes low_pc with an end or a length, and nothing of an empty function', () => {
    const low: Attribute = [AT.lowPc, FORM.addr, LOW];
    expect(listed(dieWith(4, [low, [AT.highPc, FORM.addr, LOW + 16]], {}))).toEqual([[LOW, LOW + 16]]);
    expect(listed(dieWith(5, [low, [AT.highPc, FORM.udata, 16]], {}))).toEqual([[LOW, LOW + 16]]);
    expect(listed(dieWith(5, [low, [AT.highPc, FORM.udata, 0]], {}))).toEqual([]);
    expect(listed(dieWith(5, [low], {}))).toEqual([]);
    expect(listed(dieWith(5, [[AT.name, FORM.string, 'no code']], {}))).toEqual([]);
  });

  it('reads .debug_ranges: from the unit’s base, from another one, and below it', () => {
    const ranges = new ByteBuilder().zeros(8);
    ranges.u64(0x10).u64(0x20).u64(-0x40).u64(-0x30).u64(5).u64(5);
    ranges.u64(ALL_ONES).u64(0x600000).u64(1).u64(2).zeros(16);
    const die = dieWith(4, [[AT.ranges, FORM.secOffset, 8]], { '.debug_ranges': ranges.build() });
    expect(listed(die)).toEqual([
      [LOW + 0x10, LOW + 0x20],
      [LOW - 0x40, LOW - 0x30],
      [0x600001, 0x600002],
    ]);
  });

  it('reads every kind of entry of .debug_rnglists', () => {
    const list = new ByteBuilder().zeros(12);
    list.u8(4).uleb(0x10).uleb(0x20);
    // Below the base, modulo 2^64, as Go's linker writes it.
    list
      .u8(4)
      .uleb(2n ** 64n - 0x40n)
      .uleb(2n ** 64n - 0x30n);
    list.u8(1).uleb(0).u8(4).uleb(1).uleb(2);
    list.u8(2).uleb(1).uleb(2);
    list.u8(3).uleb(2).uleb(8);
    list.u8(5).u64(0x700000).u8(4).uleb(0).uleb(4);
    list.u8(6).u64(0x800000).u64(0x800010);
    list.u8(7).u64(0x900000).uleb(0x20);
    list.u8(0);
    const die = dieWith(5, [[AT.ranges, FORM.secOffset, 12]], { '.debug_rnglists': list.build() });
    expect(listed(die)).toEqual([
      [LOW + 0x10, LOW + 0x20],
      [LOW - 0x40, LOW - 0x30],
      [0x500001, 0x500002],
      [0x500100, 0x500200],
      [0x500200, 0x500208],
      [0x700000, 0x700004],
      [0x800000, 0x800010],
      [0x900000, 0x900020],
    ]);
  });

  it('finds a list by its index', () => {
    const list = new ByteBuilder().zeros(12).u32(8).u32(8).u8(4).uleb(1).uleb(2).u8(0).build();
    const die = dieWith(5, [[AT.ranges, FORM.rnglistx, 1]], { '.debug_rnglists': list });
    expect(listed(die)).toEqual([[LOW + 1, LOW + 2]]);
    // In 64-bit DWARF the header has 20 bytes and an offset 8.
    const wide = new ByteBuilder().zeros(20).u64(16).u64(16).u8(4).uleb(1).uleb(2).u8(0).build();
    const inWide = dieWith(5, [[AT.ranges, FORM.rnglistx, 1]], { '.debug_rnglists': wide }, 8);
    expect(listed(inWide)).toEqual([[LOW + 1, LOW + 2]]);
  });

  it('refuses lists without an end, unknown entries and missing sections', () => {
    const at12: Attribute = [AT.ranges, FORM.secOffset, 12];
    const endless = new ByteBuilder().zeros(12).u8(4).uleb(1).uleb(2).u8(4).build();
    expect(() => rangesOf(dieWith(5, [at12], { '.debug_rnglists': endless }))).toThrow('.debug_rnglists');
    const unknown = new ByteBuilder().zeros(12).u8(99, 0).build();
    expect(() => rangesOf(dieWith(5, [at12], { '.debug_rnglists': unknown }))).toThrow('list entry 99');
    expect(() => rangesOf(dieWith(4, [at12], {}))).toThrow('the section is missing');
  });
});

describe('locations', () => {
  const at = (die: Die, pc: number) => {
    const units = new Units(die.unit.sections);
    const location = locationAt(
      die,
      AT.location,
      linkedAddress(pc),
      new UnitOperations(units, units.all[0]!),
    );
    return location.kind === 'expression' ? [...location.expression] : location.kind;
  };

  it('takes an expression as it is, and an empty one as missing', () => {
    expect(at(dieWith(5, [[AT.location, FORM.exprloc, [0x9c]]], {}), LOW)).toEqual([0x9c]);
    expect(at(dieWith(5, [[AT.location, FORM.exprloc, []]], {}), LOW)).toBe('missing');
    expect(at(dieWith(5, [[AT.name, FORM.string, 'x']], {}), LOW)).toBe('missing');
  });

  it('reads .debug_loc', () => {
    const list = new ByteBuilder().u64(ALL_ONES).u64(0x600000);
    list.u64(0).u64(8).u16(1).u8(0x50).u64(4).u64(16).u16(2).u8(0x91, 8).u64(16).u64(20).u16(0).zeros(16);
    const die = dieWith(4, [[AT.location, FORM.secOffset, 0]], { '.debug_loc': list.build() });
    expect(at(die, 0x600000)).toEqual([0x50]);
    // The first entry that covers it counts.
    expect(at(die, 0x600004)).toEqual([0x50]);
    expect(at(die, 0x600008)).toEqual([0x91, 8]);
    expect(at(die, 0x600010)).toBe('missing');
    expect(at(die, 0x600014)).toBe('missing');
  });

  it('reads every kind of entry of .debug_loclists', () => {
    const list = new ByteBuilder().zeros(12);
    const entry = (register: number) => list.uleb(1).u8(0x50 + register);
    list.u8(9).uleb(1).uleb(2).u8(4).uleb(0).uleb(4);
    entry(0);
    list.u8(1).uleb(0).u8(4).uleb(0).uleb(4);
    entry(1);
    list.u8(2).uleb(1).uleb(2);
    entry(2);
    list.u8(3).uleb(2).uleb(4);
    entry(3);
    list.u8(5);
    entry(9);
    list.u8(6).u64(0x700000).u8(4).uleb(0).uleb(4);
    entry(4);
    list.u8(7).u64(0x800000).u64(0x800004);
    entry(5);
    list.u8(8).u64(0x900000).uleb(4);
    entry(6);
    list.u8(0);
    const die = dieWith(5, [[AT.location, FORM.secOffset, 12]], { '.debug_loclists': list.build() });
    const places = [LOW, 0x500000, 0x500100, 0x500200, 0x700000, 0x800000, 0x900000];
    expect(places.map((pc) => at(die, pc + 3))).toEqual(places.map((_, i) => [0x50 + i]));
    // Elsewhere the default entry holds.
    expect(at(die, 0x10)).toEqual([0x59]);
  });

  it('finds a list by its index', () => {
    const list = new ByteBuilder().zeros(12).u32(4).u8(4).uleb(0).uleb(9).uleb(1).u8(0x51).u8(0).build();
    const die = dieWith(5, [[AT.location, FORM.loclistx, 0]], { '.debug_loclists': list });
    expect(at(die, LOW + 8)).toEqual([0x51]);
    expect(at(die, LOW + 9)).toBe('missing');
    const wide = new ByteBuilder().zeros(20).u64(8).u8(4).uleb(0).uleb(9).uleb(1).u8(0x51).u8(0).build();
    const inWide = dieWith(5, [[AT.location, FORM.loclistx, 0]], { '.debug_loclists': wide }, 8);
    expect(at(inWide, LOW + 8)).toEqual([0x51]);
    expect(at(inWide, LOW + 9)).toBe('missing');
  });
});
