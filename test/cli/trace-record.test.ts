import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildGo, goTool } from '../support/go-build.ts';
import { mattock } from './run-mattock.ts';

const folder = mkdtempSync(join(tmpdir(), 'mattock-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

const parsedByGo = (file: string): string => goTool(undefined, ['trace', '-d=parsed', file]);

describe('mattock trace', () => {
  it('records a running program into a file that go tool trace reads', async () => {
    const file = join(folder, 'attached.out');
    const child = spawn(buildGo({ source: 'test/fixtures/probe-scheduling' }), ['until'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    let parsed = '';
    try {
      // What the program does at the moment is a matter of luck, and on a busy machine it may hardly run.
      while (!/Running->Waiting Reason="chan receive"/.test(parsed) || !parsed.includes('main.pingPong')) {
        const words = ['trace', '-p', String(child.pid), '-t', '200ms', '-o', file];
        const { status, stderr } = await mattock(words);
        expect(stderr).toMatch(/events of \d+ goroutines/);
        expect(status).toBe(0);
        expect(child.exitCode).toBeNull();
        parsed = parsedByGo(file);
      }
    } finally {
      child.stdin.end();
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(parsed).toMatch(/StateTransition .*GoID=\d+ Running->Waiting Reason="chan receive"/);
  });

  it('shows calls of a pattern, and counts them', async () => {
    const program = buildGo({ source: 'test/fixtures/calltrace-values' });
    const shown = await mattock(['trace', 'main.seenFloats', program, '--no-color']);
    expect(shown.status).toBe(0);
    expect(shown.stdout).toMatch(/^> goroutine\(1\): main\.seenFloats\(a = 1\.5, name = "x", b = 2\.25\)$/m);
    expect(shown.stdout).toMatch(/^>> goroutine\(1\): main\.seenFloats => \(3\.375, "x!"\) \d/m);
    const json = await mattock(['trace', 'main.leaf', program, '--json', '--if', 'b == 9']);
    const [call, end] = json.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    expect(call).toMatchObject({ event: 'call', function: 'main.leaf', goroutine: 1, level: 0 });
    expect(end).toMatchObject({ event: 'return', outcome: 'returned', results: [{ value: '36' }] });
    const both = '/^main\\.(leaf|seenDeep)$/';
    const counted = await mattock(['trace', both, program, '--summary', '--no-color']);
    expect(counted.stdout).toMatch(/^20 .* 1 +main\.leaf$/m);
    // It calls itself: calls, and how many at once at most.
    expect(counted.stdout).toMatch(/^142 .* 101 +main\.seenDeep$/m);
  });

  it.each([
    ['nosuch > 3', /column 1 of nosuch > 3: nosuch is no argument of main\.tiny/],
    ['n > 1 && (nosuch)', /column 11 of .*: nosuch is no argument/],
    ['!n', /column 2 of !n: n is int, no bool/],
  ])('refuses --if %j before the program runs', async (condition, message) => {
    const program = buildGo({ source: 'test/fixtures/callend-hot' });
    const words = ['trace', 'main.tiny', program, '--if', condition, '--', 'once'];
    const { status, stdout, stderr } = await mattock(words);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it.each([
    ['r.ID > 3 && r.ID < 9', 'r.ID'],
    ['byName["a"] == 1', 'byName["a"]'],
    ['len(byName) == 1 || (*r).Name == "a"', 'len(byName), *r'],
    ['len(text) == 4 && text[0] > 3', undefined],
  ])('says which part of --if %j is read late', async (condition, late) => {
    const program = buildGo({ source: 'test/fixtures/callend-hot' });
    const words = ['trace', 'main.handle', program, '--if', condition, '--', 'once'];
    const { stderr, status } = await mattock(words);
    expect(status).toBe(0);
    if (late === undefined) expect(stderr).not.toContain('changed by then');
    else expect(stderr).toContain(`perhaps changed by then: ${late}\n`);
  });

  it('says that it does not know what a stripped program is called with', async () => {
    const program = buildGo({ source: 'test/fixtures/callend-hot', flags: ['-ldflags=-s -w'] });
    const { stdout, stderr } = await mattock(['trace', 'main.handle', program, '--no-color', '--', 'once']);
    expect(stdout).toMatch(/^> goroutine\(1\): main\.handle\(\?\)$/m);
    expect(stdout).toMatch(/^>> goroutine\(1\): main\.handle => \(\?\) \d/m);
    expect(stderr).toMatch(/arguments and results are not known, for there is no DWARF: main\.handle$/m);
  });

  it('refuses a place where nothing can be kept, before the program starts', async () => {
    const program = buildGo({ source: 'test/fixtures/probe-scheduling' });
    const file = join(folder, 'nowhere/x.out');
    expect(await mattock(['trace', '-o', file, program, '--', '2'])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `mattock: there is no such file or folder: ${join(folder, 'nowhere')}\n`,
    });
  });

  it('refuses a folder that takes no files, before the program starts', async () => {
    const program = buildGo({ source: 'test/fixtures/probe-scheduling' });
    expect(await mattock(['trace', '-o', '/proc/x.out', program, '--', '2'])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^mattock: no file can be made in \/proc \(/),
    });
  });

  it('starts a program, and records until it ends', async () => {
    const file = join(folder, 'started.out');
    const program = buildGo({ source: 'test/fixtures/probe-scheduling' });
    const { status, stdout } = await mattock(['trace', '-o', file, program, '--', '2']);
    expect(status).toBe(0);
    expect(stdout.split('\n').length).toBe(3);
    const parsed = parsedByGo(file);
    expect(parsed).toMatch(/main\.bursts/);
  });

  it('sees the same by breakpoints where it may not patch', async () => {
    const file = join(folder, 'trapped.out');
    const program = buildGo({ source: 'test/fixtures/engines-exchange' });
    const { status, stdout } = await mattock(['trace', '--engine=trap', '-o', file, program, '--', '20']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'ok\n' });
    const parsed = parsedByGo(file);
    expect(parsed).toMatch(
      /StateTransition .*Running->Waiting Reason="chan (receive|send)"[\s\S]*main\.answer/,
    );
  });

  it("starts Go's own tracer in a program that links it", async () => {
    const file = join(folder, 'theirs.out');
    const child = spawn(buildGo({ source: 'test/fixtures/engines-exchange' }), ['serve'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    try {
      const words = ['trace', '--engine=runtime', '-p', String(child.pid), '-t', '100ms', '-o', file];
      for (let slept = false; !slept; slept = /Running->Waiting Reason="sleep"/.test(parsedByGo(file))) {
        const { status, stderr } = await mattock(words);
        expect(stderr).toMatch(/events of \d+ goroutines, by Go's own tracer/);
        expect(status).toBe(0);
        expect(child.exitCode).toBeNull();
      }
    } finally {
      child.stdin.end();
    }
  });

  it.each([
    [['trace'], /what is to be recorded/],
    [['trace', '-p', 'x'], /not a process id/],
    [['trace', '-t', 'soon', 'x'], /not a time/],
    [['trace', '-p', '1', 'x', 'y'], /not both/],
    [['trace', '-p', '1', '--summary'], /name a pattern/],
    [['trace', 'main.handle*'], /whose calls of main\.handle\*\? name a process \(-p\) or a program too/],
    [['trace', '-p', '1', 'main.x', '-g', 'main.y'], /name a file with -o/],
    [['trace', '-p', '1', 'main.x', '-o', 'x.out', '--summary'], /one of the two/],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await mattock(args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('says what it cannot do', async () => {
    const strange = await mattock(['trace', '-o', 'x.jpeg', '/bin/true']);
    expect(strange).toMatchObject({ status: 1 });
    expect(strange.stderr).toMatch(/The ending does not say/i);
    const noGo = await mattock(['trace', '-o', join(folder, 'x.out'), '/bin/true']);
    expect(noGo).toMatchObject({ status: 1 });
    expect(noGo.stderr).toMatch(/no Go runtime/);
  });
});
