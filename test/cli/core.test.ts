import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandTable } from '../../src/commands/index.ts';
import { coreOf, type FixtureCore } from '../support/cores.ts';
import { documents, mattock, mattockProgram } from './run-mattock.ts';

let crash: FixtureCore;
let pool: FixtureCore;

beforeAll(async () => {
  crash = await coreOf({ fixture: 'nil-deref', flags: 'noopt' });
  pool = await coreOf({ fixture: 'worker-pool' });
});

const onCrash = (...args: string[]) => mattock(['core', crash.executable, crash.core, ...args]);
const onPool = (...args: string[]) => mattock(['core', pool.executable, pool.core, ...args]);

async function resultOf(command: string, run = onCrash): Promise<Record<string, unknown>> {
  const { stdout } = await run('-q', '--json', '-c', command);
  const [document] = documents(stdout);
  return document!.result as Record<string, unknown>;
}

describe('mattock core', () => {
  it('opens with a verdict', async () => {
    const { stdout, stderr, status } = await onCrash('-c', 'exit');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toContain('SIGSEGV');
    expect(stdout).toContain('panic: runtime error: invalid memory address or nil pointer dereference');
    expect(stdout).toMatch(/=> +14: +left := a.balance \+ extra/);
    expect(stdout).toMatch(/\d+ goroutines: /);
  });

  it('displays what the goroutine has that is selected', async () => {
    const { stdout } = await onPool('-q', '-c', 'display -a runtime.curg.goid', '-c', 'gr 2', '-c', 'gr 1');
    expect(stdout.match(/goid = \d+/g)?.slice(1)).toEqual(['goid = 2', 'goid = 1']);
  });

  it('leaves bools as they are when numbers are formatted', async () => {
    const { stdout } = await onPool('-q', '-c', 'print %x 1 == 2', '-c', 'print %x 255');
    expect(stdout).toBe('false\nff\n');
  });

  it('shows an instruction whole though the range ends within it', async () => {
    const { stdout } = await onPool('-q', '--json', '-c', 'disass -l main.main');
    const rows = (documents(stdout)[0]!.result as { instructions: { pc: string; text: string }[] })
      .instructions;
    const at = rows.findIndex((row, i) => i > 0 && Number(rows[i + 1]!.pc) - Number(row.pc) > 2);
    const part = await onPool(
      '-q',
      '--json',
      '-c',
      `disass -a ${rows[0]!.pc} 0x${(Number(rows[at]!.pc) + 1).toString(16)}`,
    );
    const cut = (documents(part.stdout)[0]!.result as { instructions: typeof rows }).instructions;
    expect(cut.map(({ text }) => text)).toEqual(rows.slice(0, at + 1).map(({ text }) => text));
  });

  it('says that its output cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(
      process.execPath,
      [mattockProgram, 'core', crash.executable, crash.core, '-q', '-c', 'print 3'],
      { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' },
    );
    closeSync(full);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'mattock: cannot write the output: no space is left\n',
    });
  });

  it('knows a Go binary though the core of it is cut', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-test-'));
    const core = path.join(folder, 'core');
    writeFileSync(core, readFileSync(crash.core).subarray(0, 5000));
    const { stdout } = await mattock(['core', crash.executable, core, '-c', 'exit']);
    rmSync(folder, { recursive: true });
    expect(stdout).toContain('go1.26.8');
    expect(stdout).not.toContain('not a Go program');
  });

  it('finds the executable by what the core says', async () => {
    const { stdout, status } = await mattock(['core', crash.core, '-q', '-c', 'print extra']);
    expect({ stdout, status }).toEqual({ stdout: '0\n', status: 0 });
  });

  it('shows the stack and the variables of the frame at fault', async () => {
    const { stdout } = await onCrash('-q', '-c', 'bt', '-c', 'args', '-c', 'up', '-c', 'locals');
    expect(stdout).toMatch(
      /\d+\* 0x[\da-f]{16} in main\.\(\*account\)\.headroom \(interrupted by a signal\)\n +at .*main\.go:14\n/,
    );
    expect(stdout).toContain('in main.main\n');
    expect(stdout).toContain('a = *main.account nil');
    expect(stdout).toContain('extra = 0');
    expect(stdout).toMatch(/Frame \d+ of goroutine 1: main\.audit/);
    expect(stdout).toContain('total = 0');
  });

  it('fails when a command fails, and points at what is wrong', async () => {
    const { stdout, stderr, status } = await onCrash('-q', '-c', 'print 1 + nothing', '-c', 'print 2');
    expect(status).toBe(1);
    expect(stdout).toBe('2\n');
    expect(stderr.split('\n').slice(0, 2)).toEqual(['    print 1 + nothing', '              ^']);
    expect(stderr).toContain('error: ');
  });

  it('reads commands from a pipe, without a prompt', async () => {
    const { stdout, status } = await mattock(
      ['core', crash.executable, crash.core, '-q'],
      '# a note\nprint 1 + 1\n\nwhatis extra\nexit\nprint 3\n',
    );
    expect({ stdout, status }).toEqual({ stdout: '2\nint64\n', status: 0 });
  });

  it('fails when a command from the pipe failed', async () => {
    expect((await mattock(['core', crash.core, '-q'], 'nope\nprint 1')).status).toBe(1);
  });

  it('runs an init file first', async () => {
    const init = path.join(os.tmpdir(), `mattock-init-${process.pid}`);
    writeFileSync(init, 'config max-string-len 3\n');
    const { stdout } = await onCrash('-q', '--init', init, '-c', 'config max-string-len');
    expect(stdout.trim().split('\n').at(-1)).toBe('max-string-len  3');
  });

  it('says which file is wrong, and how', async () => {
    const missing = await mattock(['core', '/nonexistent/core', '-c', 'bt']);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/^mattock: .*\/nonexistent\/core/);
    const text = await mattock(['core', import.meta.filename, '--json']);
    expect(text.status).toBe(1);
    expect(documents(text.stdout)[0]).toMatchObject({ command: 'open', error: { family: 'data' } });
  });

  it('tells another program from the one that ran', async () => {
    const other = await mattock(['core', '--accept-mismatch', pool.executable, crash.core, '-c', 'exit']);
    expect(other.stdout).toContain(`, read as ${pool.executable}, process `);
    expect(other.stdout).not.toMatch(/goroutines: *\n/);
    expect((await onCrash('-c', 'exit')).stdout).not.toContain('read as');
  });

  it('explains its usage', async () => {
    const alone = await mattock(['core']);
    expect(alone.status).toBe(2);
    expect(alone.stderr).toMatch(/^mattock: a core is missing: mattock core \[executable\] <core>\n/);
    expect(await mattock(['core', 'a', 'b', 'c'])).toMatchObject({ status: 2 });
    expect((await mattock(['core', '--nope', 'x'])).stderr).toContain("mattock: unknown option '--nope'");
    const help = await mattock(['help', 'core']);
    expect(help.status).toBe(0);
    expect(help.stdout).toContain('[options] [executable] <core>');
    const facts = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect((await mattock(['version'])).stdout).toBe(`mattock ${facts.version}\n`);
  });

  it('is quiet when the reader of its output has gone', async () => {
    const { execFileSync } = await import('node:child_process');
    const script =
      '"$0" "$1" core "$2" "$3" -q -c "funcs" 2>&1 >/dev/null | cat; "$0" "$1" core "$2" "$3" -q -c funcs -c funcs 2>&1 | head -n 1';
    const { mattockProgram } = await import('./run-mattock.ts');
    const output = execFileSync(
      'bash',
      ['-c', script, process.execPath, mattockProgram, crash.executable, crash.core],
      {
        encoding: 'utf8',
      },
    );
    expect(output.trim().split('\n')).toHaveLength(1);
  });
});

describe('without debug information', () => {
  it('says what needs it, and shows the rest', async () => {
    const stripped = await coreOf({ fixture: 'nil-deref', stripped: true });
    const run = (command: string) => mattock(['core', stripped.core, '-q', '-c', command]);
    expect((await run('bt')).stdout).toMatch(/main\.\(\*account\)\.headroom.*\n +at .*main\.go:14/);
    expect((await run('goroutines')).stdout).toContain('main.(*account).headroom');
    for (const command of ['args', 'locals', 'vars', 'types']) {
      const { stderr, status } = await run(command);
      expect(status).toBe(1);
      expect(stderr).toMatch(/has no DWARF: it does not say its (variables|types)\n +build it without/);
    }
  });

  it('works on a program that is not Go', async () => {
    const c = await coreOf({ fixture: 'c-only' });
    const run = (...commands: string[]) =>
      mattock(['core', c.executable, c.core, '-q', ...commands.flatMap((command) => ['-c', command])]);
    const { stdout, status } = await run('threads', 'bt', 'args', 'regs rip', 'disassemble', 'funcs ^main$');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^main$/m);
    expect(stdout).toMatch(/\* Thread \d+ at 0x[\da-f]{16}/);
    expect(stdout).toContain('=>');
    expect((await run('goroutines')).stderr).toMatch(
      /^error: \S+\/c-only\S* \(process \d+\) has no Go runtime/m,
    );
  });
});

describe('--json', () => {
  it('parses for every command', async () => {
    const typed: Readonly<Record<string, string>> = {
      goroutine: 'goroutine 1',
      thread: 'threads',
      deferred: 'stack -defer',
      frame: 'frame 0',
      up: 'up',
      down: 'down',
      print: 'print 1',
      whatis: 'whatis 1',
      examinemem: 'x -x rsp',
      mem: 'mem read rsp 16',
      source: 'source /dev/null',
      config: 'config -list',
      disassemble: 'disassemble',
      dump: 'help dump',
      edit: 'help edit',
      exit: 'exit',
    };
    const ofCores = commandTable.commands.filter(({ group }) => group !== 'running');
    const lines = ofCores.map(({ name }) => typed[name] ?? name);
    const { stdout, stderr } = await onCrash('-q', '--json', ...lines.flatMap((line) => ['-c', line]));
    expect(stderr).toBe('');
    const all = documents(stdout);
    expect(all).toHaveLength(lines.length);
    expect(all.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  it('gives stacks with what scripts need', async () => {
    const { frames, goroutine } = (await resultOf('stack -full')) as {
      goroutine: number;
      frames: {
        function: string;
        pc: string;
        line: number;
        arguments: { name: string; type: string; text: string }[];
      }[];
    };
    expect(goroutine).toBe(1);
    const fault = frames.find((frame) => frame.function === 'main.(*account).headroom')!;
    expect(fault).toMatchObject({ line: 14, inlined: false });
    expect(fault.pc).toMatch(/^0x[\da-f]+$/);
    expect(fault.arguments.find(({ name }) => name === 'extra')).toMatchObject({ type: 'int64', text: '0' });
  });

  it('gives goroutines with their places and what they wait for', async () => {
    const { goroutines, count } = (await resultOf('goroutines -with startloc main', onPool)) as {
      count: number;
      goroutines: Record<string, unknown>[];
    };
    expect(goroutines).toHaveLength(count);
    expect(count).toBeGreaterThan(40);
    const ownerOf = ({ blockedOn }: Record<string, unknown>) => (blockedOn as { owner?: string })?.owner;
    const blocked = goroutines.filter((g) => ownerOf(g) === 'mutex');
    expect(blocked.length).toBeGreaterThanOrEqual(2);
    expect(blocked[0]).toMatchObject({
      state: '_Gwaiting',
      // Until go1.19 all that wait for semaphores have one reason.
      waitReason: expect.stringMatching(/^(sync\.Mutex\.Lock|semacquire)$/),
      blockedOn: { kind: 'semaphore' },
    });
    expect(goroutines.map((g) => (g.user as { function: string }).function)).toContain('main.(*pool).worker');
  });

  it('groups goroutines', async () => {
    const { groups } = (await resultOf('goroutines -group goloc', onPool)) as {
      groups: { name: string; total: number }[];
    };
    expect(groups[0]).toMatchObject({ total: 40, name: expect.stringMatching(/main\.go:39 in main\.main$/) });
  });

  it('puts errors where the result would be', async () => {
    const { stdout, status } = await onCrash('-q', '--json', '-c', 'print nothing');
    expect(status).toBe(1);
    expect(documents(stdout)[0]).toMatchObject({
      command: 'print',
      arguments: 'nothing',
      error: { family: 'user', column: 6 },
    });
  });
});
