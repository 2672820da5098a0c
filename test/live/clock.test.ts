import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { goid } from '../../src/base/index.ts';
import { openInline } from '../../src/engine/index.ts';
import type { Program } from '../../src/golang/index.ts';
import { builtFixture, missingForBuild } from '../support/builds.ts';
import { LIVE_BUILDS } from './live-session.ts';
import { RunningProgram, until } from './running-program.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'trials-clock-'));
const running: RunningProgram[] = [];
afterEach(() => {
  for (const program of running.splice(0)) program.kill();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function start(build: (typeof LIVE_BUILDS)[number]): Promise<RunningProgram> {
  const program = new RunningProgram(builtFixture({ fixture: 'trials-clock', ...build }).executable);
  running.push(program);
  await until(() => program.rounds >= 3, 'it has slept and woken');
  return program;
}

/** What the time was for whoever says how long main.sleeper still sleeps. */
function timeOf(program: Program): { readonly time: number; readonly atMost: boolean } {
  const sleeps = [...program.goroutines()].flatMap(({ blockedOn }) =>
    blockedOn?.kind === 'sleep' ? [blockedOn] : [],
  );
  const { until: end, remaining, atMost } = sleeps.sort((a, b) => b.until - a.until)[0]!;
  return { time: end - remaining!, atMost };
}

const clock = (): number => Number(process.hrtime.bigint());

/** In microseconds: remaining times are differences of numbers of nanoseconds beyond 2^53 after a hundred days. */
const micro = (time: number): number => Math.round(time / 1000);

const BUILDS = LIVE_BUILDS.filter(
  (build) => missingForBuild({ fixture: 'trials-clock', ...build }) === undefined,
);

it.each(BUILDS)('a process is asked for the time, of a core it is the latest there %j', async (build) => {
  const { pid } = await start(build);
  // One that is awake just then has not yet gone to sleep: the core would be of a moment for which nothing speaks.
  for (;;) {
    const session = await openInline({ live: { kind: 'attach', pid } });
    const live = session.session.program;
    const before = clock();
    const now = timeOf(live);
    expect(now.atMost).toBe(false);
    expect(micro(now.time)).toBeGreaterThanOrEqual(micro(before));
    expect(micro(now.time)).toBeLessThanOrEqual(micro(clock()));
    const idle =
      live.goroutine(goid(1))?.waitReason === 'sleep' && live.goroutine(goid(1))?.thread === undefined;
    const file = path.join(folder, 'app.core');
    await session.execute(`dump ${file}`, { format: 'text', colour: false }, () => {});
    const dumped = clock();
    await session.close();
    if (!idle) continue;
    const core = await openInline({ core: file });
    const found = timeOf(core.session.program);
    let awake = '';
    await core.execute('print main.awake', { format: 'text', colour: false }, (text) => {
      awake += text;
    });
    expect(Number(awake)).toBeGreaterThan(0);
    expect(found.atMost).toBe(true);
    expect(micro(found.time)).toBeGreaterThanOrEqual(micro(Number(awake)));
    expect(micro(found.time)).toBeLessThanOrEqual(micro(dumped));
    let text = '';
    await core.execute('goroutines', { format: 'text', colour: false }, (more) => {
      text += more;
    });
    expect(text).toMatch(/a timer, due in at most 5\dm\d/);
    await core.close();
    return;
  }
});
