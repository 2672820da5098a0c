import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { FamilyRecording } from '../../src/engine/trace/family-recording.ts';
import { writeTraceFile } from '../../src/engine/trace/trace-file.ts';
import { EVENT, livesOf, readGoTrace, splitProcesses, type Trace } from '../../src/trace/index.ts';
import { buildGo, hasToolchain } from '../support/go-build.ts';
import { changedText } from './running-program.ts';
import { missing } from './stand.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'mattock-family-'));
const started: FamilyRecording[] = [];
afterEach(async () => {
  for (const recording of started.splice(0)) {
    await recording.stop();
    for (const { pid } of recording.processes) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const output = path.join(folder, 'stdout');
const said = (): string[] => readFileSync(output, 'utf8').trim().split('\n');

const NAP_MS = 1;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, NAP_MS));

async function start(
  program: string,
  args: readonly string[],
  stdin = '/dev/null',
): Promise<FamilyRecording> {
  const recording = await FamilyRecording.start({
    subject: {
      kind: 'launch',
      program: { path: program },
      args,
      terminal: { kind: 'files', stdin, stdout: output },
      fixedAddresses: false,
    },
    lossless: true,
  });
  started.push(recording);
  return recording;
}

async function recordUntil(recording: FamilyRecording, holds: () => boolean): Promise<void> {
  while (!holds()) {
    recording.drain();
    await pause();
  }
}

async function recordAll(recording: FamilyRecording): Promise<Trace> {
  await recordUntil(recording, () => recording.ended);
  await recording.stop();
  return recording.trace();
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Everything of each process was seen, from its first goroutine on, and follows from what was before. */
function expectWhole(trace: Trace): void {
  expect(trace.violations).toEqual([]);
  expect(livesOf(trace).violations).toEqual([]);
  for (const { command, trace: own } of splitProcesses(trace)) {
    const lives = livesOf(own);
    expect(lives.violations, command).toEqual([]);
    expect(lives.goroutines[0], command).toMatchObject({ id: 1, entry: 'runtime.main' });
    expect(
      lives.goroutines.every(({ created }) => created !== undefined),
      command,
    ).toBe(true);
    expect(lives.goroutines.filter(({ entry }) => entry?.startsWith('main.')).length, command).toBe(5);
  }
}

const columns = ({ events }: Trace) =>
  Array.from(events.kind, (kind, i) => [kind, events.goroutine[i], events.actor[i], events.proc[i]]);

describe.skipIf(missing !== undefined)('a recording that follows children', () => {
  // As the program itself finds it.
  const program = realpathSync(buildGo({ source: 'test/fixtures/follow-family' }));

  it('has every Go program that comes of it, whoever starts it, whole and in one file', async () => {
    const recording = await start(program, ['tree']);
    const trace = await recordAll(recording);
    expect(said()).toEqual(
      ['direct', 'below', 'grandchild', 'instead', 'own'].map((name) => `leaf ${name} 6`),
    );
    expect(recording.notes).toEqual([]);
    const commands = trace.processes.map(({ command }) => command.replace(/^\S+ /, ''));
    expect(commands).toEqual([
      'tree',
      'leaf direct',
      'leaf below',
      'tree2',
      'leaf grandchild',
      'leaf instead',
    ]);
    const [main, direct, , tree2, grandchild] = trace.processes;
    expect([direct!.parent, grandchild!.parent]).toEqual([main!.pid, tree2!.pid]);
    expect(direct!.end).toBeLessThan(trace.duration);
    const parts = splitProcesses(trace).filter(({ command }) => !/tree2$/.test(command));
    for (const { command, trace: own } of parts) {
      const lives = livesOf(own);
      expect(lives.goroutines[0], command).toMatchObject({ id: 1, entry: 'runtime.main' });
      expect(lives.goroutines.filter(({ entry }) => entry?.startsWith('main.')).length, command).toBe(5);
    }

    const file = path.join(folder, 'tree.out');
    writeTraceFile(file, trace, () => '');
    const again = readGoTrace(readFileSync(file), file);
    expect(again.processes).toEqual(trace.processes);
    expect(columns(again)).toEqual(columns(trace));
    expect(livesOf(again).violations).toEqual([]);
    const parsed = execFileSync('go', ['tool', 'trace', '-d=parsed', file], {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    expect(parsed).toContain(`process ${direct!.pid} ${program} leaf direct`);
    expect(parsed).toMatch(/GoID=1000001 Undetermined->Runnable|GoID=1000001 NotExist->Runnable/);
  });

  it.skipIf(!hasToolchain('go1.19.13'))('works for programs of Go 1.19', async () => {
    const old = buildGo({ source: 'test/fixtures/follow-family', toolchain: 'go1.19.13' });
    const trace = await recordAll(await start(old, ['many', '2', old, 'leaf', 'old']));
    expect(said()).toEqual(['leaf old 6', 'leaf old 6', 'leaf own 6']);
    expect(trace.processes.length).toBe(3);
    expectWhole({ ...trace });
  });

  it('is not in the way of a hundred children that are not in Go', async () => {
    const recording = await start(program, ['many', '100', '/bin/true']);
    const trace = await recordAll(recording);
    expect(said()).toEqual(['leaf own 6']);
    expect(recording.processes.length).toBe(1);
    expect(trace.processes).toEqual([]);
    expect(livesOf(trace).violations).toEqual([]);
    const loop = await start(program, [
      'many',
      '1',
      '/bin/sh',
      '-c',
      'for i in `seq 100`; do /bin/true; done',
    ]);
    await recordAll(loop);
    expect(said()).toEqual(['leaf own 6']);
  });

  it('takes children that are started at once, and those that fail to start', async () => {
    const trace = await recordAll(await start(program, ['at-once', '12', program, 'leaf', 'x']));
    expect(said()).toEqual(Array.from({ length: 12 }, () => 'leaf x 6'));
    expect(trace.processes.length).toBe(13);
    for (const { trace: own } of splitProcesses(trace)) {
      expect(own.violations).toEqual([]);
      expect(livesOf(own).violations).toEqual([]);
    }
  });

  it('goes on with the program that another one is exchanged for', async () => {
    const trace = await recordAll(await start(program, ['exec']));
    expect(said()).toEqual(['leaf before 6', 'leaf after 6']);
    const [before, after] = trace.processes;
    expect(trace.processes.length).toBe(2);
    expect(after!.pid).toBe(before!.pid);
    expect(before!.end).toBeLessThanOrEqual(after!.begin);
    expectWhole(trace);
    // What the first did ended when it was exchanged.
    const ended = splitProcesses(trace)[0]!.trace.events.kind.filter((kind) => kind === EVENT.ended).length;
    expect(ended).toBe(livesOf(splitProcesses(trace)[0]!.trace).goroutines.length);
  });

  it('leaves those that live on with their own text, traced by nobody', async () => {
    const pipe = path.join(folder, 'fifo');
    execFileSync('mkfifo', [pipe]);
    // For reading too: opening does not wait.
    const near = openSync(pipe, 'r+');
    try {
      const recording = await start(program, ['daemon'], pipe);
      await recordUntil(
        recording,
        () => (recording.processes[1]?.recording.status.events ?? 0) > 0 && recording.first.ended,
      );
      const { pid } = recording.processes[1]!;
      expect(recording.ended).toBe(false);
      expect(changedText(program, pid)).not.toEqual([]);
      await recording.stop();
      expect(changedText(program, pid)).toEqual([]);
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^TracerPid:\t0$/m);
      expect(isAlive(pid)).toBe(true);
      expect(livesOf(recording.trace()).violations).toEqual([]);
      process.kill(pid, 'SIGKILL');
    } finally {
      closeSync(near);
    }
  });
});
