import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { DataError, linkedAddress } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { TestFile, testPlatform } from '../../base/testing/platform.ts';
import type { FrameRow } from '../function-table.ts';
import { openImage } from '../open-image.ts';
import { buildSample, hasProgram, SAMPLE_BUILDS } from '../testing/builds.ts';
import { openFrames } from './open.ts';

type Fill = (b: ByteBuilder) => unknown;
const EH_FRAME_ADDRESS = 0x8000;

/** Frames of sections that are given as bytes. */
function framesOf(sections: Readonly<Record<string, { bytes: Uint8Array; address?: number }>>) {
  return openFrames({
    file: 'app',
    section: (name) => sections[name] && { address: linkedAddress(sections[name].address ?? 0) },
    sectionBytes: (name) => sections[name]?.bytes,
  });
}

interface CieSpec {
  readonly version?: number;
  readonly augmentation?: string;
  readonly augmentationData?: Fill;
  readonly codeAlign?: number;
  readonly dataAlign?: number;
  readonly instructions?: Fill;
}

function cieBody(b: ByteBuilder, spec: CieSpec): void {
  const { version = 3, augmentation = '', codeAlign = 1, dataAlign = -8 } = spec;
  b.u8(version).cstr(augmentation);
  if (version === 4) b.u8(8, 0);
  b.uleb(codeAlign).sleb(dataAlign);
  if (version === 1) b.u8(16);
  else b.uleb(16);
  const data = new ByteBuilder();
  spec.augmentationData?.(data);
  if (augmentation.startsWith('z')) b.uleb(data.length).bytes(data.build());
  spec.instructions?.(b);
  b.align(8);
}

/** def_cfa r7+8; offset r16 at cfa-8: how x86-64 functions begin. */
const usual: Fill = (b) => b.u8(0x0c, 7, 8).u8(0x90, 1);

/** A .debug_frame with one CIE and one FDE for 0x1000..0x1100. */
function debugFrame(fde: Fill, cie: CieSpec = {}, is64 = false): Uint8Array {
  const b = new ByteBuilder();
  const entry = (fill: (b: ByteBuilder) => void) => {
    if (is64) b.u32(0xffffffff).sized(8, fill);
    else b.sized(4, fill);
  };
  entry((e) => {
    if (is64) e.u64(0xffffffffffffffffn);
    else e.u32(0xffffffff);
    cieBody(e, { instructions: usual, ...cie });
  });
  entry((e) => {
    if (is64) e.u64(0);
    else e.u32(0);
    e.u64(0x1000).u64(0x100);
    if (cie.augmentation?.startsWith('z')) e.uleb(0);
    fde(e);
    e.align(8);
  });
  return b.build();
}

const rowOf = (fde: Fill, pc: number, cie?: CieSpec, is64?: boolean): FrameRow | undefined =>
  framesOf({ '.debug_frame': { bytes: debugFrame(fde, cie, is64) } }).rowAt(linkedAddress(pc));

const register = (number: number, offset: number) => ({ kind: 'register', register: number, offset });

describe('rows', () => {
  const grow: Fill = (b) => b.u8(0x44, 0x0e, 16).u8(0x02, 0x10, 0x0e, 32).u8(0x03).u16(0x20).u8(0x0d, 6);

  it('hold from one advance to the next, and the last to the end', () => {
    const rows = [0x1000, 0x1003, 0x1004, 0x1013, 0x1014, 0x1034, 0x10ff].map((pc) => rowOf(grow, pc)!);
    expect(rows.map((r) => [r.from, r.to, r.cfa])).toEqual([
      [0x1000, 0x1004, register(7, 8)],
      [0x1000, 0x1004, register(7, 8)],
      [0x1004, 0x1014, register(7, 16)],
      [0x1004, 0x1014, register(7, 16)],
      [0x1014, 0x1034, register(7, 32)],
      [0x1034, 0x1100, register(6, 32)],
      [0x1034, 0x1100, register(6, 32)],
    ]);
    expect(rows[0]).toMatchObject({
      returnAddressRegister: 16,
      signalFrame: false,
      returnAddressSigned: false,
    });
    expect(rows[0]!.rules).toEqual(new Map([[16, { kind: 'offset', offset: -8 }]]));
  });

  it('are for the function alone', () => {
    expect(rowOf(grow, 0xfff)).toBeUndefined();
    expect(rowOf(grow, 0x1100)).toBeUndefined();
    expect(framesOf({}).rowAt(linkedAddress(0x1000))).toBeUndefined();
  });

  it.each([1, 3, 4])('are read from CIE version %d, in 32 and 64 bits', (version) => {
    expect(rowOf(grow, 0x1020, { version })?.cfa).toEqual(register(7, 32));
    expect(rowOf(grow, 0x1020, { version }, true)?.cfa).toEqual(register(7, 32));
  });

  it('scale by the alignment factors', () => {
    const cie = { codeAlign: 4, dataAlign: -4 };
    const fde: Fill = (b) => b.u8(0x42).u8(0x83, 5).u8(0x04).u32(2).u8(0x12, 7).sleb(-6);
    expect(rowOf(fde, 0x1007, cie)!.to).toBe(0x1008);
    expect(rowOf(fde, 0x1008, cie)!.rules.get(3)).toEqual({ kind: 'offset', offset: -20 });
    expect(rowOf(fde, 0x1010, cie)!.cfa).toEqual(register(7, 24));
  });
});

describe('instructions', () => {
  const rules = (fill: Fill) => rowOf(fill, 0x1000)!.rules;
  const rule = (fill: Fill, number = 3) => rules(fill).get(number);

  it('set every kind of rule', () => {
    expect(rule((b) => b.u8(0x05, 3, 2))).toEqual({ kind: 'offset', offset: -16 });
    expect(rule((b) => b.u8(0x05).uleb(200).uleb(2), 200)).toEqual({ kind: 'offset', offset: -16 });
    expect(rule((b) => b.u8(0x11, 3).sleb(-2))).toEqual({ kind: 'offset', offset: 16 });
    expect(rule((b) => b.u8(0x2f, 3, 2))).toEqual({ kind: 'offset', offset: 16 });
    expect(rule((b) => b.u8(0x14, 3, 2))).toEqual({ kind: 'value', offset: -16 });
    expect(rule((b) => b.u8(0x15, 3).sleb(-2))).toEqual({ kind: 'value', offset: 16 });
    expect(rule((b) => b.u8(0x15, 3).sleb(0))).toEqual({ kind: 'value', offset: 0 });
    expect(rule((b) => b.u8(0x07, 3))).toEqual({ kind: 'undefined' });
    expect(rule((b) => b.u8(0x08, 3))).toEqual({ kind: 'same' });
    expect(rule((b) => b.u8(0x09, 3, 5))).toEqual({ kind: 'register', register: 5 });
    const expression = Uint8Array.of(0x77, 8);
    expect(rule((b) => b.u8(0x10, 3, 2, 0x77, 8))).toEqual({ kind: 'expression', expression, saved: true });
    expect(rule((b) => b.u8(0x16, 3, 2, 0x77, 8))).toEqual({ kind: 'expression', expression, saved: false });
  });

  it('set the frame', () => {
    const cfa = (fill: Fill) => rowOf(fill, 0x1000)!.cfa;
    expect(cfa((b) => b.u8(0x0f, 1, 0x9c))).toEqual({ kind: 'expression', expression: Uint8Array.of(0x9c) });
    expect(cfa((b) => b.u8(0x13).sleb(-3))).toEqual(register(7, 24));
    expect(cfa((b) => b.u8(0x0c, 6, 48, 0x0d, 5))).toEqual(register(5, 48));
  });

  it('restore what the CIE says, or nothing', () => {
    expect(rule((b) => b.u8(0x07, 16).u8(0xd0), 16)).toEqual({ kind: 'offset', offset: -8 });
    expect(rule((b) => b.u8(0x07, 16).u8(0x06, 16), 16)).toEqual({ kind: 'offset', offset: -8 });
    expect(rule((b) => b.u8(0x83, 2).u8(0xc3))).toBeUndefined();
  });

  it('remember and restore states with the frame in them', () => {
    const fde: Fill = (b) =>
      b.u8(0x0a).u8(0x0e, 64).u8(0x83, 2).u8(0x41, 0x0a).u8(0x07, 3).u8(0x41, 0x0b).u8(0x41, 0x0b);
    expect(rowOf(fde, 0x1000)!.cfa).toEqual(register(7, 64));
    expect(rowOf(fde, 0x1001)!.rules.get(3)).toEqual({ kind: 'undefined' });
    expect(rowOf(fde, 0x1002)!.rules.get(3)).toEqual({ kind: 'offset', offset: -16 });
    expect(rowOf(fde, 0x1003)!).toMatchObject({ cfa: register(7, 8) });
    expect(rowOf(fde, 0x1003)!.rules.has(3)).toBe(false);
  });

  it('of GNU and AArch64 are known', () => {
    expect(rules((b) => b.u8(0x2e).uleb(300).u8(0)).size).toBe(1);
    expect(rowOf((b) => b.u8(0x2d), 0x1000)!.returnAddressSigned).toBe(true);
    expect(rowOf((b) => b.u8(0x2d, 0x41, 0x2d), 0x1001)!.returnAddressSigned).toBe(false);
  });

  it('set_loc moves to an address', () => {
    const fde: Fill = (b) => b.u8(0x01).u64(0x1080).u8(0x0e, 99);
    expect(rowOf(fde, 0x107f)!.to).toBe(0x1080);
    expect(rowOf(fde, 0x1080)!.cfa).toEqual(register(7, 99));
  });

  it.each<[string, Fill, string]>([
    ['unknown', (b) => b.u8(0x3a, 0), '0x3a is not known'],
    ['cut off', (b) => b.zeros(6).u8(0x0e, 0x80), 'no end'],
    ['a state that is not there', (b) => b.u8(0x0b), 'not remembered'],
    ['endless states', (b) => b.bytes(new Array(100).fill(0x0a)), 'too many states'],
    ['an absurd register', (b) => b.u8(0x07).uleb(5000), 'register 5000'],
    ['an expression beyond the end', (b) => b.u8(0x0f, 100), 'needs 100 bytes'],
  ])('that are damaged say where: %s', (_, fde, problem) => {
    expect(() => rowOf(fde, 0x1000)).toThrow(DataError);
    expect(() => rowOf(fde, 0x1000)).toThrow(problem);
    expect(() => rowOf(fde, 0x1000)).toThrow(/app \.debug_frame at offset 0x/);
  });

  it('need a frame to begin with', () => {
    expect(() => rowOf(() => {}, 0x1000, { instructions: () => {} })).toThrow(
      'does not say where the frame is',
    );
    expect(() => rowOf((b) => b.u8(0x0e, 8), 0x1000, { instructions: () => {} })).toThrow(
      'before there is one',
    );
  });
});

/** An .eh_frame with pc-relative int32 addresses, one FDE for each of `functions`, and its header's table. */
function ehFrame(functions: readonly { from: number; size: number }[], cie: CieSpec = {}) {
  const PCREL_SDATA4 = 0x1b;
  const b = new ByteBuilder();
  b.sized(4, (e) => {
    e.u32(0);
    cieBody(e, {
      version: 1,
      augmentation: 'zR',
      augmentationData: (d) => d.u8(PCREL_SDATA4),
      instructions: usual,
      ...cie,
    });
  });
  const fdes: number[] = [];
  for (const { from, size } of functions) {
    fdes.push(b.length);
    b.sized(4, (e) => {
      e.u32(e.length);
      e.u32(from - (EH_FRAME_ADDRESS + e.length)).u32(size);
      e.uleb(0).u8(0x41, 0x0e, 16).align(8);
    });
  }
  b.u32(0);
  const table = functions.map(({ from }, i) => ({ from, fde: EH_FRAME_ADDRESS + fdes[i]! }));
  return { bytes: b.build(), address: EH_FRAME_ADDRESS, table };
}

function ehFrameHeader(table: readonly { from: number; fde: number }[], address = 0x7000) {
  const b = new ByteBuilder()
    .u8(1, 0x1b, 0x03, 0x3b)
    .u32(EH_FRAME_ADDRESS - address - 4)
    .u32(table.length);
  for (const { from, fde } of [...table].sort((x, y) => x.from - y.from))
    b.u32(from - address).u32(fde - address);
  return { bytes: b.build(), address };
}

describe('.eh_frame', () => {
  const functions = [
    { from: 0x2000, size: 0x40 },
    { from: 0x1000, size: 0x100 },
    { from: 0x1100, size: 0x10 },
  ];
  const eh = ehFrame(functions);
  const check = (frames: ReturnType<typeof framesOf>) => {
    const at = (pc: number) => frames.rowAt(linkedAddress(pc));
    expect(at(0x1000)).toMatchObject({ from: 0x1000, to: 0x1001, cfa: register(7, 8) });
    expect(at(0x10ff)).toMatchObject({ to: 0x1100, cfa: register(7, 16) });
    expect(at(0x1105)).toMatchObject({ to: 0x1110 });
    expect(at(0x203f)).toMatchObject({ to: 0x2040 });
    for (const pc of [0xfff, 0x1110, 0x2040]) expect(at(pc)).toBeUndefined();
  };

  it('is searched through its header, or without', () => {
    check(framesOf({ '.eh_frame': eh, '.eh_frame_hdr': ehFrameHeader(eh.table) }));
    check(framesOf({ '.eh_frame': eh }));
    const odd = ehFrameHeader(eh.table);
    odd.bytes[3] = 0x3c;
    check(framesOf({ '.eh_frame': eh, '.eh_frame_hdr': odd }));
    check(framesOf({ '.eh_frame': eh, '.eh_frame_hdr': { bytes: Uint8Array.of(1), address: 0 } }));
  });

  it('knows the augmentations of signal frames, personalities and language data', () => {
    const row = (cie: CieSpec) =>
      framesOf({ '.eh_frame': ehFrame(functions, cie) }).rowAt(linkedAddress(0x1000));
    const signal = { augmentation: 'zRS', augmentationData: (d: ByteBuilder) => d.u8(0x1b) };
    expect(row(signal)?.signalFrame).toBe(true);
    const full: CieSpec = {
      augmentation: 'zPLR',
      augmentationData: (d) => d.u8(0x9b).u32(5).u8(0x1b).u8(0x1b),
    };
    expect(row(full)?.cfa).toEqual(register(7, 8));
    expect(() => row({ augmentation: 'eh' })).toThrow('augmentation "eh" is not known');
    expect(() => row({ augmentationData: (d) => d.u8(0x2b) })).toThrow(
      'pointer encoding 0x2b is not supported',
    );
    expect(() => row({ version: 2 })).toThrow('a CIE of version 2');
  });

  it('that is damaged does not hide .debug_frame, nor what stands before the damage', () => {
    const cut = { ...eh, bytes: eh.bytes.subarray(0, eh.bytes.length - 20) };
    const debug = { bytes: debugFrame((b) => b.u8(0x0e, 24)) };
    const frames = framesOf({ '.eh_frame': cut, '.debug_frame': debug });
    expect(frames.rowAt(linkedAddress(0x2000))?.cfa).toEqual(register(7, 8));
    expect(framesOf({ '.eh_frame': cut, '.debug_frame': debug }).rowAt(linkedAddress(0x1050))).toBeDefined();
    expect(() => frames.rowAt(linkedAddress(0x5000))).toThrow('.eh_frame');
    const misled = framesOf({
      '.eh_frame': eh,
      '.eh_frame_hdr': ehFrameHeader([{ from: 0x1000, fde: EH_FRAME_ADDRESS }]),
    });
    expect(() => misled.rowAt(linkedAddress(0x1000))).toThrow('this is no frame description');
  });
});

describe.each(SAMPLE_BUILDS.filter((b) => b.kind !== 'stripped'))('frames of $name', (build) => {
  it.skipIf(!build.available)('are where the runtime’s own tables say', () => {
    const image = openImage(new TestFile(buildSample(build)), testPlatform);
    const { frames, functions } = image;
    // amd64 pushes the return address, which pcsp does not count.
    const pushed = image.arch === 'amd64' ? 8 : 0;
    let compared = 0;
    const wrong: string[] = [];
    for (let i = 0; i < functions!.count; i += 3) {
      const entry = functions!.entry(i);
      const size = image.symbols.at(entry)?.size ?? 0;
      for (let pc: number = entry; pc < entry + Math.min(size, 200); pc += 12) {
        const row = frames.rowAt(linkedAddress(pc));
        const delta = functions!.spDelta(linkedAddress(pc));
        if (row === undefined || delta === undefined || functions!.traits(i).writesSp) continue;
        if (row.cfa.kind !== 'register' || row.cfa.register !== (image.arch === 'amd64' ? 7 : 31)) continue;
        if (row.cfa.offset !== delta + pushed) wrong.push(`${functions!.name(i)} at ${pc.toString(16)}`);
        compared++;
      }
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(2000);
  });
});

const X86_NAMES = ['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp'];
const nameOf = (cfa: FrameRow['cfa']) =>
  cfa.kind === 'register' ? `${X86_NAMES[cfa.register] ?? `r${cfa.register}`}+${cfa.offset}` : 'exp';

describe.skipIf(!hasProgram('readelf') || process.arch !== 'x64')('frames of C', () => {
  it('are those that readelf prints', () => {
    const binary = '/bin/ls';
    const { frames } = openImage(new TestFile(binary), testPlatform);
    const text = execFileSync('readelf', ['--debug-dump=frames-interp', binary], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    let compared = 0;
    const wrong: string[] = [];
    for (const line of text.split('\n')) {
      const [, loc, cfa] = /^([0-9a-f]{16}) (\S+) /.exec(line) ?? [];
      if (loc === undefined) continue;
      const row = frames.rowAt(linkedAddress(Number.parseInt(loc, 16)));
      if (row === undefined || cfa === 'exp') continue;
      if (row.from !== Number.parseInt(loc, 16) || nameOf(row.cfa) !== cfa) wrong.push(line);
      compared++;
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(500);
  });
});
