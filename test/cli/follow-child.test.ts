import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { changedText, RunningProgram, until } from '../live/running-program.ts';
import { buildGo } from '../support/go-build.ts';
import { documents, mattock, mattockProgram } from './run-mattock.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'mattock-child-'));
let program: RunningProgram | undefined;
afterEach(() => program?.kill());
afterAll(() => rmSync(folder, { recursive: true }));

/** Mattock, when the probes are in. */
async function tracing(executable: string, running: RunningProgram, ...args: readonly string[]) {
  const child = spawn(
    process.execPath,
    [mattockProgram, 'trace', '-p', String(running.pid), '--follow-child', ...args],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, XDG_CONFIG_HOME: '/nonexistent' } },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const ended = new Promise<string>((resolve) => child.on('close', () => resolve(said)));
  await until(
    () => child.exitCode !== null || changedText(executable, running.pid).length > 0,
    'the probes are in',
  );
  expect(child.exitCode, said).toBeNull();
  return { end: (signal: NodeJS.Signals) => child.kill(signal), ended };
}

describe('mattock trace --follow-child', () => {
  it('attached, keeps what children do; killed, it leaves program and children as they are', async () => {
    const executable = buildGo({ source: 'test/fixtures/follow-family' });
    await mattock(['version']);
    const file = path.join(folder, 'family.out');
    const running = new RunningProgram(executable, ['on-demand']);
    program = running;
    const says = (text: string) => until(() => running.output.includes(text), `it says ${text}`, 60_000);

    const first = await tracing(executable, running, '-o', file);
    running.say('"$0" leaf one; /bin/true; "$0" tree2');
    await says('leaf grandchild 6');
    first.end('SIGINT');
    expect(await first.ended).toMatch(/events of \d+ goroutines in 4 processes/);
    expect(changedText(executable, running.pid)).toEqual([]);
    expect(running.traced).toBe(false);

    const { stdout } = await mattock(['trace', 'analyze', file, '--json', '--states']);
    const processes = documents(stdout).map(({ process }) => process as { pid: number; command: string });
    expect(processes.map(({ command }) => command.replace(`${executable} `, ''))).toEqual([
      'on-demand',
      'leaf one',
      'tree2',
      'leaf grandchild',
    ]);
    const one = await mattock(['trace', 'analyze', file, '--process', String(processes[1]!.pid)]);
    expect(one.stdout).toMatch(new RegExp(`^Process ${processes[1]!.pid} of \\d+, from .* leaf one$`, 'm'));
    expect((await mattock(['trace', 'analyze', file, '--process', '1'])).stderr).toMatch(
      /no process 1 in the trace/,
    );

    const second = await tracing(executable, running);
    second.end('SIGKILL');
    await second.ended;
    running.say('"$0" leaf two');
    await says('leaf two 6');
    expect(await running.finish()).toEqual({ status: 0, last: 'ends' });
  });

  it.each([
    [['main.x', '-p', '1'], /calls of children are kept and not shown/],
    [['-p', '1', '--engine=trap'], /needs inline probes/],
    [['-p', '1', '--engine=runtime', '-o', 'x.out'], /follows no children/],
  ])('refuses %j', async (words, message) => {
    const { status, stderr } = await mattock(['trace', '--follow-child', ...words]);
    expect(stderr).toMatch(message);
    expect(status).not.toBe(0);
  });
});
