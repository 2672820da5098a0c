import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildGo, hasToolchain } from './go-build.ts';

describe('buildGo', () => {
  let directory: string;
  const file = () => join(directory, 'hello.go');
  const built: string[] = [];
  const build = (options: Partial<Parameters<typeof buildGo>[0]> = {}) => {
    const binary = buildGo({ source: file(), ...options });
    built.push(binary);
    return binary;
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'mattock-go-build-'));
    writeFileSync(file(), 'package main\n\nfunc main() { println("one") }\n');
  });
  afterAll(() => {
    for (const path of [directory, ...built]) rmSync(path, { recursive: true, force: true });
  });

  it('builds once, and again when source or flags change', () => {
    const first = build();
    const { mtimeMs } = statSync(first);
    expect(build()).toBe(first);
    expect(statSync(first).mtimeMs).toBe(mtimeMs);
    expect(build({ flags: ['-ldflags=-s -w'] })).not.toBe(first);
    writeFileSync(file(), 'package main\n\nfunc main() { println("two") }\n');
    const second = build();
    expect(second).not.toBe(first);
    expect(execFileSync('sh', ['-c', `${second} 2>&1`], { encoding: 'utf8' })).toBe('two\n');
  });

  it('says what the compiler says', () => {
    writeFileSync(file(), 'package main\n\nfunc main() { undefined() }\n');
    expect(() => build()).toThrow('undefined: undefined');
  });

  it('says which toolchain is missing', () => {
    expect(() => build({ toolchain: 'nonsense' })).toThrow('Go toolchain nonsense cannot be had');
    expect(hasToolchain('nonsense')).toBe(false);
    expect(hasToolchain(undefined)).toBe(true);
  });
});
