import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSpeedscope } from '../../src/trace/export/testing/speedscope-rules.ts';
import { readGoTrace } from '../../src/trace/go-format/index.ts';
import { EVENT, livesOf, type Trace } from '../../src/trace/index.ts';
import { mattock } from '../cli/run-mattock.ts';
import { buildGo, goTool } from '../support/go-build.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mattock-call-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

const PROGRAM = 'test/fixtures/calltrace-values';

interface Called {
  readonly goroutine: number;
  readonly begins: boolean;
  readonly name: string;
  readonly text: string;
}

const callsIn = ({ events, strings }: Trace): Called[] =>
  Array.from({ length: events.count }, (_, i) => i)
    .filter((i) => events.kind[i] === EVENT.call || events.kind[i] === EVENT.return)
    .map((i) => ({
      goroutine: events.goroutine[i]!,
      begins: events.kind[i] === EVENT.call,
      name: strings[events.a[i]!]!,
      text: strings[events.b[i]!]!,
    }));

async function recorded(name: string, ...args: string[]): Promise<string> {
  const file = path.join(folder, name);
  const { status, stderr } = await mattock(['trace', ...args, '-o', file]);
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining(file) });
  return file;
}

describe('calls in a file', () => {
  it('are regions of a Go trace beside what the goroutines do', async () => {
    const file = await recorded('calls.out', 'main.*', buildGo({ source: PROGRAM }));
    const trace = readGoTrace(readFileSync(file), file);
    expect(livesOf(trace).violations).toEqual([]);
    const calls = callsIn(trace);
    const one = (wanted: string) => calls.filter(({ name }) => name === wanted);
    expect(one('main.seenInts').map(({ text }) => text)).toEqual([
      'a = -5, b = 65535, c = -70000, d = 1099511627776, e = true',
      '1099511623306, true',
      'a = 1, b = 2, c = 3, d = 4, e = false',
      '10, false',
    ]);
    // A panic goes through every second.
    expect(one('main.thrower').filter(({ begins, text }) => !begins && text === 'panic')).toHaveLength(5);
    expect(one('main.leaver').map(({ text }) => text)).toEqual(['', 'runtime.Goexit']);
    // Goroutines live beside them, and nest as they were called.
    expect(new Set(calls.map(({ goroutine }) => goroutine)).size).toBe(2);
    const parsed = goTool(undefined, ['trace', '-d=parsed', file]);
    const regions = parsed.split('\n').filter((line) => line.includes(' RegionBegin '));
    expect(regions.filter((line) => line.includes('"main.seenDeep"'))).toHaveLength(142);
    expect(parsed).toContain(' StateTransition ');

    // And of other formats: sums by call path.
    const converted = async (ending: string): Promise<string> => {
      const to = path.join(folder, `calls${ending}`);
      const { status, stderr } = await mattock(['trace', 'convert', file, to]);
      expect({ status, stderr }).toMatchObject({ status: 0 });
      return to;
    };
    const profile = await converted('.pb.gz');
    const top = goTool(undefined, [
      'pprof',
      '-top',
      '-nodefraction=0',
      '-sample_index=traced_calls',
      profile,
    ]);
    expect(top).toMatch(new RegExp(`of ${calls.filter(({ begins }) => begins).length} total`));
    // Of functions within themselves too.
    expect(top).toMatch(/^ +142 .* main\.seenDeep$/m);
    const { profiles, shared } = checkSpeedscope(readFileSync(await converted('.speedscope.json'), 'utf8'));
    expect(profiles[0]!.name).toBe('traced calls: time from call to return');
    const [first] = profiles.filter(({ type }) => type === 'evented');
    const deep = shared.frames.findIndex(({ name }) => name === 'main.seenDeep');
    const opened = first?.type === 'evented' ? first.events.filter(({ type }) => type === 'O') : [];
    expect(opened.filter(({ frame }) => frame === deep).length).toBeGreaterThanOrEqual(41);
  });

  it('are slices for Perfetto, with their stacks, as far as conditions hold', async () => {
    const program = buildGo({ source: PROGRAM });
    const file = await recorded(
      'calls.json',
      'main.leaf',
      program,
      '--if',
      'a > 6 && b != 8 && b > 0',
      '-s',
      '4',
    );
    const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly traceEvents: readonly {
        readonly cat?: string;
        readonly name: string;
        readonly args?: object;
      }[];
    };
    const begun = traceEvents.filter(({ cat }) => cat === 'call');
    expect(begun.map(({ args }) => args)).toEqual([
      { arguments: 'a = 7, b = 7' },
      { arguments: 'a = 9, b = 9' },
    ]);
  });

  it('are those of the goroutines that are followed only', async () => {
    const program = buildGo({ source: PROGRAM });
    const file = await recorded('followed.out', 'main.seenDeep', program, '-g', 'main.round.func*');
    const calls = callsIn(readGoTrace(readFileSync(file), file));
    expect(calls.filter(({ begins }) => begins)).toHaveLength(101);
    expect(calls[0]).toMatchObject({ text: 'n = 100' });
    // A function may be both: its calls are told, and it makes its goroutine followed.
    const both = await recorded('both.out', 'main.seenDeep', program, '-g', 'main.seenDeep');
    expect(callsIn(readGoTrace(readFileSync(both), both)).filter(({ begins }) => begins)).toHaveLength(142);
  });

  it('leave out what is quicker than was asked', async () => {
    const program = buildGo({ source: PROGRAM });
    const file = await recorded('slow.out', 'main.seen*', program, '--slower-than', '1h');
    expect(callsIn(readGoTrace(readFileSync(file), file))).toEqual([]);
  });

  it('go with the options that mean something for them', async () => {
    const refused = async (...args: string[]): Promise<string> =>
      (await mattock(['trace', 'main.*', buildGo({ source: PROGRAM }), ...args])).stderr;
    expect(await refused('-o', 'x.out', '--summary')).toContain('--summary shows calls, and -o keeps them');
    expect(await refused('-g', 'main.*')).toContain('name a file with -o');
  });
});

describe('the end of a program that was started', () => {
  const ended = (...args: string[]) => mattock(['trace', ...args]);
  const program = (): string => buildGo({ source: 'test/fixtures/callend-exits' });

  it('is told, as are the calls that it cut off, and its status is ours', async () => {
    const { status, stdout, stderr } = await ended('main.*er', program(), '--', 'exit');
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: expect.stringContaining('the program exited with status 3\n'),
    });
    expect(stdout.trim().split('\n')).toEqual([
      '> goroutine(1): main.outer(how = "exit")',
      '> goroutine(1):   main.inner(how = "exit")',
      '>> goroutine(1):   main.inner => going on when the program ended',
      '>> goroutine(1): main.outer => going on when the program ended',
    ]);
  });

  it.each([[['main.*er', '--summary']], [['-o', 'ended.out']]])('by a signal too: %s', async (args) => {
    const words = args.map((word) => (word.endsWith('.out') ? path.join(folder, word) : word));
    const { status, stderr } = await ended(...words, program(), '--', 'signal');
    expect({ status, stderr }).toEqual({
      status: 137,
      stderr: expect.stringContaining('the program was ended by SIGKILL'),
    });
    if (args.includes('--summary'))
      expect(stderr).toContain('going on when the program ended: main.outer, main.inner\n');
  });
});
