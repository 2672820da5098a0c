import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { FixtureCore } from '../support/cores.ts';
import { cacheFolder } from '../support/project.ts';
import { hasProgram, run, writeAtomically } from '../support/tools.ts';
import { placeText } from './answers.ts';

/** Where a signal handler returns to: gdb names no function there. */
export const SIGNAL_RETURN = '<signal handler called>';
const DEPTH = 400;

/**
 * The places on each thread's stack as gdb unwinds it: a third opinion where Delve and Mattock differ. gdb knows no
 * goroutines, so it has one of those that a thread runs only. undefined: it is not installed, or reads no such core.
 */
export function askGdb({
  executable,
  core,
}: FixtureCore): ReadonlyMap<number, ReadonlySet<string>> | undefined {
  if (!hasProgram('gdb')) return undefined;
  const { size, mtimeMs } = statSync(core);
  const key = createHash('sha256')
    .update(JSON.stringify([executable, core, size, mtimeMs, DEPTH]))
    .digest('hex');
  const kept = path.join(cacheFolder, 'compare', `gdb-${key.slice(0, 20)}.txt`);
  if (!existsSync(kept)) writeAtomically(kept, backtraces(executable, core));
  return parseBacktraces(readFileSync(kept, 'utf8'));
}

function backtraces(executable: string, core: string): string {
  const settings = ['auto-load off', 'debuginfod enabled off'].flatMap((text) => ['-iex', `set ${text}`]);
  const commands = ['set width 0', 'set print frame-arguments none', `thread apply all bt ${DEPTH}`];
  const args = ['-batch', '-nx', ...settings, ...commands.flatMap((text) => ['-ex', text]), executable, core];
  return run('gdb', args, { timeout: 120_000 });
}

/** `Thread 1 (LWP 12):` or `Thread 1 (Thread 0x7f… (LWP 12)):`, then `#7  0x… in runtime.f (x=...) at /f.go:12`. */
export function parseBacktraces(text: string): Map<number, Set<string>> {
  const threads = new Map<number, Set<string>>();
  let places = new Set<string>();
  for (const line of text.split('\n')) {
    const thread = /^Thread \d+ \(.*?\bLWP (\d+)\)/.exec(line)?.[1];
    if (thread !== undefined) {
      places = new Set();
      threads.set(Number(thread), places);
    }
    if (/^#\d+ +<signal handler called>$/.test(line)) places.add(SIGNAL_RETURN);
    const [, name, file, at] = /^#\d+ +(?:0x[0-9a-f]+ in )?(.+) \(.*\) at (.+):(\d+)$/.exec(line) ?? [];
    if (name !== undefined) places.add(placeText({ function: name, file: file!, line: Number(at) }));
  }
  return threads;
}
