import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { CallRecording } from '../../src/engine/trace/call-recording.ts';
import type { CallListener } from '../../src/trace/calls/call-stacks.ts';
import { namePattern } from '../../src/trace/calls/name-pattern.ts';
import { buildGo, hasToolchain } from '../support/go-build.ts';
import { mappedText } from './running-program.ts';

/** Leaves whose first instructions may fault or branch: test/fixtures/hsites-leaves says what it does. */

const folder = mkdtempSync(join(tmpdir(), 'mattock-leaves-'));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** By the name of a function: how many calls returned (where there is room to see it), and how many a panic left. */
type Counts = Record<string, { returned: number; panicked: number }>;

/** In each round: calls in its loop, with nil and with an address where nothing is. */
const CALLS: Counts = Object.fromEntries(
  Object.entries({
    '(*node).leafValue': [101, 2],
    '(*node).leafSet': [100, 2],
    '(*node).leafFlag': [200, 2],
    '(*node).leafName': [100, 2],
    '(*node).leafEqual': [100, 2],
    '(*node).leafBranch': [200, 2],
    leafSign: [100, 0],
    '(*node).leafDeep': [100, 2],
    '(*node).leafIndex': [100, 3],
    '(*node).leafAppendRead': [100, 2],
    '(*node).leafAdd': [100, 2],
    '(*node).leafSwap': [100, 2],
    '(*node).leafBoth': [100, 2],
    'leafClosure.func1': [0, 2],
  }).map(([name, [returned, panicked]]) => [`main.${name}`, { returned: returned!, panicked: panicked! }]),
);

function counting(counts: Counts): CallListener & { lost(count: number): void } {
  const of = (name: string): Counts[string] => (counts[name] ??= { returned: 0, panicked: 0 });
  return {
    wants: () => true,
    began: ({ function: { name } }) => void of(name),
    ended({ function: { name } }, { outcome }) {
      of(name)[outcome === 'panicked' ? 'panicked' : 'returned']++;
    },
    orphan() {
      throw new Error('a call returned that had not begun');
    },
    lost(count) {
      throw new Error(`${count} lost`);
    },
  };
}

async function start(subject: Parameters<typeof CallRecording.start>[0]['subject']): Promise<{
  readonly recording: CallRecording;
  readonly counts: Counts;
  stop(): Promise<void>;
  drain(): void;
}> {
  const request = {
    pattern: namePattern('/^main\\.(.*leaf[A-Z]\\w*$(?<!Closure)|leafClosure.func1)/'),
    followCalls: 0,
    frames: 0,
  };
  const recording = await CallRecording.start({ subject, lossless: true, request, values: false });
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

/** What it says in one round. */
function rounds(child: ChildProcess): (meanwhile?: () => void) => Promise<string> {
  let output = '';
  child.stdout!.on('data', (part) => {
    output += part;
  });
  return async (meanwhile) => {
    child.stdin!.write('\n');
    while (!output.endsWith('done\n') && child.exitCode === null) {
      meanwhile?.();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const said = output;
    output = '';
    return said;
  };
}

describe.each([
  { toolchain: '', flags: [] as string[] },
  { toolchain: '', flags: ['-buildmode=pie', '-ldflags=-s -w'] },
  { toolchain: 'go1.22.12', flags: [] as string[] },
  { toolchain: 'go1.19.13', flags: [] as string[] },
])('leaves of a program of $toolchain $flags', ({ toolchain, flags }) => {
  const missing = !hasToolchain(toolchain || undefined);
  const build = (): string =>
    buildGo({ source: 'test/fixtures/hsites-leaves', flags, ...(toolchain && { toolchain }) });

  it.skipIf(missing)('are all seen, fault as they do otherwise, and are restored', async () => {
    const child = spawn(build(), [], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const round = rounds(child);
    const untraced = await round();
    expect(untraced.match(/nil pointer dereference|unexpected fault/g)?.length ?? 0).toBeGreaterThan(12);
    const before = mappedText(child.pid!);
    const { recording, counts, drain, stop } = await start({ kind: 'attach', pid: child.pid! });
    const traced = await round(drain).finally(stop);
    expect(recording.plan.notes.filter((note) => note.startsWith('not traced'))).toEqual([]);
    expect(traced).toBe(untraced);
    expect(counts).toEqual(CALLS);
    expect(mappedText(child.pid!).equals(before)).toBe(true);
    expect(await round()).toBe(untraced);
  });

  it.skipIf(missing)('kill the program with the words that it has otherwise', async () => {
    const untraced = spawnSync(build(), ['die'], { encoding: 'utf8' });
    const stderr = join(folder, 'stderr');
    const { recording, drain, stop } = await start({
      kind: 'launch',
      program: { path: build() },
      args: ['die'],
      terminal: { kind: 'files', stderr },
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
    // Where a program that moves is, nobody can say before; nor what is left of arguments.
    const plain = (text: string): string => text.replaceAll(/0x[0-9a-f]{7,}|0x[0-9a-f]+(?=\?)/g, '0x…');
    expect(untraced.stderr).toContain('[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x');
    expect(plain(readFileSync(stderr, 'utf8'))).toBe(plain(untraced.stderr));
    expect(recording.end).toEqual({ kind: 'exited', status: untraced.status });
  });
});
