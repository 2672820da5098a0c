import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { openInline, type SessionClient } from '../../src/engine/index.ts';
import { openInWorker } from '../../src/engine/worker-session.ts';
import { mattock } from '../cli/run-mattock.ts';
import { type Build, builtFixture, missingForBuild } from '../support/builds.ts';
import { projectRoot } from '../support/project.ts';
import { LIVE_BUILDS } from './live-session.ts';
import { RunningProgram, until } from './running-program.ts';

const entry = pathToFileURL(path.join(projectRoot, 'bin/worker.js'));
let session: SessionClient | undefined;
let folder: string | undefined;

beforeAll(async () => {
  // Makes the bundle, if a source is newer.
  await mattock(['version']);
});
afterEach(async () => {
  await session?.close();
  session = undefined;
  if (folder !== undefined) rmSync(folder, { recursive: true });
  folder = undefined;
});

async function start(build: Build, what: 'busy' | 'idle'): Promise<() => string> {
  folder = mkdtempSync(path.join(tmpdir(), 'trials-interrupt-'));
  const output = path.join(folder, 'output');
  session = await openInWorker(entry, {
    live: {
      kind: 'launch',
      program: { path: builtFixture(build).executable },
      args: [what],
      terminal: { kind: 'files', stdin: '/dev/null', stdout: output, stderr: '/dev/null' },
      fixedAddresses: true,
    },
  });
  return () => readFileSync(output, 'utf8');
}

async function json(line: string): Promise<Record<string, unknown>> {
  let written = '';
  const outcome = await session!.execute(line, { format: 'json', colour: false }, (text) => {
    written += text;
  });
  expect(outcome).toMatchObject({ ok: true });
  return (JSON.parse(written) as { result: Record<string, unknown> }).result;
}

/** Goes on, and interrupts the program as Ctrl-C does. */
async function interrupted(until: () => Promise<void>): Promise<Record<string, unknown>> {
  const stopped = json('continue');
  await until();
  session!.cancel();
  return stopped;
}

it.each(LIVE_BUILDS.map((build) => ({ fixture: 'trials-interrupt', ...build })))(
  'Ctrl-C shows a goroutine of the program: %j',
  async (build) => {
    if (missingForBuild(build) !== undefined) return;
    const output = await start(build, 'busy');
    // All that main has to do is done when its goroutine waits: then only one runs.
    const ready = () => until(() => output() === 'ready\n', 'it is ready');
    let computing = 0;
    while (computing < 5) {
      const result = await interrupted(ready);
      expect(result.causes).toMatchObject([{ kind: 'interrupt', by: result.goroutine }]);
      // Frame 0 may be in the runtime: a signal's handler, that gives way to others.
      const { goroutine } = (await json('goroutine')) as { goroutine: { own?: { function: string } } };
      // Main may be on its way from printing to waiting.
      expect(['main.compute', 'main.main', 'main.wait']).toContain(goroutine.own?.function);
      if (goroutine.own?.function === 'main.compute') computing++;
    }
  },
);

it.each(LIVE_BUILDS.map((build) => ({ fixture: 'trials-interrupt', ...build })))(
  'where none runs, Ctrl-C leaves the goroutine selected that was: %j',
  async (build) => {
    if (missingForBuild(build) !== undefined) return;
    const output = await start(build, 'idle');
    await json('break main.wait');
    const { goroutine } = await json('continue');
    expect(goroutine).toBe(1);
    const isIdle = () => until(() => output() === 'ready\n', 'it is ready');
    // It is interrupted at any time after it has gone on: sooner or later nothing runs.
    for (;;) {
      const result = await interrupted(isIdle);
      expect(result.goroutine, JSON.stringify(result)).toBe(1);
      const selected = (await json('goroutine')) as { goroutine: { id: number; thread?: number } };
      expect(selected.goroutine.id).toBe(1);
      if (selected.goroutine.thread !== undefined) continue;
      expect(result.location).toMatchObject({ function: 'runtime.gopark' });
      expect(result.causes).toMatchObject([{ kind: 'interrupt', by: 1, at: { function: 'runtime.gopark' } }]);
      return;
    }
  },
);

it('attaching shows a goroutine that runs', async () => {
  const program = new RunningProgram(builtFixture({ fixture: 'trials-interrupt' }).executable, ['busy']);
  try {
    await until(() => program.output === 'ready\n', 'it is ready');
    // Main may be on its way from printing to waiting, once.
    for (;;) {
      // Of a child of this process, Node would take what a worker waits for.
      session = await openInline({ live: { kind: 'attach', pid: program.pid } });
      const { goroutine } = (await json('goroutine')) as { goroutine: { own?: { function: string } } };
      await session.close();
      expect(['main.compute', 'main.main', 'main.wait']).toContain(goroutine.own?.function);
      if (goroutine.own?.function === 'main.compute') break;
    }
    session = undefined;
  } finally {
    program.kill();
  }
});
