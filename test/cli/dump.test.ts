import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { openCoreTarget } from '../../src/engine/core-session.ts';
import type { Target } from '../../src/target/index.ts';
import { until } from '../live/running-program.ts';
import { type CoreRequest, coreOf, type FixtureCore, missingForCore } from '../support/cores.ts';
import { hasProgram } from '../support/tools.ts';
import { documents, mattock, mattockProgram } from './run-mattock.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-dump-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function made(context: TestContext, request: CoreRequest): Promise<FixtureCore> {
  const missing = missingForCore(request);
  if (missing !== undefined) context.skip(missing);
  return coreOf(request);
}

let count = 0;
async function dumped({ core, executable }: FixtureCore): Promise<string> {
  const file = path.join(folder, `${++count}.core`);
  const { stderr, status } = await mattock(['core', executable, core, '-q', '-c', `dump ${file}`]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return file;
}

/** What a core says to every question that is about all of it. */
async function answers(executable: string, core: string): Promise<readonly unknown[]> {
  const lines = ['verdict', 'threads', 'goroutines', 'goroutines -t 20', 'stack', 'regs -a', 'libraries'];
  const commands = lines.flatMap((line) => ['-c', line]);
  const { stdout, stderr } = await mattock(['core', executable, core, '-q', '--json', ...commands]);
  expect(stderr).toBe('');
  expect(documents(stdout)).toHaveLength(lines.length);
  return documents(stdout.replace(/"origin":"\w+"/, '"origin":"?"'));
}

function expectSameMemory(copy: Target, original: Target): void {
  const shape = ({ memory }: Target) =>
    memory.regions.map(({ start, end, readable, writable, executable, file, fileOffset }) => [
      ...[start, end, readable, writable, executable, file, fileOffset],
    ]);
  expect(shape(copy)).toEqual(shape(original));
  for (const { start, available } of original.memory.regions) {
    // gcore writes out reserved memory, too much to be compared.
    const length = Math.min(available, 8 << 20);
    expect(copy.memory.regionAt(start)!.available).toBeGreaterThanOrEqual(available);
    const bytes = Buffer.from(original.memory.readUpTo(start, length));
    expect(bytes.equals(copy.memory.readUpTo(start, length))).toBe(true);
  }
}

const requests: CoreRequest[] = [
  { fixture: 'worker-pool' },
  { fixture: 'nil-deref', flags: 'noopt', pie: true },
  { fixture: 'nil-deref', stripped: true },
  { fixture: 'nil-deref', arch: 'arm64' },
  { fixture: 'cgo-fault' },
  { fixture: 'sigabrt', by: 'gcore' },
];

describe('dump of a core', () => {
  for (const request of requests) {
    it(`says the same as the core: ${JSON.stringify(request)}`, async (context) => {
      const crash = await made(context, request);
      const file = await dumped(crash);
      expect(await answers(crash.executable, file)).toEqual(await answers(crash.executable, crash.core));
      const open = (core: string) => openCoreTarget({ core, executable: crash.executable });
      expectSameMemory(await open(file), await open(crash.core));
    });
  }

  it('takes hardly more room than what is not zero', async (context) => {
    const file = await dumped(await made(context, { fixture: 'worker-pool' }));
    const { size, blocks } = statSync(file);
    expect(size).toBeGreaterThan(30 << 20);
    expect(blocks * 512).toBeLessThan(8 << 20);
  });

  it('has the code and libraries in it', async (context) => {
    const crash = await made(context, { fixture: 'cgo-fault' });
    const target = await openCoreTarget({ core: await dumped(crash), executable: crash.executable });
    const libc = target.modules.all.find((module) => module.path.includes('libc.so'))!;
    const code = target.memory.regions.filter((r) => r.executable && r.file === libc.path);
    expect(code.length).toBeGreaterThan(0);
  });
});

describe('dump of a process', () => {
  it('says what the process says at that moment, which then goes on', async (context) => {
    if (process.arch !== 'x64') context.skip('live programs are debugged on amd64 only');
    const { executable } = await made(context, { fixture: 'nil-deref', flags: 'noopt' });
    const file = path.join(folder, 'live.core');
    const questions = ['stack', 'goroutines', 'locals', 'libraries', 'examinemem -count 64 -x $sp'];
    const asked = questions.flatMap((question) => ['-c', question]);
    const moves = ['-c', 'break main.(*account).headroom', '-c', 'continue'];
    const live = await mattock(
      ['exec', executable, '--json', ...moves, ...asked, '-c', `dump ${file}`, '-c', 'continue'],
      '',
    );
    const said = documents(live.stdout.replace(/^(?!\{"command").*$/gm, ''));
    const dump = said.find(({ command }) => command === 'dump')!;
    expect(dump).toMatchObject({ result: { path: file, unreadable: 0 } });
    expect(said.filter(({ command }) => command === 'continue')).toHaveLength(2);
    const { stdout } = await mattock(['core', executable, file, '-q', '--json', ...asked]);
    const kept = documents(stdout);
    expect(kept).toHaveLength(questions.length);
    for (const answer of kept) expect(said).toContainEqual(answer);
  });
});

const gdb = (executable: string, core: string): string => {
  const commands = ['thread apply all backtrace', 'info registers', 'info sharedlibrary', 'info auxv'];
  const args = commands.flatMap((command) => ['-ex', command]);
  const { stdout, stderr } = spawnSync('gdb', ['-nx', '-batch', ...args, executable, core], {
    encoding: 'utf8',
  });
  expect(stdout).toContain('#0 ');
  return `${stdout}\n${stderr}`.replaceAll(core, 'CORE');
};

describe('other debuggers', () => {
  for (const request of [
    { fixture: 'worker-pool' },
    { fixture: 'cgo-fault' },
    { fixture: 'c-only' },
  ] as CoreRequest[]) {
    it(`gdb sees the same: ${JSON.stringify(request)}`, async (context) => {
      if (!hasProgram('gdb')) context.skip('gdb is not installed');
      const crash = await made(context, request);
      expect(gdb(crash.executable, await dumped(crash))).toBe(gdb(crash.executable, crash.core));
    });
  }

  it('Delve sees the same', async (context) => {
    const dlv = path.join(os.homedir(), 'go/bin/dlv');
    if (!existsSync(dlv)) context.skip('Delve is not installed');
    const crash = await made(context, { fixture: 'worker-pool' });
    const ask = (core: string): string =>
      spawnSync(
        dlv,
        ['core', crash.executable, core, '--allow-non-terminal-interactive=true', '--check-go-version=false'],
        {
          encoding: 'utf8',
          input: 'goroutines -t\nthreads\nregs\nstack -full\nexit\n',
        },
      ).stdout;
    const answer = ask(await dumped(crash));
    expect(answer).toContain('main.main');
    expect(answer).toBe(ask(crash.core));
  });
});

describe('a dump that does not get to its end', () => {
  it('leaves nothing when Mattock is killed', async (context) => {
    const crash = await made(context, { fixture: 'sigabrt', by: 'gcore' });
    const own = mkdtempSync(path.join(folder, 'killed-'));
    const file = path.join(own, 'app.core');
    const args = [
      'core',
      crash.executable,
      crash.core,
      '-q',
      ...Array(200)
        .fill(['-c', `dump -f ${file}`])
        .flat(),
    ];
    const child = spawn(process.execPath, [mattockProgram, ...args], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const partial = () => readdirSync(own).filter((name) => name.endsWith('.partial'));
    while (partial().length === 0) await pause(10);
    expect(child.kill('SIGKILL')).toBe(true);
    await ended;
    await until(() => partial().length === 0, 'nothing is left of it');
  });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
