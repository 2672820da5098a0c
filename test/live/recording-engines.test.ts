import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { GoTracer } from '../../src/engine/trace/go-tracer.ts';
import { Recording, type RecordingOptions } from '../../src/engine/trace/recording.ts';
import { EVENT, livesOf, readGoTrace, type Trace } from '../../src/trace/index.ts';
import { buildGo, hasToolchain } from '../support/go-build.ts';

/** So many exchanges, goroutines and locks the program has, whoever looks. */
const ROUNDS = 300;
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const program = (toolchain?: string): string => {
  const fixture = { source: 'test/fixtures/engines-exchange' };
  return buildGo(toolchain === undefined ? fixture : { ...fixture, toolchain });
};

type Engine = NonNullable<RecordingOptions['engine']>;

/** The whole life of the program. */
async function recordAll(engine: Engine, path: string): Promise<Trace> {
  const recording = await Recording.start({
    subject: {
      kind: 'launch',
      program: { path },
      args: [String(ROUNDS)],
      terminal: { kind: 'files', stdout: '/dev/null' },
      fixedAddresses: false,
    },
    lossless: true,
    engine,
  });
  while (!recording.ended) {
    recording.drain();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await recording.stop();
  return recording.trace();
}

/** What the functions of the program do at a channel with each other: who of the two waits is left to the scheduler. */
const MEETINGS: Readonly<Record<string, string>> = {
  'main.exchange': 'exchange',
  'main.answer': 'exchange',
  'main.children': 'children',
  'main.child': 'children',
  'main.choose': 'choose',
  'main.feed': 'choose',
  'main.nap': 'nap',
};

/** How often they wait, wake and create. */
function storyOf(trace: Trace): Record<string, number> {
  const { events } = trace;
  const counts: Record<string, number> = {};
  for (let i = 0; i < events.count; i++) {
    const meeting = MEETINGS[functionOf(trace, events.stack[i]!) ?? ''];
    const word = WORDS[events.kind[i]!];
    if (meeting === undefined || word === undefined) continue;
    // The collector stops whom it likes.
    if (trace.strings[events.a[i]!] === 'preempted' && word === 'waits') continue;
    const what = `${meeting} ${word}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

const WORDS: Readonly<Record<number, string>> = {
  [EVENT.created]: 'creates',
  [EVENT.blocked]: 'waits',
  [EVENT.unblocked]: 'wakes',
};

/** What the scheduler has no say in. */
const STORY = {
  'exchange creates': 1,
  'exchange waits': 2 * ROUNDS,
  'exchange wakes': 2 * ROUNDS,
  'children creates': ROUNDS,
  'children waits': ROUNDS,
  'children wakes': ROUNDS,
  'choose creates': 1,
  'choose waits': 2 * ROUNDS,
  'choose wakes': 2 * ROUNDS,
  'nap waits': ROUNDS,
};

/** How often which function waited for what, in the words of Go's tracer. */
function waitsOf(trace: Trace): Record<string, number> {
  const { events, strings } = trace;
  const counts: Record<string, number> = {};
  for (let i = 0; i < events.count; i++) {
    const name = functionOf(trace, events.stack[i]!);
    const reason = strings[events.a[i]!] ?? '';
    if (events.kind[i] !== EVENT.blocked || MEETINGS[name ?? ''] === undefined || reason === 'preempted')
      continue;
    const what = `${name}: ${reason}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

/** The innermost one of the program's own. */
function functionOf({ stacks }: Trace, stack: number): string | undefined {
  const names = Array.from(stacks.frames(stack), (id) => stacks.frame(id).function);
  return names.find((name) => name.startsWith('main.'));
}

/** Kinds of what goroutines waited for in the program's own code. */
function objectsOf(trace: Trace): Set<string | undefined> {
  const { events, objects } = trace;
  const kinds = new Set<string | undefined>();
  for (let i = 0; i < events.count; i++)
    if (events.kind[i] === EVENT.blocked && functionOf(trace, events.stack[i]!) !== undefined)
      kinds.add(objects[events.b[i]!]?.kind);
  return kinds;
}

describe('traps', () => {
  it.skipIf(!hasToolchain(undefined)).each([[undefined], ['go1.22.12']])(
    'tell the same story as inline probes (%s)',
    async (toolchain) => {
      if (!hasToolchain(toolchain)) return;
      const path = program(toolchain);
      for (const engine of ['trap', 'inline'] as const) {
        const trace = await recordAll(engine, path);
        expect({ engine, violations: [...trace.violations, ...livesOf(trace).violations] }).toEqual({
          engine,
          violations: [],
        });
        expect({ engine, story: storyOf(trace) }).toEqual({ engine, story: STORY });
        expect(objectsOf(trace)).toContain('channel');
        expect(objectsOf(trace)).toContain('select');
      }
    },
  );

  it('leave a program that was there as it was', async () => {
    const child = spawn(program(), ['until'], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    let output = '';
    child.stdout!.on('data', (piece) => {
      output += piece;
    });
    const closed = new Promise((resolve) => child.on('close', resolve));
    const recording = await Recording.start({
      subject: { kind: 'attach', pid: child.pid! },
      lossless: false,
      engine: 'trap',
    });
    while (recording.status.events < 2000) {
      recording.drain();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await recording.stop();
    const trace = recording.trace();
    expect(recording.ended).toBe(false);
    expect(livesOf(trace).violations).toEqual([]);
    expect(trace.violations).toEqual([]);
    child.stdin!.end();
    expect(await closed).toBe(0);
    expect(output).toMatch(/^(ok\n)+$/);
  });

  it('end with a program that has nothing to do', async () => {
    const child = spawn(program(), ['sleep'], { stdio: ['pipe', 'ignore', 'inherit'] });
    children.push(child);
    const recording = await Recording.start({
      subject: { kind: 'attach', pid: child.pid! },
      lossless: false,
      engine: 'trap',
    });
    for (let i = 0; i < 5; i++) recording.drain();
    await recording.stop();
    expect(child.exitCode).toBeNull();
    expect(recording.ended).toBe(false);
  });
});

describe("Go's own tracer", () => {
  it.skipIf(!hasToolchain(undefined)).each([[undefined], ['go1.22.12']])(
    'tells the same story of the same run as the probes (%s)',
    async (toolchain) => {
      if (!hasToolchain(toolchain)) return;
      const child = spawn(program(toolchain), ['serve'], { stdio: ['pipe', 'pipe', 'inherit'] });
      children.push(child);
      const tracer = await GoTracer.start(child.pid!);
      const recording = await Recording.start({
        subject: { kind: 'attach', pid: child.pid! },
        lossless: true,
      });
      let answered = false;
      child.stdout!.once('data', () => {
        answered = true;
      });
      child.stdin!.write(`${ROUNDS}\n`);
      while (!answered) {
        recording.drain();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await recording.stop();
      const theirs = readGoTrace(await tracer.stop(), 'theirs');
      const ours = recording.trace();
      expect(storyOf(ours)).toEqual(STORY);
      expect(storyOf(theirs)).toEqual(STORY);
      expect(waitsOf(ours)).toEqual(waitsOf(theirs));
      expect(child.exitCode).toBeNull();
    },
  );

  it.skipIf(!hasToolchain(undefined))('is stopped where the program is at work, not the tracer', async () => {
    // A second after its start the tracer begins another generation, on a goroutine of the runtime that asks for the time.
    const child = spawn(program(), ['slow'], { stdio: ['pipe', 'ignore', 'inherit'] });
    children.push(child);
    const tracer = await GoTracer.start(child.pid!);
    const trace = readGoTrace(await tracer.stop(), 'theirs');
    expect(trace.events.count).toBeGreaterThan(0);
    expect(child.exitCode).toBeNull();
  });

  it('is missed where it is not linked', async () => {
    const child = spawn(buildGo({ source: 'test/fixtures/probe-scheduling' }), ['until'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    children.push(child);
    await expect(GoTracer.start(child.pid!)).rejects.toThrow(/not linked/);
    expect(child.exitCode).toBeNull();
  });
});
