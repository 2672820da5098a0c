import { afterEach, expect, test, vi } from 'vitest';
import { threadId } from '../../base/index.ts';
import { openProgram } from '../../golang/index.ts';
import { fixtureProgram } from '../../golang/testing/fixture-program.ts';
import { changingTarget, startedTarget } from '../../golang/testing/started-program.ts';
import { commandTable } from '../commands.ts';
import { executeLine } from '../execute.ts';
import { PLAIN } from '../output/style.ts';
import { fakeHost } from '../testing/fake-program.ts';
import { Session } from './session.ts';

async function run(session: Session, line: string, format: 'text' | 'json' = 'text') {
  let output = '';
  const { error } = await executeLine(session, commandTable, line, { format, style: PLAIN }, (text) => {
    output += text;
  });
  return { error, output };
}

const startedSession = (build: Parameters<typeof startedTarget>[0]): Session =>
  new Session(openProgram(startedTarget(build)), fakeHost({}));

afterEach(() => void vi.useRealTimers());

test('the source where a program stops is looked at again in time, and that of other files at once', () => {
  vi.useFakeTimers({ now: 1000 });
  const sources = { '/src/a.go': 'package a', '/src/b.go': 'package b' };
  const session = new Session(openProgram(startedTarget({ fixture: 'scopes' })), fakeHost({ sources }));
  expect(session.sourceAtStop('/src/a.go')).toEqual(['package a']);
  sources['/src/a.go'] = 'package edited';
  expect(session.sourceAtStop('/src/a.go')).toEqual(['package a']);
  vi.advanceTimersByTime(150);
  expect(session.sourceAtStop('/src/a.go')).toEqual(['package edited']);
  expect(session.sourceAtStop('/src/b.go')).toEqual(['package b']);
  session.settings.values['substitute-path'] = [{ from: '/src/b.go', to: '/src/a.go' }];
  expect(session.sourceAtStop('/src/b.go')).toEqual(['package edited']);
});

const builds = [
  { fixture: 'scopes' },
  { fixture: 'scopes', pie: true },
  { fixture: 'scopes', stripped: true },
  { fixture: 'c-only' },
] as const;

/** Whatever needs the runtime may say so; nothing may fail of itself. */
test.each(builds)('before the first instruction every command has a sensible answer: %o', async (build) => {
  const session = startedSession(build);
  const { commands } = commandTable;
  const inNeedOfArguments: Readonly<Record<string, string>> = {
    thread: 'thread 100',
    print: 'print 1 + 1',
    whatis: 'whatis 1',
    display: 'display -a 1',
    examinemem: 'examinemem 0x7ffff0001000',
    frame: 'frame 0',
    deferred: 'deferred 1 print 1',
    source: 'source nothing',
    exit: '',
  };
  for (const { name } of commands) {
    const { error } = await run(session, inNeedOfArguments[name] ?? name, 'json');
    expect([name, error?.family]).not.toEqual([name, 'internal']);
  }
});

test('before the first instruction there are no goroutines, a stack of one frame, and variables of packages', async () => {
  const session = startedSession({ fixture: 'scopes' });
  expect(session.selection).toEqual({
    thread: threadId(100),
    goroutine: undefined,
    frame: 0,
    deferred: undefined,
  });
  expect(await run(session, 'goroutines')).toEqual({
    error: undefined,
    output: 'The Go runtime has not started: there are no goroutines yet.\n[0 goroutines]\n',
  });
  expect((await run(session, 'stack')).output).toContain('_rt0_amd64_linux');
  expect((await run(session, 'print runtime.buildVersion')).output).toMatch(/^"go1\.\d+/);
  expect((await run(session, 'threads')).output).toContain('Thread 100');
  expect((await run(session, 'regs')).output).toContain('rip');
});

test('a program that runs is opened at the thread that stopped, and has no verdict until asked', async () => {
  const { program } = await fixtureProgram({ fixture: 'nil-deref', flags: 'noopt' });
  const live = openProgram({ ...program.target, kind: 'process' });
  live.verdict = () => {
    throw new Error('nobody asked');
  };
  const session = new Session(live, fakeHost({}));
  const { currentThread } = program.target.process;
  expect(session.selection.thread).toBe(currentThread);
  expect(session.selection.goroutine?.id).toBe(program.goroutineOn(currentThread)?.id);
  expect(session.selection.frame).toBe(0);
});

test('after a refresh stacks are read anew and the selection is the one of the stop', async () => {
  // Its thread runs a goroutine, whatever else: of programs that wait none may.
  const { program } = await fixtureProgram({ fixture: 'nil-deref' });
  const { target, become } = changingTarget({ ...program.target, kind: 'process' });
  const session = new Session(openProgram(target), fakeHost({}));
  const other = [...session.program.goroutines()].find(({ state }) => state === '_Gwaiting')!;
  session.selection = session.scopeOf(other);
  const stack = session.stack(session.selection, 5);
  expect(session.stack(session.selection, 5)).toBe(stack);
  become(startedTarget({ fixture: 'blocked-sync' }));
  session.program.refresh();
  session.refresh();
  expect(session.selection.goroutine).toBeUndefined();
  expect(session.stack(session.selection, 5).frames[0]!.function).toBe('_rt0_amd64_linux');
  session.turnTo(program);
  expect(session.selection.goroutine).toBeDefined();
});
