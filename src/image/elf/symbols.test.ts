import { describe, expect, it } from 'vitest';
import { goTool } from '../../../test/support/go-build.ts';
import { BytesSource, DataError, linkedAddress } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { TestFile, testPlatform } from '../../base/testing/platform.ts';
import { openImage } from '../open-image.ts';
import { buildSample } from '../testing/builds.ts';
import { buildElf, type SectionSpec, SHF_ALLOC } from '../testing/elf-builder.ts';

interface Symbol {
  readonly name: string;
  readonly address?: number;
  readonly size?: number;
  readonly type?: number;
  readonly section?: number;
}
const [NOTYPE, OBJECT, FUNC, SECTION, FILE, TLS, IFUNC] = [0, 1, 2, 3, 4, 6, 10] as const;

function tables(
  symbols: readonly Symbol[],
  strings?: Uint8Array,
): { symtab: Uint8Array; strtab: Uint8Array } {
  const names = new ByteBuilder().u8(0);
  const symtab = new ByteBuilder().zeros(24);
  for (const { name, address = 0, size = 0, type = FUNC, section = 1 } of symbols) {
    symtab
      .u32(names.length)
      .u8(0x10 | type, 0)
      .u16(section)
      .u64(address)
      .u64(size);
    names.cstr(name);
  }
  return { symtab: symtab.build(), strtab: strings ?? names.build() };
}

function imageOf(symbols: readonly Symbol[], dynamic: readonly Symbol[] = [], strings?: Uint8Array) {
  const main = tables(symbols, strings);
  const dyn = tables(dynamic);
  const sections: SectionSpec[] = [
    { name: '.text', flags: SHF_ALLOC, address: 0x1000, bytes: new Uint8Array(0x1000) },
    { name: '.symtab', type: 2, link: 3, bytes: main.symtab },
    { name: '.strtab', type: 3, bytes: main.strtab },
    { name: '.dynsym', type: 11, link: 5, bytes: dyn.symtab },
    { name: '.dynstr', type: 3, bytes: dyn.strtab },
  ];
  return openImage(new BytesSource('app', buildElf({ sections })), testPlatform).symbols;
}
const at = (symbols: ReturnType<typeof imageOf>, address: number) => symbols.at(linkedAddress(address))?.name;

describe('symbols', () => {
  const symbols = imageOf(
    [
      { name: 'app.c', type: FILE, section: 0xfff1 },
      { name: '', type: SECTION },
      { name: 'puts', section: 0 },
      { name: '$x', type: NOTYPE, address: 0x1000 },
      { name: 'outer', address: 0x1000, size: 0x100 },
      { name: 'inner_label', type: NOTYPE, address: 0x1040 },
      { name: 'start', address: 0x1200 },
      { name: 'also_start', address: 0x1300, size: 0 },
      { name: 'sized', address: 0x1300, size: 0x20 },
      { name: 'resolver', type: IFUNC, address: 0x1180, size: 0x10 },
      { name: 'table', type: OBJECT, address: 0x5000, size: 64 },
      { name: 'mark', type: OBJECT, address: 0x6000 },
      { name: 'errno', type: TLS, address: 0x10, size: 4 },
    ],
    [
      { name: 'exported', address: 0x1400, size: 8 },
      { name: 'outer', address: 0x9999, size: 1 },
    ],
  );

  it('are found by name: the first of equal ones, from both tables', () => {
    expect(symbols.byName('outer')).toEqual({
      name: 'outer',
      address: 0x1000,
      size: 0x100,
      kind: 'function',
    });
    expect(symbols.byName('exported')?.address).toBe(0x1400);
    expect(symbols.byName('table')?.kind).toBe('object');
    expect(symbols.byName('errno')?.kind).toBe('tls');
    expect(symbols.byName('resolver')?.kind).toBe('function');
    for (const name of ['puts', 'app.c', '$x', '', 'oute', 'uter', 'outer2']) {
      expect(symbols.byName(name), name).toBeUndefined();
    }
    expect(symbols.count).toBe(11);
  });

  it('are found by address, by what covers it', () => {
    expect(at(symbols, 0x1000)).toBe('outer');
    expect(at(symbols, 0x1040)).toBe('outer');
    expect(at(symbols, 0x10ff)).toBe('outer');
    expect(at(symbols, 0x1100)).toBeUndefined();
    expect(at(symbols, 0x1185)).toBe('resolver');
    expect(at(symbols, 0x1300)).toBe('sized');
    expect(at(symbols, 0x503f)).toBe('table');
    expect(at(symbols, 0x5040)).toBeUndefined();
    expect(at(symbols, 0x18)).toBeUndefined();
  });

  it('without a size reach to the next one, in code and not beyond its section', () => {
    expect(at(symbols, 0x12ff)).toBe('start');
    expect(at(symbols, 0x1330)).toBe('also_start');
    expect(at(imageOf([{ name: 'last', address: 0x1ff0 }]), 0x1ffe)).toBe('last');
    expect(at(imageOf([{ name: 'last', address: 0x1ff0 }]), 0x2000)).toBeUndefined();
    expect(at(symbols, 0x6001)).toBeUndefined();
  });

  it('with addresses too far apart to be packed are sorted all the same', () => {
    const far = imageOf([
      { name: 'high', address: 2 ** 52, size: 16 },
      { name: 'low', address: 16, size: 16 },
      { name: 'middle', address: 2 ** 40, size: 16 },
    ]);
    expect([at(far, 20), at(far, 2 ** 40 + 1), at(far, 2 ** 52 + 15)]).toEqual(['low', 'middle', 'high']);
  });

  it('survive a string table that is too short, or none', () => {
    const cut = imageOf(
      [{ name: 'abcdef', address: 0x1000, size: 4 }, { name: 'gone' }],
      [],
      Uint8Array.of(0, 97, 98),
    );
    expect(cut.byName('ab')?.address).toBe(0x1000);
    expect(cut.count).toBe(1);
    const { symtab } = tables([{ name: 'x' }]);
    const sections = [{ name: '.symtab', type: 2, link: 99, bytes: symtab }];
    const image = openImage(new BytesSource('app', buildElf({ sections })), testPlatform);
    expect(() => image.symbols).toThrow(DataError);
    expect(() => image.symbols).toThrow('names section 99 for its strings');
  });
});

describe('symbols of a Go program', () => {
  const binary = buildSample({ toolchain: undefined, kind: 'plain' });
  const { symbols } = openImage(new TestFile(binary), testPlatform);

  it('are those that go tool nm prints', () => {
    const wanted = goTool(undefined, ['nm', '-size', binary])
      .split('\n')
      .map((line) => /^\s*([0-9a-f]+)\s+(\d+) ([A-Za-z]) (.*)$/.exec(line))
      .filter((match) => match !== null);
    expect(wanted.length).toBeGreaterThan(1500);
    let named = 0;
    for (const [, address, size, type, name] of wanted) {
      // nm writes some middle dots as dots.
      const found = symbols.byName(name!);
      if (found === undefined) continue;
      named++;
      if (found.address !== Number.parseInt(address!, 16)) continue;
      expect(found.size).toBe(Number(size));
      expect(found.kind).toBe(type!.toLowerCase() === 't' ? 'function' : found.kind);
      if (found.size > 0) expect(symbols.at(found.address)?.address).toBe(found.address);
    }
    expect(named).toBeGreaterThan(wanted.length * 0.98);
  });
});
