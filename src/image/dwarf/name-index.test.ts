import { describe, expect, it, vi } from 'vitest';
import { AT, FORM, TAG } from './constants.ts';
import { NameIndex } from './name-index.ts';
import { Sections } from './sections.ts';
import { type Attribute, DwarfBuilder, goRoot } from './testing/dwarf-builder.ts';
import { Units } from './units.ts';
import { KEEP } from './walk-program.ts';

const baseType = (name: string, kind = 2): Attribute[] => [
  [AT.name, FORM.string, name],
  [AT.encoding, FORM.data1, 5],
  [AT.byteSize, FORM.data1, 8],
  [AT.goKind, FORM.data1, kind],
  [AT.goRuntimeType, FORM.addr, 0x40],
];

/** In bytes of an address `needle` follows what could be the code of a base type: a DIE only at first sight. */
function decoy(b: DwarfBuilder, code: number, needle: string): void {
  const bytes = [3, code, ...new TextEncoder().encode(needle), 0].concat(new Array(8).fill(0xff)).slice(0, 9);
  b.die(TAG.member, [[AT.location, FORM.exprloc, bytes]]);
}

function index(write: (b: DwarfBuilder) => void): NameIndex {
  const builder = new DwarfBuilder().unit(5, goRoot('runtime'), write).unit(5, goRoot('main'));
  return new NameIndex(new Units(new Sections(builder.source())));
}

describe('names', () => {
  it('are the same by their bytes and by an index', () => {
    const names = index((b) => {
      b.die(TAG.baseType, baseType('int'), undefined, 'int');
      b.die(TAG.baseType, baseType('uint'));
      b.die(TAG.typedef, [
        [AT.name, FORM.string, 'main.int'],
        [AT.type, FORM.refAddr, { label: 'int' }],
      ]);
    });
    const types = names.units.all[0]!;
    for (const name of ['int', 'uint', 'main.int', 'nt', 'main']) {
      const scanned = names.find(name, KEEP.type);
      const indexed = new NameIndex(names.units);
      indexed.of(types);
      expect(scanned, name).toEqual(indexed.find(name, KEEP.type));
    }
    expect(names.find('int', KEEP.type)).toHaveLength(1);
    expect(names.find('int', KEEP.variable)).toEqual([]);
  });

  it('are not found in other bytes that look like them', () => {
    const names = index((b) => {
      b.die(TAG.baseType, baseType('int'));
      decoy(b, 2, 'p');
      b.die(TAG.baseType, baseType('p'), undefined, 'p');
    });
    const [found] = names.find('p', KEEP.type);
    expect(found).toBeDefined();
    expect(names.units.die(found!).address(AT.goRuntimeType)).toBe(0x40);
    const onlyDecoy = index((b) => {
      b.die(TAG.baseType, baseType('int'));
      decoy(b, 2, 'q');
      b.die(TAG.baseType, baseType('other'));
    });
    expect(onlyDecoy.find('q', KEEP.type)).toEqual([]);
  });

  it('of types are in the unit into which the linker has moved them, behind the functions that it had', () => {
    const named = (name: string): Attribute[] => [[AT.name, FORM.string, name]];
    const builder = new DwarfBuilder()
      .unit(5, goRoot('runtime'), (b) => {
        b.die(TAG.subprogram, named('runtime.f'), () => b.die(TAG.baseType, baseType('local')));
        b.die(TAG.baseType, baseType('behind'));
      })
      .unit(5, goRoot('runtime'), (b) => {
        b.die(TAG.subprogram, named('runtime.asm'), () => {});
        b.die(TAG.subprogram, named('runtime.other'));
        b.die(TAG.baseType, baseType('int'));
      })
      .unit(5, goRoot('runtime'), (b) => b.die(TAG.baseType, baseType('late')));
    const units = new Units(new Sections(builder.source()));
    const names = new NameIndex(units);
    expect(names.typeUnits.map(({ index }) => index)).toEqual([1]);
    expect(names.find('int', KEEP.type)).toHaveLength(1);
    for (const other of ['local', 'behind', 'late']) expect(names.find(other, KEEP.type), other).toEqual([]);
  });

  it('of a package are looked for no further than the compiler wrote for it', () => {
    const named = (name: string): Attribute[] => [[AT.name, FORM.string, name]];
    const assembled = (b: DwarfBuilder) => b.die(TAG.subprogram, named('a/b.asm'), () => {});
    const builder = new DwarfBuilder()
      .unit(5, goRoot('a/b'), assembled)
      .unit(5, goRoot('c'))
      .unit(5, goRoot('a/b'), (b) => {
        b.die(TAG.subprogram, named('a/b.f'), () => b.die(TAG.formalParameter, named('x')));
      })
      .unit(5, goRoot('a/b'), assembled);
    const names = new NameIndex(new Units(new Sections(builder.source())));
    expect([...names.sourceUnits('a/b.T')].map(({ index }) => index)).toEqual([0, 2]);
    expect([...names.packageUnits('a/b.T')].map(({ index }) => index)).toEqual([0, 2, 3]);
    expect([...names.sourceUnits('none.T')]).toEqual([]);
  });

  it('of functions that the runtime has for other packages are found there, without reading further', () => {
    const subprogram = (name: string) => (b: DwarfBuilder) => {
      b.die(
        TAG.subprogram,
        [
          [AT.name, FORM.string, name],
          [AT.lowPc, FORM.addr, 0x1000],
          [AT.highPc, FORM.data4, 0x100],
        ],
        () => b.die(TAG.formalParameter, [[AT.name, FORM.string, 'x']]),
      );
    };
    const builder = new DwarfBuilder()
      .unit(5, goRoot('os/signal'), subprogram('os/signal.loop'))
      .unit(5, goRoot('runtime'), subprogram('os/signal.signal_recv'))
      .unit(5, goRoot('os/signal'), subprogram('os/signal.asm'));
    for (let i = 0; i < 9; i++) builder.unit(5, goRoot(`other${i}`));
    const units = new Units(new Sections(builder.source()));
    const inOrder = vi.spyOn(units, 'inOrder');
    let read = 0;
    inOrder.mockImplementation(function* (this: void) {
      for (const unit of Units.prototype.inOrder.call(units)) {
        read++;
        yield unit;
      }
    });
    const names = new NameIndex(units);
    const indexOf = (name: string) => units.at(names.functionNamed(name, 0x1010)!).index;
    expect(indexOf('os/signal.signal_recv')).toBe(1);
    expect(indexOf('os/signal.loop')).toBe(0);
    expect(read).toBe(2);
    expect(indexOf('os/signal.asm')).toBe(2);
    expect(names.functionNamed('os/signal.none', 0x1010)).toBeUndefined();
  });

  it('are looked up in an index after many searches, with the same answer', () => {
    const names = index((b) => {
      for (let i = 0; i < 50; i++) b.die(TAG.baseType, baseType(`main.T${i}`));
    });
    for (let round = 0; round < 200; round++) {
      const wanted = `main.T${round % 60}`;
      expect(names.find(wanted, KEEP.type).length, wanted).toBe(round % 60 < 50 ? 1 : 0);
    }
  });
});
