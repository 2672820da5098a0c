import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../base/index.ts';
import { NamedWhenWhole } from './new-file.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mattock-new-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

function written(path: string, replace = false): NamedWhenWhole {
  const file = new NamedWhenWhole(path, replace);
  file.begin(3 + 100_000 + 2);
  file.write(text('abc'));
  file.skip(99_997);
  file.write(text('xyz'));
  return file;
}

describe('NamedWhenWhole', () => {
  it('has its name when it is finished, and is the user’s alone', () => {
    const file = written(at('core'));
    expect(existsSync(at('core'))).toBe(false);
    const [partial] = readdirSync(folder);
    expect(partial).toMatch(/^\.core\..*\.partial$/);
    expect(statSync(at(partial!)).mode & 0o777).toBe(0o600);
    file.finish();
    file.discard();
    expect(readdirSync(folder)).toEqual(['core']);
    const bytes = readFileSync(at('core'));
    expect(bytes).toHaveLength(100_005);
    expect(bytes.toString('latin1', 0, 3)).toBe('abc');
    expect(bytes.toString('latin1', 100_000, 100_003)).toBe('xyz');
    expect(bytes.subarray(3, 100_000).every((byte) => byte === 0)).toBe(true);
    expect(statSync(at('core')).mode & 0o777).toBe(0o600);
  });

  it('leaves nothing when it is discarded', () => {
    const file = written(at('core'));
    file.discard();
    file.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('replaces a file when it may', () => {
    writeFileSync(at('core'), 'old');
    expect(() => new NamedWhenWhole(at('core'), false)).toThrow(/core is there already/);
    const file = written(at('core'), true);
    expect(readFileSync(at('core'), 'utf8')).toBe('old');
    file.finish();
    expect(statSync(at('core')).size).toBe(100_005);
    expect(readdirSync(folder)).toEqual(['core']);
  });

  it('does not replace what came there meanwhile', () => {
    const file = written(at('core'));
    writeFileSync(at('core'), 'other');
    expect(() => file.finish()).toThrow(UserError);
    file.discard();
    expect(readFileSync(at('core'), 'utf8')).toBe('other');
    expect(readdirSync(folder)).toEqual(['core']);
  });

  it('replaces regular files only', () => {
    mkdirSync(at('folder'));
    writeFileSync(at('file'), '');
    symlinkSync(at('file'), at('link'));
    for (const name of ['folder', 'link']) {
      expect(() => new NamedWhenWhole(at(name), true)).toThrow(/not a regular file/);
    }
    expect(() => new NamedWhenWhole('/dev/null', true)).toThrow(/not a regular file/);
    expect(() => new NamedWhenWhole(at('nowhere/core'), false)).toThrow(
      /no such file or directory.*nowhere'$/,
    );
  });
});
