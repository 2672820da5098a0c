import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { changedText } from '../live/running-program.ts';
import { buildGo } from '../support/go-build.ts';
import { documents, mattock, mattockProgram } from './run-mattock.ts';
import { Terminal } from './terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'mattock-lines-'));
const children: ChildProcess[] = [];
const terminals: Terminal[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const terminal of terminals.splice(0)) terminal.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const scheduling = (): string => buildGo({ source: 'test/fixtures/probe-scheduling' });

function run(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

/** Until something holds, however long that takes here; the test's own time limit ends it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}/exe`);

function openTerminal(args: readonly string[]): Terminal {
  const terminal = new Terminal(args, { XDG_CONFIG_HOME: '/nonexistent' });
  terminals.push(terminal);
  return terminal;
}

describe('the lines of mattock trace', () => {
  it('tell what happens, aligned and plain where nobody watches', async () => {
    const { status, stdout, stderr } = await mattock(['trace', scheduling(), '--', '1']);
    expect(status).toBe(0);
    expect(stderr).toMatch(/the program was stopped for \d+ ms/);
    const lines = stdout.split('\n');
    expect(stdout).not.toContain('\x1b');
    expect(lines.find((line) => / blocked .*main\.pingPong/.test(line))).toMatch(
      /^ +\d+\.\d{6}s G\d+ +P\d+ +M\d+ +blocked +main\.pingPong\S* \(main\.go:\d+\) +(send|receive) on chan 0x[\da-f]+ \(0 of 0\)$/,
    );
    for (const what of [
      /created .*by G1 in main\./,
      /unblocked .*by G\d+ in main\.pingPong.* after /,
      /running .*after /,
      /ended /,
      /syscall end .*after /,
      /stack .*grown from \d/,
      /GC begins .*cycle 1$/,
      /world stops /,
      /blocked .*sleep: until \d+\.\d{6}s$/,
    ])
      expect(lines.find((line) => what.test(line))).toBeDefined();
  });

  it('are JSON documents on demand, and the file has them too', async () => {
    const file = join(folder, 'both.out');
    const child = run(scheduling(), ['until']);
    const record = async () => {
      const words = ['trace', '-p', String(child.pid), '-t', '20ms', '--json', '-o', file];
      const { status, stdout } = await mattock(words);
      expect(status).toBe(0);
      return documents(stdout);
    };
    const isWanted = ({ event, reason }: Readonly<Record<string, unknown>>): boolean =>
      event === 'blocked' && reason === 'chan receive';
    // What the program does at the moment is a matter of luck, and on a busy machine it may hardly run.
    let told = await record();
    for (let times = 1; !told.some(isWanted) && times < 20; times++) told = await record();
    expect(existsSync(file)).toBe(true);
    expect(told.length).toBeGreaterThan(100);
    expect(told.find(isWanted)).toMatchObject({
      object: { kind: 'channel' },
      states: ['_Grunning', '_Gwaiting'],
    });
    const times = told.filter(({ event }) => event !== 'left-out').map(({ time }) => Number(time));
    expect(times).toEqual([...times].sort((x, y) => x - y));
  });

  it('say what they leave out', async () => {
    const child = run(scheduling(), ['until']);
    const words = ['trace', '-p', String(child.pid), '-t', '300ms', '--limit', '7', '--json'];
    const told = documents((await mattock(words)).stdout);
    const left = told.filter(({ event }) => event === 'left-out');
    expect(left.length).toBeGreaterThan(0);
    const { count, events } = left[0] as { count: number; events: Record<string, number> };
    expect(Object.values(events).reduce((sum, each) => sum + each, 0)).toBe(count);
  });

  it('end with who reads them, and leave the program alone', async () => {
    const child = run(scheduling(), ['until']);
    const tracer = spawn(process.execPath, [mattockProgram, 'trace', '-p', String(child.pid)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(tracer);
    await new Promise((resolve) => tracer.stdout!.once('data', resolve));
    tracer.stdout!.destroy();
    expect(await new Promise((resolve) => tracer.once('exit', resolve))).toBe(0);
    expect(child.exitCode).toBeNull();
  });

  it('stop for nobody: SIGUSR1 says how it goes', async () => {
    const child = run(scheduling(), ['until']);
    const file = join(folder, 'status.out');
    const tracer = spawn(process.execPath, [mattockProgram, 'trace', '-p', String(child.pid), '-o', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    children.push(tracer);
    let text = '';
    tracer.stderr!.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
    // The probes' ring is the program's only mapping of this kind.
    await until(() => readFileSync(`/proc/${child.pid}/maps`, 'utf8').includes('/memfd:'));
    while (!text.includes('so far')) {
      tracer.kill('SIGUSR1');
      await new Promise((resolve) => tracer.stderr!.once('data', resolve));
    }
    expect(text).toMatch(
      /^mattock: process \d+: \d+ events\/s, [\d.]+ (Ki|Mi)?B\/s, about \d+\.\d\d % of one CPU(, \d+ lost)?; \d+ events so far, \d+ lost$/m,
    );
    tracer.kill('SIGINT');
    expect(await new Promise((resolve) => tracer.once('exit', resolve))).toBe(0);
    expect(child.exitCode).toBeNull();
  });
});

describe('Ctrl-C', () => {
  it('ends the recording of a program that was there, and not the program', async () => {
    const child = run(scheduling(), ['until']);
    const file = join(folder, 'interrupted.out');
    const terminal = openTerminal(['trace', '-p', String(child.pid), '-o', file]);
    await terminal.expect(/recording process \d+: \d+ events\/s/);
    terminal.type('\x03');
    await terminal.expect(/interrupted\.out \(Go execution trace/);
    expect(await terminal.exited).toBe(0);
    expect(child.exitCode).toBeNull();
  });

  it('asks what becomes of a program that Mattock started: it goes on', async () => {
    const terminal = openTerminal(['trace', '-o', join(folder, 'asked.out'), scheduling(), '--', '1000000']);
    await terminal.expect(/recording process \d+: \d+ events\/s/);
    terminal.type('\x03');
    const asked = await terminal.expect(/process \d+\. End it\? \[Y\/n\] /);
    const pid = Number(/process (\d+)\. End it/.exec(asked)![1]);
    terminal.type('n\r');
    await terminal.expect(/asked\.out \(Go execution trace/);
    expect(await terminal.exited).toBe(0);
    expect(isRunning(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });

  it('or is asked to end, as Ctrl-C does without us', async () => {
    const terminal = openTerminal(['trace', '-o', join(folder, 'ended.out'), scheduling(), '--', 'until']);
    await terminal.expect(/recording process \d+: \d+ events\/s/);
    terminal.type('\x03');
    const asked = await terminal.expect(/process \d+\. End it\? \[Y\/n\] /);
    const pid = Number(/process (\d+)\. End it/.exec(asked)![1]);
    terminal.type('\r');
    await terminal.expect(/ended\.out \(Go execution trace/);
    expect(await terminal.exited).toBe(0);
    await until(() => !isRunning(pid));
  });

  it('goes on to a program that was started where there is no terminal to ask on', async () => {
    const file = join(folder, 'passed.out');
    const words = [mattockProgram, 'trace', '-o', file, scheduling(), '--', '1000000'];
    const tracer = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(tracer);
    let text = '';
    tracer.stderr!.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
    // Its first line: the probes have been in for some time.
    await new Promise((resolve) => tracer.stdout!.once('data', resolve));
    tracer.kill('SIGTERM');
    expect(await new Promise((resolve) => tracer.once('exit', resolve))).toBe(0);
    const pid = Number(/SIGTERM goes on to the program, process (\d+)/.exec(text)?.[1]);
    expect(existsSync(file)).toBe(true);
    await until(() => !isRunning(pid));
  });
});

describe('Ctrl-C while calls are shown', () => {
  /** Calls of functions every millisecond. */
  const steady = (): string => buildGo({ source: 'test/fixtures/hcalls-late' });
  /** Of functions all the time, more than can be told of. */
  const hot = (): string => buildGo({ source: 'test/fixtures/callend-hot' });
  const SUMMARY = /calls +total +.*main\.errorTaken/s;

  /** Clock ticks of CPU time that it has had. */
  function ticks(pid: number): number {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(fields[11]) + Number(fields[12]);
  }

  async function runsOn(pid: number): Promise<void> {
    const before = ticks(pid);
    await until(() => ticks(pid) > before + 1);
  }

  it('shows the summary and leaves a program alone that was there', async () => {
    const executable = steady();
    const child = run(executable, []);
    const pid = child.pid!;
    const terminal = openTerminal(['trace', 'main.errorTaken', '-p', String(pid), '--summary']);
    await terminal.expect(/it was stopped for \d+ ms/);
    expect(changedText(executable, pid)).not.toEqual([]);
    // It has made calls since.
    await runsOn(pid);
    terminal.type('\x03');
    await terminal.expect(SUMMARY);
    expect(await terminal.exited).toBe(0);
    expect(changedText(executable, pid)).toEqual([]);
    await runsOn(pid);
    expect(child.exitCode).toBeNull();
  });

  it('pressed once more ends what is still told, and not the program', async () => {
    const executable = hot();
    const child = run(executable, []);
    const pid = child.pid!;
    const terminal = openTerminal(['trace', 'main.tiny', '-p', String(pid)]);
    await terminal.expect(/main\.tiny => /);
    terminal.type('\x03');
    await until(() => changedText(executable, pid).length === 0);
    terminal.type('\x03');
    expect(await terminal.exited).toBe(0);
    await runsOn(pid);
    expect(child.exitCode).toBeNull();
  });

  it.each([
    ['\x03', 'is asked to end', false],
    ['n\r', 'goes on; kill', true],
  ])(
    'shows the summary and asks what becomes of a program that was started: %j',
    async (keys, told, lives) => {
      const terminal = openTerminal(['trace', 'main.errorTaken', '--summary', steady()]);
      // In whichever order it and the program say so.
      const begun = await terminal.expect(/^(?=[\s\S]*begins)(?=[\s\S]*process \d+: 1 function)/);
      const pid = Number(/process (\d+): 1 f/.exec(begun)![1]);
      await runsOn(pid);
      terminal.type('\x03');
      expect(await terminal.expect(`process ${pid}. End it? [Y/n] `)).toMatch(SUMMARY);
      expect(isRunning(pid)).toBe(true);
      terminal.type(keys);
      await terminal.expect(`process ${pid} ${told}`);
      expect(await terminal.exited).toBe(0);
      if (lives) {
        await runsOn(pid);
        process.kill(pid, 'SIGKILL');
      } else await until(() => !isRunning(pid));
    },
  );
});

describe('of a go run', () => {
  /** A shell by its name, which runs what is written in the file `run`. */
  function goTool(script: string): ChildProcess {
    const tool = mkdtempSync(join(folder, 'tool-'));
    copyFileSync('/bin/sh', join(tool, 'go'));
    writeFileSync(join(tool, 'run'), script);
    const child = spawn(join(tool, 'go'), ['run', './app'], {
      cwd: tool,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    return child;
  }

  it('the program is traced, which is said', async () => {
    const program = buildGo({ source: 'test/fixtures/hcalls-late' });
    const tool = goTool(`"${program}" & echo "is $!"; wait`);
    let said = '';
    tool.stdout!.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    await until(() => /is \d+\n/.test(said) && said.includes('begins'));
    const pid = Number(/is (\d+)/.exec(said)![1]);
    const { status, stderr } = await mattock([
      ...['trace', 'main.errorTaken', '-p', String(tool.pid), '-t', '300ms', '--summary'],
    ]);
    process.kill(pid, 'SIGKILL');
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toContain(
      `mattock: process ${tool.pid} is the go tool (go run ./app): its program is process ${pid}\n`,
    );
    expect(stderr).toContain(`mattock: process ${pid}: 1 function\n`);
  });

  it('which does not run yet is not traced instead', async () => {
    const tool = goTool('read line');
    const { status, stderr } = await mattock(['trace', '-p', String(tool.pid)]);
    expect(stderr).toContain(
      `process ${tool.pid} is the go tool (go run ./app), whose program does not run yet`,
    );
    expect(status).not.toBe(0);
  });
});
