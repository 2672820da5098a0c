import { describe, expect, it } from 'vitest';
import { linkedAddress } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import type { DebugInfo, FunctionInfo } from '../debug-info.ts';
import { AT, FORM, TAG } from './constants.ts';
import { openDebugInfo } from './debug-info-reader.ts';
import type { DebugSource } from './sections.ts';
import { type Attribute, cRoot, DwarfBuilder, goRoot } from './testing/dwarf-builder.ts';

const name = (text: string): Attribute => [AT.name, FORM.string, text];
const at = (attribute: number, label: string): Attribute => [attribute, FORM.refAddr, { label }];
const low = (address: number): Attribute => [AT.lowPc, FORM.addr, address];
const high = (length: number): Attribute => [AT.highPc, FORM.udata, length];
const place = (...bytes: number[]): Attribute => [AT.location, FORM.exprloc, bytes];
const address = (value: number): Attribute => place(3, ...new ByteBuilder().u64(value).build());
const BASE: Attribute = [AT.frameBase, FORM.exprloc, [0x9c]];

/** Two packages: `main` with a function that has everything in it, and `lib` whose function was inlined there. */
function program(): DwarfBuilder {
  const ranges = new ByteBuilder().zeros(12);
  const add = (...pairs: number[]): number => {
    const offset = ranges.length;
    for (let i = 0; i < pairs.length; i += 2)
      ranges
        .u8(6)
        .u64(pairs[i]!)
        .u64(pairs[i + 1]!);
    ranges.u8(0);
    return offset;
  };
  const unitMain = add(0x1000, 0x1100, 0x1200, 0x1280);
  const unitLib = add(0x1100, 0x1200);
  const block = add(0x1010, 0x1020, 0x1030, 0x1040);
  const split = add(0x1040, 0x1048, 0x1200, 0x1210);
  const unit = (of: number): Attribute[] => [low(0), [AT.ranges, FORM.secOffset, of]];
  return new DwarfBuilder({ '.debug_rnglists': ranges.build() })
    .unit(5, goRoot('lib', unit(unitLib)), (b) => {
      b.die(
        TAG.subprogram,
        [name('lib.Add'), [AT.inline, FORM.data1, 1], [AT.declarationLine, FORM.udata, 9]],
        (f) => {
          f.die(TAG.formalParameter, [name('x'), at(AT.type, 'int')], undefined, 'Add x');
          f.die(
            TAG.variable,
            [name('sum'), [AT.declarationLine, FORM.udata, 10], at(AT.type, 'int')],
            undefined,
            'Add sum',
          );
        },
        'Add',
      );
      b.die(TAG.subprogram, [at(AT.abstractOrigin, 'Add'), low(0x1100), high(0x40), BASE], (f) =>
        f.die(TAG.formalParameter, [at(AT.abstractOrigin, 'Add x'), place(0x50)]),
      );
    })
    .unit(
      5,
      goRoot('main', [
        [AT.producer, FORM.string, 'Go cmd/compile go1.26; regabi'],
        [AT.goPackageName, FORM.string, 'main'],
        ...unit(unitMain),
      ]),
      (b) => {
        b.die(
          TAG.subprogram,
          [name('main.run'), low(0x1000), high(0x100), BASE, [AT.declarationLine, FORM.udata, 3]],
          (f) => {
            f.die(TAG.formalParameter, [
              name('n'),
              [AT.variableParameter, FORM.flag, 0],
              [AT.declarationLine, FORM.udata, 3],
              at(AT.type, 'int'),
              place(0x53),
            ]);
            f.die(TAG.formalParameter, [
              name('err'),
              [AT.variableParameter, FORM.flag, 1],
              [AT.declarationLine, FORM.udata, 3],
              at(AT.type, 'int'),
              place(),
            ]);
            f.die(TAG.variable, [
              name('&escaped'),
              [AT.declarationLine, FORM.udata, 4],
              at(AT.type, 'int'),
              place(0x91, 8),
            ]);
            f.die(TAG.variable, [
              name('captured'),
              [AT.declarationLine, FORM.udata, 2],
              at(AT.type, 'int'),
              [AT.goClosureOffset, FORM.udata, 16],
              place(0x91, 16),
            ]);
            f.die(TAG.lexicalBlock, [[AT.ranges, FORM.secOffset, block]], (inner) => {
              inner.die(TAG.variable, [
                name('i'),
                [AT.declarationLine, FORM.udata, 5],
                at(AT.type, 'int'),
                [AT.constValue, FORM.sdata, -7],
              ]);
              inner.die(TAG.lexicalBlock, [low(0x1010), high(4)], (deep) =>
                deep.die(TAG.variable, [
                  name('n'),
                  [AT.declarationLine, FORM.udata, 6],
                  at(AT.type, 'int'),
                  place(0x51),
                ]),
              );
            });
            f.die(
              TAG.inlinedSubroutine,
              [
                at(AT.abstractOrigin, 'Add'),
                [AT.ranges, FORM.secOffset, split],
                [AT.callFile, FORM.data4, 1],
                [AT.callLine, FORM.udata, 12],
              ],
              (inl) => {
                inl.die(TAG.formalParameter, [at(AT.abstractOrigin, 'Add x'), place(0x55)]);
                inl.die(TAG.variable, [at(AT.abstractOrigin, 'Add sum'), place(0x56)]);
                inl.die(
                  TAG.inlinedSubroutine,
                  [
                    at(AT.abstractOrigin, 'Add'),
                    low(0x1044),
                    high(2),
                    [AT.callFile, FORM.data4, 1],
                    [AT.callLine, FORM.udata, 10],
                  ],
                  () => {},
                );
              },
            );
          },
        );
        b.die(TAG.subprogram, [name('main.split'), [AT.ranges, FORM.secOffset, split + 0], BASE], () => {});
        b.die(TAG.subprogram, [name('main.generic[go.shape.int]'), low(0x1240), high(0x10), BASE], () => {});
        b.die(
          TAG.subprogram,
          [name('main.generic[go.shape.string]'), low(0x1250), high(0x10), BASE],
          () => {},
        );
        b.die(TAG.constant, [name('main.Red'), at(AT.type, 'Color'), [AT.constValue, FORM.sdata, 0]]);
        b.die(TAG.constant, [name('main.Green'), at(AT.type, 'Color'), [AT.constValue, FORM.sdata, -1]]);
        b.die(TAG.constant, [name('main.Max'), at(AT.type, 'int'), [AT.constValue, FORM.sdata, 5]]);
        b.die(TAG.variable, [
          name('main.Global'),
          address(0x9000),
          at(AT.type, 'int'),
          [AT.external, FORM.flag, 1],
        ]);
        b.die(TAG.variable, [
          name('main.other'),
          address(0x9010),
          at(AT.type, 'int'),
          [AT.external, FORM.flag, 1],
        ]);
        b.die(TAG.variable, [
          name('runtime.linknamed'),
          address(0x9020),
          at(AT.type, 'int'),
          [AT.external, FORM.flag, 1],
        ]);
      },
    )
    .unit(5, goRoot('runtime'), (b) => {
      b.die(
        TAG.baseType,
        [name('int'), [AT.encoding, FORM.data1, 5], [AT.byteSize, FORM.data1, 8], [AT.goKind, FORM.data1, 2]],
        undefined,
        'int',
      );
      b.die(
        TAG.baseType,
        [
          name('main.Color'),
          [AT.encoding, FORM.data1, 5],
          [AT.byteSize, FORM.data1, 8],
          [AT.goKind, FORM.data1, 2],
        ],
        undefined,
        'Color',
      );
    });
}

const open = (overrides: Partial<DebugSource> = {}): DebugInfo => openDebugInfo(program().source(overrides))!;
const functionAt = (info: DebugInfo, pc: number): FunctionInfo | undefined =>
  info.functionAt(linkedAddress(pc));
const here = (info: FunctionInfo, pc: number) =>
  info.variables.map((variable) => {
    const location = variable.locationAt(linkedAddress(pc));
    return `${variable.name} ${location.kind === 'expression' ? [...location.expression].join(' ') : location.kind}`;
  });

describe('units', () => {
  it('say what they are', () => {
    const main = open().units()[1]!;
    expect(main).toMatchObject({ name: 'main', package: 'main', language: 'go', optimized: true });
    expect(main.ranges).toEqual([
      { from: 0x1000, to: 0x1100 },
      { from: 0x1200, to: 0x1280 },
    ]);
  });

  it('are none without .debug_info', () => {
    expect(openDebugInfo(new DwarfBuilder().source({ section: () => undefined }))).toBeUndefined();
  });
});

describe('functions', () => {
  it('list parameters, results and locals with their blocks', () => {
    const run = functionAt(open(), 0x1012)!;
    expect(run.name).toBe('main.run');
    expect(
      run.variables.map((v) => [
        v.name,
        v.role,
        v.depth,
        v.declaredLine,
        v.escaped,
        v.closureOffset,
        v.type.name,
      ]),
    ).toEqual([
      ['n', 'parameter', 0, 3, false, undefined, 'int'],
      ['err', 'result', 0, 3, false, undefined, 'int'],
      ['escaped', 'local', 0, 4, true, undefined, 'int'],
      ['captured', 'local', 0, 2, false, 16, 'int'],
      ['i', 'local', 1, 5, false, undefined, 'int'],
      ['n', 'local', 2, 6, false, undefined, 'int'],
    ]);
    expect(run.variables.map((v) => v.scope.map((range) => range.from))).toEqual([
      [0x1000],
      [0x1000],
      [0x1000],
      [0x1000],
      [0x1010, 0x1030],
      [0x1010],
    ]);
    expect(here(run, 0x1012)).toEqual([
      'n 83',
      'err missing',
      'escaped 145 8',
      'captured 145 16',
      'i constant',
      'n 81',
    ]);
    expect(run.variables[4]!.locationAt(linkedAddress(0x1012))).toEqual({ kind: 'constant', value: -7n });
    expect([...run.frameBase]).toEqual([0x9c]);
  });

  it('have what was inlined into them, nested', () => {
    const run = functionAt(open(), 0x1000)!;
    const [add] = run.inlined;
    expect(add).toMatchObject({ name: 'lib.Add', frameBase: run.frameBase });
    expect(add!.ranges).toEqual([
      { from: 0x1040, to: 0x1048 },
      { from: 0x1200, to: 0x1210 },
    ]);
    expect(add!.call.line).toBe(12);
    expect(here(add!, 0x1040)).toEqual(['x 85', 'sum 86']);
    expect(add!.variables[1]!.declaredLine).toBe(10);
    expect(add!.inlined.map((inner) => [inner.name, inner.ranges[0]!.from])).toEqual([['lib.Add', 0x1044]]);
  });

  it('take names from their abstract entry, and end where they end', () => {
    const info = open();
    expect(functionAt(info, 0x1110)).toMatchObject({ name: 'lib.Add' });
    expect(here(functionAt(info, 0x1110)!, 0x1110)).toEqual(['x 80']);
    expect(functionAt(info, 0x1140)).toBeUndefined();
    expect(functionAt(info, 0x0fff)).toBeUndefined();
    expect(functionAt(info, 0x2000)).toBeUndefined();
  });

  it('are found in all of their pieces', () => {
    expect(functionAt(open(), 0x1208)?.name).toBe('main.split');
  });

  it.each([
    ['main.run', 0x1012, 'main.run'],
    ['lib.Add', 0x1110, 'lib.Add'],
    ['main.split', 0x1208, 'main.split'],
    ['main.generic[...]', 0x1244, 'main.generic[go.shape.int]'],
    ['main.generic[...]', 0x1258, 'main.generic[go.shape.string]'],
    ['main.wrong', 0x1258, 'main.generic[go.shape.string]'],
    ['lib.Add', 0x1012, 'main.run'],
  ])('are the same with the name %s for 0x%s as without', (given, pc, wanted) => {
    expect(functionAt(open({ functionName: () => given }), pc)?.name).toBe(wanted);
    expect(functionAt(open(), pc)?.name).toBe(wanted);
  });

  it('do not follow origins that go in a circle', () => {
    const builder = new DwarfBuilder().unit(5, goRoot('main', [low(0x1000), high(0x100)]), (b) => {
      b.die(TAG.subprogram, [at(AT.abstractOrigin, 'b'), low(0x1000), high(0x10)], () => {}, 'a');
      b.die(TAG.subprogram, [at(AT.abstractOrigin, 'a'), low(0x1010), high(0x10)], () => {}, 'b');
    });
    expect(() => functionAt(openDebugInfo(builder.source())!, 0x1004)).toThrow('circle');
  });

  it('refuse entries nested without end', () => {
    const nest = (b: DwarfBuilder, depth: number): void => {
      b.die(TAG.lexicalBlock, [], depth === 0 ? undefined : (inner) => nest(inner, depth - 1));
    };
    const builder = new DwarfBuilder().unit(5, goRoot('main', [low(0x1000), high(0x100)]), (b) =>
      b.die(TAG.subprogram, [name('main.deep'), low(0x1000), high(0x10)], (f) => nest(f, 700)),
    );
    expect(() => functionAt(openDebugInfo(builder.source())!, 0x1004)).toThrow('nested');
  });
});

describe('variables and constants', () => {
  it('are found by name, also outside of the unit that their name suggests', () => {
    const info = open();
    expect(info.globalNamed('main.Global')).toMatchObject({ address: 0x9000, unit: { name: 'main' } });
    expect(info.globalNamed('main.Global')!.type).toBe(info.typeNamed('int'));
    expect(info.globalNamed('runtime.linknamed')?.address).toBe(0x9020);
    expect(info.globalNamed('main.Globa')).toBeUndefined();
    expect(info.globalNamed('n')).toBeUndefined();
    expect(info.globalNames()).toEqual(['main.Global', 'main.other', 'runtime.linknamed']);
  });

  it('are found by address, to their last byte', () => {
    const info = open();
    expect(info.globalAt(linkedAddress(0x9007))?.name).toBe('main.Global');
    expect(info.globalAt(linkedAddress(0x9008))).toBeUndefined();
    expect(info.globalAt(linkedAddress(0x9010))?.name).toBe('main.other');
    expect(info.globalAt(linkedAddress(0x8fff))).toBeUndefined();
  });

  it('have constants by name and by type', () => {
    const info = open();
    expect(info.constantNamed('main.Max')?.value).toBe(5n);
    expect(info.constantNamed('main.Global')).toBeUndefined();
    expect(info.constantsOfType('main.Color').map((c) => [c.name, c.value])).toEqual([
      ['main.Red', 0n],
      ['main.Green', -1n],
    ]);
    expect(info.constantNames()).toEqual(['main.Green', 'main.Max', 'main.Red']);
  });

  it('of C are found wherever their names are kept', () => {
    const strings = new ByteBuilder().cstr('unrelated').label('g').cstr('c_global').build();
    const builder = new DwarfBuilder({ '.debug_str': strings })
      .unit(4, goRoot('main'), (b) => b.die(TAG.variable, [name('main.Global'), address(0x9000)]))
      .unit(5, cRoot('x.c'), (b) => {
        b.die(TAG.variable, [[AT.name, FORM.strp, 10], [AT.external, FORM.flagPresent, 0], address(0x9100)]);
        b.die(TAG.variable, [name('thread'), place(0x0e, 0, 0, 0, 0, 0, 0, 0, 0, 0xe0)]);
      });
    const info = openDebugInfo(builder.source())!;
    expect(info.globalNamed('c_global')?.address).toBe(0x9100);
    expect(info.globalNamed('thread')).toBeUndefined();
    expect(info.globalNames()).toEqual(['c_global', 'main.Global']);
  });

  it('are looked up by bytes only where that is certain', () => {
    // `chan main.T` ends in the name behind a space, which is the abbreviation code 32 here.
    const builder = new DwarfBuilder().unit(5, goRoot('runtime'), (b) => {
      for (let i = 0; i < 29; i++) {
        b.die(TAG.member, [
          name(`m${i}`),
          [AT.declarationLine, i % 2 ? FORM.data1 : FORM.data2, i],
          ...new Array<Attribute>(i >> 1).fill([AT.count, FORM.data1, 1]),
        ]);
      }
      b.die(TAG.typedef, [name('chan main.T'), at(AT.type, 'T')], undefined);
      b.die(
        TAG.structureType,
        [name('main.T'), [AT.byteSize, FORM.udata, 8], [AT.goKind, FORM.data1, 25]],
        () => {},
        'T',
      );
      b.die(
        TAG.subroutineType,
        [name('func()'), [AT.byteSize, FORM.udata, 8], [AT.goKind, FORM.data1, 19]],
        () => {},
      );
    });
    const info = openDebugInfo(builder.source())!;
    expect(info.typeNamed('main.T')).toMatchObject({ kind: 'struct', size: 8 });
    expect(info.typeNamed('func()')).toMatchObject({ kind: 'func' });
  });
});
