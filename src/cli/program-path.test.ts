import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { programPath } from './program-path.ts';

let folder: string;
const file = (name: string, mode: number): string => {
  const at = path.join(folder, name);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, '');
  chmodSync(at, mode);
  return at;
};

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-path-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is looked for in PATH, where the first that can be run is taken', () => {
  mkdirSync(path.join(folder, 'a/app'), { recursive: true });
  file('b/app', 0o644);
  const wanted = file('c/app', 0o755);
  file('d/app', 0o755);
  const searched = ['', 'relative', ...['none', 'a', 'b', 'c', 'd'].map((name) => path.join(folder, name))];
  expect(programPath('app', searched.join(':'))).toBe(wanted);
  expect(programPath('other', searched.join(':'))).toBe('other');
  expect(programPath('app', '')).toBe('app');
});

it('is what is named, if that is a path or a file here', () => {
  file('bin/package.json', 0o755);
  const searched = path.join(folder, 'bin');
  expect(programPath('./package.json', searched)).toBe('./package.json');
  // Tests run in the project.
  expect(programPath('package.json', searched)).toBe('package.json');
  expect(programPath('', searched)).toBe('');
  // A folder of the project: no program.
  expect(programPath('src', searched)).toBe('src');
  expect(programPath('src', path.dirname(file('bin/src', 0o755)))).toBe(path.join(searched, 'src'));
});
