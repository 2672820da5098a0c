import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Recording } from '../../src/engine/trace/recording.ts';
import { EVENT, livesOf } from '../../src/trace/index.ts';

/** Go's compiler is built with a profile of itself: its scheduler has casgstatus inlined. */
const go = (...args: readonly string[]): string => execFileSync('go', args, { encoding: 'utf8' });
const compiler = path.join(go('env', 'GOTOOLDIR').trim(), 'compile');
const isProfiled = existsSync(compiler) && go('version', '-m', compiler).includes('-pgo=');

const folder = mkdtempSync(path.join(tmpdir(), 'mattock-profiled-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FUNCTIONS = 1500;

/** Enough to be compiled by several goroutines, with collections meanwhile. */
function source(): string {
  const file = path.join(folder, 'many.go');
  const body =
    'm := map[string][]int{}\n\tfor i := range n {\n\t\tm[s] = append(m[s], i*n)\n\t}\n\treturn len(m[s])';
  const functions = Array.from(
    { length: FUNCTIONS },
    (_, i) => `func f${i}(s string, n int) int {\n\t${body} + ${i}\n}\n`,
  );
  writeFileSync(file, `package many\n\n${functions.join('\n')}`);
  return file;
}

it.skipIf(!isProfiled)('of a program that was built with a profile misses no change of state', async () => {
  const object = path.join(folder, 'many.o');
  const args = ['-o', object, '-p', 'many', '-lang=go1.22', '-c=2', source()];
  execFileSync(compiler, args);
  const untraced = readFileSync(object);
  rmSync(object);
  const recording = await Recording.start({
    subject: {
      kind: 'launch',
      program: { path: compiler },
      args,
      terminal: { kind: 'files', stdout: '/dev/null' },
      fixedAddresses: false,
    },
    lossless: true,
  });
  while (!recording.ended) {
    recording.drain();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await recording.stop();
  const trace = recording.trace();
  expect(recording.missing).toEqual([]);
  expect(trace.violations).toEqual([]);
  expect(livesOf(trace).violations).toEqual([]);
  expect(trace.events.kind.filter((kind) => kind === EVENT.running).length).toBeGreaterThan(20);
  expect(readFileSync(object).equals(untraced)).toBe(true);
});
