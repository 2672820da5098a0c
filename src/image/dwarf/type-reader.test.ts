import { describe, expect, it } from 'vitest';
import { linkedAddress } from '../../base/index.ts';
import type { DebugInfo } from '../debug-info.ts';
import type { Type } from '../types.ts';
import { AT, FORM, TAG } from './constants.ts';
import { openDebugInfo } from './debug-info-reader.ts';
import { type Attribute, cRoot, DwarfBuilder, goRoot } from './testing/dwarf-builder.ts';

const name = (text: string): Attribute => [AT.name, FORM.string, text];
const type = (label: string): Attribute => [AT.type, FORM.refAddr, { label }];
const size = (bytes: number): Attribute => [AT.byteSize, FORM.udata, bytes];
const kind = (number: number): Attribute => [AT.goKind, FORM.data1, number];
const runtimeType = (offset: number): Attribute => [AT.goRuntimeType, FORM.addr, offset];
const element = (label: string): Attribute => [AT.goElement, FORM.refAddr, { label }];

function member(b: DwarfBuilder, field: string, of: string, offset: number, embedded = 0): void {
  b.die(TAG.member, [
    name(field),
    [AT.dataMemberLocation, FORM.udata, offset],
    type(of),
    [AT.goEmbeddedField, FORM.flag, embedded],
  ]);
}

const open = (builder: DwarfBuilder): DebugInfo => openDebugInfo(builder.source())!;
function named<K extends Type['kind']>(info: DebugInfo, wanted: string, of: K): Extract<Type, { kind: K }> {
  const found = info.typeNamed(wanted);
  expect(found?.kind, wanted).toBe(of);
  return found as Extract<Type, { kind: K }>;
}

/** Types as Go's linker writes them, in the unit of package runtime. */
function goTypes(): DebugInfo {
  const int: readonly Attribute[] = [
    name('int'),
    [AT.encoding, FORM.data1, 5],
    [AT.byteSize, FORM.data1, 8],
    kind(2),
    runtimeType(0x40),
  ];
  return open(
    new DwarfBuilder().unit(5, goRoot('main')).unit(5, goRoot('runtime'), (b) => {
      b.die(TAG.baseType, int, undefined, 'int');
      b.die(TAG.structureType, [name('string'), size(16), kind(24), runtimeType(0)], () => {}, 'string');
      b.die(TAG.structureType, [name('runtime.eface'), size(16), kind(25)], () => {}, 'eface');
      b.die(TAG.structureType, [name('runtime.iface'), size(16), kind(25)], () => {}, 'iface');
      b.die(
        TAG.typedef,
        [name('interface {}'), type('eface'), kind(20), runtimeType(0x100)],
        () => {},
        'any',
      );
      b.die(TAG.typedef, [name('error'), type('iface'), kind(20)], () => {}, 'error');
      b.die(
        TAG.structureType,
        [name('main.T'), size(24), kind(25), runtimeType(0x80)],
        (s) => {
          member(s, 'next', '*T', 0);
          member(s, 'int', 'int', 8, 1);
          member(s, 'all', 'map', 16);
        },
        'T struct',
      );
      b.die(TAG.typedef, [name('main.T'), type('T struct')], undefined, 'T');
      b.die(TAG.pointerType, [name('*main.T'), type('T'), kind(22), runtimeType(0x20)], undefined, '*T');
      b.die(TAG.structureType, [name('[]main.T'), size(24), kind(23), element('T')], () => {}, '[]T');
      b.die(TAG.arrayType, [name('[3]int'), type('int'), size(24), kind(17)], (a) =>
        a.die(TAG.subrangeType, [type('int'), [AT.count, FORM.udata, 3]]),
      );
      b.die(TAG.pointerType, [name('*map<string,int>'), type('T')], undefined, '*hmap');
      b.die(
        TAG.typedef,
        [
          name('map[string]int'),
          type('*hmap'),
          kind(21),
          [AT.goKey, FORM.refAddr, { label: 'string' }],
          element('int'),
        ],
        undefined,
        'map',
      );
      b.die(TAG.typedef, [name('chan int'), type('*hmap'), kind(18), element('int')]);
      b.die(TAG.subroutineType, [name('func(int) error'), size(8), kind(19)], (f) => {
        f.die(TAG.formalParameter, [type('int')]);
        f.die(TAG.formalParameter, [[AT.variableParameter, FORM.flag, 1], type('error')]);
      });
      b.die(TAG.pointerType, [name('unsafe.Pointer'), runtimeType(0)]);
      b.die(TAG.typedef, [name('.param0'), type('int'), [AT.goDictIndex, FORM.udata, 2]]);
    }),
  );
}

describe('types of Go', () => {
  it('have names, sizes and the places of their runtime types', () => {
    const int = named(goTypes(), 'int', 'int');
    expect(int).toMatchObject({ signed: true, size: 8, runtimeType: 0x1040, fromC: false });
    expect(named(goTypes(), 'string', 'string')).toMatchObject({ size: 16, runtimeType: undefined });
  });

  it('are the same object however they are reached', () => {
    const info = goTypes();
    const T = named(info, 'main.T', 'struct');
    expect(named(info, '*main.T', 'pointer').target).toBe(T);
    expect(named(info, '[]main.T', 'slice').element).toBe(T);
    expect(info.typeOfRuntimeType(linkedAddress(0x1080))).toBe(T);
    const next = T.fields[0]!.type;
    expect(next).toBe(info.typeNamed('*main.T'));
    expect(T.fields.map((field) => [field.name, field.offset, field.embedded, field.type.name])).toEqual([
      ['next', 0, false, '*main.T'],
      ['int', 8, true, 'int'],
      ['all', 16, false, 'map[string]int'],
    ]);
  });

  it('know their parts', () => {
    const info = goTypes();
    const map = named(info, 'map[string]int', 'map');
    expect([map.key.name, map.element.name, map.pointer.target?.name, map.size]).toEqual([
      'string',
      'int',
      'main.T',
      8,
    ]);
    expect(named(info, 'chan int', 'chan').element.name).toBe('int');
    expect(named(info, '[3]int', 'array')).toMatchObject({ length: 3, size: 24 });
    expect(named(info, 'interface {}', 'interface')).toMatchObject({ empty: true, size: 16 });
    expect(named(info, 'error', 'interface').empty).toBe(false);
    const func = named(info, 'func(int) error', 'func');
    expect([func.parameters.map((t) => t.name), func.results.map((t) => t.name)]).toEqual([
      ['int'],
      ['error'],
    ]);
    expect(named(info, 'unsafe.Pointer', 'pointer').target).toBeUndefined();
  });

  it('say where the dictionary has a type parameter', () => {
    const parameter = named(goTypes(), '.param0', 'alias');
    expect(parameter.dictionaryIndex).toBe(2);
    expect(parameter.underlying.name).toBe('int');
  });

  it('are made up where the program has no such pointer, slice or array', () => {
    const info = goTypes();
    const int = info.typeNamed('int');
    expect(named(info, '*int', 'pointer').target).toBe(int);
    expect(named(info, '[]*main.T', 'slice')).toMatchObject({ size: 24, element: info.typeNamed('*main.T') });
    expect(named(info, '[5]int', 'array')).toMatchObject({ length: 5, size: 40, element: int });
    expect(info.typeNamed('*int')).toBe(info.typeNamed('*int'));
    expect(info.typeNamed('**main.T')!.offset).not.toBe(info.typeNamed('[]int')!.offset);
    expect(info.typeNamed('*main.Missing')).toBeUndefined();
    expect(info.typeNamed('map[int]int')).toBeUndefined();
  });

  it('are found by the addresses of their runtime types only where there is one', () => {
    const info = goTypes();
    expect(info.typeOfRuntimeType(linkedAddress(0x1040))?.name).toBe('int');
    expect(info.typeOfRuntimeType(linkedAddress(0x1020))?.name).toBe('*main.T');
    expect(info.typeOfRuntimeType(linkedAddress(0x1041))).toBeUndefined();
    expect(info.typeOfRuntimeType(linkedAddress(0x1000))).toBeUndefined();
    expect(info.typeNames()).toContain('func(int) error');
  });
});

describe('types of C', () => {
  const base = (text: string, bytes: number, encoding: number): Attribute[] => [
    name(text),
    [AT.byteSize, FORM.data1, bytes],
    [AT.encoding, FORM.data1, encoding],
  ];
  const info = open(
    new DwarfBuilder().unit(4, goRoot('runtime')).unit(5, cRoot('x.c'), (b) => {
      b.die(TAG.baseType, base('int', 4, 5), undefined, 'int');
      b.die(TAG.baseType, base('double', 8, 4), undefined, 'double');
      b.die(TAG.baseType, base('_Bool', 1, 2));
      b.die(TAG.constType, [type('int')], undefined, 'const');
      b.die(TAG.constType, [], undefined, 'const void');
      b.die(TAG.pointerType, [[AT.byteSize, FORM.data1, 8], type('const')], undefined, 'pointer');
      b.die(TAG.pointerType, [[AT.byteSize, FORM.data1, 8], type('const void')], undefined, 'void pointer');
      b.die(
        TAG.structureType,
        [name('point'), size(16)],
        (s) => {
          s.die(TAG.member, [name('x'), type('int'), [AT.dataMemberLocation, FORM.data1, 0]]);
          s.die(TAG.member, [
            name('low'),
            type('int'),
            [AT.dataBitOffset, FORM.udata, 35],
            [AT.bitSize, FORM.data1, 5],
          ]);
          s.die(TAG.member, [
            name('old'),
            type('int'),
            [AT.byteSize, FORM.data1, 4],
            [AT.bitOffset, FORM.data1, 28],
            [AT.bitSize, FORM.data1, 3],
            [AT.dataMemberLocation, FORM.exprloc, [0x23, 8]],
          ]);
          s.die(TAG.member, [type('union'), [AT.dataMemberLocation, FORM.data1, 8]]);
        },
        'point',
      );
      b.die(TAG.unionType, [size(8)], (u) => u.die(TAG.member, [name('d'), type('double')]), 'union');
      b.die(TAG.typedef, [name('point_t'), type('point')], undefined, 'point_t');
      b.die(TAG.enumerationType, [name('color'), size(4)], (e) => {
        e.die(TAG.enumerator, [name('RED'), [AT.constValue, FORM.sdata, -1]]);
        e.die(TAG.enumerator, [name('BLUE'), [AT.constValue, FORM.data1, 200]]);
      });
      b.die(
        TAG.arrayType,
        [type('int')],
        (a) => {
          a.die(TAG.subrangeType, [[AT.upperBound, FORM.data1, 1]]);
          a.die(TAG.subrangeType, [[AT.upperBound, FORM.data1, 2]]);
        },
        'matrix',
      );
      b.die(
        TAG.arrayType,
        [type('int')],
        (a) => a.die(TAG.subrangeType, [[AT.upperBound, FORM.data8, -1]]),
        'none',
      );
      b.die(
        TAG.subroutineType,
        [type('int')],
        (f) => {
          f.die(TAG.formalParameter, [type('int')]);
          f.die(TAG.formalParameter, [type('void pointer')]);
          f.die(TAG.unspecifiedParameters, []);
        },
        'function',
      );
      b.die(TAG.pointerType, [type('function')], undefined, 'callback');
      for (const of of ['pointer', 'void pointer', 'matrix', 'none', 'callback', 'point_t']) {
        b.die(TAG.variable, [
          name(`of ${of}`),
          type(of),
          [AT.location, FORM.exprloc, [3, 0, 0, 0, 0, 0, 0, 0, 0]],
        ]);
      }
    }),
  );
  const of = (label: string) => info.globalNamed(`of ${label}`)!.type;

  it('have C’s names', () => {
    expect(of('pointer').name).toBe('int *');
    expect(of('void pointer').name).toBe('void *');
    expect(of('matrix').name).toBe('int [2][3]');
    expect(of('callback').name).toBe('int (*)(int, void *, ...)');
    expect(of('point_t').name).toBe('point_t');
    expect(of('pointer').fromC).toBe(true);
  });

  it('are found with and without their keyword', () => {
    const point = named(info, 'struct point', 'struct');
    expect(info.typeNamed('union point')).toBeUndefined();
    expect(named(info, 'point_t', 'alias').underlying).toBe(point);
    expect(named(info, 'double', 'float').size).toBe(8);
    expect(named(info, '_Bool', 'bool').size).toBe(1);
  });

  it('have bit fields by their distance from the lowest bit, and anonymous members', () => {
    const fields = named(info, 'struct point', 'struct').fields;
    expect(
      fields.map(({ name: field, offset, bits, embedded }) => ({ field, offset, bits, embedded })),
    ).toEqual([
      { field: 'x', offset: 0, bits: undefined, embedded: false },
      { field: 'low', offset: 4, bits: { offset: 3, size: 5 }, embedded: false },
      // 32 - 28 - 3 bits from the lowest of the four bytes at 8.
      { field: 'old', offset: 8, bits: { offset: 1, size: 3 }, embedded: false },
      { field: '', offset: 8, bits: undefined, embedded: true },
    ]);
    expect(fields[3]!.type).toMatchObject({ kind: 'struct', union: true, name: 'union {...}' });
  });

  it('know arrays of arrays, of nothing, and enumerations', () => {
    const matrix = of('matrix') as Extract<Type, { kind: 'array' }>;
    expect([matrix.length, matrix.size]).toEqual([2, 24]);
    const row = matrix.element as Extract<Type, { kind: 'array' }>;
    expect([row.length, row.size, row.element.name]).toEqual([3, 12, 'int']);
    expect(of('none')).toMatchObject({ length: 0, size: 0 });
    expect(named(info, 'enum color', 'enum').values).toEqual([
      { name: 'RED', value: -1n },
      { name: 'BLUE', value: 200n },
    ]);
  });
});

describe('damaged types', () => {
  const typed = (write: (b: DwarfBuilder) => void, of: string): Type => {
    const builder = new DwarfBuilder().unit(5, cRoot('x.c'), (b) => {
      write(b);
      b.die(TAG.variable, [name('v'), type(of), [AT.location, FORM.exprloc, [3, 0, 0, 0, 0, 0, 0, 0, 0]]]);
    });
    return open(builder).globalNamed('v')!.type;
  };

  it.each<[string, (b: DwarfBuilder) => void]>([
    [
      'typedefs',
      (b) =>
        b
          .die(TAG.typedef, [name('a'), type('b')], undefined, 'a')
          .die(TAG.typedef, [name('b'), type('a')], undefined, 'b'),
    ],
    [
      'qualifiers',
      (b) =>
        b.die(TAG.constType, [type('b')], undefined, 'a').die(TAG.volatileType, [type('a')], undefined, 'b'),
    ],
    [
      'arrays of themselves',
      (b) =>
        b.die(TAG.arrayType, [type('a')], (a) => a.die(TAG.subrangeType, [[AT.count, FORM.data1, 9]]), 'a'),
    ],
  ])('go in a circle: %s', (_, write) => {
    expect(typed(write, 'a')).toMatchObject({ kind: 'opaque', problem: expect.stringContaining('circle') });
  });

  it('refer to where no DIE is', () => {
    const builder = new DwarfBuilder().unit(5, cRoot('x.c'), (b) =>
      b.die(TAG.variable, [
        name('v'),
        [AT.type, FORM.refAddr, 0x123456],
        [AT.location, FORM.exprloc, [3, 0, 0, 0, 0, 0, 0, 0, 0]],
      ]),
    );
    expect(open(builder).globalNamed('v')!.type).toMatchObject({
      kind: 'opaque',
      problem: expect.stringContaining('no entry'),
    });
  });

  it('have names of bounded length, even when functions take functions that take themselves', () => {
    const pointer = typed(
      (b) =>
        b.die(TAG.pointerType, [type('f')], undefined, 'a').die(
          TAG.subroutineType,
          [],
          (f) => {
            for (let i = 0; i < 30; i++) f.die(TAG.formalParameter, [type('a')]);
          },
          'f',
        ),
      'a',
    );
    expect(pointer.kind).toBe('pointer');
    expect(pointer.name.length).toBeLessThan(10_000);
  });
});
