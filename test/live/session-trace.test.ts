import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openInline } from '../../src/engine/index.ts';
import type { InlineSession } from '../../src/engine/inline-session.ts';
import { openInWorker } from '../../src/engine/worker-session.ts';
import { mattock } from '../cli/run-mattock.ts';
import { type Build, buildLabel, builtFixture, missingForBuild } from '../support/builds.ts';
import { projectRoot } from '../support/project.ts';
import { toldAndResult } from './live-session.ts';
import { mappedText, until } from './running-program.ts';

type Document = Readonly<Record<string, unknown>>;

const FIXTURE = 'session-trace';
const BUILDS: readonly Build[] = [
  { fixture: FIXTURE, flags: 'opt' },
  { fixture: FIXTURE, flags: 'noopt' },
  { fixture: FIXTURE, flags: 'opt', pie: true },
  { fixture: FIXTURE, flags: 'opt', toolchain: '1.22.12' },
];
const OPT = BUILDS[0]!;
const OF_THE_PATTERN = /^main\.(handle|helper|main\.func\d+)/;

const entry = pathToFileURL(path.join(projectRoot, 'bin/worker.js'));
let started = 0;
let close: (() => Promise<unknown>) | undefined;
afterEach(async () => {
  await close?.();
  close = undefined;
  if (started !== 0) process.kill(started, 'SIGKILL');
  started = 0;
});

const live = (build: Build, args: readonly string[]) => ({
  live: {
    kind: 'launch' as const,
    program: { path: builtFixture(build).executable },
    args,
    terminal: { kind: 'files' as const, stdin: '/dev/null', stdout: '/dev/null', stderr: '/dev/null' },
    fixedAddresses: true,
  },
});

const documents = toldAndResult<Document, Document>;

/** The length of the longest piece that is not what it was. */
function changedTogether(now: Buffer, before: Buffer): number {
  let longest = 0;
  for (let at = 0, length = 0; at < now.length; at++) {
    length = now[at] === before[at] ? 0 : length + 1;
    longest = Math.max(longest, length);
  }
  return longest;
}

/** A session in this thread. What waits for something that may not come has `-t`. */
class Stand {
  readonly #session: InlineSession;

  constructor(session: InlineSession) {
    this.#session = session;
  }

  async run(line: string) {
    let written = '';
    const outcome = await this.#session.execute(line, { format: 'json', colour: false }, (text) => {
      written += text;
    });
    return { outcome, written };
  }

  async ok(line: string) {
    const { outcome, written } = await this.run(line);
    if (outcome.error !== undefined) throw new Error(`${line}: ${outcome.error.message}`);
    return documents(written);
  }

  /** Code of the program as it is now, read past the debugger. */
  text(): Buffer {
    return mappedText(this.#session.session.program.target.process.pid!);
  }

  mappings(): number {
    return this.#session.session.program.target.memory.regions.length;
  }
}

async function start(build: Build, args: readonly string[] = []): Promise<Stand> {
  const session = await openInline(live(build, args));
  close = () => session.close();
  return new Stand(session);
}

describe('trace -g within a session', () => {
  it.skipIf(missingForBuild(OPT)).each(BUILDS.map((build) => [buildLabel(build), build] as const))(
    '%s: tells of the goroutines that are followed, and leaves the program as it was',
    async (_, build) => {
      if (missingForBuild(build)) return;
      const stand = await start(build);
      await stand.ok('break main.checkpoint');
      await stand.ok('continue');
      await stand.ok('condition 1 n == 40');
      const before = stand.text();
      const { told, result } = await stand.ok('trace -g main.handle -limit 0 -t 60s');
      expect(stand.text().equals(before)).toBe(true);
      expect(result.stop).toMatchObject({ causes: [{ kind: 'breakpoint', id: 1 }] });
      const { events, followed, lost } = result.recorded as Record<string, number>;
      // Each of 40 rounds has one that asks, and its helper.
      expect(followed).toBeGreaterThanOrEqual(78);
      expect(lost).toBe(0);
      expect(events).toBe(told.length);
      expect(told.filter(({ event }) => event === 'ended').length).toBeGreaterThanOrEqual(76);
      const places = new Set(told.map(({ function: of }) => String(of)));
      for (const place of places) expect(place).toMatch(OF_THE_PATTERN);
      expect(
        told.find(({ event, reason }) => event === 'blocked' && reason === 'chan receive'),
      ).toMatchObject({ function: 'main.handle', object: { kind: 'channel' } });
      // It can be used as before, and traced once more.
      expect((await stand.ok('print n')).result).toMatchObject({ value: '40' });
      await stand.ok('condition 1 n == 60');
      const again = await stand.ok('trace -g main.handle -limit 0 -t 60s');
      expect(again.told.length).toBeGreaterThan(100);
      await stand.ok('condition -clear 1');
      expect((await stand.ok('continue')).result).toMatchObject({ causes: [{ kind: 'breakpoint' }] });
      expect((await stand.ok('print n')).result).toMatchObject({ value: '61' });
      expect(stand.text().equals(before)).toBe(true);
    },
  );

  it.skipIf(missingForBuild(OPT))('goes from the first instruction to the end of the program', async () => {
    const stand = await start(OPT, ['exit']);
    const { told, result } = await stand.ok('trace -g main.handle -limit 0');
    expect(result.stop).toMatchObject({ causes: [{ kind: 'ended', status: 7 }] });
    expect((result.recorded as Record<string, number>).followed).toBe(600);
    expect(told.filter(({ event }) => event === 'created').length).toBe(300);
    expect((await stand.run('trace -g main.handle')).outcome.error?.message).toBe('the program has ended');
  });

  it.skipIf(missingForBuild(OPT))('ends when the time is over, with nothing of it left', async () => {
    const stand = await start(OPT);
    await stand.ok('break main.checkpoint');
    await stand.ok('continue');
    await stand.ok('clear 1');
    const text = stand.text();
    const mappings = stand.mappings();
    for (let times = 0; times < 5; times++) {
      const { result } = await stand.ok('trace -g "main.h*" -t 30ms');
      expect(result.stop).toMatchObject({ causes: [{ kind: 'time', text: 'the time is over' }] });
      expect(stand.text().equals(text)).toBe(true);
      // No thread stands in code that has gone.
      const { result: threads } = await stand.ok('threads');
      expect(JSON.stringify(threads)).not.toContain('"problem"');
    }
    expect(stand.mappings()).toBeLessThan(mappings + 10);
  });

  it.skipIf(missingForBuild(OPT))('says what it cannot do, and changes nothing', async () => {
    const stand = await start(OPT);
    const text = stand.text();
    const failure = async (line: string) => (await stand.run(line)).outcome.error?.message;
    expect(await failure('trace -g main.nobody')).toBe('no function is called main.nobody');
    expect(await failure('trace -t 5s main.handle')).toMatch(/are of `trace -g`/);
    expect(await failure('trace -g main.handle main.helper')).toMatch(/one of the two/);
    expect(await failure('trace -g main.handle -t soon')).toBe('soon is not a time');
    expect(stand.text().equals(text)).toBe(true);
  });
});

describe('trace -g within a session of a program that was attached to', () => {
  beforeAll(async () => {
    // Makes the bundle, if a source is newer.
    await mattock(['version']);
  });

  /** Attaches, and traces (the last of `lines`) until something has been told. */
  async function traced(lines: readonly string[] = ['trace -g main.handle']) {
    // A debugger in a thread of ours does not see stops of a child of ours: it is somebody else's.
    const script = '"$0" > /dev/null & echo $!; wait';
    const ours = spawn('sh', ['-c', script, builtFixture(OPT).executable], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let printed = '';
    ours.stdout.setEncoding('utf8').on('data', (piece) => {
      printed += piece;
    });
    await until(() => printed.includes('\n'), 'it has begun');
    const pid = Number(printed);
    started = pid;
    // It is in its own text before it can be attached to.
    await until(() => readFileSync(`/proc/${pid}/maps`, 'utf8').includes('session-trace'), 'it has begun');
    const session = await openInWorker(entry, { live: { kind: 'attach', pid } });
    close = () => session.close();
    const text = mappedText(pid);
    let written = '';
    const execute = (line: string) => {
      written = '';
      return session.execute(line, { format: 'json', colour: false }, (piece) => {
        written += piece;
      });
    };
    for (const line of lines.slice(0, -1)) expect(await execute(line)).toMatchObject({ ok: true });
    const ended = execute(lines.at(-1)!);
    let early: unknown;
    void ended.then((outcome) => {
      early = outcome;
    });
    await until(() => early !== undefined || written.split('\n').length > 20, 'something is told');
    expect(early).toBe(undefined);
    return { pid, session, text, ours, ended, execute, written: () => written };
  }

  it.skipIf(missingForBuild(OPT))('ends with Ctrl-C, which leaves the program stopped', async () => {
    const { pid, session, text, ended, execute, written } = await traced();
    const patched = mappedText(pid);
    expect(patched.equals(text)).toBe(false);
    session.cancel();
    expect(await ended).toMatchObject({ ok: true });
    expect(documents(written()).result.stop).toMatchObject({ causes: [{ kind: 'interrupt' }] });
    expect(mappedText(pid).equals(text)).toBe(true);
    // Where a probe was is no place for a breakpoint while there are probes.
    const site = text.start + patched.findIndex((byte, index) => byte !== text[index]);
    expect(await execute(`break *0x${site.toString(16)}`)).toMatchObject({ ok: true });
    const refused = await execute('trace -g main.handle -t 10s');
    expect(refused.error?.message).toMatch(
      /^a breakpoint or a watch stops at 0x[\da-f]+ in .*, where a probe is to be$/,
    );
    expect(mappedText(pid).equals(text)).toBe(true);
    expect(await execute('clear 1')).toMatchObject({ ok: true });
    expect(await execute('trace -g main.handle -t 20ms')).toMatchObject({ ok: true });
    expect(mappedText(pid).equals(text)).toBe(true);
  });

  it.skipIf(missingForBuild(OPT)).each([[['trace -g main.handle']], [['trace main.handle', 'continue']]])(
    '%j ends with the session, and the program goes on as it was',
    async (lines) => {
      const { pid, session, text, ours, ended } = await traced(lines);
      // Calls have probes once they have come often; a trap is one byte.
      await until(() => changedTogether(mappedText(pid), text) >= 5, 'probes are in');
      ended.catch(() => {});
      await session.close();
      close = undefined;
      expect(mappedText(pid).equals(text)).toBe(true);
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^TracerPid:\t0$/m);
      expect(readFileSync(`/proc/${pid}/maps`, 'utf8')).not.toContain('memfd');
      expect(ours.exitCode).toBe(null);
    },
  );
});
