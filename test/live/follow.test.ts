import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type InlineSession, openInline } from '../../src/engine/inline-session.ts';
import { buildGo, type GoBuild } from '../support/go-build.ts';
import { changedText, RunningProgram, until } from './running-program.ts';
import { missing } from './stand.ts';

const SOURCE = { source: 'test/live/programs/follow-spawning.go' };
const BUILDS: readonly GoBuild[] = [
  SOURCE,
  { ...SOURCE, flags: ['-gcflags=all=-N -l'] },
  { ...SOURCE, toolchain: 'go1.22.12' },
  { ...SOURCE, toolchain: 'go1.22.12', flags: ['-gcflags=all=-N -l'] },
];
const label = ({ toolchain = 'installed Go', flags }: GoBuild): string =>
  `${toolchain} ${flags === undefined ? 'opt' : 'noopt'}`;

interface Process {
  readonly pid: number;
  readonly commandLine: string;
  readonly selected: boolean;
}

/** A process that waits for ever keeps this thread in waitpid: no timeout of a test could end it. */
const GUARD_SECONDS = 200;

class Following {
  readonly #session: InlineSession;
  readonly #guard;
  /** What has been said so far, by all commands. */
  said = '';

  constructor(session: InlineSession) {
    this.#session = session;
    const pid = session.session.program.target.process.pid!;
    const all = `$(pgrep -P ${pid}) ${pid}`;
    this.#guard = spawn('sh', ['-c', `sleep ${GUARD_SECONDS}; kill -KILL ${all}`], {
      detached: true,
      stdio: 'ignore',
    });
  }

  async run(line: string): Promise<string> {
    let written = '';
    const { error } = await this.#session.execute(line, { format: 'text', colour: false }, (text) => {
      written += text;
    });
    this.said += written;
    return error === undefined ? written : `error: ${error.message}`;
  }

  async processes(): Promise<readonly Process[]> {
    let written = '';
    await this.#session.execute('target list', { format: 'json', colour: false }, (text) => {
      written += text;
    });
    return (JSON.parse(written) as { result: { report: { processes: Process[] } } }).result.report.processes;
  }

  async close(): Promise<void> {
    process.kill(-this.#guard.pid!, 'SIGKILL');
    await this.#session.close();
  }
}

describe.skipIf(missing !== undefined)('children that are followed', () => {
  let session: Following | undefined;
  let program: RunningProgram | undefined;
  afterEach(async () => {
    await session?.close();
    session = undefined;
    for (const pid of program === undefined ? [] : [program.pid, ...childrenOf(program.pid)]) {
      if (statusOf(pid) !== undefined) process.kill(pid, 'SIGKILL');
    }
    program = undefined;
  });

  async function launch(args: readonly string[], build: GoBuild = SOURCE): Promise<Following> {
    session = new Following(
      await openInline({
        live: {
          kind: 'launch',
          program: { path: buildGo(build) },
          args,
          terminal: { kind: 'files', stdin: '/dev/null', stdout: '/dev/null', stderr: '/dev/null' },
          fixedAddresses: true,
        },
      }),
    );
    return session;
  }

  it.each(BUILDS.map((build) => [label(build), build] as const))(
    '%s: have the breakpoints, and are selected where they stop',
    async (_, build) => {
      const at = await launch(['again', '2'], build);
      expect(await at.run('target follow-exec')).toBe('Follow exec is disabled.\n');
      expect(await at.run('target follow-exec -on')).toBe('Follow exec is enabled.\n');
      await at.run('break main.work');
      for (const total of [1, 2, 3, 4]) {
        const stopped = await at.run('continue');
        expect(stopped).toContain(`total:${total} main.work()`);
        const processes = await at.processes();
        expect(processes.map(({ selected }) => selected)).toEqual([false, true]);
        expect(processes[1]!.commandLine).toMatch(/ work 2$/);
        expect(await at.run('args')).toContain(`round = ${(total - 1) % 2}`);
        expect(await at.run('stack')).toContain('main.main');
        if (total % 2 === 1) expect(await at.run('next')).toContain('follow-spawning.go');
      }
      expect(await at.run('continue')).toContain('Process has exited with status 0');
      expect(at.said.match(/Spawned new process '.* work 2'/g)).toHaveLength(2);
      expect(at.said.match(/Process \d+ has exited with status 7/g)).toHaveLength(2);
    },
  );

  it('of children, through programs that are not in Go', async () => {
    const path = buildGo(SOURCE);
    const at = await launch(['run', 'sh', '-c', `true; ${path} chain 2; true`]);
    await at.run('target follow-exec -on');
    await at.run('break main.work');
    expect(await at.run('continue')).toContain('main.work()');
    const lines = (await at.processes()).map(({ commandLine }) => commandLine.replace(/^.* (\w+ \d)$/, '$1'));
    expect(lines.slice(1)).toEqual(['chain 2', 'chain 1', 'chain 0']);
    expect(await at.run('continue')).toContain('Process has exited with status 0');
    expect(at.said.match(/Spawned new process/g)).toHaveLength(3);
  });

  it('only if their command line matches', async () => {
    const at = await launch(['chain', '3']);
    await at.run('target follow-exec -on chain [02]');
    expect(await at.run('target follow-exec')).toContain('chain [02]');
    await at.run('break main.work');
    // Whoever runs on untouched has children of whom nothing is known.
    expect(await at.run('continue')).toContain('Process has exited with status 0');
    expect(at.said.match(/Spawned new process '.*'/g)).toHaveLength(1);
    expect(at.said).toMatch(/Spawned new process '.* chain 2'/);
    expect(await at.run('target follow-exec -on [')).toContain('not a regular expression');
  });

  it('no more, when it is switched off', async () => {
    const at = await launch(['again', '2']);
    await at.run('target follow-exec -on');
    await at.run('break main.work');
    await at.run('continue');
    await at.run('continue');
    await at.run('target follow-exec -off');
    expect(await at.run('continue')).toContain('Process has exited with status 0');
    expect(at.said.match(/Spawned new process/g)).toHaveLength(1);
  });

  it('may be other programs: pending breakpoints become real there', async () => {
    const at = await launch(['run', buildGo({ source: 'test/live/programs/counting.go' }), '3']);
    await at.run('target follow-exec -on');
    expect(await at.run('break main.expected')).toContain('pending');
    const stopped = await at.run('continue');
    expect(stopped).toContain('main.expected()');
    expect(stopped).toContain('counting.go');
    expect(await at.run('sources counting')).toContain('counting.go');
    const [parent] = await at.processes();
    expect(await at.run(`target switch ${parent!.pid}`)).toContain(`Switched to process ${parent!.pid}`);
    expect(await at.run('sources follow-spawning')).toContain('follow-spawning.go');
    expect(await at.run('goroutine 1 stack')).toContain('main.main');
    expect(await at.run('target switch 1')).toContain('no process of this session');
  });

  it('run and stop together', async () => {
    const children = 6;
    const at = await launch(['many', String(children)]);
    await at.run('target follow-exec -on');
    await at.run('break main.work');
    await at.run('condition 1 round == 19');
    let hits = 0;
    for (;;) {
      const stopped = await at.run('continue');
      if (stopped.includes('Process has exited')) break;
      hits += (stopped.match(/\[Breakpoint 1\]/g) ?? []).length;
    }
    expect(hits).toBe(children);
    expect(at.said.match(/exited with status 7/g)).toHaveLength(children);
  });

  it('go on when the program ends before them', async () => {
    const at = await launch(['leave']);
    await at.run('target follow-exec -on');
    await at.run('break main.work');
    let stopped = await at.run('continue');
    expect(stopped).toContain('main.work()');
    // The program may end before its child comes to the breakpoint, or after that.
    if ((await at.processes()).length === 2) expect(await at.run('next')).toContain('follow-spawning.go');
    stopped = await at.run('continue');
    expect(stopped).toContain('Process has exited with status');
    expect(at.said.match(/[Pp]rocess (\d+ )?has exited with status 7/g)).toHaveLength(1);
    expect(at.said.match(/[Pp]rocess (\d+ )?has exited with status 0/g)).toHaveLength(1);
    expect(await at.run('restart')).toContain('Process restarted');
    expect(await at.run('continue')).toContain('main.work()');
  });

  it('end with the program that the session started', async () => {
    const at = await launch(['again', '1']);
    await at.run('target follow-exec -on');
    await at.run('break main.work');
    await at.run('continue');
    const pids = (await at.processes()).map(({ pid }) => pid);
    expect(pids).toHaveLength(2);
    await at.close();
    session = undefined;
    await until(() => pids.every((pid) => statusOf(pid) === undefined), 'both have ended');
  });

  it.each(['exit', 'exit -d'])('%s leaves them as they were', async (line) => {
    program = new RunningProgram(buildGo(SOURCE), ['family']);
    await program.progresses();
    session = new Following(await openInline({ live: { kind: 'attach', pid: program.pid } }));
    await session.run('target follow-exec -on');
    await session.run('set main.wanted = 2');
    await session.run('break main.work');
    await session.run('condition 1 round == -1');
    await session.run('break main.begun');
    // Both may come to it at the same time.
    for (let hits = 0; hits < 2; ) {
      const stopped = await session.run('continue');
      expect(stopped).toContain('main.begun()');
      hits += stopped.match(/main\.begun\(\)|has stopped too/g)!.length;
    }
    const pids = (await session.processes()).map(({ pid }) => pid);
    expect(pids).toHaveLength(3);
    await session.run(line);
    await session.close();
    session = undefined;
    for (const pid of pids) {
      expect(changedText(program.executable, pid)).toEqual([]);
      expect(statusOf(pid)).toMatch(/TracerPid:\t0/);
    }
    await program.progresses();
    await until(() => (program!.output.match(/child begins/g) ?? []).length === 2, 'the children run on');
    const before = program.output.length;
    await until(() => /child \d+\n.*child \d+\n/s.test(program!.output.slice(before)), 'they make rounds');
    expect(await program.finish()).toEqual({ status: 0, last: 'all is well' });
    expect(program.output).not.toContain('a child:');
  });
});

function statusOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return undefined;
  }
}

function childrenOf(pid: number): number[] {
  const wanted = new RegExp(`^PPid:\t${pid}$`, 'm');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => wanted.test(statusOf(one) ?? ''));
}
