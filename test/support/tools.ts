import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Whether a program can be started at all. */
export function hasProgram(name: string): boolean {
  return spawnSync('bash', ['-c', 'command -v -- "$0"', name]).status === 0;
}

let installed: string | undefined | null = null;

/** What `go` is without GOTOOLCHAIN: `1.26.8`; undefined where there is none. */
export function installedGo(): string | undefined {
  if (installed === null) {
    const env = { ...process.env, GOTOOLCHAIN: 'local' };
    const result = spawnSync('go', ['env', 'GOVERSION'], { env, encoding: 'utf8', cwd: '/' });
    installed = result.status === 0 ? result.stdout.trim().replace(/^go/, '').split(' ')[0] : undefined;
  }
  return installed;
}

/** -1, 0 or 1: `1.19.13` before `1.23`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

/** Runs to completion; on failure the error holds what the program printed. */
export function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeout?: number } = {},
): string {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 30,
      ...options,
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}

/** Writes under a name of its own, then renames: a reader sees the whole file or none. */
export function writeAtomically(file: string, content: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}
