import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { coreOf, type FixtureCore } from '../support/cores.ts';
import { projectRoot } from '../support/project.ts';
import { mattock } from './run-mattock.ts';

let pool: FixtureCore;
let folder = '';

/** The package as npm installs it: nobody else's sessions keep code there. */
beforeAll(async () => {
  pool = await coreOf({ fixture: 'worker-pool' });
  await mattock(['help']); // builds the bundle, if it must be built
  folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-kept-'));
  mkdirSync(path.join(folder, 'dist'));
  for (const name of ['package.json', 'bin', 'dist/cli.cjs'])
    cpSync(path.join(projectRoot, name), path.join(folder, name), { recursive: true });
  symlinkSync(path.join(projectRoot, 'node_modules'), path.join(folder, 'node_modules'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs commands on the core; gives the kept code's inode, which is another one when it was kept anew, and its size. */
function keptAfter(...commands: string[]): { inode: number; size: number } {
  const args = ['bin/mattock.js', 'core', pool.executable, pool.core, ...commands.flatMap((c) => ['-c', c])];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const kept = readdirSync(path.join(folder, 'dist')).filter((name) => name.endsWith('.code'));
  expect(kept).toHaveLength(1);
  const { ino: inode, size } = statSync(path.join(folder, 'dist', kept[0]!));
  return { inode, size };
}

it('keeps the code of commands that earlier sessions had not used, and nothing when there is little new', () => {
  const much = ['goroutines -t', 'stack -full', 'print 1 + len("x")', 'disassemble', 'goroutines -graph'];
  const first = keptAfter('help');
  const second = keptAfter(...much);
  expect(second.size).toBeGreaterThan(first.size);
  expect(keptAfter(...much)).toEqual(second);
  expect(keptAfter('help')).toEqual(second);
});

it('is good though a long list has changed how soon code is optimised', () => {
  const before = keptAfter('goroutines -t 50');
  const long = ['goroutines -t 50', ...Array<string>(10).fill('funcs')];
  keptAfter(...long);
  const kept = keptAfter(...long);
  expect(keptAfter(...long)).toEqual(kept);
  expect(kept.size).toBeGreaterThanOrEqual(before.size);
});
