import { beforeAll, describe, expect, test } from 'vitest';
import { compareVersions, installedGo } from '../../test/support/tools.ts';
import { fixtureProgram, missingForCore } from '../golang/testing/fixture-program.ts';
import { commandTable } from './commands.ts';
import { completeLine } from './complete.ts';
import { Session } from './session/session.ts';
import { execute } from './testing/execute.ts';
import { fakeHost } from './testing/fake-program.ts';

/** What people type that is wrong, or nearly, and what they are told. */

const pool = { fixture: 'worker-pool', flags: 'noopt' } as const;
/** Since go1.24 a sync.Mutex has an internal/sync.Mutex in it, and the state is in that. */
const MUTEX = compareVersions(installedGo() ?? '0', '1.24') >= 0 ? 'mu.mu' : 'mu';
let session: Session;

async function sessionOf(request: Parameters<typeof fixtureProgram>[0]): Promise<Session> {
  const { program } = await fixtureProgram(request);
  return new Session(program, fakeHost({}));
}

/** Of an error: the words, what to do, and the part of the line from the column on. */
async function told(line: string) {
  const { error } = await execute(session, line);
  if (error === undefined) throw new Error(`${line} is no mistake`);
  const { message, remedy, column } = error;
  return { message, remedy, at: column === undefined ? undefined : line.slice(column) };
}

const textOf = async (line: string): Promise<string> => (await execute(session, line)).text;

const completed = (line: string) =>
  completeLine({ session, scope: session.selection, table: commandTable }, line);

describe.skipIf(missingForCore(pool) !== undefined)('in a pool of workers', () => {
  beforeAll(async () => {
    session = await sessionOf(pool);
  });

  test('whatis of names that a package lacks', async () => {
    expect(await told('whatis main.Nope')).toMatchObject({
      message: 'there is no Nope in package main',
      at: 'Nope',
    });
    expect(await told('whatis main.Nope.field')).toMatchObject({
      message: 'there is no Nope in package main',
      at: 'Nope.field',
    });
  });

  test('whatis of a field of a type', async () => {
    expect(await textOf('whatis main.pool.jobs')).toBe('chan int\n');
    expect(await textOf(`whatis main.pool.${MUTEX}.state`)).toBe('int32\n');
    expect(await told('whatis main.pool.mu.nope')).toEqual({
      message: 'sync.Mutex has no field nope',
      remedy: '`whatis sync.Mutex` shows those it has',
      at: 'nope',
    });
    expect(await told('whatis main.pool.jobs.nope')).toMatchObject({
      message: 'chan int has no field nope',
      at: 'nope',
    });
  });

  test('-exec goes on where a command fails on a goroutine', async () => {
    const { text, ok } = await execute(
      session,
      'goroutines -with ownloc pool).worker -limit 2 -exec print p.nope',
    );
    expect(ok).toBe(true);
    expect(text.match(/error: could not find symbol p\n/g)).toHaveLength(2);
    expect(text).toContain('[2 goroutines]');
    const found = await textOf(
      'goroutines -with ownloc pool).worker -limit 2 -exec frame 3 print len(p.seen)',
    );
    expect(found.match(/^\t\d+$/gm)?.length).toBeGreaterThan(0);
  });

  test('-exec of what is no command at all is one error', async () => {
    expect(await told('goroutines -exec nope 1')).toMatchObject({
      message: 'there is no command nope',
      at: 'nope 1',
    });
    expect(await told('goroutines -exec stack -nope')).toMatchObject({
      message: 'there is no flag -nope',
      at: '-nope',
    });
  });

  test('waiters for a mutex are found where the program waits', async () => {
    // sync.(*Mutex).Lock, or what it calls, where that is in sync too.
    const user = await textOf('goroutines -with userloc Mutex');
    expect(user.match(/User: \S+ sync\.\S*Mutex/g)).toHaveLength(2);
    const own = await textOf('goroutines -o -with ownloc collector');
    expect(own.match(/Own: \S+main\.go:29 main\.\(\*pool\)\.collector /g)).toHaveLength(2);
    expect(await textOf('goroutines -o -with anyloc (*Mutex).Lock')).toBe(own);
    const groups = await textOf('goroutines -group ownloc -n 1');
    expect(groups).toMatch(
      /main\.go:29 in main\.\(\*pool\)\.collector\n\t {2}Goroutine \d+ - Own: .*\n\tTotal: 2\n/,
    );
    expect(groups).not.toContain('sync/mutex.go');
    const { goroutines } = JSON.parse(
      (await execute(session, 'grs -o -with ownloc collector', 'json')).text,
    ).result;
    expect(goroutines[0].own).toMatchObject({ function: 'main.(*pool).collector', line: 29 });
  });

  test('a goroutine that is selected says where the own code begins', async () => {
    const id = /Goroutine (\d+)/.exec(await textOf('grs -with ownloc collector'))![1];
    const text = await textOf(`goroutine ${id}`);
    const [, frame] = /Your code begins at frame (\d+): \S+main\.go:29 main\.\(\*pool\)\.collector\n/.exec(
      text,
    )!;
    expect(await textOf(`frame ${frame}`)).toContain(
      `Frame ${frame} of goroutine ${id}: main.(*pool).collector`,
    );
    expect(await textOf('goroutine')).toMatch(
      new RegExp(`\\tOwn: .*collector \\(0x[\\da-f]+\\), frame ${frame}\\n`),
    );
  });

  test('frame alone shows the selected one; none is negative', async () => {
    await execute(session, 'goroutine 1');
    await execute(session, 'frame 2');
    expect(await textOf('frame')).toMatch(/^Frame 2 of goroutine 1: /);
    expect(await told('frame -1')).toMatchObject({ message: '-1 is less than 0', at: '-1' });
  });

  test('registers that are not known do not hide the others', async () => {
    const { text, ok } = await execute(session, 'goroutine 2 regs rip nope rax');
    expect(text).toMatch(/^rip = 0x[\da-f]{16}\n/);
    expect(text).toContain('error: amd64 has no register nope\n');
    expect(text).toContain('error: the value of rax is not known in frame 0\n');
    expect(ok).toBe(false);
    expect(await told('regs nope')).toMatchObject({ message: 'amd64 has no register nope', at: 'nope' });
  });

  test('-chan of what is no channel', async () => {
    expect(await told('goroutines -chan 0x123')).toMatchObject({
      message: 'no channel is at 0x123: that memory is not there',
      at: '0x123',
    });
    expect(await told('goroutines -chan runtime.curg.stack.lo')).toMatchObject({
      message: expect.stringMatching(/^no channel is at 0x[\da-f]+: that is something else$/),
    });
    expect(await told('goroutines -chan runtime.curg')).toMatchObject({
      message: 'runtime.curg is no channel: its type is runtime.g',
    });
    // If the collector has run meanwhile, the time is known for which they have waited.
    const address = /chan receive[^:]*: chan int (0x[\da-f]+)/.exec(await textOf('goroutines'))![1];
    expect(await textOf(`goroutines -chan ${address}`)).toContain('[32 goroutines]');
  });

  test('thread alone shows the selected one; the signal is told of the one that it struck', async () => {
    const [, id] = /Thread (\d+) /.exec(await textOf('threads'))!;
    await execute(session, `thread ${id}`);
    expect(await textOf('thread')).toMatch(new RegExp(`^\\* Thread ${id} at `));
    expect((await textOf('threads')).match(/\[signal/g)).toHaveLength(1);
  });

  test('a list of variables says what was looked for', async () => {
    expect(await textOf('locals ^nosuch')).toBe('(no locals match ^nosuch)\n');
    expect(await textOf('vars ^nosuch')).toBe('(no vars match ^nosuch)\n');
  });

  test('members that there are not', async () => {
    const line = 'goroutine 1 print (*main.pool)(0xc000000000).nope';
    expect(await told(line)).toMatchObject({ remedy: '`whatis main.pool` shows those it has', at: 'nope' });
  });

  test('regular expressions', async () => {
    expect(await told('funcs [')).toMatchObject({
      message: '[ is not a regular expression: unterminated character class',
      at: '[',
    });
    expect(await told('list /(/')).toMatchObject({
      message: '( is not a regular expression: unterminated group',
    });
    expect(await textOf('funcs (?i)^MAIN\\.\\(\\*POOL\\)')).toContain('main.(*pool).worker\n');
  });

  test('a place that is several', async () => {
    const { message, remedy } = await told('list /worker/');
    expect(message).toMatch(
      /^\/worker\/ means \d places:\n {2}main\.\(\*pool\)\.worker at \S+main\.go:19\n {2}runtime\./,
    );
    expect(remedy).toContain('file:line');
  });

  test('groups by a label that goroutines lack', async () => {
    expect(await textOf('goroutines -group label nope -n 1')).toMatch(/^no label nope\n/);
  });

  test('completion', async () => {
    await execute(session, 'goroutine 1');
    const frames = await textOf('stack');
    const frame = /(\d+)\*? +0x\w+ in main\.main\n/.exec(frames)![1];
    await execute(session, `frame ${frame}`);
    expect(completed('print p.se')).toEqual({ column: 8, candidates: ['seen'], open: true });
    expect(completed('print len(p.')).toMatchObject({
      column: 12,
      candidates: ['jobs', 'mu', 'results', 'seen'],
    });
    expect(completed('print (*p).mu.x').candidates).toEqual([]);
    expect(completed(`print (*p).${MUTEX}.st`).candidates).toEqual(['state']);
    expect(completed('print runtime.curg.sched.s')).toMatchObject({ column: 25, candidates: ['sp'] });
    expect(completed('print (*(*[2]main.pool)(0xc000000000))[i].j').candidates).toEqual([]);
    expect(completed('print (*(*[2]main.pool)(0xc000000000))[p.seen[1].j').candidates).toEqual([]);
    expect(completed('print (*[2]main.pool)(0xc000000000)[1].j')).toMatchObject({
      column: 39,
      candidates: ['jobs'],
    });
    expect(completed('print runtime.allgl').candidates).toEqual(['runtime.allglen', 'runtime.allglock']);
    expect(completed('print poll.ErrN').candidates).toContain('poll.ErrNoDeadline');
    expect(completed('print "internal/poll".ErrN').candidates).toContain('ErrNoDeadline');
    // Packages, not all that is in them.
    expect(completed('print runt').candidates).toContain('runtime.');
    expect(completed('print pol').candidates).toEqual(['poll.']);
    // An operator follows; and of no letter at all the variables of the frame begin.
    expect(completed('print p ').candidates).toEqual([]);
    expect(completed('print ').candidates).toEqual(['p']);
    expect(completed('print p + ').candidates).toEqual(['p']);
  });

  test('formats', async () => {
    expect(await told('print %zz 1')).toMatchObject({ message: '%zz is not a format', at: '%zz 1' });
    expect(await told('display -a %d%d 1')).toMatchObject({ message: '%d%d is not a format' });
    expect(await textOf('print %#04x 10')).toBe('0x000a\n');
  });
});

const optimised = { fixture: 'nil-deref' } as const;

test.skipIf(missingForCore(optimised) !== undefined)('what print cannot show has its name', async () => {
  session = await sessionOf(optimised);
  const frame = /^(\d+) .*\n? *.*main\.audit/m.exec(await textOf('stack'))![1];
  expect(await textOf(`frame ${frame} print name`)).toBe('(name is optimised out)\n');
  expect(await told(`frame ${frame} print len(name)`)).toMatchObject({ message: 'name is optimised out' });
});
