import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { CallRecording } from '../../src/engine/trace/call-recording.ts';
import { Recording } from '../../src/engine/trace/recording.ts';
import { namePattern } from '../../src/trace/calls/name-pattern.ts';
import { bundledProgram } from '../live/bundled-program.ts';
import { mappedText, RunningProgram } from '../live/running-program.ts';

/** What the probes are for, and whether whoever put them in is killed. */
export const SESSIONS = [
  'goroutines',
  'calls',
  'goroutines, killed',
  'calls, lossless',
  'calls, killed',
  'goroutines, lossless',
] as const;
/** Where there is time: what a probe keeps of its callers, and probes in a thousand functions and more. */
const MORE_SESSIONS = ['calls, with stacks', 'calls, of everything'] as const;
type Session = (typeof SESSIONS)[number] | (typeof MORE_SESSIONS)[number];

export interface TortureReport {
  readonly sessions: number;
  readonly goroutineEvents: number;
  readonly calls: number;
}

/** Of probes in the program, and of the program without them. */
const PHASE_MS = 100;
const DRAIN_MS = 2;
/** On a busy machine a round takes many seconds. */
const STANDSTILL_MS = 300_000;
const REFERENCE_ROUNDS = 3;
const CALLS = 'main.*';
const EVERYTHING = '/./';

/**
 * Puts probes into a program and takes them out, again and again, each kind of session once at least. Throws if it
 * does not go on, if a byte of its text is changed afterwards, if its goroutines' states do not chain, or if it prints
 * anything else than without probes.
 */
export async function torture(program: string, milliseconds: number): Promise<TortureReport> {
  const expected = await reference(program);
  const running = new Victim(program);
  try {
    await running.goesOn();
    const report = { sessions: 0, goroutineEvents: 0, calls: 0 };
    const end = performance.now() + milliseconds;
    const sessions: readonly Session[] = milliseconds > 0 ? [...SESSIONS, ...MORE_SESSIONS] : SESSIONS;
    // Whole turns of them: who comes after one that was killed takes its probes out.
    while (report.sessions % sessions.length !== 0 || report.sessions === 0 || performance.now() < end) {
      const session = sessions[report.sessions % sessions.length]!;
      await suffer(running, session, report);
      report.sessions++;
      await running.goesOn();
      await pause(PHASE_MS);
    }
    const { status, last } = await running.finish();
    if (status !== 0 || last !== expected || /wrong/.test(running.output))
      throw new Error(`${program} ended with ${status}: ${last}\ninstead of ${expected}\n${running.end}`);
    return report;
  } finally {
    running.kill();
  }
}

async function reference(program: string): Promise<string> {
  const untraced = new Victim(program);
  try {
    while (untraced.rounds < REFERENCE_ROUNDS) await untraced.goesOn();
    return (await untraced.finish()).last;
  } finally {
    untraced.kill();
  }
}

/** A program that is to go on whatever is done to it. */
class Victim extends RunningProgram {
  /** Its text before anything is done to it. */
  readonly text: Promise<Buffer>;

  constructor(program: string) {
    super(program);
    this.text = this.goesOn().then(() => mappedText(this.pid));
  }

  async goesOn(): Promise<void> {
    const before = this.rounds;
    const end = performance.now() + STANDSTILL_MS;
    while (this.rounds <= before) {
      if (this.end !== undefined) throw new Error(`${this.executable} ${this.end}`);
      if (performance.now() > end) throw new Error(`${this.executable} stands still`);
      await pause(DRAIN_MS);
    }
  }

  async checkText(session: Session): Promise<void> {
    if (this.end === undefined && !mappedText(this.pid).equals(await this.text))
      throw new Error(`the text of ${this.executable} is changed after: ${session}`);
  }
}

type Counts = { -readonly [K in keyof TortureReport]: TortureReport[K] };

async function suffer(running: Victim, session: Session, report: Counts): Promise<void> {
  await running.text;
  const lossless = session.endsWith('lossless');
  switch (session) {
    case 'goroutines':
    case 'goroutines, lossless':
      report.goroutineEvents += await recordGoroutines(running.pid, lossless);
      break;
    case 'calls':
    case 'calls, lossless':
      report.calls += await recordCalls(running.pid, lossless);
      break;
    case 'calls, with stacks':
      report.calls += await recordCalls(running.pid, true, { followCalls: 2, frames: 8 });
      break;
    case 'calls, of everything':
      report.calls += await recordCalls(running.pid, false, { pattern: EVERYTHING });
      break;
    default:
      return killRecorder(running.pid, session.startsWith('calls') ? [CALLS] : []);
  }
  await running.checkText(session);
}

async function recordGoroutines(pid: number, lossless: boolean): Promise<number> {
  const recording = await Recording.start({ subject: { kind: 'attach', pid }, lossless });
  try {
    await drainFor(PHASE_MS, () => {
      recording.drain();
      return recording.status.events > 0;
    });
  } finally {
    await recording.stop();
  }
  const missing = recording.missing.join('; ');
  if (missing !== '') throw new Error(`not everything is recorded: ${missing}`);
  const { events, violations } = recording.trace();
  if (violations.length > 0) throw new Error(JSON.stringify(violations.slice(0, 10), undefined, 1));
  return events.count;
}

async function recordCalls(
  pid: number,
  lossless: boolean,
  { pattern = CALLS, followCalls = 0, frames = 0 } = {},
): Promise<number> {
  const request = { pattern: namePattern(pattern), followCalls, frames };
  const recording = await CallRecording.start({
    subject: { kind: 'attach', pid },
    lossless,
    request,
    values: true,
  });
  let seen = 0;
  const calls = recording.follow({
    wants: () => true,
    began: () => seen++,
    ended: () => {},
    orphan: () => {},
    lost: () => {},
  });
  try {
    await drainFor(PHASE_MS, () => {
      calls.drain();
      return seen > 0;
    });
  } finally {
    await calls.stop();
    await calls.tellRest(() => false);
  }
  return seen;
}

/** Its probes stay in, and nobody reads their ring. */
async function killRecorder(pid: number, args: readonly string[]): Promise<void> {
  const recorder: ChildProcess = spawn(
    process.execPath,
    [bundledProgram('record-and-hang.ts'), String(pid), ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(recorder, 'close');
  const begun = await Promise.race([once(recorder.stdout!, 'data'), ended.then(() => undefined)]);
  if (begun === undefined) throw new Error('the recorder that was to be killed has ended before');
  await pause(PHASE_MS);
  recorder.kill('SIGKILL');
  await ended;
}

/** And until something has come: on a busy machine the program may hardly run. */
async function drainFor(milliseconds: number, drain: () => boolean): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!drain() || performance.now() < end) await pause(DRAIN_MS);
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
