import { describe, expect, it } from 'vitest';
import { linkedAddress } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import type { LineTable } from '../debug-info.ts';
import { AT, FORM, TAG } from './constants.ts';
import { openDebugInfo } from './debug-info-reader.ts';
import { readLineHeader } from './line-header.ts';
import { runLineProgram } from './line-rows.ts';
import { Sections } from './sections.ts';
import { type Attribute, DwarfBuilder, goRoot } from './testing/dwarf-builder.ts';

type Program = (b: ByteBuilder) => void;

const LINE_BASE = -4;
const LINE_RANGE = 10;
const OPCODE_BASE = 11;
const LENGTHS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0];

/** As Go writes it: v2 (Go ≤ 1.24) with one directory, or v5 with a dummy file 0. */
function goTable(b: ByteBuilder, version: number, files: readonly string[], program: Program): void {
  b.sized(4, (unit) => {
    unit.u16(version);
    if (version >= 5) unit.u8(8, 0);
    unit.sized(4, (header) => {
      header.u8(1);
      if (version >= 4) header.u8(1);
      header.u8(1, LINE_BASE & 0xff, LINE_RANGE, OPCODE_BASE, ...LENGTHS);
      if (version >= 5) {
        header.u8(1).uleb(1).uleb(FORM.string).uleb(2).cstr('.').cstr('/src/main');
        header
          .u8(2)
          .uleb(1)
          .uleb(FORM.string)
          .uleb(2)
          .uleb(FORM.udata)
          .uleb(files.length + 1)
          .cstr('?')
          .uleb(0);
        for (const file of files) header.cstr(file).uleb(1);
      } else {
        header.cstr('/src/main').u8(0);
        for (const file of files) header.cstr(file).uleb(1).uleb(0).uleb(0);
        header.u8(0);
      }
    });
    program(unit);
  });
}

const setAddress = (b: ByteBuilder, address: number) => b.u8(0, 9, 2).u64(address);
const endSequence = (b: ByteBuilder) => b.u8(0, 1, 1);
const special = (b: ByteBuilder, address: number, line: number) =>
  b.u8(OPCODE_BASE + (line - LINE_BASE) + LINE_RANGE * address);

/** main.run at 0x1000 (inlines helper.go:20 at 0x1010 and again at 0x1020), main.end at 0x1100. */
const program: Program = (b) => {
  setAddress(b, 0x1000).u8(3).sleb(9);
  special(b, 0, 0); // 0x1000 main.go:10
  b.u8(10); // prologue end
  special(b, 4, 1); // 0x1004 main.go:11
  b.u8(4).uleb(2).u8(2).uleb(12).u8(3).sleb(9).u8(1); // 0x1010 helper.go:20
  special(b, 4, 0); // 0x1014 helper.go:20
  b.u8(2).uleb(12).u8(1); // 0x1020 helper.go:20
  b.u8(4).uleb(1).u8(6, 3).sleb(-8); // not a statement
  special(b, 8, 0); // 0x1028 main.go:12
  b.u8(6, 9).u16(8).u8(8).u8(0, 5, 4).u32(7).u8(1); // fixed advance, const_add_pc, discriminator: 0x1048 main.go:12
  b.u8(2).uleb(0x18);
  endSequence(b);
  setAddress(b, 0x1100).u8(3).sleb(29);
  special(b, 0, 0); // 0x1100 main.go:30
  special(b, 8, 1); // 0x1108 main.go:31
  b.u8(2).uleb(8);
  endSequence(b);
};

function tables(version: number): LineTable {
  const line = new ByteBuilder();
  goTable(line, 2, ['unrelated.go'], (b) => {
    setAddress(b, 0x2000).u8(1);
    b.u8(2).uleb(16);
    endSequence(b);
  });
  const main = line.length;
  goTable(line, version, ['main.go', 'helper.go'], program);
  const root = (of: number, from: number, length: number): Attribute[] => [
    [AT.statementList, FORM.secOffset, of],
    [AT.compilationDirectory, FORM.string, '.'],
    [AT.lowPc, FORM.addr, from],
    [AT.highPc, FORM.udata, length],
  ];
  const code = (name: string, from: number, length: number): Attribute[] => [
    [AT.name, FORM.string, name],
    [AT.lowPc, FORM.addr, from],
    [AT.highPc, FORM.udata, length],
    [AT.declarationFile, FORM.data1, 1],
    [AT.declarationLine, FORM.udata, 9],
  ];
  const builder = new DwarfBuilder({ '.debug_line': line.build() })
    .unit(5, goRoot('unrelated', root(0, 0x2000, 16)))
    .unit(5, goRoot('main', root(main, 0x1000, 0x110)), (b) => {
      b.die(
        TAG.subprogram,
        [
          [AT.name, FORM.string, 'main.helper'],
          [AT.inline, FORM.data1, 1],
        ],
        () => {},
        'helper',
      );
      b.die(TAG.subprogram, code('main.run', 0x1000, 0x60), (f) => {
        for (const from of [0x1010, 0x1020]) {
          f.die(
            TAG.inlinedSubroutine,
            [
              [AT.abstractOrigin, FORM.refAddr, { label: 'helper' }],
              [AT.lowPc, FORM.addr, from],
              [AT.highPc, FORM.udata, 8],
              [AT.callFile, FORM.data1, 1],
              [AT.callLine, FORM.udata, 11],
            ],
            () => {},
          );
        }
      });
      b.die(TAG.subprogram, code('main.end', 0x1100, 0x10), () => {});
    });
  const info = openDebugInfo(builder.source())!;
  expect(info.functionAt(linkedAddress(0x1000))!.declared).toEqual({ file: '/src/main/main.go', line: 9 });
  expect(info.functionAt(linkedAddress(0x1000))!.inlined[0]!.call).toEqual({
    file: '/src/main/main.go',
    line: 11,
  });
  return info.lines;
}

const MAIN = '/src/main/main.go';
const HELPER = '/src/main/helper.go';

describe.each([2, 3, 4, 5])('line tables of version %d', (version) => {
  const position = (pc: number) => {
    const found = tables(version).position(linkedAddress(pc));
    return found === undefined ? undefined : `${found.file}:${found.line}`;
  };

  it('say where an address comes from', () => {
    expect(position(0x1000)).toBe(`${MAIN}:10`);
    expect(position(0x1003)).toBe(`${MAIN}:10`);
    expect(position(0x1004)).toBe(`${MAIN}:11`);
    expect(position(0x1016)).toBe(`${HELPER}:20`);
    expect(position(0x1028)).toBe(`${MAIN}:12`);
    expect(position(0x105f)).toBe(`${MAIN}:12`);
    expect(position(0x1060)).toBeUndefined();
    expect(position(0x1108)).toBe(`${MAIN}:31`);
    expect(position(0x2004)).toBe('/src/main/unrelated.go:1');
    expect(position(0x3000)).toBeUndefined();
  });

  it('say where a line begins, once in every function and inlined copy', () => {
    const lines = tables(version);
    expect(lines.addressesOf(MAIN, 10)).toEqual([0x1000]);
    expect(lines.addressesOf(HELPER, 20)).toEqual([0x1010, 0x1020]);
    // 0x1028 is no statement.
    expect(lines.addressesOf(MAIN, 12)).toEqual([0x1048]);
    expect(lines.addressesOf(MAIN, 99)).toEqual([]);
    expect(lines.addressesOf('/elsewhere/main.go', 10)).toEqual([]);
    expect(lines.linesOf(MAIN)).toEqual([10, 11, 12, 30, 31]);
  });

  it('say where a prologue ends: at its mark, or at the first statement', () => {
    const lines = tables(version);
    expect(lines.prologueEnd(linkedAddress(0x1000))).toBe(0x1004);
    expect(lines.prologueEnd(linkedAddress(0x1100))).toBe(0x1100);
    expect(lines.prologueEnd(linkedAddress(0x3000))).toBe(0x3000);
  });

  it('list files and find them by their last components', () => {
    const lines = tables(version);
    expect(lines.files()).toEqual([HELPER, MAIN, '/src/main/unrelated.go']);
    expect(lines.matching('main.go')).toEqual([MAIN]);
    expect(lines.matching('main/helper.go')).toEqual([HELPER]);
    expect(lines.matching('ain.go')).toEqual([]);
  });
});

describe('line table headers', () => {
  const sections = (line: Uint8Array, more: Record<string, Uint8Array> = {}) =>
    new Sections({
      file: 'built',
      pointerSize: 8,
      section: (name) => ({ '.debug_line': line, ...more })[name],
      typesBase: () => undefined,
    });
  const header5 = (write: Program) =>
    new ByteBuilder()
      .sized(4, (b) =>
        b
          .u16(5)
          .u8(8, 0)
          .sized(4, (h) => {
            h.u8(1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1);
            write(h);
          }),
      )
      .build();

  it('of gcc keep names elsewhere and have checksums', () => {
    const strings = new ByteBuilder().cstr('/build').cstr('x.c').cstr('include').build();
    const line = header5((h) => {
      h.u8(1).uleb(1).uleb(FORM.lineStrp).uleb(2).u32(0).u32(11);
      h.u8(3).uleb(1).uleb(FORM.lineStrp).uleb(2).uleb(FORM.data1).uleb(5).uleb(FORM.data16);
      h.uleb(1).u32(7).u8(1).zeros(16);
    });
    const header = readLineHeader(sections(line, { '.debug_line_str': strings }), 0);
    expect(header.directories).toEqual(['/build', 'include']);
    expect(header.files).toEqual([{ name: 'x.c', directory: 1 }]);
  });

  it.each<[string, Uint8Array, string]>([
    [
      'a count that cannot be true',
      header5((h) =>
        h
          .u8(1)
          .uleb(1)
          .uleb(FORM.string)
          .uleb(1 << 30),
      ),
      'do not fit',
    ],
    ['many entries of no size', header5((h) => h.u8(0).uleb(1 << 30)), 'do not fit'],
    ['an unknown form', header5((h) => h.u8(1).uleb(1).uleb(0x99).uleb(1).u8(0)), '0x99'],
    ['a reserved length', new ByteBuilder().u32(0xfffffff5).zeros(30).build(), 'reserved'],
    ['64 bits beyond', new ByteBuilder().u32(0xffffffff).u64(99).zeros(30).build(), 'does not fit'],
    ['version 7', new ByteBuilder().sized(4, (b) => b.u16(7).zeros(30)).build(), 'version 7'],
    ['a length beyond the section', new ByteBuilder().u32(99).u16(5).zeros(20).build(), 'does not fit'],
    [
      'a header beyond its table',
      new ByteBuilder().sized(4, (b) => b.u16(2).u32(99).zeros(10)).build(),
      'longer than',
    ],
    [
      'a line range of 0',
      new ByteBuilder().sized(4, (b) => b.u16(2).u32(9).u8(1, 1, 0, 0, 1).zeros(9)).build(),
      'line range',
    ],
  ])('are refused with %s', (_, line, message) => {
    expect(() => readLineHeader(sections(line), 0)).toThrow(message);
  });

  it('notice a program that ends in the middle', () => {
    const line = new ByteBuilder();
    goTable(line, 2, ['x.go'], (b) => b.u8(0, 99, 2));
    const of = sections(line.build());
    expect(() => runLineProgram(of, readLineHeader(of, 0))).toThrow('ends in the middle');
  });

  it('skip opcodes of later versions', () => {
    const line = new ByteBuilder();
    line.sized(4, (unit) => {
      unit.u16(2).sized(4, (h) =>
        h
          .u8(1, 1, 0xfc, 10, 13, ...LENGTHS, 2, 1)
          .u8(0)
          .cstr('x.go')
          .u8(0, 0, 0)
          .u8(0),
      );
      unit.u8(11).uleb(300).uleb(5).u8(12).uleb(1);
      setAddress(unit, 0x10).u8(1);
      endSequence(unit);
    });
    const of = sections(line.build());
    const rows = runLineProgram(of, readLineHeader(of, 0));
    expect([rows.count, rows.addresses[0], rows.lines[0]]).toEqual([2, 0x10, 1]);
  });
});
