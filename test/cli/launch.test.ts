import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installedGo } from '../support/tools.ts';
import { mattock } from './run-mattock.ts';

const TESTS = `package shop

import "testing"

func TestGood(t *testing.T) {}

func TestBad(t *testing.T) { t.Fatal("no") }
`;
const MAIN = `package main

import "os"

func main() { os.Exit(3) }
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
