import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mattock, mattockProgram } from '../cli/run-mattock.ts';
import { buildGo } from '../support/go-build.ts';
import { projectRoot } from '../support/project.ts';
import { RunningProgram, until } from './running-program.ts';
import { cProgram, missing } from './stand.ts';

/** Of the ring of tracepoints, if a record had only one word. */
const MOST_RECORDS = (4 << 20) / 8;
/** It waits for a second or so, on all CPUs. */
const MOST_SECONDS = 8;
const planted = path.join(projectRoot, 'test/live/programs/plant-errors.cjs');

describe.skipIf(missing !== undefined)('a debugger that is ended', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mattock-killed-'));
  let program: RunningProgram;
  let executable: string;
  beforeAll(async () => {
    executable = buildGo({ source: 'test/live/programs/counting.go' });
    // Makes the bundle, if a source is newer.
    await mattock(['version']);
  });
  afterEach(() => program?.kill());
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A debugger attached to a program that runs through a hot breakpoint, which never stops it. */
  async function debugging(
    place?: 'main' | 'worker',
    lines = ['break main.mix', 'condition 1 value == 1<<60'],
    isThere = () => program.changedText().length > 0,
  ) {
    program = new RunningProgram(executable);
    await program.progresses();
    const failWhen = path.join(folder, `fail-${program.pid}`);
    const plant = { MATTOCK_TEST_FAIL_IN: place, MATTOCK_TEST_FAIL_WHEN: failWhen };
    const env = { ...process.env, XDG_CONFIG_HOME: '/nonexistent', XDG_STATE_HOME: '/nonexistent' };
    const commands = [...lines, 'continue'].flatMap((line) => ['-c', line]);
    const child = spawn(process.execPath, [mattockProgram, 'attach', String(program.pid), ...commands], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: place === undefined ? env : { ...env, ...plant, NODE_OPTIONS: `--require ${planted}` },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        said += text;
      });
    }
    const ended = once(child, 'close');
    await until(() => isThere() || child.exitCode !== null, 'the breakpoint is there');
    if (child.exitCode !== null) throw new Error(said);
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { child, ended, fail: () => writeFileSync(failWhen, ''), said: () => said };
  }

  async function expectUntouched(): Promise<void> {
    expect(program.changedText()).toEqual([]);
    expect(program.traced).toBe(false);
    expect(program.status('State')).not.toMatch(/^[Tt]/);
    await program.progresses();
    expect(await program.finish()).toEqual({ status: 0, last: 'all is well' });
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)('by %s', async (signal) => {
    const { child, ended } = await debugging();
    child.kill(signal);
    const [status, killedBy] = (await ended) as [number | null, string | null];
    expect([status, killedBy]).toEqual(signal === 'SIGINT' ? [0, null] : [null, signal]);
    await expectUntouched();
  });

  it.each(['main', 'worker'] as const)('by an error of its own in the %s thread', async (place) => {
    const { fail, ended, said } = await debugging(place);
    fail();
    const [status] = (await ended) as [number | null];
    expect(said()).toContain(`planted in the ${place}`);
    expect(status).not.toBe(0);
    await expectUntouched();
  });

  it('by SIGKILL, while probes tell of calls', async () => {
    // More than one byte: jumps. The ring is full within a second when nobody reads it.
    const isProbed = () => {
      const changed = new Set(program.changedText());
      return [...changed].some((at) => [1, 2, 3, 4].every((more) => changed.has(at + more)));
    };
    const { child, ended } = await debugging(undefined, ['trace main.allocate'], isProbed);
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(isProbed()).toBe(true);
    await until(() => !program.traced, 'nobody traces it');
    // It waits for room, which nobody makes, and goes on: it has made so many rounds only if it wrote more records than
    // the ring holds. Who waits is at work, so that the time of the CPU says how long, on a busy machine too.
    const [rounds, used] = [program.rounds, program.cpuSeconds];
    await until(() => program.rounds > rounds + MOST_RECORDS, 'it goes on without a reader');
    expect(program.cpuSeconds - used).toBeLessThan(MOST_SECONDS);
    expect(await program.finish()).toEqual({ status: 0, last: 'all is well' });
  });

  it('by the reader of its output', async () => {
    const { child, ended } = await debugging();
    child.stdout.destroy();
    child.stderr.destroy();
    child.kill('SIGINT');
    await ended;
    await expectUntouched();
  });

  describe('with exit', () => {
    // Who is left has nothing of ours: what it holds open would not end either.
    const apart = ['stdout', 'stderr'].flatMap((stream) => ['-r', `${stream}:/dev/null`]);
    const exec = (...lines: string[]) => {
      const commands = lines.flatMap((line) => ['-c', line]);
      return mattock(['exec', ...apart, cProgram('faults'), ...commands, '--', 'beat', '1']);
    };

    it.each(['exit -d', 'exit -c'])('%s leaves the program that it started', async (line) => {
      const { status, stdout } = await exec('break beating', 'continue', line);
      expect(status).toBe(0);
      const pid = Number(/Process (\d+) runs on/.exec(stdout)![1]);
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      process.kill(pid, 'SIGKILL');
    });

    it('ends the program that it started otherwise', async () => {
      const { stdout } = await exec('break beating', 'restart', 'exit');
      const pid = Number(/PID (\d+)/.exec(stdout)![1]);
      expect(existsSync(`/proc/${pid}`)).toBe(false);
    });
  });
});
