import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UserError } from '../../base/index.ts';
import { random } from '../../base/testing/mutate.ts';
import { FileSource } from './file-source.ts';
import { nodePlatform } from './node-platform.ts';
import { openFile } from './open-file.ts';
import type { UnpackProgress } from './unpack.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const put = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

/** Compresses to about half, with stretches of zeros as cores have. */
function sample(size: number): Uint8Array {
  const next = random(5);
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) if ((i >> 14) % 3 !== 0) bytes[i] = next() & 0x0f;
  return bytes;
}

/** Where a block's header is (RFC 8878 §3.1.1.2), behind a frame header without window and dictionary fields. */
function zstdBlock(packed: Uint8Array, index: number): number {
  const descriptor = packed[4]!;
  let at = 5 + ((descriptor & 0x20) === 0 ? 1 : 0) + [(descriptor & 0x20) >> 5, 2, 4, 8][descriptor >> 6]!;
  for (let i = 0; i < index; i++) {
    const header = packed[at]! | (packed[at + 1]! << 8) | (packed[at + 2]! << 16);
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
  }
  return at;
}

const same = (source: FileSource, expected: Uint8Array) => {
  expect(source.size).toBe(expected.length);
  expect(Buffer.compare(source.read(0, expected.length), expected)).toBe(0);
};

describe('FileSource', () => {
  it('reads anywhere, as much as there is', () => {
    const source = FileSource.open(put('plain', '0123456789'));
    const text = (offset: number, length: number) => Buffer.from(source.read(offset, length)).toString();
    expect([source.size, text(0, 4), text(7, 100), text(10, 5), text(99, 1)]).toEqual([
      10,
      '0123',
      '789',
      '',
      '',
    ]);
    const target = new Uint8Array(4);
    expect(source.readInto(target, 8)).toBe(2);
    expect([...target]).toEqual([0x38, 0x39, 0, 0]);
    source.close();
  });

  it('says what cannot be opened', () => {
    expect(() => FileSource.open(join(folder, 'none'))).toThrow(
      new UserError(`cannot open ${join(folder, 'none')}: there is no such file`),
    );
    expect(() => FileSource.open(folder)).toThrow(`${folder} is a directory`);
    expect(() => FileSource.open('/dev/null')).toThrow('not a regular file');
    symlinkSync('loop', join(folder, 'loop'));
    expect(() => FileSource.open(join(folder, 'loop'))).toThrow(UserError);
  });
});

describe('openFile', () => {
  const data = sample(3_000_000);
  const zstd = spawnSync('zstd', ['--version']).status === 0;
  const packZstd = (bytes: Uint8Array, ...args: string[]) =>
    spawnSync('zstd', ['-q', '-c', ...args], { input: bytes, maxBuffer: 2 ** 30 }).stdout;

  it('takes a plain file as it is', async () => {
    const { source, warnings } = await openFile(put('core', data));
    same(source, data);
    expect(warnings).toEqual([]);
  });

  it('unpacks gzip whatever the file is called, members joined, and leaves nothing behind', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('mattock-'));
    const packed = Buffer.concat([gzipSync(data.subarray(0, 1_000_000)), gzipSync(data.subarray(1_000_000))]);
    const path = put('core.1', packed);
    const steps: UnpackProgress[] = [];
    const { source, warnings } = await openFile(path, { onProgress: (step) => steps.push(step) });
    same(source, data);
    expect([source.name, warnings]).toEqual([path, []]);
    expect(steps.at(-1)).toEqual({ done: packed.length, total: packed.length });
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('mattock-'))).toEqual(before);
  });

  it.skipIf(!zstd)('unpacks zstd of any level, frames joined', async () => {
    for (const level of ['-1', '-19'])
      same((await openFile(put('core.zst', packZstd(data, level)))).source, data);
    const half = Buffer.concat([packZstd(data.subarray(0, 999)), packZstd(data.subarray(999))]);
    same((await openFile(put('core.zst', half))).source, data);
  });

  it('uses what a cut file still has, with a warning that says where it ends', async () => {
    const packed = gzipSync(data);
    const cut = packed.subarray(0, packed.length / 2);
    const { source, warnings } = await openFile(put('cut.gz', cut));
    expect(source.size).toBeGreaterThan(500_000);
    expect(Buffer.compare(source.read(0, source.size), data.subarray(0, source.size))).toBe(0);
    expect(warnings).toEqual([
      `${join(folder, 'cut.gz')} at offset 0x${cut.length.toString(16)}: the gzip data is cut. What was unpacked before is used.`,
    ]);
  });

  it('uses what a damaged file has before the damage', async () => {
    const packed = gzipSync(data);
    packed.fill(0xff, packed.length >> 1, (packed.length >> 1) + 400);
    const { source, warnings } = await openFile(put('bad.gz', packed));
    expect(Buffer.compare(source.read(0, 300_000), data.subarray(0, 300_000))).toBe(0);
    expect(warnings[0]).toMatch(/bad\.gz at offset 0x[0-9a-f]+: the gzip data is damaged/);
  });

  it.skipIf(!zstd)('does so with zstd', async () => {
    const packed = packZstd(data);
    const cut = await openFile(put('cut.zst', packed.subarray(0, packed.length / 2)));
    expect(cut.source.size).toBeGreaterThan(500_000);
    expect(Buffer.compare(cut.source.read(0, cut.source.size), data.subarray(0, cut.source.size))).toBe(0);
    expect(cut.warnings[0]).toContain('the zstd data is cut');
    const bad = Buffer.from(packed);
    bad[zstdBlock(bad, 10)]! |= 6;
    expect((await openFile(put('bad.zst', bad))).warnings[0]).toContain('the zstd data is damaged');
  });

  it('fails on a file that is damaged from the start', async () => {
    const packed = gzipSync(data);
    packed.fill(0, 10, 200);
    await expect(openFile(put('hopeless.gz', packed))).rejects.toThrow(DataError);
    await expect(
      openFile(put('hopeless.zst', new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x80, 9, 9]))),
    ).rejects.toThrow(DataError);
  });

  it('does not allocate what a zstd header claims', async () => {
    const claim = new Uint8Array(64).fill(0x7f);
    claim.set([0x28, 0xb5, 0x2f, 0xfd, 0xe0]);
    await expect(openFile(put('claim.zst', claim))).rejects.toMatchObject({
      remedy: expect.stringContaining('zstd -dk --long=31'),
    });
  });

  it('names the command for what it does not unpack', async () => {
    const path = put('core.xz', new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]));
    await expect(openFile(path)).rejects.toMatchObject({
      message: `${path} is packed with xz`,
      remedy: `Unpack it first: xz -dk ${path}`,
    });
    await expect(openFile(put('b', 'BZh91AY&'))).rejects.toThrow('is packed with bzip2');
  });

  it('can be stopped', async () => {
    const path = put('core.gz', gzipSync(data));
    await expect(openFile(path, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
  });

  it('gives bytes or an error for every damaged file', async () => {
    const small = gzipSync(data.subarray(16384, 60_000));
    const next = random(3);
    const outcomes = { whole: 0, part: 0, none: 0 };
    for (let round = 0; round < 60; round++) {
      const damaged = Buffer.from(small);
      damaged[next() % damaged.length] = next();
      const bytes = next() % 3 === 0 ? damaged.subarray(0, next() % damaged.length) : damaged;
      try {
        const { source, warnings } = await openFile(put('fuzz', bytes));
        outcomes[warnings.length > 0 ? 'part' : 'whole']++;
        source.close();
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
        outcomes.none++;
      }
    }
    expect(outcomes.part).toBeGreaterThan(0);
  });
});

describe('nodePlatform', () => {
  const data = sample(100_000);

  it('inflates to exactly the size that is expected', () => {
    expect(Buffer.compare(nodePlatform.inflateZlib(deflateSync(data), data.length), data)).toBe(0);
    expect(nodePlatform.inflateZlib(deflateSync(new Uint8Array(0)), 0)).toHaveLength(0);
    for (const size of [data.length - 1, data.length + 1, 0, 2 ** 40]) {
      expect(() => nodePlatform.inflateZlib(deflateSync(data), size)).toThrow();
    }
  });

  it('inflates what the first bytes of a stream say', () => {
    const stream = deflateSync(data);
    for (const length of [stream.length, stream.length >> 1, 100, 2]) {
      const start = nodePlatform.inflateZlibStart!(stream.subarray(0, length), data.length);
      expect(Buffer.compare(start, data.subarray(0, start.length)), `${length}`).toBe(0);
      expect(start.length).toBeGreaterThan(length > 1000 ? length : -1);
    }
    expect(nodePlatform.inflateZlibStart!(stream, data.length)).toHaveLength(data.length);
    expect(() => nodePlatform.inflateZlibStart!(stream, data.length - 1)).toThrow();
    expect(() => nodePlatform.inflateZlibStart!(Buffer.from('not zlib'), 10)).toThrow();
  });
});

describe('moduleFinder', async () => {
  const { moduleFinder, nameModule } = await import('./find-module.ts');
  const { openImage } = await import('../../image/index.ts');
  const { buildElf, ET_CORE, ET_DYN, note } = await import('../../image/testing/elf-builder.ts');
  const open = (source: FileSource | Parameters<typeof openImage>[0]) => openImage(source, nodePlatform);
  const binary = (id: number) =>
    buildElf({
      type: ET_DYN,
      segments: [{ type: 4, bytes: note('GNU', 3, new Uint8Array([id, id, id, id])) }],
    });
  const wanted =
    (buildId: string) =>
    ({ image }: { image: { buildId: string | undefined } }) =>
      image.buildId === buildId;

  it('looks where the debuggee had it, under the sysroot first, then beside the core, then by build id', () => {
    const root = join(folder, 'root');
    mkdirSync(join(root, 'opt'), { recursive: true });
    mkdirSync(join(root, 'usr/lib/debug/.build-id/04'), { recursive: true });
    writeFileSync(join(root, 'opt/app'), binary(1));
    put('app', binary(2));
    writeFileSync(join(root, 'usr/lib/debug/.build-id/04/040404'), binary(4));
    const find = moduleFinder({ sysroot: root, beside: [join(folder, 'core')], openImage: open });
    const search = (path: string, id: string) => find({ path, buildId: id, accepts: wanted(id) })?.path;
    expect(search('/opt/app', '01010101')).toBe(join(root, 'opt/app'));
    expect(search('/opt/app (deleted)', '01010101')).toBe(join(root, 'opt/app'));
    expect(search('/opt/app', '02020202')).toBe(join(folder, 'app'));
    expect(search('./app', '02020202')).toBe(join(folder, 'app'));
    expect(search('/opt/app', '04040404')).toBe(join(root, 'usr/lib/debug/.build-id/04/040404'));
    expect(search('/opt/app', '05050505')).toBeUndefined();
  });

  it('passes over what is no binary', () => {
    put('text', 'hello');
    const find = moduleFinder({ beside: [join(folder, 'core')], openImage: open });
    expect(find({ path: '/nowhere/text', buildId: undefined, accepts: () => true })).toBeUndefined();
  });

  it('says what is wrong with a binary that was named', () => {
    expect(() => nameModule(put('text', 'hello'), open)).toThrow('not an ELF file');
    const core = put('a-core', buildElf({ type: ET_CORE }));
    expect(() => nameModule(core, open)).toThrow(`${core} is a core, not an executable`);
  });
});
