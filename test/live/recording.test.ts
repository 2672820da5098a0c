import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { Recording } from '../../src/engine/trace/recording.ts';
import { EVENT, livesOf, type Trace } from '../../src/trace/index.ts';
import { buildGo, hasToolchain } from '../support/go-build.ts';
import { bundledProgram } from './bundled-program.ts';
import { mappedText } from './running-program.ts';

const EXCHANGES = 20_000;
/** So many that we read while the program is still there. */
const ROUNDS = 5;
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Running {
  readonly pid: number;
  /** What it printed, when it has ended. */
  readonly output: Promise<string>;
  /** So many lines it has printed up to now. */
  lines(): number;
  /** Ends its standard input. */
  end(): void;
}

function start(program: string, ...args: readonly string[]): Running {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  let text = '';
  child.stdout.on('data', (part) => {
    text += part;
  });
  const output = new Promise<string>((resolve) => child.on('close', () => resolve(text)));
  const lines = (): number => text.split('\n').length - 1;
  return { pid: child.pid!, output, lines, end: () => child.stdin.end() };
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Until this holds, or the program has ended. */
async function record(recording: Recording, enough: () => boolean): Promise<Trace> {
  while (!enough() && !recording.ended) {
    recording.drain();
    await pause(2);
  }
  await recording.stop();
  return recording.trace();
}

const never = (): boolean => false;

/** Until so many records have come. */
const recordEvents = (recording: Recording, count: number): Promise<Trace> =>
  record(recording, () => recording.status.events >= count);

function recordFor(recording: Recording, milliseconds: number): Promise<Trace> {
  const end = performance.now() + milliseconds;
  return record(recording, () => performance.now() >= end);
}

const attach = (pid: number, lossless = false): Promise<Recording> =>
  Recording.start({ subject: { kind: 'attach', pid }, lossless });

/** What the rounds of probe-scheduling printed, which is the same for all. */
const rounds = (text: string): Set<string> =>
  new Set(
    text
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\d+ /, '')),
  );

function countOf(trace: Trace, kind: number): number {
  return trace.events.kind.filter((each) => each === kind).length;
}

const reasonsOf = ({ events, strings }: Trace): Set<string> =>
  new Set(Array.from(events.kind, (kind, i) => (kind === EVENT.blocked ? strings[events.a[i]!]! : '')));

const stopReasonsOf = ({ events, strings }: Trace): Set<string> =>
  new Set(Array.from(events.kind, (kind, i) => (kind === EVENT.stwBegin ? strings[events.a[i]!]! : '')));

const valuesOf = ({ events }: Trace, kind: number): number[] =>
  [...events.a].filter((_, i) => events.kind[i] === kind);

/** A program that says nothing of it has a P for each processor; since go1.25 fewer where a container may use less. */
const isGomaxprocs = (count: number): boolean =>
  count >= 1 && count <= Number(process.env.GOMAXPROCS ?? availableParallelism());

/** The heap of the fixture is small; the collector aims at 4 MiB at least (runtime/mgcpacer.go, defaultHeapMinimum). */
const isHeap = (bytes: number): boolean => bytes > 10_000 && bytes < 2 ** 30;

/** Neither symbols nor DWARF. */
const STRIPPED = ['-ldflags=-s -w'];
const BUILDS = [
  { toolchain: '' },
  { toolchain: 'go1.24.13' },
  { toolchain: 'go1.22.12' },
  { toolchain: 'go1.19.13' },
  { toolchain: '', flags: STRIPPED },
  { toolchain: 'go1.19.13', flags: STRIPPED },
] as const;

describe.each(BUILDS)('a recording of a program of %j', ({ toolchain, ...flags }) => {
  const build = () =>
    buildGo({ source: 'test/fixtures/probe-scheduling', ...(toolchain && { toolchain }), ...flags });

  it.skipIf(!hasToolchain(toolchain || undefined))('chains, leaves text and output as they are', async () => {
    const program = build();
    const untraced = await start(program, '5').output;
    const { pid, output, lines, end } = start(program, 'until');
    await pause(100);
    const before = mappedText(pid);
    const recording = await attach(pid, true);
    expect(mappedText(pid).equals(before)).toBe(false);
    // What it has printed up to now is read; one line more may be on its way, and the next but one is of a round that
    // is seen as a whole.
    await pause(20);
    const first = lines();
    const trace = await record(recording, () => lines() >= first + 3);
    expect(mappedText(pid).equals(before)).toBe(true);
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^TracerPid:\t0$/m);

    expect(recording.missing).toEqual([]);
    expect(recording.status.lost).toBe(0);
    expect(trace.violations).toEqual([]);
    expect(livesOf(trace).violations).toEqual([]);
    expect(countOf(trace, EVENT.created)).toBeGreaterThan(100);
    expect(valuesOf(trace, EVENT.procsChange)).toEqual([expect.toSatisfy(isGomaxprocs)]);
    for (const kind of [EVENT.heapAlloc, EVENT.heapGoal]) {
      const heap = valuesOf(trace, kind);
      // Stripped programs do not say where the collector has its books.
      expect(heap.length > 0).toBe(!('flags' in flags));
      expect(heap.filter((bytes) => !isHeap(bytes))).toEqual([]);
    }
    const reasons = reasonsOf(trace);
    for (const reason of ['chan receive', 'chan send']) expect(reasons).toContain(reason);
    expect(trace.objects.some((object) => object?.kind === 'channel' && object.address !== 0)).toBe(true);
    expect(livesOf(trace).goroutines.some(({ entry }) => entry?.startsWith('main.'))).toBe(true);

    // A second time.
    const again = await recordFor(await attach(pid), 100);
    expect(again.violations).toEqual([]);
    expect(mappedText(pid).equals(before)).toBe(true);
    end();
    expect(rounds(await output)).toEqual(rounds(untraced));
  });
});

describe('a recording', () => {
  it.each([
    { flags: [] },
    // The runtime's texts have no addresses yet when such a program begins.
    { flags: ['-buildmode=pie'] },
  ])('of a program from its start has everything ($flags)', async ({ flags }) => {
    const program = buildGo({ source: 'test/fixtures/probe-scheduling', flags });
    const recording = await Recording.start({
      subject: {
        kind: 'launch',
        program: { path: program },
        args: [String(ROUNDS)],
        terminal: { kind: 'files', stdout: '/dev/null' },
        fixedAddresses: false,
      },
      lossless: true,
    });
    const trace = await record(recording, never);
    expect(recording.ended).toBe(true);
    expect(trace.violations).toEqual([]);
    expect(recording.status.lost).toBe(0);
    const lives = livesOf(trace);
    expect(lives.violations).toEqual([]);
    // The burst's, the two of the exchange, the lockers and others: each was seen from its creation on.
    expect(lives.goroutines.length).toBeGreaterThan(2010 * ROUNDS);
    expect(lives.goroutines.every(({ created }) => created !== undefined)).toBe(true);
    const reasons = reasonsOf(trace);
    for (const reason of ['chan receive', 'select', 'sleep', 'IO wait', 'sync.WaitGroup.Wait']) {
      expect(reasons).toContain(reason);
    }
    const objects = new Set(trace.objects.map((object) => object?.kind));
    for (const kind of ['channel', 'select', 'sleep', 'io', 'waitgroup', 'syscall'] as const) {
      expect(objects).toContain(kind);
    }
    const names = lives.goroutines.map(({ entry }) => entry);
    expect(names.filter((name) => name?.startsWith('main.bursts.')).length).toBe(2000 * ROUNDS);
    expect(names).toContain('runtime.main');
    for (const reason of ['GC sweep termination', 'GC mark termination']) {
      expect(stopReasonsOf(trace)).toContain(reason);
    }
    // Its Ps are counted as it begins.
    expect(valuesOf(trace, EVENT.procsChange)).toEqual([expect.toSatisfy(isGomaxprocs)]);
    // Each exchange wakes a goroutine twice at least.
    expect(countOf(trace, EVENT.unblocked)).toBeGreaterThan(2 * EXCHANGES * ROUNDS);
  });

  it.skipIf(!hasToolchain('go1.19.13'))('has the beginning of each mark assist that ends', async () => {
    const program = buildGo({ source: 'test/fixtures/probe-scheduling', toolchain: 'go1.19.13' });
    const recording = await Recording.start({
      subject: {
        kind: 'launch',
        program: { path: program },
        args: ['2'],
        terminal: { kind: 'files', stdout: '/dev/null' },
        fixedAddresses: false,
      },
      lossless: true,
    });
    const trace = await record(recording, never);
    expect(countOf(trace, EVENT.assistEnd)).toBe(countOf(trace, EVENT.assistBegin));
  });

  it('tells which descriptor is waited for, though the runtime uses its poll descriptors again', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'descriptors-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const stdout = path.join(folder, 'stdout');
    const recording = await Recording.start({
      subject: {
        kind: 'launch',
        program: { path: buildGo({ source: 'test/fixtures/descriptor-reuse' }) },
        args: [],
        terminal: { kind: 'files', stdout },
        fixedAddresses: false,
      },
      lossless: true,
    });
    const { events, objects } = await record(recording, never);
    const waited = Array.from(events.kind, (kind, i) =>
      kind === EVENT.blocked ? objects[events.b[i]!] : undefined,
    );
    const descriptors = waited.flatMap((object) => (object?.kind === 'io' ? [object.descriptor] : []));
    expect(descriptors).toEqual(readFileSync(stdout, 'utf8').trim().split('\n').map(Number));
    expect(new Set(descriptors).size).toBe(4);
  });

  it('of a program that is full of everything changes nothing of it, on and off and on again', async () => {
    const { pid, output, end } = start(buildGo({ source: 'test/fixtures/probe-torture' }), 'until');
    await pause(300);
    for (let i = 0; i < 8; i++) {
      const trace = await recordFor(await attach(pid, i % 2 === 1), 50);
      expect(trace.violations).toEqual([]);
    }
    end();
    expect(await output).toBe('wrong 0\n');
  });

  it('says what was lost where a ring is too small, and nothing with --lossless', async () => {
    const program = buildGo({ source: 'test/fixtures/probe-scheduling' });
    for (const lossless of [false, true]) {
      const { pid, output, end } = start(program, 'until');
      await pause(50);
      const recording = await Recording.start({
        subject: { kind: 'attach', pid },
        lossless,
        ringBytes: 1 << 19,
      });
      // Longer and longer nobody reads: on a busy machine the program may hardly run.
      const isFull = (): boolean => (lossless ? recording.status.waits : recording.status.lost) > 0;
      for (let times = 1; !isFull(); times++) {
        await pause(150 * times);
        recording.drain();
      }
      const trace = await recordFor(recording, 150);
      const { lost, waits } = recording.status;
      expect(trace.violations).toEqual([]);
      if (lossless) expect({ lost, waited: waits > 0 }).toEqual({ lost: 0, waited: true });
      else {
        expect(lost).toBeGreaterThan(0);
        expect(countOf(trace, EVENT.lost)).toBeGreaterThan(0);
      }
      end();
      await output;
    }
  });
});

describe('a recorder that gets no CPU for a while', () => {
  it('loses nothing when the program waits for it', async () => {
    const { pid, output, end } = start(buildGo({ source: 'test/fixtures/probe-scheduling' }), 'until');
    await pause(50);
    const recording = await Recording.start({
      subject: { kind: 'attach', pid },
      lossless: true,
      ringBytes: 1 << 20,
    });
    // Longer than it would wait for one that is gone.
    await pause(3000);
    const trace = await recordEvents(recording, 2 * recording.status.events + 50_000);
    const { lost, waits, gaveUp } = recording.status;
    expect({ lost, waited: waits > 0, gaveUp }).toEqual({ lost: 0, waited: true, gaveUp: false });
    expect(trace.violations).toEqual([]);
    end();
    await output;
  });
});

describe('a recorder that is killed', () => {
  it('harms nothing, and the next one takes its place', async () => {
    const program = buildGo({ source: 'test/fixtures/probe-scheduling' });
    const untraced = await start(program, '3').output;
    const { pid, output, end } = start(program, 'until');
    await pause(50);
    const before = mappedText(pid);
    const recorder = spawn(process.execPath, [bundledProgram('record-and-hang.ts'), String(pid)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(recorder);
    await new Promise((resolve) => recorder.stdout.once('data', resolve));
    expect(mappedText(pid).equals(before)).toBe(false);
    await expect(attach(pid)).rejects.toThrow(`process ${recorder.pid} traces this program already`);
    recorder.kill('SIGKILL');
    await new Promise((resolve) => recorder.once('close', resolve));
    // It runs on with the probes in it, whose ring nobody reads.
    await pause(300);
    // Where it waits for the reader of a ring that is full, it goes on when its patience is over.
    const trace = await recordEvents(await attach(pid), 5000);
    expect(trace.violations).toEqual([]);
    expect(trace.events.count).toBeGreaterThan(1000);
    expect(mappedText(pid).equals(before)).toBe(true);
    end();
    expect(rounds(await output)).toEqual(rounds(untraced));
  });

  it('leaves nothing for one that puts its probes elsewhere', async () => {
    const { pid } = start(buildGo({ source: 'test/fixtures/probe-scheduling' }), 'until');
    await pause(50);
    const before = mappedText(pid);
    const recorder = spawn(process.execPath, [bundledProgram('record-and-hang.ts'), String(pid), 'main.*'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(recorder);
    await new Promise((resolve) => recorder.stdout.once('data', resolve));
    expect(mappedText(pid).equals(before)).toBe(false);
    recorder.kill('SIGKILL');
    await new Promise((resolve) => recorder.once('close', resolve));
    const trace = await recordEvents(await attach(pid), 1000);
    expect(trace.violations).toEqual([]);
    expect(mappedText(pid).equals(before)).toBe(true);
    // A thread may have been in the dead one's code: that goes with one of the next.
    while (readFileSync(`/proc/${pid}/maps`, 'utf8').includes('memfd:mattock'))
      await recordEvents(await attach(pid), 1000);
  });
});
