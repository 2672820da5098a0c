import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { type CoreRequest, coreOf, type FixtureCore, missingForCore } from '../../../test/support/cores.ts';
import { type ByteSource, BytesSource, runtimeAddress } from '../../base/index.ts';
import { fuzz } from '../../base/testing/mutate.ts';
import { openImage } from '../../image/index.ts';
import {
  type OpenCoreInput,
  openCore,
  type Target,
  type Thread,
  type ThreadStack,
  unwindThread,
} from '../../target/index.ts';
import { moduleFinder, nameModule, nodePlatform, openFile } from './index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'real-cores-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const image = (source: ByteSource) => openImage(source, nodePlatform);

async function open(core: string, executable?: string, rest: Partial<OpenCoreInput> = {}): Promise<Target> {
  const { source, warnings } = await openFile(core);
  return openCore({
    core: source,
    ...(executable === undefined ? {} : { executable: nameModule(executable, image) }),
    findModule: moduleFinder({ beside: [core], openImage: image }),
    openImage: image,
    platform: nodePlatform,
    warnings,
    ...rest,
  });
}

async function made(context: TestContext, request: CoreRequest): Promise<FixtureCore> {
  const missing = missingForCore(request);
  if (missing !== undefined) context.skip(missing);
  return coreOf(request);
}

function stackOf(target: Target, thread: Thread = target.threads[0]!): ThreadStack {
  return unwindThread({ arch: target.arch, memory: target.memory, modules: target.modules }, thread, 100);
}

const names = (stack: ThreadStack) => stack.frames.map((frame) => frame.symbol?.name ?? '?');

/** NT_FILE under another number: a core as those write it who do not list mapped files. */
function withoutFileNote(core: Uint8Array): Uint8Array {
  const copy = Buffer.from(core);
  const at = copy.indexOf('ELIFCORE\0', 0, 'latin1');
  copy[at] = 0;
  return copy;
}

describe('a C core by the kernel', () => {
  it('has threads, stacks, libraries and the fault', async (context) => {
    const { core, executable } = await made(context, { fixture: 'c-only' });
    const target = await open(core, executable);
    expect(target.process.signal).toMatchObject({ signo: 11, code: 1, address: 0 });
    expect(target.process.origin).toBe('kernel');
    expect(target.warnings).toEqual([]);
    expect(target.threads).toHaveLength(2);
    const stack = stackOf(target);
    expect(names(stack).slice(0, 4)).toEqual(['inner', 'inner', 'inner', 'main']);
    expect(stack.end.kind).toBe('bottom');
    expect(names(stackOf(target, target.threads[1]!))).toContain('wait_forever');
    expect(target.modules.all.map((m) => m.path.replace(/.*\//, ''))).toEqual(
      expect.arrayContaining(['libc.so.6', '[vdso]']),
    );
    const vdso = target.modules.all.find((m) => m.path === '[vdso]')!;
    expect(
      vdso.image!.symbols.byName('__vdso_gettimeofday') ??
        vdso.image!.symbols.byName('__kernel_gettimeofday'),
    ).toBeDefined();
    expect(target.threads[0]!.registers.bytes('xmm0')).toHaveLength(16);
  });

  it('has its libraries by the dynamic linker’s list too', async (context) => {
    const { core, executable } = await made(context, { fixture: 'c-only' });
    const listed = await open(core, executable);
    const path = join(folder, 'no-file-note');
    writeFileSync(path, withoutFileNote(readFileSync(core)));
    const target = await open(path, executable);
    const places = (t: Target) =>
      t.modules.all.filter((m) => m.path.startsWith('/lib') || m.path.startsWith('/usr')).map((m) => m.start);
    expect(places(target)).toEqual(places(listed));
    expect(names(stackOf(target)).slice(0, 4)).toEqual(['inner', 'inner', 'inner', 'main']);
    expect(stackOf(target, target.threads[1]!).frames.map((f) => f.pc)).toEqual(
      stackOf(listed, listed.threads[1]!).frames.map((f) => f.pc),
    );
  });

  it('opens packed, and says when it is cut', async (context) => {
    const { core, executable } = await made(context, { fixture: 'c-only' });
    const bytes = readFileSync(core);
    const packed = join(folder, 'core');
    writeFileSync(packed, gzipSync(bytes, { level: 1 }));
    expect(names(stackOf(await open(packed, executable))).slice(0, 4)).toEqual([
      'inner',
      'inner',
      'inner',
      'main',
    ]);
    const cut = join(folder, 'cut');
    writeFileSync(cut, bytes.subarray(0, bytes.length - 300_000));
    const target = await open(cut, executable);
    expect(target.warnings[0]).toContain('MiB are missing');
    expect(target.threads).toHaveLength(2);
  });

  it('says when the arguments are swapped', async (context) => {
    const { core, executable } = await made(context, { fixture: 'c-only' });
    await expect(open(executable, core)).rejects.toThrow(/is a core, not an executable/);
    await expect(open(executable)).rejects.toThrow(/is an executable or a library, not a core/);
  });
});

describe('a Go core', () => {
  const builds: CoreRequest[] = [
    { fixture: 'nil-deref' },
    { fixture: 'nil-deref', pie: true },
    { fixture: 'nil-deref', toolchain: '1.19.13' },
    { fixture: 'nil-deref', arch: 'arm64' },
  ];
  for (const build of builds) {
    it(`has its executable where it is loaded: ${JSON.stringify(build)}`, async (context) => {
      const { core, executable } = await made(context, build);
      const target = await open(core, executable);
      const module = target.modules.executable!;
      const functions = module.image!.functions!;
      const main = module.toRuntime(functions.entry(functions.byName('main.main')[0]!));
      const linked = module.image!.bytesAt(module.toLinked(main), 32);
      expect([...target.memory.read(main, 32)]).toEqual([...linked]);
      expect(target.memory.regionAt(main)!.executable).toBe(true);
      expect(target.process.origin).toBe(build.arch === 'arm64' ? 'qemu' : 'kernel');
      const stacks = target.threads.map((thread) => names(stackOf(target, thread)).join(' '));
      expect(stacks.join(' ')).toMatch(/runtime\.(futex|raise|tgkill|usleep)/);
    });
  }

  it('finds its executable by itself', async (context) => {
    const { core, executable } = await made(context, { fixture: 'nil-deref' });
    expect((await open(core)).process.executable).toBe(realpathSync(executable));
  });

  it('does not take another build for it', async (context) => {
    const { core } = await made(context, { fixture: 'nil-deref' });
    const other = await made(context, { fixture: 'nil-deref', flags: 'noopt' });
    await expect(open(core, other.executable, { findModule: () => undefined })).rejects.toThrow(
      /of another build .* expected Go build id|expected build id/,
    );
  });

  it('by gcore reads like one by the kernel', async (context) => {
    const { core, executable } = await made(context, { fixture: 'sigabrt', by: 'gcore' });
    const target = await open(core, executable);
    expect(target.process).toMatchObject({ origin: 'gcore', signal: undefined });
    const rodata = target.modules.executable!.image!.section('.rodata')!;
    expect(target.memory.read(runtimeAddress(rodata.address), 64)).toHaveLength(64);
    // What stands above mcall on a thread's first stack is left over: only those that mstart began have a bottom.
    const begun = target.threads.map((thread) => stackOf(target, thread));
    const ends = begun.filter((stack) => names(stack).includes('runtime.mstart')).map(({ end }) => end.kind);
    expect(new Set(ends)).toEqual(new Set(['bottom']));
  });
});

describe('a damaged real core', () => {
  it('gives a target or an error, soon', async (context) => {
    const { core, executable } = await made(context, { fixture: 'c-only' });
    const bytes = readFileSync(core);
    const file = nameModule(executable, image);
    const find = moduleFinder({ beside: [core], openImage: image });
    const outcome = fuzz(bytes, { rounds: 120, range: { from: 0, to: 8192 } }, (damaged) => {
      const target = openCore({
        core: new BytesSource('core', damaged),
        executable: file,
        findModule: find,
        openImage: image,
        platform: nodePlatform,
      });
      for (const thread of target.threads) stackOf(target, thread);
      for (const region of target.memory.regions) expect(region.available).toBeGreaterThanOrEqual(0);
    });
    expect(outcome.values).toBeGreaterThan(10);
  });
});
