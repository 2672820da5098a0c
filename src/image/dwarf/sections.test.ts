import { describe, expect, it } from 'vitest';
import { DataError, type Reader } from '../../base/index.ts';
import { type DebugSource, Sections } from './sections.ts';
import { DwarfBuilder, goRoot } from './testing/dwarf-builder.ts';
import { Units } from './units.ts';

/** Sections of which `share` bytes are the beginning; `asked` says what of them was read. */
function sectionsOf(source: DebugSource, share: number): { sections: Sections; asked: string[] } {
  const asked: string[] = [];
  const section = (name: string): Uint8Array | undefined => {
    const bytes = source.section(name);
    if (bytes !== undefined) asked.push(`${name} whole`);
    return bytes;
  };
  const beginning = (name: string, { wanted }: { readonly wanted: number }) => {
    const bytes = source.section(name);
    if (bytes === undefined || wanted > share) return undefined;
    asked.push(`${name} beginning`);
    return { bytes: bytes.slice(0, share), size: bytes.length };
  };
  return { sections: new Sections({ ...source, section, beginning }), asked };
}

const lists = (bytes: Uint8Array): DebugSource => ({
  file: 'built',
  pointerSize: 8,
  section: (name) => (name === '.debug_loclists' ? bytes : undefined),
  typesBase: () => undefined,
});

describe('sections', () => {
  const bytes = new Uint8Array(1 << 18).fill(1);
  bytes[bytes.length - 1] = 0;
  const begins = 1 << 17;

  it('are inflated no further than is asked for', () => {
    const { sections, asked } = sectionsOf(lists(bytes), begins);
    expect(sections.near('.debug_loclists', 8).uint32()).toBe(0x01010101);
    expect(sections.near('.debug_loclists', begins >> 1).uint8()).toBe(1);
    expect(asked).toEqual(['.debug_loclists beginning']);
    expect(sections.near('.debug_loclists', begins).uint8()).toBe(1);
    expect(sections.near('.debug_loclists', 8).remaining).toBe(bytes.length - 8);
    expect(sections.bytes('.debug_loclists')).toHaveLength(bytes.length);
    expect(asked).toEqual(['.debug_loclists beginning', '.debug_loclists whole']);
  });

  it('are read on where something goes on behind their beginning', () => {
    const { sections, asked } = sectionsOf(lists(bytes), begins);
    const skip = (length: number) => (reader: Reader) => reader.skip(length).uint8();
    expect(sections.read('.debug_loclists', 0, skip(begins - 1))).toBe(1);
    expect(asked).toEqual(['.debug_loclists beginning']);
    expect(sections.read('.debug_loclists', 0, skip(begins))).toBe(1);
    expect(asked).toEqual(['.debug_loclists beginning', '.debug_loclists whole']);
    expect(() => sections.read('.debug_loclists', 0, skip(bytes.length))).toThrow(DataError);
    expect(() => sections.near('.debug_loclists', 2 ** 40)).toThrow('points to');
    expect(() => sections.near('.debug_rnglists', 0)).toThrow('the section is missing');
  });

  it('show units as far as the file has been read', () => {
    const builder = new DwarfBuilder();
    for (let i = 0; i < 1000; i++) builder.unit(5, goRoot(`package${i}`));
    const source = builder.source();
    const size = source.section('.debug_info')!.length;
    const { sections, asked } = sectionsOf(source, size >> 1);
    const units = new Units(sections);
    const names = () => asked.filter((one) => one.startsWith('.debug_info'));
    for (const unit of units.inOrder()) if (unit.name === 'package300') break;
    expect(names()).toEqual(['.debug_info beginning']);
    expect(units.all).toHaveLength(1000);
    expect(names()).toEqual(['.debug_info beginning', '.debug_info whole']);
    expect(units.all.map(({ name }) => name)).toEqual(Array.from({ length: 1000 }, (_, i) => `package${i}`));
  });

  it('find the unit of an offset without reading those behind it', () => {
    const builder = new DwarfBuilder();
    for (let i = 0; i < 1000; i++) builder.unit(5, goRoot(`package${i}`));
    const source = builder.source();
    const size = source.section('.debug_info')!.length;
    const [first, second] = new Units(new Sections(source)).all;
    const { sections, asked } = sectionsOf(source, size >> 1);
    const units = new Units(sections);
    expect(units.at(second!.rootOffset).name).toBe('package1');
    expect(units.at(first!.rootOffset).name).toBe('package0');
    expect(asked.filter((one) => one.startsWith('.debug_info'))).toEqual(['.debug_info beginning']);
    expect(() => units.at(size + 1)).toThrow('where no entry can be');
  });
});
