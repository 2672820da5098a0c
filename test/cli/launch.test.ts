import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kernelWritesFiles } from '../support/cores.ts';
import { installedGo } from '../support/tools.ts';
import { mattock, mattockProgram } from './run-mattock.ts';

const TESTS = `package shop

import "testing"

func TestGood(t *testing.T) {}

func TestBad(t *testing.T) { t.Fatal("no") }
`;
const MAIN = `package main

import "os"

func main() {
	if len(os.Args) > 1 {
		panic(os.Args[1])
	}
	os.Exit(3)
}
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'trials-launch-'));
  writeFileSync(path.join(folder, 'go.mod'), 'module example.com/shop\n\ngo 1.19\n');
  writeFileSync(path.join(folder, 'shop_test.go'), TESTS);
  writeFileSync(path.join(folder, 'main.go'), MAIN);
});
afterAll(() => rmSync(folder, { recursive: true }));

const unavailable =
  process.platform === 'linux' && process.arch === 'x64' && installedGo() !== undefined
    ? undefined
    : 'needs linux/amd64 and go';

describe.skipIf(unavailable)('the exit status of mattock test', () => {
  const test = (...args: string[]) =>
    mattock(
      ['test', path.join(folder, 'shop_test.go'), ...args],
      args.includes('-c') ? undefined : 'continue\n',
    );

  it.each([
    ['tests that fail', ['-c', 'continue'], 1],
    ['tests that fail, from a pipe', [], 1],
    ['tests that pass', ['-c', 'continue', '--', '-run', 'Good'], 0],
    ['tests that were not run to their end', ['-c', 'break shop_test.go:7', '-c', 'continue'], 0],
    ['tests that were ended', ['-c', 'break shop_test.go:7', '-c', 'continue', '-c', 'exit'], 0],
    ['a comment after tests that fail', ['-c', 'continue', '-c', '# that was it'], 1],
    ['a command that fails', ['-c', 'continue', '-c', 'print 1 +', '--', '-run', 'Good'], 1],
  ] as const)('%s', async (_, args, status) => {
    const done = await test(...args);
    expect(done.status, done.stdout + done.stderr).toBe(status);
  });
});

describe.skipIf(unavailable)('what cannot be run', () => {
  it.each([
    ['main.go', 'it is Go source', 'compiles the program and debugs it'],
    ['.', 'it is a folder', 'compiles the program in it and debugs it'],
  ])('%s: debug is advised', async (name, reason, remedy) => {
    const file = path.join(folder, name);
    const { status, stderr } = await mattock(['exec', file, '-c', 'continue']);
    expect(status).toBe(1);
    expect(stderr).toContain(reason);
    expect(stderr).toContain(`\`mattock debug ${file}\` ${remedy}`);
  });

  it.each([
    ['exec', ['./app', 'one', 'two'], 'mattock exec <program> [-- arguments]'],
    ['exec', ['./app', '--port=8080'], 'mattock exec <program> [-- arguments]'],
    ['debug', ['--port=8080'], 'mattock debug [package] [-- arguments]'],
    ['test', ['-run', 'TestX'], 'mattock test [package] [-- arguments]'],
  ])('%s %j: where its arguments belong is said', async (command, args, usage) => {
    const { status, stderr } = await mattock([command, ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(`what is for the program follows --: ${usage}`);
  });
});

describe.skipIf(unavailable)('the program that was compiled for the session', () => {
  /** With a folder of its own for what is temporary, which shows what is left there. */
  async function debug(...args: string[]) {
    const temporary = path.join(folder, 'temporary');
    mkdirSync(temporary);
    const cores = path.join(folder, 'cores');
    mkdirSync(cores);
    const command = [process.execPath, mattockProgram, 'debug', path.join(folder, 'main.go'), ...args];
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['-c', 'ulimit -c unlimited && exec "$0" "$@"', ...command],
      {
        cwd: cores,
        encoding: 'utf8',
        env: { ...process.env, TMPDIR: temporary, GOTRACEBACK: 'crash', XDG_CONFIG_HOME: '/nonexistent' },
      },
    );
    return { status, said: stdout + stderr, cores, temporary };
  }
  afterEach(() => {
    for (const name of ['temporary', 'cores']) rmSync(path.join(folder, name), { recursive: true });
  });
  const stackOf = async (core: string): Promise<string> => {
    const { stdout, stderr } = await mattock(['core', core, '-q', '-c', 'stack']);
    return stdout + stderr;
  };

  it('is kept beside a dump of it, and removed', async () => {
    const line = [
      '-c',
      'break main.main',
      '-c',
      'continue',
      '-c',
      'dump main.core',
      '-c',
      'dump -f main.core',
    ];
    const { status, said, cores, temporary } = await debug(...line);
    expect(status, said).toBe(0);
    expect(said).toContain('main.core.main: the program, which the core needs');
    expect(readdirSync(cores).sort()).toEqual(['main.core', 'main.core.main']);
    expect(await stackOf(path.join(cores, 'main.core'))).toContain('in main.main\n');
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('stays where it is, if it left a core', async (context) => {
    if (!kernelWritesFiles()) context.skip('core_pattern of this kernel is not a plain file name');
    // Compiled again, the first would be gone; what is compiled then leaves nothing.
    const { said, cores, temporary } = await debug(
      ...['continue', 'continue', 'restart', 'rebuild', 'restart -noargs', 'continue'].flatMap((line) => [
        '-c',
        line,
      ]),
      ...['--', 'crash'],
    );
    expect(said).toContain('Process was killed by SIGABRT');
    const [, kept] = /stays at (.*): the core that it left names it/.exec(said)!;
    expect(readdirSync(temporary)).toEqual([path.basename(path.dirname(kept!))]);
    const [core] = readdirSync(cores);
    expect(await stackOf(path.join(cores, core!))).toContain('in main.main\n');
  });
});
