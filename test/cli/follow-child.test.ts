import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { EVENT, livesOf, readGoTrace, splitProcesses, type Trace } from '../../src/trace/index.ts';
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
    const says = (text: string) => until(() => running.output.includes(text), `it says ${text}`);

    const first = await tracing(executable, running, '-o', file);
    running.say('"$0" leaf one; /bin/true; "$0" tree2');
    await says('leaf grandchild 6');
    first.end('SIGINT');
    expect(await first.ended).toMatch(/events of \d+ goroutines in 4 processes/);
    expect(changedText(executable, running.pid)).toEqual([]);
    expect(running.traced).toBe(false);

    const { stdout } = await mattock(['trace', 'analyze', file, '--json', '--states']);
    const processes = documents(stdout).map(({ process }) => process as { pid: number; command: string });
    expect(processes.map(({ command }) => command.replace(/^\S+ /, ''))).toEqual([
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

  /** Calls of each process of a program that was started, as a file has them. */
  async function recordedCalls(pattern: string, executable: string, ...args: readonly string[]) {
    const file = path.join(folder, 'calls.out');
    const options = [`--output=${file}`, '--time=60s', '--follow-child', '--lossless'];
    const { status, stderr } = await mattock(['trace', pattern, executable, ...options, '--', ...args]);
    expect(status, stderr).toBe(0);
    const trace = readGoTrace(readFileSync(file), file);
    const processes = splitProcesses(trace).map(({ pid, command, trace: own }) => ({
      pid,
      command: command.replace(/^\S+ ?/, ''),
      ...callsOf(own),
    }));
    return { stderr, processes };
  }

  /** `leaf(name = "own")`, and how many returned; goroutines are whole beside them. */
  function callsOf(own: Trace): { readonly began: readonly string[]; readonly returned: number } {
    expect(livesOf(own).violations).toEqual([]);
    const { events, strings } = own;
    const rows = Array.from({ length: events.count }, (_, i) => i);
    const began = rows
      .filter((i) => events.kind[i] === EVENT.call)
      .map((i) =>
        `${strings[events.a[i]!]}(${strings[events.b[i]!]})`.replace(/^main\.|path = .*\/| = /g, ''),
      );
    return { began, returned: rows.filter((i) => events.kind[i] === EVENT.return).length };
  }

  it('keeps the calls of the program that was started and of all that comes of it in one file', async () => {
    const family = buildGo({ source: 'test/fixtures/follow-family' });
    const { processes, stderr } = await recordedCalls('/main\\.(leaf|run)$/', family, 'tree');
    const own = (name: string) => ({
      command: `leaf ${name}`,
      began: [`leaf(name"${name}")`],
      returned: 1,
    });
    const ran = expect.stringMatching(/^run\(/);
    expect(processes.map(({ pid: _, ...told }) => told)).toEqual([
      { command: 'tree', began: [ran, ran, ran, 'leaf(name"own")'], returned: 4 },
      own('direct'),
      own('below'),
      { command: 'tree2', began: [ran], returned: 1 },
      own('grandchild'),
      own('instead'),
    ]);
    expect(stderr).toContain('among them 9 calls of 2 functions\n');
  });

  it('keeps the calls of a program before and after it executes another in its place', async () => {
    const family = buildGo({ source: 'test/fixtures/follow-family' });
    const { processes } = await recordedCalls('main.leaf', family, 'exec');
    expect(processes.map(({ began, returned }) => [began, returned])).toEqual([
      [['leaf(name"before")'], 1],
      [['leaf(name"after")'], 1],
    ]);
    expect(new Set(processes.map(({ pid }) => pid)).size).toBe(1);
  });

  it('keeps the calls of children where only they have such functions, and tells where none has', async () => {
    const family = buildGo({ source: 'test/fixtures/follow-family' });
    const child = buildGo({ source: 'test/fixtures/calltrace-values' });
    const { processes, stderr } = await recordedCalls('main.seenInts', family, 'many', '2', child);
    expect(processes.map(({ began, returned }) => [began.length, returned])).toEqual([
      [0, 0],
      [2, 2],
      [2, 2],
    ]);
    expect(stderr).toMatch(
      /process \d+ has no function called main\.seenInts; programs that it starts may\n/,
    );
    expect(stderr).toContain('among them 4 calls of 1 function\n');
    const none = await recordedCalls('main.nobody', family, 'leaf', 'alone');
    expect(none.stderr).toContain('no call was recorded: no program had a function called main.nobody\n');
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
