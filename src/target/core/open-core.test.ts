import { describe, expect, it } from 'vitest';
import { type ByteSource, BytesSource, UserError } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { fuzz } from '../../base/testing/mutate.ts';
import { testPlatform } from '../../base/testing/platform.ts';
import { openImage } from '../../image/index.ts';
import { buildElf, EM_AARCH64, ET_DYN, note } from '../../image/testing/elf-builder.ts';
import type { Target } from '../target.ts';
import {
  amd64Registers,
  auxvNote,
  buildCore,
  fileNote,
  signalNote,
  statusNote,
  threadNote,
} from '../testing/core-builder.ts';
import { unwindThread } from '../thread-stack.ts';
import { AT } from './core-modules.ts';
import type { FindModule, ModuleFile } from './module-files.ts';
import { type OpenCoreInput, openCore } from './open-core.ts';

const LOADED = 0x555500000000;
const ENTRY = 0x80;
const NOTES_AT = 0x40 + 2 * 56;

/** A position-independent program of one page, with a build id in its first bytes. */
function program(buildId: number[], machine?: number): Uint8Array {
  const id = note('GNU', 3, new Uint8Array(buildId));
  // The first segment maps the file from its start, as linkers lay it out.
  const page = new Uint8Array(0x1000).fill(0x90);
  const built = buildElf({
    type: ET_DYN,
    ...(machine === undefined ? {} : { machine }),
    entry: ENTRY,
    segments: [
      { type: 1, flags: 5, address: 0, bytes: new Uint8Array(0), memorySize: 0x1000 },
      { type: 4, bytes: id },
    ],
  });
  page.set(built.subarray(0, NOTES_AT));
  page.set(id, NOTES_AT);
  const view = new DataView(page.buffer);
  view.setBigUint64(40, 0n, true); // e_shoff: no sections
  view.setUint16(60, 0, true);
  view.setUint16(62, 0, true);
  const header = (index: number, offset: number, size: number) => {
    view.setBigUint64(0x40 + index * 56 + 8, BigInt(offset), true);
    view.setBigUint64(0x40 + index * 56 + 32, BigInt(size), true);
  };
  header(0, 0, 0x1000);
  header(1, NOTES_AT, id.length);
  return page;
}

const file = (path: string, bytes: Uint8Array): ModuleFile => {
  const source = new BytesSource(path, bytes);
  return { path, source, image: openImage(source, testPlatform) };
};

const finder =
  (...files: ModuleFile[]): FindModule =>
  (request) =>
    files
      .filter((f) => f.path.endsWith(request.path.slice(request.path.lastIndexOf('/'))))
      .find((f) => request.accepts(f));

const app = program([1, 2, 3, 4]);
const otherApp = program([9, 9, 9, 9]);

const registers = amd64Registers({ rip: LOADED + ENTRY, rsp: 0x7ffe00000000 });
const notes = [
  threadNote({ id: 41, signal: 11, registers }),
  statusNote(40, 'app', './app -v'),
  signalNote(11, 1, (b) => b.u64(0x18)),
  auxvNote({ [AT.ENTRY]: LOADED + ENTRY, [AT.PHDR]: LOADED + 0x40 }),
  fileNote([{ start: LOADED, end: LOADED + 0x1000, path: '/opt/app' }]),
  threadNote({ id: 42 }),
];
const stack = { address: 0x7ffe00000000, bytes: new ByteBuilder().u64(7).zeros(0xff8).build() };
const headerPage = { address: LOADED, bytes: app.slice(0, 0x800), memorySize: 0x1000, flags: 5 };
const core = (spec: Partial<Parameters<typeof buildCore>[0]> = {}) =>
  buildCore({ notes, loads: [headerPage, stack], ...spec });

/** Where in a core the stack is. */
const stackAt = (bytes: Uint8Array) =>
  Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0x40 + 2 * 56 + 8, true));

const open = (bytes: Uint8Array, rest: Partial<OpenCoreInput> = {}): Target =>
  openCore({
    core: new BytesSource('core.1', bytes),
    findModule: finder(file('/opt/app', app)),
    openImage: (source: ByteSource) => openImage(source, testPlatform),
    platform: testPlatform,
    ...rest,
  });

const failure = (run: () => unknown): [string, string | undefined] => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return [(error as UserError).message, (error as UserError).remedy];
  }
  throw new Error('did not fail');
};

describe('openCore', () => {
  it('tells what a kernel’s core says', () => {
    const target = open(core());
    expect(target.process).toMatchObject({
      pid: 40,
      executable: '/opt/app',
      commandLine: './app -v',
      currentThread: 41,
      origin: 'kernel',
      signal: { signo: 11, address: 0x18 },
    });
    expect(target.threads.map((t) => t.id)).toEqual([41, 42]);
    expect(target.warnings).toEqual([]);
    const module = target.modules.executable!;
    expect(module).toMatchObject({ path: '/opt/app', bias: LOADED, start: LOADED, end: LOADED + 0x1000 });
    expect(target.modules.at((LOADED + 5) as never)).toBe(module);
    expect(target.modules.at((LOADED + 0x1000) as never)).toBeUndefined();
  });

  it('takes code that the core leaves out from the executable', () => {
    expect(open(core()).memory.uint8((LOADED + 0x900) as never)).toBe(0x90);
    const elsewhere = open(core(), { executable: file('/home/me/app', app), findModule: () => undefined });
    expect(elsewhere.memory.uint8((LOADED + 0x900) as never)).toBe(0x90);
    expect(elsewhere.process.executable).toBe('/home/me/app');
  });

  it('needs the executable, and says which', () => {
    const [message, remedy] = failure(() => open(core(), { findModule: () => undefined }));
    expect(message).toBe('core.1 was left by /opt/app (build id 01020304), which was not found');
    expect(remedy).toBe(
      'name the executable before the core (`mattock core PATH/app core.1`); a file app beside the core is found too, and with --sysroot DIR what is at /opt/app below DIR',
    );
  });

  it('does not take an executable of another build', () => {
    const named = file('/home/me/app', otherApp);
    const [message, remedy] = failure(() => open(core(), { executable: named, findModule: () => undefined }));
    expect(message).toBe(
      '/home/me/app is of another build than core.1: expected build id 01020304, the file has build id 09090909',
    );
    expect(remedy).toContain('/opt/app');
    const found = open(core(), { executable: named });
    expect(found.process.executable).toBe('/opt/app');
    expect(found.warnings[0]).toContain('/opt/app is used instead');
    const forced = open(core(), { executable: named, acceptMismatch: true });
    expect(forced.process.executable).toBe('/home/me/app');
    expect(forced.warnings[0]).toContain('may be wrong');
  });

  it('compares contents where build ids are missing', () => {
    const plain = app.slice();
    plain.fill(0, NOTES_AT, NOTES_AT + 20);
    const different = plain.slice();
    different[0x700] = 1;
    const loads = [{ ...headerPage, bytes: plain.slice(0, 0x800) }, stack];
    const named = (bytes: Uint8Array) => ({ executable: file('/app', bytes), findModule: () => undefined });
    expect(open(core({ loads }), named(plain)).warnings).toEqual([]);
    expect(failure(() => open(core({ loads }), named(different)))[0]).toContain('another build');
  });

  it('does not take an executable of another machine', () => {
    const [message] = failure(() =>
      open(core(), { executable: file('/app', program([1, 2, 3, 4], EM_AARCH64)) }),
    );
    expect(message).toBe('core.1 is a core of amd64, but /app is built for arm64');
  });

  it('does not take an executable for a core', () => {
    const [message, remedy] = failure(() => open(app));
    expect(message).toBe('core.1 is an executable or a library, not a core');
    expect(remedy).toBe('Give the executable first, then the core.');
    expect(() => open(new TextEncoder().encode('hello'))).toThrow('core.1: not an ELF file');
  });

  it('warns of libraries of another build, and does not use them', () => {
    const at = 0x7f0000000000;
    const files = fileNote([
      { start: LOADED, end: LOADED + 0x1000, path: '/opt/app' },
      { start: at, end: at + 0x1000, path: '/lib/libx.so' },
    ]);
    const library = { ...headerPage, address: at };
    const bytes = core({ notes: [...notes.slice(0, 4), files], loads: [headerPage, library, stack] });
    const findModule = finder(file('/opt/app', app), file('/lib/libx.so', otherApp));
    const target = open(bytes, { findModule });
    const module = target.modules.all[1]!;
    expect(module).toMatchObject({ path: '/lib/libx.so', bias: at, image: undefined });
    expect(target.warnings).toEqual([
      '/lib/libx.so is of another build than the core: the core has build id 01020304, the file build id 09090909. It is not used.',
    ]);
    expect(() => target.memory.read((at + 0x900) as never, 1)).toThrow('its file /lib/libx.so was not found');
  });

  it('opens a core that is cut, and says how much is missing', () => {
    const whole = core();
    const target = open(whole.subarray(0, stackAt(whole) + 0x400));
    expect(target.warnings).toEqual([expect.stringContaining('core.1 is cut: it ends at')]);
    expect(target.memory.uint64(stack.address as never)).toBe(7);
    expect(target.memory.regionAt(stack.address as never)!.available).toBe(0x400);
    expect(() => target.memory.uint64((stack.address + 0x400) as never)).toThrow(
      'the core is cut: its file ends at',
    );
    expect(() => open(whole.subarray(0, 300))).toThrow('the core is cut before its first thread');
  });

  it('does without mapped files and signal information, as qemu writes cores', () => {
    const few = [notes[0]!, notes[1]!, notes[3]!];
    const target = open(
      core({ notes: few, loads: [{ address: LOADED, memorySize: 0x1000, flags: 5 }, stack] }),
      {
        executable: file('/bin/app', app),
      },
    );
    expect(target.process).toMatchObject({ origin: 'qemu', signal: { signo: 11, address: undefined } });
    expect(target.modules.executable).toMatchObject({ bias: LOADED });
    expect(target.memory.uint8((LOADED + 0x900) as never)).toBe(0x90);
    expect(target.memory.regionAt(LOADED as never)!.file).toBe('/bin/app');
  });

  it('finds the executable by the path that it was started with', () => {
    const path = { address: 0x7ffe10000000, bytes: new TextEncoder().encode('./app\0') };
    const auxv = auxvNote({ [AT.ENTRY]: LOADED + ENTRY, [AT.EXECFN]: path.address });
    const target = open(core({ notes: [notes[0]!, auxv], loads: [stack, path] }));
    expect(target.process.executable).toBe('/opt/app');
  });

  it('gives a target or an error for every damaged core, soon', () => {
    const whole = core();
    const outcome = fuzz(whole, { rounds: 1500, range: { from: 0, to: 2600 } }, (damaged) => {
      const target = open(damaged);
      const { arch, memory, modules } = target;
      for (const thread of target.threads) unwindThread({ arch, memory, modules }, thread, 50);
      for (const region of memory.regions) {
        memory.tryRead(region.start, Math.min(region.available, 100));
        memory.readUpTo(region.end, 10);
      }
      for (const module of modules.all) module.toLinked(module.start);
    });
    expect(outcome.values).toBeGreaterThan(100);
    expect(outcome.errors).toBeGreaterThan(100);
  });
});
