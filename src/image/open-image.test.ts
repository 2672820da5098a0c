import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goTool } from '../../test/support/go-build.ts';
import { BytesSource, DataError, linkedAddress } from '../base/index.ts';
import { TestFile, testPlatform } from '../base/testing/platform.ts';
import type { Image } from './image.ts';
import { openImage } from './open-image.ts';
import { buildSample, builtSince, hasProgram, SAMPLE_BUILDS } from './testing/builds.ts';
import { buildElf, ET_CORE, ET_DYN } from './testing/elf-builder.ts';

const open = (path: string): Image => openImage(new TestFile(path), testPlatform);

describe.each(SAMPLE_BUILDS)('the image of $name', (build) => {
  describe.skipIf(!build.available)('opened', () => {
    const binary = build.available ? buildSample(build) : '';

    it('says what it is', () => {
      const image = open(binary);
      expect(image.name).toBe(binary);
      expect(image.arch).toBe(build.kind === 'arm64' ? 'arm64' : 'amd64');
      expect(image.positionIndependent).toBe(build.kind === 'pie' || build.kind === 'external');
      expect(image.section('.text')!.size).toBeGreaterThan(1000);
      const text = image.segments.find((s) => s.executable)!;
      expect(image.entryPoint).toBeGreaterThan(text.address);
      expect(image.entryPoint).toBeLessThan(text.address + text.memorySize);
    });

    it('has the build ids that Go and the linker wrote', () => {
      const image = open(binary);
      expect(image.goBuildId).toBe(goTool(undefined, ['buildid', binary]).trim());
      // Go's linker writes one since go1.24; the system's linker may.
      if (builtSince(build, '1.24')) expect(image.buildId).toMatch(/^[0-9a-f]{40}$/);
      else if (build.kind !== 'external') expect(image.buildId).toBeUndefined();
    });

    it('has the build info that go version -m prints', () => {
      const { buildInfo } = open(binary);
      const lines = execFileSync('go', ['version', '-m', binary], { encoding: 'utf8' }).split('\n');
      expect(`${binary}: ${buildInfo!.goVersion}`).toBe(lines[0]);
      expect(buildInfo!.path).toBe('example.com/sample');
      expect(buildInfo!.mainModule).toEqual({ path: 'example.com/sample', version: '(devel)' });
      expect(buildInfo!.dependencies).toEqual([]);
      const settings = lines.filter((l) => l.startsWith('\tbuild\t')).map((l) => l.slice('\tbuild\t'.length));
      expect([...buildInfo!.settings.keys()]).toEqual(settings.map((s) => s.slice(0, s.indexOf('='))));
      expect(buildInfo!.settings.get('GOARCH')).toBe(build.kind === 'arm64' ? 'arm64' : 'amd64');
    });

    it('reads memory as the file has it', () => {
      const image = open(binary);
      const file = readFileSync(binary);
      const text = image.section('.text')!;
      const wanted = file.subarray(text.fileOffset, text.fileOffset + 64);
      expect(Buffer.compare(image.bytesAt(text.address, 64), wanted)).toBe(0);
      const bss = image.section('.bss')!;
      expect(image.bytesAt(linkedAddress(bss.address + 64), 128)).toEqual(new Uint8Array(128));
      expect(image.bytesAt(linkedAddress(2 ** 40), 16)).toHaveLength(0);
    });

    it.skipIf(build.kind === 'stripped')('has symbols, DWARF and frames', () => {
      const image = open(binary);
      const main = image.functions!.entry(image.functions!.byName('main.main')[0]!);
      expect(image.symbols.byName('main.main')).toMatchObject({ address: main, kind: 'function' });
      expect(image.debugInfo!.functionAt(main)?.name).toBe('main.main');
      expect(image.frames.rowAt(main)).toBeDefined();
      expect(image.frames).toBe(image.frames);
    });

    it.skipIf(build.kind !== 'stripped')('does without symbols and DWARF', () => {
      const image = open(binary);
      expect(image.symbols.count).toBe(0);
      expect(image.debugInfo).toBeUndefined();
      expect(image.frames.rowAt(image.entryPoint)).toBeUndefined();
      expect(image.functions!.count).toBeGreaterThan(1000);
    });
  });
});

describe('a file that has lost its section headers', () => {
  it.each(SAMPLE_BUILDS.filter((b) => b.available && b.toolchain === undefined))('$name', (build) => {
    const path = buildSample(build);
    const bytes = new Uint8Array(readFileSync(path));
    bytes.fill(0, 40, 48); // e_shoff
    bytes.fill(0, 58, 64); // e_shentsize, e_shnum, e_shstrndx
    const [image, whole] = [openImage(new BytesSource('cut', bytes), testPlatform), open(path)];
    expect(image.sections).toEqual([]);
    expect(image.buildInfo).toEqual(whole.buildInfo);
    expect(image.goBuildId).toBe(whole.goBuildId);
    const [ours, theirs] = [image.functions!, whole.functions!];
    expect([ours.count, ours.textStart]).toEqual([theirs.count, theirs.textStart]);
    const [main] = ours.byName('main.main');
    expect(ours.inlining(linkedAddress(ours.entry(main!) + 40))).toEqual(
      theirs.inlining(linkedAddress(ours.entry(main!) + 40)),
    );
  });
});

describe('other files', () => {
  it('a C program has no Go in it', () => {
    const image = open('/bin/ls');
    expect(image.functions).toBeUndefined();
    expect(image.buildInfo).toBeUndefined();
    expect(image.goBuildId).toBeUndefined();
    expect(image.buildId).toMatch(/^[0-9a-f]+$/);
    expect(image.frames.rowAt(image.entryPoint)).toBeDefined();
  });

  it('what is no program is refused', () => {
    const core = () => openImage(new BytesSource('core', buildElf({ type: ET_CORE })), testPlatform);
    expect(core).toThrow(DataError);
    expect(core).toThrow('core: a core dump, not a program');
    expect(() => openImage(new BytesSource('x.o', buildElf({ type: 1 })), testPlatform)).toThrow(
      'an object file',
    );
  });

  it('an empty program has nothing, without complaint', () => {
    const image = openImage(new BytesSource('empty', buildElf({ type: ET_DYN })), testPlatform);
    expect(image.symbols.byName('main')).toBeUndefined();
    expect(image.symbols.at(linkedAddress(0))).toBeUndefined();
    expect([image.buildId, image.functions, image.buildInfo, image.debugInfo]).toEqual(
      new Array(4).fill(undefined),
    );
    expect(image.frames.rowAt(linkedAddress(0x1000))).toBeUndefined();
  });
});

describe.skipIf(!hasProgram('objcopy') || process.arch !== 'x64')('sections compressed by objcopy', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'mattock-image-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.for(['zlib-gnu', 'zlib-gabi', 'zstd'])('with %s hold the same', (method, context) => {
    const binary = buildSample({ toolchain: undefined, kind: 'plain' });
    const copy = join(directory, method);
    try {
      execFileSync('objcopy', ['--decompress-debug-sections', binary, `${copy}-plain`], { stdio: 'pipe' });
      execFileSync('objcopy', [`--compress-debug-sections=${method}`, `${copy}-plain`, copy], {
        stdio: 'pipe',
      });
    } catch (error) {
      if (method === 'zstd') context.skip('binutils is built without zstd');
      throw error;
    }
    const [plain, packed] = [open(`${copy}-plain`), open(copy)];
    for (const name of ['.debug_info', '.debug_line', '.debug_frame']) {
      expect(plain.section(name)!.compression).toBe('none');
      expect(packed.section(name)!.compression).toBe(method === 'zstd' ? 'zstd' : 'zlib');
      expect(packed.section(name)!.size).toBe(plain.section(name)!.size);
      expect(Buffer.compare(packed.sectionBytes(name)!, plain.sectionBytes(name)!)).toBe(0);
    }
  });
});
