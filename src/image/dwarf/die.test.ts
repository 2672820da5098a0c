import { describe, expect, it } from 'vitest';
import { DataError } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { AT, FORM, TAG } from './constants.ts';
import type { Die } from './die.ts';
import { childrenOf } from './die-tree.ts';
import { Sections } from './sections.ts';
import { type Attribute, DwarfBuilder, goRoot } from './testing/dwarf-builder.ts';
import { Units } from './units.ts';

const strings = new ByteBuilder().cstr('zero').label('one').cstr('one').build();
const SECTIONS = {
  '.debug_str': strings,
  '.debug_line_str': new ByteBuilder().cstr('').cstr('a line string').build(),
  '.debug_str_offsets': new ByteBuilder().u32(12).u16(5).u16(0).u32(0).u32(5).build(),
  '.debug_addr': new ByteBuilder().u32(20).u16(5).u8(8, 0).u64(0x401000).u64(0x402000).build(),
};

/** A DIE with one attribute, in a unit with the usual bases. */
function dieWith(attribute: Attribute, version = 5, offsetSize: 4 | 8 = 4): Die {
  const builder = new DwarfBuilder(SECTIONS).unit(
    version,
    goRoot('main', [
      [AT.stringOffsetsBase, FORM.secOffset, 8],
      [AT.addressBase, FORM.secOffset, 8],
    ]),
    (b) => b.die(TAG.variable, [attribute, [AT.declarationLine, FORM.data1, 7]], undefined, 'it'),
    offsetSize,
  );
  const units = new Units(new Sections(builder.source()));
  const [die] = childrenOf(units.all[0]!.root);
  // What stands behind the value is found only if its size was right.
  expect(die!.number(AT.declarationLine)).toBe(7);
  return die!;
}

describe('strings', () => {
  it.each([
    [FORM.string, 'inline', 'inline'],
    [FORM.strp, 5, 'one'],
    [FORM.lineStrp, 1, 'a line string'],
    [FORM.strx, 1, 'one'],
    [FORM.strx1, 1, 'one'],
    [FORM.strx2, 0, 'zero'],
    [FORM.strx3, 1, 'one'],
    [FORM.strx4, 1, 'one'],
  ])('reads form 0x%s', (form, value, text) => {
    expect(dieWith([AT.name, form, value]).string(AT.name)).toBe(text);
  });

  it.each([
    [FORM.strp, 5, 'one'],
    [FORM.lineStrp, 1, 'a line string'],
  ])('reads form 0x%s in 64-bit DWARF', (form, value, text) => {
    const die = dieWith([AT.name, form, value], 5, 8);
    expect(die.string(AT.name)).toBe(text);
    expect(die.constant(AT.name)).toEqual(new TextEncoder().encode(text));
    expect(() => dieWith([AT.name, FORM.strpSup, 0], 5, 8).string(AT.name)).toThrow('supplementary file');
  });

  it('reads UTF-8', () => {
    expect(dieWith([AT.name, FORM.string, 'π·привет']).string(AT.name)).toBe('π·привет');
  });

  it('refuses strings of supplementary files, and offsets outside of the section', () => {
    expect(() => dieWith([AT.name, FORM.strpSup, 0]).string(AT.name)).toThrow('supplementary file');
    expect(() => dieWith([AT.name, FORM.strp, 500]).string(AT.name)).toThrow(DataError);
    expect(() => dieWith([AT.name, FORM.strx, 500]).string(AT.name)).toThrow('.debug_str_offsets');
  });
});

describe('numbers', () => {
  it.each([
    [FORM.data1, 0xfe, 0xfe],
    [FORM.data2, 0xfffe, 0xfffe],
    [FORM.data4, 0xfffffffe, 0xfffffffe],
    [FORM.data8, 2 ** 40, 2 ** 40],
    [FORM.udata, 300, 300],
    [FORM.sdata, -300, -300],
    [FORM.secOffset, 0x1234, 0x1234],
    [FORM.implicitConst, -5, -5],
    [FORM.flag, 1, 1],
    [FORM.flagPresent, 0, 1],
  ])('reads form 0x%s', (form, value, number) => {
    expect(dieWith([AT.count, form, value]).number(AT.count)).toBe(number);
  });

  it('reads a form that the value names itself', () => {
    const die = dieWith([AT.count, FORM.indirect, [FORM.data2, 0x34, 0x12]]);
    expect(die.number(AT.count)).toBe(0x1234);
    expect(die.form(AT.count)).toBe(FORM.data2);
  });

  it('keeps 64 bits of constants', () => {
    expect(dieWith([AT.constValue, FORM.data8, 2n ** 64n - 1n]).constant(AT.constValue)).toBe(2n ** 64n - 1n);
    expect(dieWith([AT.constValue, FORM.udata, 2n ** 63n + 1n]).constant(AT.constValue)).toBe(2n ** 63n + 1n);
    expect(dieWith([AT.constValue, FORM.sdata, -(2n ** 63n)]).constant(AT.constValue)).toBe(-(2n ** 63n));
    expect(dieWith([AT.constValue, FORM.data16, new Uint8Array(16).fill(3)]).constant(AT.constValue)).toEqual(
      new Uint8Array(16).fill(3),
    );
  });

  it('says which form does not fit', () => {
    expect(() => dieWith([AT.count, FORM.string, 'x']).number(AT.count)).toThrow('a number has the form 0x8');
  });
});

describe('addresses', () => {
  it.each([
    [FORM.addr, 0x402000],
    [FORM.addrx, 1],
    [FORM.addrx1, 1],
    [FORM.addrx2, 1],
    [FORM.addrx3, 1],
    [FORM.addrx4, 1],
  ])('reads form 0x%s', (form, value) => {
    expect(dieWith([AT.lowPc, form, value]).address(AT.lowPc)).toBe(0x402000);
  });

  it('reads indexes that are padded, as Go writes them', () => {
    const padded = new ByteBuilder().uleb(1, 4).build();
    expect(dieWith([AT.lowPc, FORM.addrx, padded]).address(AT.lowPc)).toBe(0x402000);
  });

  it('takes the end for an address or for a length', () => {
    expect(dieWith([AT.highPc, FORM.udata, 16]).highPc(AT.highPc, 0x1000)).toBe(0x1010);
    expect(dieWith([AT.highPc, FORM.addr, 0x2000]).highPc(AT.highPc, 0x1000)).toBe(0x2000);
  });

  it('refuses an index outside of .debug_addr', () => {
    expect(() => dieWith([AT.lowPc, FORM.addrx, 99]).address(AT.lowPc)).toThrow('.debug_addr');
  });
});

describe('blocks and references', () => {
  it.each([FORM.block1, FORM.block2, FORM.block4, FORM.block, FORM.exprloc])(
    'reads block form 0x%s',
    (form) => {
      const die = dieWith([AT.location, form, [1, 2, 3]]);
      expect(die.isBlock(AT.location)).toBe(true);
      expect([...die.block(AT.location)!]).toEqual([1, 2, 3]);
    },
  );

  it.each([FORM.ref4, FORM.ref8, FORM.refAddr])('reads reference form 0x%s', (form) => {
    const die = dieWith([AT.type, form, { label: 'it' }]);
    expect(die.reference(AT.type)).toBe(die.offset);
  });

  it.each([
    [FORM.ref1, 9],
    [FORM.ref2, 9],
    [FORM.refUdata, 9],
  ])('counts form 0x%s from the unit', (form, value) => {
    expect(dieWith([AT.type, form, value]).reference(AT.type)).toBe(9);
  });

  it('gives DW_FORM_ref_addr the size of an address in DWARF 2', () => {
    expect(dieWith([AT.type, FORM.refAddr, { label: 'it' }], 3).reference(AT.type)).toBeGreaterThan(0);
    expect(dieWith([AT.type, FORM.refAddr, 40], 2).reference(AT.type)).toBe(40);
  });

  it('refuses references into supplementary files and to unknown types', () => {
    expect(() => dieWith([AT.type, FORM.refSup4, 0]).reference(AT.type)).toThrow('supplementary');
    expect(() => dieWith([AT.type, FORM.refSig8, 0xabcdn]).reference(AT.type)).toThrow('abcd');
  });

  it('has nothing for an attribute that is not there', () => {
    const die = dieWith([AT.count, FORM.data1, 1]);
    expect(die.string(AT.name)).toBeUndefined();
    expect(die.reference(AT.type)).toBeUndefined();
    expect(die.block(AT.location)).toBeUndefined();
    expect(die.address(AT.lowPc)).toBeUndefined();
    expect(die.constant(AT.constValue)).toBeUndefined();
  });
});
