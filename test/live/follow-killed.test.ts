import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mattock, mattockProgram } from '../cli/run-mattock.ts';
import { buildGo } from '../support/go-build.ts';
import { projectRoot } from '../support/project.ts';
import { changedText, RunningProgram, until } from './running-program.ts';
import { missing } from './stand.ts';

const planted = path.join(projectRoot, 'test/live/programs/plant-errors.cjs');
const CHILDREN = 2;

describe.skipIf(missing !== undefined)('a debugger that follows children and is ended', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mattock-follow-'));
  let program: RunningProgram;
  let executable: string;
  beforeAll(async () => {
    executable = buildGo({ source: 'test/live/programs/follow-spawning.go' });
    // Makes the bundle, if a source is newer.
    await mattock(['version']);
  });
  afterEach(() => {
    if (program === undefined || !existsSync(`/proc/${program.pid}/task`)) return;
    for (const pid of childrenOf(program.pid)) process.kill(pid, 'SIGKILL');
    program.kill();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A debugger attached to a family, all of which run through a hot breakpoint that never stops them. */
  async function debugging(failIn?: 'main' | 'worker') {
    program = new RunningProgram(executable, ['family']);
    await program.progresses();
    const failWhen = path.join(folder, `fail-${program.pid}`);
    const plant = { MATTOCK_TEST_FAIL_IN: failIn, MATTOCK_TEST_FAIL_WHEN: failWhen };
    const env = { ...process.env, XDG_CONFIG_HOME: '/nonexistent', XDG_STATE_HOME: '/nonexistent' };
    const commands = [
      'target follow-exec -on',
      `set main.wanted = ${CHILDREN}`,
      'break main.work if round == -1',
      'continue',
    ].flatMap((line) => ['-c', line]);
    const child = spawn(process.execPath, [mattockProgram, 'attach', String(program.pid), ...commands], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: failIn === undefined ? env : { ...env, ...plant, NODE_OPTIONS: `--require ${planted}` },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        said += text;
      });
    }
    const ended = once(child, 'close');
    const trapped = (): boolean => {
      const all = childrenOf(program.pid);
      return all.length === CHILDREN && all.every((pid) => changedText(executable, pid).length > 0);
    };
    await until(() => child.exitCode !== null || trapped(), 'the breakpoint is in all of them');
    if (child.exitCode !== null) throw new Error(said);
    return { child, ended, fail: () => writeFileSync(failWhen, '') };
  }

  async function expectUntouched(): Promise<void> {
    const all = [program.pid, ...childrenOf(program.pid)];
    expect(all).toHaveLength(1 + CHILDREN);
    for (const pid of all) {
      expect(changedText(executable, pid)).toEqual([]);
      expect(statusOf(pid)).toMatch(/TracerPid:\t0/);
      expect(statusOf(pid)).not.toMatch(/State:\t[Tt]/);
    }
    await program.progresses();
    expect(await program.finish()).toEqual({ status: 0, last: 'all is well' });
    expect(program.output).not.toContain('a child:');
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s', async (signal) => {
    const { child, ended } = await debugging();
    child.kill(signal);
    await ended;
    await expectUntouched();
  });

  it.each(['main', 'worker'] as const)('by an error of ours in its %s thread', async (place) => {
    const { ended, fail } = await debugging(place);
    fail();
    await ended;
    await expectUntouched();
  });
});

const statusOf = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8');

const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8');
      return children.split(' ').filter(Boolean).map(Number);
    } catch {
      // The thread has ended since it was listed.
      return [];
    }
  });
