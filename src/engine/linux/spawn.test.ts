import { spawn as spawnByNode } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../base/index.ts';
import { PTRACE_EVENT, PTRACE_O, SIGNAL, type SpawnRequest } from '../../target/process/kernel.ts';
import { openKernel } from './open-kernel.ts';
import { debuggee, kill, missing, next, registersOf, request, told, WORD } from './testing/debuggee.ts';

describe.skipIf(missing !== undefined)('spawn', async () => {
  const kernel = await openKernel();
  const folder = mkdtempSync(join(tmpdir(), 'mattock-spawn-'));
  const inFolder = (name: string, content?: string | Buffer, mode = 0o644): string => {
    const path = join(folder, name);
    if (content !== undefined) writeFileSync(path, content, { mode });
    return path;
  };
  const spawned: number[] = [];
  const begin = (wanted: SpawnRequest): ReturnType<typeof kernel.spawn> => {
    const process = kernel.spawn(wanted, PTRACE_O.EXEC);
    spawned.push(process.pid);
    return process;
  };
  const finish = (wanted: SpawnRequest): string => {
    const { pid } = begin(wanted);
    kernel.cont(pid, 0);
    return next(kernel, pid);
  };
  afterEach(() => {
    for (const pid of spawned.splice(0)) kill(kernel, pid);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('stops at the exec with nothing run, and everything as it was asked for', () => {
    const environment = { A: '1', 'not.a.shell=name': ' ', LD_PRELOAD: '/nowhere' };
    const { pid, terminal } = begin({
      ...request(debuggee(), []),
      argv: ['another name', 'exit', '4', '', '-'],
      environment,
      directory: '/tmp',
    });
    expect(terminal).toBeUndefined();
    expect(kernel.lastStatus).toBe(0x7f | (SIGNAL.SIGTRAP << 8) | (PTRACE_EVENT.EXEC << 16));
    expect(kernel.procLink(pid, 'exe')).toBe(debuggee());
    expect(kernel.procLink(pid, 'cwd')).toBe('/tmp');
    expect(kernel.procFolder(pid, 'fd')).toEqual(inherited());
    expect(text(kernel.procFile(pid, 'environ'))).toBe('A=1\0not.a.shell=name= \0LD_PRELOAD=/nowhere\0');
    expect(text(kernel.procFile(pid, 'cmdline'))).toBe('another name\0exit\0' + '4\0\0-\0');
    expect(text(kernel.procFile(pid, 'status'))).toMatch(/SigBlk:\t0{16}\nSigIgn:\t0{16}\nSigCgt:\t0{16}\n/);
    expect(Number(registersOf(kernel, pid)[WORD.rip])).toBe(entryOf(debuggee()));
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('exited 4');
  });

  it('gives our environment and folder where none are named', () => {
    const { pid } = begin(request(debuggee(), ['exit', '0']));
    const variables = text(kernel.procFile(pid, 'environ')).split('\0');
    expect(variables).toContain(`PATH=${process.env.PATH}`);
    expect(variables.filter((line) => /^(_|OLDPWD|PWD)=/.test(line)).sort()).toEqual(
      ['_', 'OLDPWD', 'PWD']
        .flatMap((name) => (name in process.env ? [`${name}=${process.env[name]}`] : []))
        .sort(),
    );
    expect(kernel.procLink(pid, 'cwd')).toBe(process.cwd());
  });

  it('makes a process group, and with randomised addresses only if asked', () => {
    const stacks = [true, true, false, false].map((fixedAddresses) => {
      const { pid } = begin(request(debuggee(), ['exit', '0'], { fixedAddresses }));
      const fields = text(kernel.procFile(pid, 'stat')).split(') ')[1]!.split(' ');
      expect(Number(fields[2])).toBe(pid);
      expect(fields[3]).toBe(text(kernel.procFile(process.pid, 'stat')).split(') ')[1]!.split(' ')[3]);
      return /([0-9a-f]+)-[0-9a-f]+ .*\[stack\]/.exec(text(kernel.procFile(pid, 'maps')))![1];
    });
    expect(stacks[0]).toBe(stacks[1]);
    expect(new Set(stacks).size).toBe(3);
  });

  it('sets options that the caller asked for, and no others', () => {
    // Without TRACEEXEC a second exec would be a SIGTRAP without an event.
    const { pid } = kernel.spawn(request(debuggee(), ['exec']), PTRACE_O.SYSGOOD);
    spawned.push(pid);
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('stopped 5');
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('stopped 5');
    expect(text(kernel.procFile(pid, 'cmdline'))).toContain('told');
  });

  it('takes input from a file and puts output into files', () => {
    const stdin = inFolder('in', 'first\nsecond\n');
    const [stdout, stderr] = [inFolder('out', 'long before, and to be cut'), inFolder('err')];
    const script = ['-c', 'read line; echo "got $line"; echo bad >&2'];
    expect(finish(request('/bin/sh', script, { terminal: { kind: 'files', stdin, stdout, stderr } }))).toBe(
      'exited 0',
    );
    expect([readFileSync(stdout, 'utf8'), readFileSync(stderr, 'utf8')]).toEqual(['got first\n', 'bad\n']);

    const both = inFolder('both');
    const terminal = { kind: 'files', stdin, stdout: both, stderr: both } as const;
    expect(finish(request('/bin/sh', script, { terminal }))).toBe('exited 0');
    expect(readFileSync(both, 'utf8')).toBe('got first\nbad\n');
  });

  it('puts output that is not redirected where the caller says', () => {
    const descriptor = openSync(inFolder('there'), 'w');
    const stderr = inFolder('errors');
    const script = ['-c', 'echo out; echo bad >&2'];
    const terminal = { kind: 'files', stdoutDescriptor: descriptor } as const;
    expect(finish(request('/bin/sh', script, { terminal }))).toBe('exited 0');
    expect(finish(request('/bin/sh', script, { terminal: { ...terminal, stderr } }))).toBe('exited 0');
    closeSync(descriptor);
    expect([readFileSync(inFolder('there'), 'utf8'), readFileSync(stderr, 'utf8')]).toEqual([
      'out\nbad\nout\n',
      'bad\n',
    ]);
  });

  it('runs scripts by what they name', () => {
    const script = inFolder('script', '#!/bin/sh\nexit 6\n', 0o755);
    expect(finish(request(script, []))).toBe('exited 6');
  });

  it('refuses what cannot be run, says why and leaves nothing behind', () => {
    const stranger = Buffer.from(readFileSync(debuggee()));
    stranger.writeUInt16LE(183, 18);
    const cases: readonly (readonly [Partial<SpawnRequest>, RegExp])[] = [
      [{ path: inFolder('nothing') }, /nothing is no file/],
      [{ path: folder }, /is no file/],
      [{ path: inFolder('plain', 'data') }, /plain may not be executed/],
      [{ path: inFolder('data', 'data', 0o755) }, /neither ELF nor a script/],
      [{ path: inFolder('foreign', stranger, 0o755) }, /foreign is made for arm64, and this is amd64/],
      [{ path: inFolder('orphan', '#!/no/interpreter\n', 0o755) }, /orphan.*loader or interpreter/],
      [{ directory: inFolder('nowhere') }, /no directory .*nowhere/],
      [{ terminal: { kind: 'files', stdin: inFolder('missing') } }, /missing .*no such file/],
      [{ terminal: { kind: 'files', stdout: join(folder, 'no', 'out') } }, /no\/out .*no such file/],
      [{ terminal: { kind: 'files', stderr: folder } }, /illegal operation on a directory/],
      [{ terminal: { kind: 'tty', path: inFolder('no-tty') } }, /no-tty .*no such file/],
      [{ argv: ['a\0b'] }, /zero byte/],
      [
        { argv: ['a', ...Array<string>(40).fill('x'.repeat(120_000))] },
        /arguments and environment are too long/,
      ],
    ];
    const before = descriptors().length;
    for (const [change, message] of cases) {
      const wanted = { ...request(debuggee(), ['exit', '0']), ...change };
      expect(() => kernel.spawn(wanted, PTRACE_O.EXEC)).toThrow(UserError);
      expect(() => kernel.spawn(wanted, PTRACE_O.EXEC)).toThrow(message);
      expect(kernel.wait(false)).toBe(-1);
    }
    expect(descriptors().length).toBe(before);
  });

  it('gives a terminal of its own, whose Ctrl-C reaches it', () => {
    const { pid, terminal } = begin(request(debuggee(), ['terminal'], { terminal: { kind: 'pty' } }));
    kernel.cont(pid, 0);
    expect(readLine(terminal!)).toBe('session 1 group 1\r\n');
    expect(kernel.procLink(pid, 'fd/0')).toMatch(/^\/dev\/pts\//);
    expect(kernel.procFolder(pid, 'fd')).not.toContain(String(terminal));
    writeSync(terminal!, '\x03');
    expect(next(kernel, pid)).toBe(`stopped ${SIGNAL.SIGINT}`);
    kernel.cont(pid, SIGNAL.SIGINT);
    expect(next(kernel, pid)).toBe(`killed ${SIGNAL.SIGINT}`);
    closeSync(terminal!);
  });

  it('runs on an existing terminal', () => {
    // The near end belongs to a program that is only there to have a terminal made for another.
    const owner = begin(request(debuggee(), ['wait', '0'], { terminal: { kind: 'pty' } }));
    const path = kernel.procLink(owner.pid, 'fd/0')!;
    kill(kernel, owner.pid);
    const { pid, terminal } = begin(request(debuggee(), ['terminal'], { terminal: { kind: 'tty', path } }));
    expect(terminal).toBeUndefined();
    kernel.cont(pid, 0);
    expect(readLine(owner.terminal!)).toBe('session 1 group 1\r\n');
    closeSync(owner.terminal!);
  });

  it('does not disturb the children of Node, nor is disturbed by them', async () => {
    const { pid } = begin(request(debuggee(), ['exit', '5']));
    const child = spawnByNode('sh', ['-c', 'exit 3']);
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(3);
    kernel.cont(pid, 0);
    expect(next(kernel, pid)).toBe('exited 5');
    expect(told(kernel.lastStatus)).toBe('exited 5');
  });
});

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

const descriptors = (): string[] => readdirSync('/proc/self/fd');

/** Descriptors that every program started from here gets: whoever started us may have left us more than three. */
function inherited(): string[] {
  const closedAtExec = (descriptor: string): boolean => {
    const flags = /flags:\t(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))![1]!;
    return (Number.parseInt(flags, 8) & 0o2000000) !== 0;
  };
  // The last is the folder that is being read.
  const others = descriptors().filter((name) => Number(name) > 2 && existsSync(`/proc/self/fd/${name}`));
  return ['0', '1', '2', ...others.filter((name) => !closedAtExec(name))];
}

/** e_entry. */
const entryOf = (path: string): number => Number(readFileSync(path).readBigUInt64LE(24));

function readLine(descriptor: number): string {
  const bytes = Buffer.alloc(100);
  let got = '';
  while (!got.endsWith('\n')) got += bytes.toString('latin1', 0, readSync(descriptor, bytes));
  return got;
}
