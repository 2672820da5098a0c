import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mattock, mattockProgram } from '../cli/run-mattock.ts';
import { hasToolchain } from '../support/go-build.ts';
import { recordLeakyServer } from './leaky-server.ts';
import { askGo } from './oracle.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-analyze-'));
const at = (name: string): string => path.join(folder, name);

async function serve(name: string, toolchain: string | undefined, ...load: string[]): Promise<string> {
  await recordLeakyServer(at(name), load, toolchain);
  return at(name);
}

interface Finding {
  readonly kind: string;
  readonly severity: string;
  readonly place?: { readonly function: string; readonly file: string; readonly line: number };
  readonly evidence: readonly string[];
}

const analyze = (file: string, ...args: string[]) => mattock(['trace', 'analyze', file, ...args]);

async function answersOn(file: string): Promise<Record<string, unknown> & { readonly findings: Finding[] }> {
  const { stdout, stderr, status } = await analyze(file, '--json');
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return JSON.parse(stdout).result;
}

const HANGING = ['-load', '80', '-audit-quota', '20'];

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([undefined, 'go1.22.12'])('mattock trace analyze on a trace of %s', (toolchain) => {
  it.skipIf(!hasToolchain(toolchain))('finds what examples/leaky-server hangs on, by its lines', async () => {
    const { findings, ...result } = await answersOn(await serve(`hang-${toolchain}`, toolchain, ...HANGING));
    const [first] = findings;
    expect(first).toMatchObject({
      kind: 'stuck',
      severity: 'high',
      place: { function: expect.stringMatching(/^main\.\(\*shop\)\.record\.func\d$/) },
    });
    const chain = first!.evidence.join('\n');
    expect(chain).toMatch(/wait to lock the Mutex of shop\.go:\d+.*, in main\.\(\*shop\)\.order/);
    expect(chain).toMatch(/waits for the WaitGroup of .*, in main\.\(\*shop\)\.order/);
    expect(chain).toMatch(/to send on the channel of .*audit\.go:\d+/);
    expect(chain).toContain('nobody is left to receive');
    expect(
      findings.some(
        ({ kind, evidence }) =>
          kind === 'leak' && evidence.some((line) => line.includes('main.(*audit).run')),
      ),
    ).toBe(true);
    expect(result).toMatchObject({ consistency: { violations: 0 } });
  });
});

describe('mattock trace analyze', () => {
  let hanging: string;
  let well: string;

  beforeAll(async () => {
    hanging = await serve('hang', undefined, ...HANGING);
    well = await serve('well', undefined, '-load', '120');
  });

  it('finds nothing in the same server while its audit writes', async () => {
    expect(
      (await answersOn(well)).findings.filter(({ kind }) => kind === 'stuck' || kind === 'leak'),
    ).toEqual([]);
  });

  it('finds the chain when the trace begins after it has formed', async () => {
    const late = await serve('late', undefined, ...HANGING, '-trace-after', '500ms');
    const [first] = (await answersOn(late)).findings;
    expect(first).toMatchObject({ kind: 'stuck', place: { file: expect.stringMatching(/shop\.go$/) } });
    expect(first!.evidence.join('\n')).toContain('wait to lock the Mutex');
  });

  it('says the same in text, on one screen, and as a page', async () => {
    const { stdout, stderr, status } = await analyze(hanging);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout.split('\n').length).toBeLessThan(60);
    expect(stdout).toMatch(
      /^HIGH \d+ goroutines hang on one that nobody lets go on\n {5}\.?\/.*shop\.go:\d+ main/m,
    );
    const page = await analyze(hanging, '--html');
    expect(page.stdout).toMatch(/^<!doctype html>/);
    expect(page.stdout).toContain('goroutines hang on one that nobody lets go on');
  });

  it('agrees with Go on what each goroutine did and on the minimum mutator utilisation', async () => {
    const go = askGo(hanging);
    if (go === undefined) return;
    const { goroutines, gc, trace } = (await answersOn(hanging)) as unknown as Compared;
    expect(goroutines.goroutines.length).toBe(Object.keys(go.Goroutines).length);
    for (const ours of goroutines.goroutines) {
      const { goroutine, entry } = ours;
      const theirs = go.Goroutines[goroutine]!;
      expect(entry ?? '').toBe(theirs.Entry);
      const differences = [
        theirs.Running - ours.runningNs,
        theirs.Waiting - ours.waitingNs,
        theirs.Runnable - ours.runnableNs,
        theirs.Syscall - ours.syscallNs,
      ].map(Math.abs);
      // Go counts a system call that lost its P and lasts to the end of the trace twice: as runnable too.
      if (theirs.Running + theirs.Runnable + theirs.Waiting + theirs.Syscall > theirs.Sum + 2) continue;
      // For Go the trace ends when its last generation was closed, for us with its last event.
      const tail = ours.endedNs === undefined ? theirs.Sum - ours.totalNs : 0;
      expect(
        differences.reduce((sum, ns) => sum + ns),
        `goroutine ${goroutine}`,
      ).toBeLessThan(tail + 8);
      expect(tail).toBeLessThan(50e6);
    }
    for (const { windowNs, utilisation } of gc.mutatorUtilisation.windows) {
      if (windowNs <= trace.durationNs) expect(utilisation).toBeCloseTo(go.Utilisation[windowNs]!, 9);
    }
  });

  it('tells what goroutines did at a time, and nothing else if only that is asked for', async () => {
    const { stdout } = await analyze(well, '--states', '--at', '200ms');
    expect(stdout).toMatch(/^What \d+ goroutines of the program do after 200ms$/m);
    expect(stdout).not.toContain('Who waits for whom');
  });

  it('says what is wrong with a file', async () => {
    writeFileSync(at('empty'), '');
    writeFileSync(at('text'), 'not a trace, but long enough to be one\n'.repeat(10));
    for (const [file, words] of [
      [at('missing'), 'there is no such file'],
      [folder, 'is a folder'],
      [at('empty'), 'the file is empty'],
      [at('text'), 'text'],
    ] as const) {
      const { stdout, stderr, status } = await analyze(file);
      expect({ stdout, status }, file).toEqual({ stdout: '', status: 1 });
      expect(stderr).toContain(words);
      expect(stderr).toMatch(/^mattock: /);
      expect(stderr).not.toContain('internal error');
    }
  });

  it('says that its output cannot be written, without blaming itself', () => {
    const script = `"$0" trace analyze "$1" 2>&1 >/dev/full; echo "status $?"`;
    const said = execFileSync('bash', ['-c', script, mattockProgram, hanging], { encoding: 'utf8' });
    expect(said).toBe('mattock: cannot write the output: no space is left\nstatus 1\n');
  });

  it('says what is wrong with the usage', async () => {
    for (const args of [
      ['--rows', '0'],
      ['--at', '3'],
      ['--goroutine', 'x'],
      ['--json', '--html'],
      ['--blocked'],
      ['second'],
    ]) {
      const { stderr, status } = await analyze(well, ...args);
      expect(status, args.join(' ')).toBe(2);
      expect(stderr).toMatch(/^mattock: /);
    }
    const { stderr, status } = await analyze(well, '--goroutine', '99999999');
    expect({ stderr: stderr.split('\n')[0], status }).toEqual({
      stderr: 'mattock: goroutine 99999999 is not in the trace',
      status: 1,
    });
  });
});

interface Compared {
  readonly trace: { readonly durationNs: number };
  readonly goroutines: {
    readonly goroutines: readonly {
      readonly goroutine: number;
      readonly entry?: string;
      readonly runningNs: number;
      readonly runnableNs: number;
      readonly waitingNs: number;
      readonly syscallNs: number;
      readonly totalNs: number;
      readonly endedNs?: number;
    }[];
  };
  readonly gc: {
    readonly mutatorUtilisation: {
      readonly windows: readonly { readonly windowNs: number; readonly utilisation: number }[];
    };
  };
}
