import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Launch } from '../../src/engine/session-client.ts';
import { CallRecording, type CallRecordingOptions } from '../../src/engine/trace/call-recording.ts';
import { Recording } from '../../src/engine/trace/recording.ts';
import type { Outcome } from '../../src/trace/calls/call-stacks.ts';
import { CallCondition, type NamedShown, valueText } from '../../src/trace/calls/call-values.ts';
import { namePattern } from '../../src/trace/calls/name-pattern.ts';
import { livesOf } from '../../src/trace/index.ts';
import { buildGo, hasToolchain } from '../support/go-build.ts';
import { mappedText } from './running-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'mattock-calls-'));
const children: ChildProcess[] = [];
const started: number[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const pid of started.splice(0)) kill(pid);
});
afterAll(() => rmSync(folder, { recursive: true }));

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself, as it should.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

interface Seen {
  readonly kind: 'call' | 'return';
  readonly function: string;
  readonly goroutine: number;
  readonly level: number;
  readonly values: readonly NamedShown[];
  readonly outcome: Outcome | undefined;
  readonly ticks: number;
  readonly stack: readonly (string | undefined)[];
}

interface Options {
  readonly followCalls?: number;
  readonly frames?: number;
  readonly condition?: string;
  /** Enough has come. */
  readonly enough?: (seen: readonly Seen[]) => boolean;
}

interface Recorded {
  readonly seen: readonly Seen[];
  readonly recording: CallRecording;
  readonly orphans: number;
}

/** Until the program has ended, or enough has come. */
async function record(
  subject: CallRecordingOptions['subject'],
  pattern: string,
  { followCalls = 0, frames = 0, condition, enough = () => false }: Options = {},
): Promise<Recorded> {
  const request = { pattern: namePattern(pattern), followCalls, frames };
  const recording = await CallRecording.start({ subject, lossless: true, request, values: true });
  if (subject.kind === 'launch') started.push(recording.pid);
  const wanted = condition === undefined ? undefined : new CallCondition(condition);
  const seen: Seen[] = [];
  let orphans = 0;
  const { values } = recording;
  const calls = recording.follow({
    wants: (call) =>
      wanted?.holds(values.scope(call.function.layouts.entry, call.record, call.dictionary)) ?? true,
    began(call) {
      const { goroutine, level, record: bytes } = call;
      const { layouts } = call.function;
      const name = values.name(call);
      const stack = values.stack(layouts.entry, bytes).map((place) => place.function);
      const shown = values.arguments(call);
      const common = { function: name, goroutine, level, values: shown, outcome: undefined };
      seen.push({ kind: 'call', ...common, ticks: 0, stack });
    },
    ended(call, { outcome, record: bytes, ended }) {
      const { goroutine, level, began } = call;
      const name = values.name(call);
      const shown = bytes === undefined ? [] : values.results(call, bytes);
      seen.push({
        kind: 'return',
        function: name,
        goroutine,
        level,
        values: shown,
        outcome,
        ticks: ended - began,
        stack: [],
      });
    },
    orphan: () => {
      orphans++;
    },
    lost: (count) => {
      throw new Error(`${count} lost`);
    },
  });
  try {
    while (!recording.ended && !enough(seen)) {
      calls.drain();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  } finally {
    await calls.stop();
    await calls.tellRest(() => false);
  }
  return { seen, recording, orphans };
}

const launch = (program: string, stdout: string): CallRecordingOptions['subject'] => ({
  kind: 'launch',
  program: { path: program },
  args: [],
  terminal: { kind: 'files', stdout },
  fixedAddresses: false,
});

/** As the program itself says it. */
function said({ kind, function: full, values }: Seen): string {
  const name = full.replace(/\[.*\]/, '[...]');
  const texts = values
    .filter((each) => name !== 'main.seenGeneric[...]' || each.name === 'n')
    .map(({ value }) => (value.kind === 'string' ? JSON.stringify(value.value) : value.value));
  return `${kind} ${name} ${texts.join(' ')}`;
}

const SAYING = new Set(['Ints', 'Floats', 'Many', 'Deep', 'Generic[...]'].map((name) => `main.seen${name}`));

const texts = (values: Seen['values']): string[] => values.map(({ value }) => value.text);

describe.each([
  { toolchain: '', flags: [] as string[] },
  { toolchain: '', flags: ['-gcflags=all=-N -l'] },
  { toolchain: '', flags: ['-buildmode=pie'] },
  { toolchain: 'go1.22.12', flags: [] as string[] },
  { toolchain: 'go1.19.13', flags: [] as string[] },
])('calls of a program of $toolchain $flags', ({ toolchain, flags }) => {
  const build = (): string =>
    buildGo({ source: 'test/fixtures/calltrace-values', flags, ...(toolchain && { toolchain }) });
  const missing = !hasToolchain(toolchain || undefined);

  it.skipIf(missing)('are as the program says', async () => {
    const output = join(folder, 'said');
    const { seen, orphans } = await record(launch(build(), output), 'main.*');
    const lines = readFileSync(output, 'utf8').trim().split('\n');
    expect(lines.length).toBeGreaterThan(280);
    const heard = seen.filter((each) => SAYING.has(each.function.replace(/\[.*\]/, '[...]'))).map(said);
    // What a generic function returns it does not say.
    expect(heard.filter((line) => !line.startsWith('return main.seenGeneric'))).toEqual(lines);
    expect(orphans).toBe(0);

    const returned = (name: string): string[][] =>
      seen
        .filter((each) => each.function === name && each.kind === 'return')
        .map((each) => texts(each.values));
    // The jump table of one that moves is not there yet when it starts: its returns are not seen then.
    const tables = !flags.includes('-buildmode=pie');
    if (tables) expect(returned('main.switched').flat().slice(0, 3)).toEqual(['"zero"', '"one"', '"two"']);
    expect(returned('main.switched').length).toBe(10);
    expect(returned('main.leaf').flat().slice(0, 10)).toEqual(
      Array.from({ length: 10 }, (_, i) => String(4 * i)),
    );
    const pair = seen.find((each) => each.function === 'main.seenPair' && each.kind === 'call')!;
    expect(pair.values.map(({ name }) => name)).toEqual(['p', 'list', 'text', 'err']);
    expect(texts(pair.values)[0]).toMatch(/^main\.pair \{Name: "p"/);
    expect(texts(pair.values)[1]).toMatch(/\[1,2,3\]$/);
    // Where its type stands cannot be read any more if the program has ended meanwhile.
    expect(texts(pair.values)[3]).toMatch(/^error\(|^\(unreadable/);
    const method = seen.find((each) => each.function.includes('seenMethod'))!;
    expect(texts(method.values).slice(1)).toEqual(['3000000000', '"method"']);
    // Before go1.22 nothing tells of parameters without a name: then nothing is said of the others either.
    const blank = seen.find((each) => each.function === 'main.seenBlank')!;
    const named = blank.values.filter(({ name }) => !name.startsWith('~'));
    if (!/^go1\.(19|20|21)/.test(toolchain)) expect(texts(named)).toEqual(['"text"', '"last"']);
    expect(returned('main.seenBlank')).toEqual([['"textlast"']]);
    expect(returned('main.seenPair')[0]![0]).toMatch(/^main\.pair \{Name: "pbytes"/);
  });

  it.skipIf(missing)(
    'that a panic goes through, or the end of their goroutine, are told of as such',
    async () => {
      const { seen } = await record(
        launch(build(), '/dev/null'),
        '/^main\\.(catcher|between|thrower|leaver)$/',
      );
      const ends = seen.filter(({ kind }) => kind === 'return');
      const outcomes = (name: string): (string | undefined)[] =>
        ends.filter((each) => each.function === name).map(({ outcome }) => outcome);
      const alternating = Array.from({ length: 10 }, (_, i) => (i % 2 === 1 ? 'panicked' : 'returned'));
      expect(outcomes('main.between')).toEqual(alternating);
      expect(outcomes('main.thrower')).toEqual(alternating);
      expect(outcomes('main.leaver')).toEqual(['exited']);
      const catcher = ends.filter((each) => each.function === 'main.catcher');
      expect(catcher.map(({ values }) => texts(values)[0])).toEqual(
        Array.from({ length: 10 }, (_, i) => String(i % 2 === 1 ? -i : i + 1)),
      );
    },
  );

  it.skipIf(missing)('leave a program that runs as it was', async () => {
    const child = spawn(build(), ['run'], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    let output = '';
    child.stdout.on('data', (part) => {
      output += part;
    });
    const closed = new Promise((resolve) => child.on('close', resolve));
    const pid = child.pid!;
    const seenTwice = (seen: readonly Seen[]): boolean =>
      seen.filter((each) => each.function === 'main.seenInts').length >= 8;
    // It has begun when its first calls are seen.
    await record({ kind: 'attach', pid }, 'main.seenInts', { enough: seenTwice });
    const before = mappedText(pid);
    const { seen } = await record({ kind: 'attach', pid }, 'main.*', { enough: seenTwice });
    expect(mappedText(pid).equals(before)).toBe(true);
    const ints = seen.filter((each) => each.function === 'main.seenInts' && each.kind === 'call').map(said);
    expect(new Set(ints)).toEqual(
      new Set(['call main.seenInts -5 65535 -70000 1099511627776 true', 'call main.seenInts 1 2 3 4 false']),
    );
    child.stdin.end();
    await closed;
    expect(child.exitCode).toBe(0);
    expect(output.trim().split('\n').length).toBeGreaterThan(280);
  });
});

describe('calls', () => {
  const program = (): string => buildGo({ source: 'test/fixtures/calltrace-values' });

  it('are nested as they were made, with their stacks, as far down as was asked', async () => {
    const { seen } = await record(launch(program(), '/dev/null'), 'main.catcher', {
      followCalls: 1,
      frames: 8,
    });
    const begins = seen.filter(({ kind }) => kind === 'call');
    expect(new Set(begins.map((each) => `${each.level} ${each.function}`))).toEqual(
      new Set(['0 main.catcher', '1 main.between']),
    );
    for (const { stack, level } of begins) {
      expect(stack.slice(level, level + 3)).toEqual(['main.round', 'main.main', 'runtime.main'].slice(0, 3));
    }
  });

  it('are told of only where a condition holds', async () => {
    const { seen } = await record(launch(program(), '/dev/null'), 'main.leaf', {
      condition: 'a > 6 && b != 8 && b > 0',
    });
    expect(seen.filter(({ kind }) => kind === 'call').map(({ values }) => texts(values))).toEqual([
      ['7', '7'],
      ['9', '9'],
    ]);
    await expect(
      record(launch(program(), '/dev/null'), 'main.leaf', { condition: 'nothing > 6' }),
    ).rejects.toThrow(/could not find symbol nothing/);
  });

  it('say of which values what is shown was read behind the call', async () => {
    const late = buildGo({ source: 'test/fixtures/hcalls-late' });
    const { seen } = await record(launch(late, '/dev/null'), 'main.*Taken', {
      enough: (all) => all.length >= 20,
    });
    const told = (kind: Seen['kind'], name: string): string[][] =>
      seen
        .filter((each) => each.kind === kind && each.function === `main.${name}`)
        .map(({ values }) => values.map((each) => `${each.name} = ${valueText(each)}`));
    const [changed, other] = told('call', 'errorTaken');
    expect(changed).toEqual([
      expect.stringMatching(/^err = error\(\*main\.mutable\) \*\{Text: "(before|after)"\} \(read later\)$/),
      'n = 0',
    ]);
    expect(other![0]).toMatch(/"text \d+".* \(read later\)$/);
    expect(told('return', 'errorTaken')[0]![0]).toMatch(/ \(read later\)$/);
    expect(told('call', 'plainTaken')[0]).toEqual([
      'text = "text 0"',
      expect.stringMatching(/^p = main\.pair \{Name: "(0123456789){6}0123.* more", N: 0\}$/),
      'list = []int len: 2, cap: 2, [0,2]',
      expect.stringMatching(/^at = \(\*main\.mutable\)\(0x[0-9a-f]+\)$/),
      'constant = interface {}(string) "constant"',
      'none = error nil',
    ]);
    // By the dictionary that they were called with; all pointers are of one shape.
    expect(told('call', 'genericTaken[main.id]')[0]).toEqual([
      'value = 3',
      expect.stringMatching(/^at = \(\*main\.id\)\(0x/),
    ]);
    expect(told('call', 'genericTaken[*string]')[0]).toEqual([
      expect.stringMatching(/^value = \(\*string\)\(0x/),
      expect.stringMatching(/^at = \(?\*\*string\)? nil$/),
    ]);
    const [deep] = told('call', 'deepTaken');
    expect(deep!.map((text) => text.endsWith(' (read later)'))).toEqual([true, true, true]);
  });

  it('of all functions of a program change nothing that it does', async () => {
    const output = join(folder, 'all');
    const { recording, seen } = await record(launch(program(), output), '/./');
    expect(recording.plan.functions.length).toBeGreaterThan(1000);
    expect(readFileSync(output, 'utf8').trim().split('\n').length).toBeGreaterThan(280);
    expect(seen.length).toBeGreaterThan(1000);
  });

  it('says which functions cannot be seen', async () => {
    const subject = launch(program(), '/dev/null');
    await expect(record(subject, 'main.nothing*')).rejects.toThrow('no function is called main.nothing*');
    await expect(record(subject, 'main.seenGeneric[int]')).rejects.toThrow(
      'one instance of main.seenGeneric',
    );
    await expect(record(subject, 'runtime.memmove')).rejects.toThrow(/written in assembly/);
    await expect(record(subject, '/(/')).rejects.toThrow(/no regular expression/);
  });
});

describe('goroutines that enter a function', () => {
  it('are all that a recording has, with those that they create', async () => {
    const program = buildGo({ source: 'test/fixtures/probe-scheduling' });
    const recording = await Recording.start({
      subject: { ...(launch(program, '/dev/null') as Launch), args: ['2'] },
      lossless: true,
      follow: namePattern('main.lock.func*'),
    });
    started.push(recording.pid);
    while (!recording.ended) {
      recording.drain();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await recording.stop();
    const trace = recording.trace();
    expect(trace.violations).toEqual([]);
    const lives = livesOf(trace);
    expect(lives.violations).toEqual([]);
    // Eight lockers in each of two rounds, from their creation on.
    expect(lives.goroutines.map(({ entry }) => entry)).toEqual(Array(16).fill('main.lock.func1'));
    expect(lives.goroutines.every(({ created }) => created !== undefined)).toBe(true);
  });

  it('are followed from the middle of their lives on too', async () => {
    const child = spawn(buildGo({ source: 'test/fixtures/probe-scheduling' }), ['until'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    children.push(child);
    const recording = await Recording.start({
      subject: { kind: 'attach', pid: child.pid! },
      lossless: true,
      // One of them is entered again and again, in the other its goroutine waits all the time.
      follow: namePattern('/^main\\.(pingPong|main\\.func1)$/'),
    });
    const live = recording.live(false);
    let events = 0;
    while (events < 1000) {
      recording.drain();
      events += live.take().events.count;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await recording.stop();
    const trace = recording.trace();
    expect(livesOf(trace).violations).toEqual([]);
    expect(trace.events.goroutine.includes(1)).toBe(true);
    expect(livesOf(trace).goroutines.map(({ entry }) => entry)).toContain('main.main.func1');
    child.stdin.end();
  });
});
