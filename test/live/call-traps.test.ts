import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/engine/linux/open-kernel.ts';
import { attachTarget } from '../../src/engine/live/open-live-target.ts';
import { CallRecording } from '../../src/engine/trace/call-recording.ts';
import { RunSlice } from '../../src/engine/trace/run-slice.ts';
import type { CallListener } from '../../src/trace/calls/call-stacks.ts';
import { namePattern } from '../../src/trace/calls/name-pattern.ts';
import { mattock, mattockProgram } from '../cli/run-mattock.ts';
import { buildGo, hasToolchain } from '../support/go-build.ts';
import { mappedText } from './running-program.ts';

/** Functions without room for jumps: test/fixtures/probes8-traps says which they are. */

const folder = mkdtempSync(join(tmpdir(), 'mattock-traps-'));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** By the name of a function: how many calls returned, and how many a panic left. */
type Counts = Record<string, { returned: number; panicked: number }>;

const ROUNDS = 300;
const CALLERS = 4;
/** In a round of each of them. */
const CALLS: Counts = Object.fromEntries(
  Object.entries({
    'main.trapFind': [330, 30],
    'main.trapName': [600, 0],
    'main.trapScan': [300, 0],
    'main.trapNil': [60, 0],
  }).map(([name, [returned, panicked]]) => [
    name,
    { returned: CALLERS * returned!, panicked: CALLERS * panicked! },
  ]),
);

function counting(counts: Counts): CallListener & { lost(count: number): void } {
  return {
    wants: () => true,
    began: () => {},
    ended({ function: { name } }, { outcome }) {
      counts[name] ??= { returned: 0, panicked: 0 };
      if (outcome !== 'returned' && outcome !== 'panicked') throw new Error(`${name}: ${outcome}`);
      counts[name][outcome]++;
    },
    orphan() {
      throw new Error('a call returned that had not begun');
    },
    lost(count) {
      throw new Error(`${count} lost`);
    },
  };
}

interface Traced {
  readonly recording: CallRecording;
  readonly counts: Counts;
  drain(): void;
  stop(): Promise<void>;
}

async function trace(subject: Parameters<typeof CallRecording.start>[0]['subject']): Promise<Traced> {
  const pattern = namePattern('/^main\\.trap[A-Z]\\w*$/');
  const recording = await CallRecording.start({
    subject,
    lossless: true,
    request: { pattern, followCalls: 0, frames: 0 },
    values: false,
  });
  const counts: Counts = {};
  const calls = recording.follow(counting(counts));
  return {
    recording,
    counts,
    drain: () => calls.drain(),
    async stop() {
      await calls.stop();
      await calls.tellRest(() => false);
    },
  };
}

/** What it says to one line. */
function rounds(child: ChildProcess): (meanwhile?: () => void, count?: number) => Promise<string> {
  let output = '';
  child.stdout!.on('data', (part) => {
    output += part;
  });
  let errors = '';
  child.stderr?.on('data', (part) => {
    errors += part;
  });
  return async (meanwhile, count = ROUNDS) => {
    child.stdin!.write(`${count}\n`);
    while (!output.endsWith('\n') && child.exitCode === null && child.signalCode === null) {
      meanwhile?.();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (!output.endsWith('\n')) throw new Error(`ended: ${child.exitCode} ${child.signalCode}\n${errors}`);
    const said = output;
    output = '';
    return said;
  };
}

/** What of ours is mapped there. */
const ownMappings = (pid: number): readonly string[] =>
  readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .filter((line) => line.includes('mattock'));

const trapNotes = ({ plan }: CallRecording): readonly string[] =>
  plan.notes.filter((note) => note.startsWith('seen by traps'));

describe.each([
  { toolchain: '', flags: [] as string[] },
  { toolchain: '', flags: ['-buildmode=pie', '-ldflags=-s -w'] },
  { toolchain: 'go1.22.12', flags: [] as string[] },
  { toolchain: 'go1.19.13', flags: [] as string[] },
])('functions without room in a program of $toolchain $flags', ({ toolchain, flags }) => {
  const missing = !hasToolchain(toolchain || undefined);
  const build = (): string =>
    buildGo({ source: 'test/fixtures/probes8-traps', flags, ...(toolchain && { toolchain }) });

  it.skipIf(missing)('are seen by traps, and are restored', async () => {
    const child = spawn(build(), [], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const round = rounds(child);
    const untraced = await round();
    const before = mappedText(child.pid!);
    const { recording, counts, drain, stop } = await trace({ kind: 'attach', pid: child.pid! });
    const traced = await round(drain).finally(stop);
    expect(trapNotes(recording)).toEqual([expect.stringContaining('main.trapFind')]);
    expect(traced).toBe(untraced);
    expect(counts).toEqual(CALLS);
    expect(mappedText(child.pid!).equals(before)).toBe(true);
    expect(await round()).toBe(untraced);
  });

  it.skipIf(missing)('are seen from the first call on in a program that is started', async () => {
    const [stdin, stdout] = [join(folder, 'stdin'), join(folder, 'stdout')];
    writeFileSync(stdin, `${ROUNDS}\n`);
    const { recording, counts, drain, stop } = await trace({
      kind: 'launch',
      program: { path: build() },
      args: [],
      terminal: { kind: 'files', stdin, stdout },
      fixedAddresses: false,
    });
    try {
      while (!recording.ended) {
        drain();
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    } finally {
      await stop();
    }
    expect(counts).toEqual(CALLS);
    expect(recording.end).toEqual({ kind: 'exited', status: 0 });
    expect(readFileSync(stdout, 'utf8')).toMatch(/^\[(\d+) \1 \1 \1\]\n$/);
  });
});

describe('a program with traps', () => {
  const executable = (): string => buildGo({ source: 'test/fixtures/probes8-traps' });
  const started = (...args: string[]): ChildProcess => {
    const child = spawn(executable(), args, { stdio: ['pipe', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  };

  it('goes on under a CPU profile and the collector while they come and go', async () => {
    const child = started(join(folder, 'profile'));
    const round = rounds(child);
    const untraced = await round(undefined, 20_000);
    const before = mappedText(child.pid!);
    let goesOn = true;
    const said = (async () => {
      const all = new Set<string>();
      while (goesOn) all.add(await round(undefined, 20_000));
      return [...all];
    })();
    let calls = 0;
    for (let cycle = 0; cycle < 6; cycle++) {
      const recording = await CallRecording.start({
        subject: { kind: 'attach', pid: child.pid! },
        lossless: false,
        request: { pattern: namePattern('main.trap*'), followCalls: 0, frames: 4 },
        values: true,
      });
      const before = calls;
      const followed = recording.follow({
        wants: () => true,
        began: () => {
          calls++;
        },
        ended: () => {},
        orphan: () => {},
        lost: () => {},
      });
      while (calls < before + 100 && child.exitCode === null && child.signalCode === null) {
        followed.drain();
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await followed.stop();
    }
    goesOn = false;
    expect(await said).toEqual([untraced]);
    expect(mappedText(child.pid!).equals(before)).toBe(true);
    expect(ownMappings(child.pid!)).toEqual([]);
    child.stdin!.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('goes on if who traces it is killed, under a debugger too, and the next one cleans up', async () => {
    // Makes the bundle, if a source is newer.
    await mattock(['version']);
    const child = started();
    const round = rounds(child);
    const untraced = await round();
    const before = mappedText(child.pid!);
    const tracer = spawn(
      process.execPath,
      [mattockProgram, 'trace', '-p', String(child.pid), 'main.trap*', '--summary'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    children.push(tracer);
    let said = '';
    tracer.stderr!.on('data', (text) => {
      said += text;
    });
    while (!said.includes('seen by traps') && tracer.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(said).toMatch(/seen by traps, for want of room, at about 2 to 10 µs a call: main.trap/);
    tracer.kill('SIGKILL');
    await once(tracer, 'exit');
    expect(mappedText(child.pid!).equals(before)).toBe(false);
    expect(await round()).toBe(untraced);
    const slice = new RunSlice();
    const kernel = await openKernel({ work: () => slice.idle() });
    const { target } = await attachTarget(kernel, child.pid!, () => slice.over);
    const debugged = round();
    try {
      const told = new Set<string>();
      for (let i = 0; i < 5; i++) {
        slice.begin(child.pid!, 20);
        target.run({ kind: 'all' }, (event) => {
          told.add(event.kind === 'signal' ? `signal ${event.info.signo}` : event.kind);
          return event.kind === 'interrupt' ? 'stop' : 'resume';
        });
        await new Promise((resolve) => setImmediate(resolve));
      }
      // Signal 11 is its own nil pointer's.
      expect([...told].filter((kind) => kind !== 'signal 11')).toEqual(['interrupt']);
    } finally {
      target.detach();
    }
    expect(await debugged).toBe(untraced);
    const { counts, drain, stop } = await trace({ kind: 'attach', pid: child.pid! });
    expect(await round(drain).finally(stop)).toBe(untraced);
    expect(counts).toEqual(CALLS);
    expect(mappedText(child.pid!).equals(before)).toBe(true);
    expect(ownMappings(child.pid!)).toEqual([]);
  });

  it('dies of a signal that is not ours as it does otherwise', async () => {
    const child = started();
    const round = rounds(child);
    await round();
    let errors = '';
    child.stderr!.on('data', (text) => {
      errors += text;
    });
    const { drain, stop } = await trace({ kind: 'attach', pid: child.pid! });
    const ended = once(child, 'close');
    try {
      await round(drain);
      child.kill('SIGTRAP');
      expect(await ended).toEqual([2, null]);
    } finally {
      await stop();
    }
    expect(errors).toMatch(/^SIGTRAP: trace trap/);
  });
});
