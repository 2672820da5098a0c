import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../base/index.ts';
import { nodeHost } from './node-host.ts';
import { loadSettings } from './settings-file.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-host-'));
const at = (name: string): string => path.join(folder, name);
const host = nodeHost({ settingsFile: at('config/config.json'), cancelled: () => false, progress: () => {} });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('nodeHost', () => {
  it('reads sources that are there', () => {
    writeFileSync(at('main.go'), 'package main\n');
    expect(host.readSource(at('main.go'))).toBe('package main\n');
    writeFileSync(at('main.go'), 'package edited\n');
    expect(host.readSource(at('main.go'))).toBe('package edited\n');
    expect(host.readSource(at('nothing.go'))).toBeUndefined();
    expect(host.readSource(folder)).toBeUndefined();
  });

  it('says why a file of commands cannot be read', () => {
    expect(() => host.readCommandFile(at('nothing'))).toThrow(UserError);
    expect(() => host.readCommandFile(at('nothing'))).toThrow(/no such file or folder: .*nothing$/);
  });

  it('writes transcripts that only the user can read', () => {
    writeFileSync(at('notes'), 'old\n', { mode: 0o644 });
    host.startTranscript(at('notes'), false);
    host.appendTranscript(at('notes'), 'one\n');
    expect(readFileSync(at('notes'), 'utf8')).toBe('old\none\n');
    host.startTranscript(at('notes'), true);
    host.appendTranscript(at('notes'), 'two\n');
    expect(readFileSync(at('notes'), 'utf8')).toBe('two\n');
    expect(statSync(at('notes')).mode & 0o777).toBe(0o600);
    host.startTranscript(at('fresh'), false);
    expect(statSync(at('fresh')).mode & 0o777).toBe(0o600);
    expect(() => host.startTranscript(at('no/folder'), true)).toThrow(UserError);
  });

  it('completes files and folders', () => {
    mkdirSync(at('sub'));
    writeFileSync(at('sub/inner'), '');
    writeFileSync(at('.hidden'), '');
    expect(host.filesBeginning(at('su'))).toEqual([at('sub/')]);
    expect(host.filesBeginning(at('sub/'))).toEqual([at('sub/inner')]);
    expect(host.filesBeginning(`${folder}/`)).not.toContain(at('.hidden'));
    expect(host.filesBeginning(at('.h'))).toEqual([at('.hidden')]);
    expect(host.filesBeginning(at('none/x'))).toEqual([]);
  });

  it('keeps settings, which are read again', () => {
    const { settings } = loadSettings(at('config/config.json'));
    settings.setSimple('max-string-len', '99');
    expect(host.saveSettings(settings.save())).toBe(at('config/config.json'));
    expect(loadSettings(at('config/config.json')).settings.limits().maxStringLength).toBe(99);
  });
});

describe('loadSettings', () => {
  it('goes on without a file that is wrong, and says so', () => {
    writeFileSync(at('broken.json'), '{"max-string-len": "many"}');
    const { settings, warnings } = loadSettings(at('broken.json'));
    expect(settings.limits().maxStringLength).toBe(64);
    expect(warnings).toEqual([expect.stringContaining('many is not a value for max-string-len')]);
    expect(loadSettings(at('nothing.json')).warnings).toEqual([]);
    expect(loadSettings(undefined).warnings).toEqual([]);
  });
});
