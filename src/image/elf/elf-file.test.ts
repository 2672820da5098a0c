import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BytesSource, DataError } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { testPlatform } from '../../base/testing/platform.ts';
import {
  buildElf,
  type ElfSpec,
  EM_AARCH64,
  ET_CORE,
  ET_DYN,
  note,
  SHF_ALLOC,
  SHF_COMPRESSED,
} from '../testing/elf-builder.ts';
import { ElfFile } from './elf-file.ts';
import { PT_LOAD, PT_NOTE } from './program-headers.ts';

const text = (value: string) => new TextEncoder().encode(value);
const open = (bytes: Uint8Array) => new ElfFile(new BytesSource('app', bytes), testPlatform);
const elfOf = (spec: ElfSpec) => open(buildElf(spec));

describe('the ELF header', () => {
  const patched = (at: number, ...bytes: number[]) => {
    const elf = buildElf({});
    elf.set(bytes, at);
    return () => open(elf);
  };

  it('is read for both machines and every kind of file', () => {
    expect(elfOf({ entry: 0x401000 })).toMatchObject({ type: 'executable', arch: 'amd64', entry: 0x401000 });
    expect(elfOf({ type: ET_DYN, machine: EM_AARCH64 })).toMatchObject({ type: 'shared', arch: 'arm64' });
    expect(elfOf({ type: ET_CORE }).type).toBe('core');
    expect(elfOf({ type: 0xfe00 }).type).toBe('other');
  });

  it('says what else a file is', () => {
    expect(() => open(new Uint8Array(0))).toThrow('app: the file is empty');
    expect(() => open(text('#!/bin/sh\n'))).toThrow('not an ELF file (it is a script)');
    expect(() => open(Uint8Array.of(0x1f, 0x8b, 8, 0))).toThrow('compressed with gzip');
    expect(() => open(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd))).toThrow('compressed with zstd');
    expect(() => open(text('plain text'))).toThrow(/not an ELF file$/);
    expect(() => open(buildElf({}).subarray(0, 40))).toThrow('the file ends after 40');
    expect(patched(4, 1)).toThrow('at offset 0x4: a 32-bit ELF file');
    expect(patched(5, 2)).toThrow('a big-endian ELF file');
    expect(patched(18, 40)).toThrow('built for ARM; only amd64 and arm64');
    expect(patched(18, 99, 1)).toThrow('built for machine 355');
    expect(patched(58, 40)).toThrow('section headers of 40 bytes');
    for (const make of [patched(4, 1), patched(18, 40), () => open(text('x'))])
      expect(make).toThrow(DataError);
  });
});

describe('sections', () => {
  const content = text('some bytes, some bytes, some bytes, some bytes, some bytes');
  const chdr = (kind: number, size: number, stream: Uint8Array) =>
    new ByteBuilder().u32(kind).u32(0).u64(size).u64(1).bytes(stream).build();
  const compressed = (kind: number, size: number, stream: Uint8Array) =>
    elfOf({ sections: [{ name: '.debug_x', flags: SHF_COMPRESSED, bytes: chdr(kind, size, stream) }] });
  /** A Zstandard frame of one raw block (RFC 8878). */
  const zstd = new ByteBuilder()
    .u32(0xfd2fb528)
    .u8(0x20, content.length)
    .bytes([(content.length << 3) | 1, content.length >> 5, 0])
    .bytes(content)
    .build();
  const read = (elf: ElfFile) => elf.contents(elf.section('.debug_x')!);

  it('have names, places and contents', () => {
    const elf = elfOf({
      sections: [
        { name: '.text', address: 0x401000, flags: SHF_ALLOC, bytes: content },
        { name: '.bss', type: 8, flags: SHF_ALLOC, address: 0x500000, size: 4096 },
      ],
    });
    expect(elf.sections.map((s) => s.name)).toEqual(['', '.text', '.bss', '.shstrtab']);
    const section = elf.section('.text')!;
    expect(section).toMatchObject({
      address: 0x401000,
      size: content.length,
      compression: 'none',
      allocated: true,
    });
    expect(elf.contents(section)).toEqual(content);
    expect(elf.section('.bss')).toMatchObject({ size: 4096, fileSize: 0 });
    expect(elf.contents(elf.section('.bss')!)).toHaveLength(0);
    expect(elf.section('.data')).toBeUndefined();
    expect(elf.missingBytes).toBe(0);
  });

  it('are inflated: zlib, zstd and the older form', () => {
    const zlib = compressed(1, content.length, deflateSync(content));
    expect(zlib.section('.debug_x')).toMatchObject({ size: content.length, compression: 'zlib' });
    expect(read(zlib)).toEqual(content);
    expect(compressed(2, content.length, zstd).section('.debug_x')!.compression).toBe('zstd');
    expect(read(compressed(2, content.length, zstd))).toEqual(content);
    const head = new ByteBuilder().text('ZLIB').zeros(7).u8(content.length).build();
    const old = elfOf({
      sections: [{ name: '.zdebug_x', bytes: Buffer.concat([head, deflateSync(content)]) }],
    });
    expect(old.section('.debug_x')).toMatchObject({ size: content.length, compression: 'zlib' });
    expect(read(old)).toEqual(content);
    const unmarked = elfOf({ sections: [{ name: '.zdebug_x', bytes: content }] });
    expect(read(unmarked)).toEqual(content);
  });

  it('have a beginning that can be had alone, if they are large', () => {
    const large = new Uint8Array(9 << 20).map((_, i) => (i * 2654435761) >>> 20);
    const stream = deflateSync(large, { level: 1 });
    const start = (elf: ElfFile, wanted: number) =>
      elf.beginning(elf.section('.debug_x')!, { share: 0.4, wanted });
    const elf = compressed(1, large.length, stream);
    const some = start(elf, 1000)!;
    expect(some.length).toBeGreaterThan(1000);
    expect(some.length).toBeLessThan(large.length);
    expect(Buffer.compare(some, large.subarray(0, some.length))).toBe(0);
    expect(start(elf, large.length)).toBeUndefined();
    expect(start(elf, large.length / 2)).toBeUndefined();
    expect(start(compressed(1, content.length, deflateSync(content)), 1)).toBeUndefined();
    expect(start(compressed(2, content.length, zstd), 1)).toBeUndefined();
    const plain = elfOf({ sections: [{ name: '.debug_x', bytes: large }] });
    expect(start(plain, 1)).toBeUndefined();
    expect(() => start(compressed(1, large.length, stream.fill(0xff)), 1)).toThrow('cannot be inflated');
  });

  it('that are damaged say so only when they are read', () => {
    expect(() => read(compressed(1, content.length + 1, deflateSync(content)))).toThrow('app .debug_x');
    expect(() => read(compressed(1, content.length - 1, deflateSync(content)))).toThrow('cannot be inflated');
    expect(() => read(compressed(2, content.length + 1, zstd))).toThrow('cannot be inflated');
    expect(() => read(compressed(1, 10, text('not zlib')))).toThrow('cannot be inflated');
    expect(() => read(compressed(7, 10, text('x')))).toThrow('compressed by method 7');
    expect(() => read(compressed(1, 2 ** 40, deflateSync(content)))).toThrow('claims to inflate');
    expect(() => read(compressed(2, 2 ** 40, zstd))).toThrow('claims to inflate');
  });

  it('of a file that is cut off are there as far as the file goes', () => {
    const bytes = buildElf({ sections: [{ name: '.text', bytes: new Uint8Array(1000) }] });
    const cut = open(bytes.subarray(0, bytes.length - 100));
    expect(cut.missingBytes).toBe(100);
    expect(cut.sections).toHaveLength(3);
    expect(cut.sections.map((s) => s.name)).toEqual(['', '', '']);
    expect(() => cut.contents(cut.sections[1]!)).toThrow(
      'app : the file ends 83 bytes before the section does',
    );
    const headless = open(bytes.subarray(0, 64 + 100));
    expect(headless.sections).toHaveLength(1);
    expect(open(bytes.subarray(0, 64)).sections).toEqual([]);
  });
});

describe('program headers', () => {
  const segments = [
    { type: PT_LOAD, flags: 5, address: 0x400000, bytes: text('code') },
    { type: PT_LOAD, flags: 6, address: 0x500000, bytes: text('data'), memorySize: 100 },
  ];

  it('are kept in columns', () => {
    const { programHeaders } = elfOf({ segments });
    expect(programHeaders.count).toBe(2);
    expect(programHeaders.at(1)).toMatchObject({
      type: PT_LOAD,
      readable: true,
      writable: true,
      executable: false,
      address: 0x500000,
      fileSize: 4,
      memorySize: 100,
    });
    expect(programHeaders.ofType(PT_NOTE)).toEqual([]);
  });

  it('may be more than the header can say', () => {
    const many = Array.from({ length: 70_000 }, (_, i) => ({
      type: PT_LOAD,
      address: i * 4096,
      bytes: new Uint8Array(0),
    }));
    const bytes = buildElf({ type: ET_CORE, segments: many, extendedCounts: true });
    const { programHeaders, sections } = open(bytes);
    expect(programHeaders.count).toBe(70_000);
    expect(programHeaders.addresses[69_999]).toBe(69_999 * 4096);
    expect(sections).toHaveLength(2);
    // Without section 0 the number follows from where the first segment begins.
    const lost = bytes.slice();
    lost.fill(0, 40, 48);
    const behind = open(lost).programHeaders.count;
    expect(behind).toBeGreaterThanOrEqual(70_000);
    expect(behind).toBeLessThan(70_010);
  });

  it('of a file that is cut off are those that are there', () => {
    const bytes = buildElf({ segments });
    const elf = open(bytes.subarray(0, 64 + 56 + 20));
    expect(elf.programHeaders.count).toBe(1);
    expect(elf.missingBytes).toBeGreaterThan(0);
  });

  it('tell where an address is in the file', () => {
    const elf = elfOf({ segments });
    expect(elf.fileOffsetOf(0x400002)).toBe(elf.programHeaders.fileOffsets[0]! + 2);
    expect(elf.fileOffsetOf(0x500010)).toBeUndefined();
  });
});

describe('notes', () => {
  const first = note('CORE', 1, text('status'));
  const second = note('LINUX', 0x202, text('x'));

  it('are read from segments, and from sections outside of them', () => {
    const elf = elfOf({
      segments: [{ type: PT_NOTE, bytes: new Uint8Array([...first, ...second]) }],
      sections: [{ name: '.note.gnu.build-id', type: 7, bytes: note('GNU', 3, Uint8Array.of(0xab, 1)) }],
    });
    const notes = [...elf.notes()];
    expect(notes.map((n) => [n.owner, n.type])).toEqual([
      ['CORE', 1],
      ['LINUX', 0x202],
      ['GNU', 3],
    ]);
    expect(notes[0]!.description).toEqual(text('status'));
    expect(elf.source.read(notes[1]!.fileOffset, 1)).toEqual(text('x'));
  });

  it('may be aligned to eight bytes', () => {
    const properties = note('GNU', 5, Uint8Array.of(1, 2, 3, 4, 5), 8);
    const elf = elfOf({
      segments: [{ type: PT_NOTE, bytes: new Uint8Array([...properties, ...properties]), align: 8 }],
    });
    expect([...elf.notes()].map((n) => [...n.description])).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5],
    ]);
  });

  it('end where they are cut off, and are read once where they overlap', () => {
    const segment = { type: PT_NOTE, bytes: new Uint8Array([...first, ...second]) };
    const whole = buildElf({ segments: [segment] });
    const at = Buffer.from(whole).indexOf('LINUX');
    expect([...open(whole.subarray(0, at + 8)).notes()].map((n) => n.owner)).toEqual(['CORE']);
    const twice = buildElf({ segments: [segment, segment] });
    twice.copyWithin(64 + 56 + 8, 64 + 8, 64 + 16);
    expect([...open(twice).notes()]).toHaveLength(2);
  });

  it('with sizes that cannot be true end the reading', () => {
    const damaged = first.slice();
    damaged.set([0xff, 0xff, 0xff, 0xff], 4);
    expect([...elfOf({ segments: [{ type: PT_NOTE, bytes: damaged }] }).notes()]).toEqual([]);
    damaged.set([0xff, 0xff, 0xff, 0xff], 0);
    expect([...elfOf({ segments: [{ type: PT_NOTE, bytes: damaged }] }).notes()]).toEqual([]);
  });
});
