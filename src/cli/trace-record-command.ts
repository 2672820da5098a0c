import { availableParallelism } from 'node:os';
import path from 'node:path';
import { formatDuration } from '../commands/language/duration.ts';
import { plural } from '../commands/output/text.ts';
import { DrainPause } from '../engine/trace/drain-pause.ts';
import { FamilyRecording } from '../engine/trace/family-recording.ts';
import { type RecordedCalls, Recording, type TraceEngine } from '../engine/trace/recording.ts';
import { checkTraceFile } from '../engine/trace/trace-file.ts';
import { CallCondition } from '../trace/calls/call-values.ts';
import { checkCondition } from '../trace/calls/check-condition.ts';
import { namePattern } from '../trace/calls/name-pattern.ts';
import { keepRecording, tellWritten } from './keep-trace.ts';
import { untilSignal } from './recording-signals.ts';
import { BrokenPipe, isTerminal, writeError } from './standard-streams.ts';
import type { TraceCallOptions } from './trace-call-options.ts';
import { ownStatusOf, statusOf } from './trace-failure.ts';
import { takeLeave, tellEnd } from './trace-farewell.ts';
import { type LiveSource, TraceLines } from './trace-lines.ts';
import type { TraceRecordOptions } from './trace-record-options.ts';
import { recordByGoTracer } from './trace-runtime-command.ts';
import { costText, TraceStatus } from './trace-status.ts';
import { launchOf } from './trace-subject.ts';

const DRAIN_EVERY_MS = 10;
/** Where somebody may wait for an answer. */
const ANSWER_EVERY_MS = 1;
/** Putting lines together costs a look at the clocks. */
const TELL_EVERY_MS = 20;
/** Lines take their time: the ring is drained in between, and the end of the recording is not late. */
const TELL_FOR_MS = 10;
/** Further behind nothing is taken any more, and what the ring does not hold is counted as lost. */
const MOST_BEHIND = 1_000_000;
/** Looking for the end of the program costs a read of procfs. */
const END_EVERY_MS = 50;
/** Runs `mattock trace` and gives the exit status. `root` is the folder that dist/ is in. */
export function runTraceRecord(options: TraceRecordOptions, root: URL): Promise<number> {
  const { engine } = options;
  const format = { json: options.lines?.json === true };
  return engine === 'runtime'
    ? statusOf(() => recordByGoTracer(options, root), format)
    : ownStatusOf(() => record({ ...options, engine }, root), format);
}

type AnyRecording = Recording | FamilyRecording;
type Options = TraceRecordOptions & { readonly engine: TraceEngine };

async function record(options: Options, root: URL): Promise<number> {
  const { output } = options;
  // Before anything is recorded: what cannot be kept would be lost.
  if (output !== undefined) checkTraceFile(output);
  const { recording, status } = await recorded(options);
  if (output === undefined) {
    writeError(summary(recording, []));
    return status;
  }
  const kept = keepRecording(output, recording, root);
  const { duration, events, goroutines, violations, processes, notes } = kept;
  const whose = processes > 1 ? ` in ${processes} processes` : '';
  const all = [
    `${formatDuration(duration)}: ${events} events of ${goroutines} goroutines${whose}`,
    callsText(recording, options.calls?.pattern),
    violations > 0 ? `${violations} changes of state do not follow from those before` : '',
    ...notes,
  ];
  writeError(summary(recording, all));
  tellWritten(output, kept);
  return status;
}

/** Records until the time is over, the program has ended, or a signal asks for the end. */
async function recorded(
  options: Options,
): Promise<{ readonly recording: AnyRecording; readonly status: number }> {
  // Without a listener Node lets a debugger in when this signal comes.
  let tell = (): void => writeError('mattock: the recording has not begun\n');
  const asked = (): void => tell();
  process.on('SIGUSR1', asked);
  try {
    return await untilSignal(async (sent) => {
      const { lossless, subject, output, engine } = options;
      const wanted = options.follow === undefined ? undefined : namePattern(options.follow);
      const recording = await (options.children ? FamilyRecording : Recording).start({
        lossless,
        subject: launchOf(subject),
        follow: wanted,
        engine,
        calls: options.calls && recordedCalls(options.calls),
        traps: options.traps ?? true,
        spoolFolder: output === undefined ? undefined : path.dirname(output),
      });
      const { calls } = options;
      if (calls !== undefined && recording.calls === undefined)
        writeError(
          `mattock: process ${recording.pid} has no function called ${calls.pattern}; programs that it starts may\n`,
        );
      let left = false;
      let lines: TraceLines | undefined;
      try {
        lines = options.lines && new TraceLines(eventsOf(recording, output === undefined), options.lines);
        const status = new TraceStatus(recording, lines === undefined || !isTerminal(1));
        tell = () => status.tell();
        const pause = pauseOf(options, recording);
        await listen(recording, options.duration, () => sent() !== undefined, { lines, status, pause });
        status.clear();
      } catch (error) {
        // Who reads the lines has gone, which is how `| head` ends it.
        if (!(error instanceof BrokenPipe)) throw error;
        left = true;
      } finally {
        await recording.stop();
        tell = () => writeError('mattock: the recording has ended\n');
      }
      left ||= !finished(lines);
      const signal = left ? 'SIGINT' : sent();
      // Who ended it by a signal to both of us has what was asked for.
      const status = recording.ended ? tellEnd(firstOf(recording).end) : 0;
      if (subject.kind === 'launch') await leave(recording, signal);
      return { recording, status: signal === undefined ? status : 0 };
    });
  } finally {
    process.removeListener('SIGUSR1', asked);
  }
}

function recordedCalls({
  pattern,
  followCalls,
  frames,
  condition,
  slowerThan,
}: TraceCallOptions): RecordedCalls {
  return {
    request: { pattern: namePattern(pattern), followCalls, frames },
    condition: condition === undefined ? undefined : new CallCondition(condition),
    slowerThan,
    check: ({ functions }) => {
      if (condition !== undefined) checkCondition(condition, functions);
    },
  };
}

/** False: who reads the lines has gone. */
function finished(lines: TraceLines | undefined): boolean {
  try {
    lines?.finish();
    return true;
  } catch (error) {
    if (!(error instanceof BrokenPipe)) throw error;
    return false;
  }
}

/** The program that was named. */
const firstOf = (recording: AnyRecording) =>
  recording instanceof FamilyRecording ? recording.first : recording;

async function leave(recording: AnyRecording, signal: NodeJS.Signals | undefined): Promise<void> {
  const program = firstOf(recording);
  if (signal !== undefined) await takeLeave(program, signal);
  else if (!program.ended) writeError(`mattock: the program goes on, as process ${program.pid}\n`);
}

interface Told {
  readonly lines: TraceLines | undefined;
  readonly status: TraceStatus;
  /** Milliseconds until the ring is to be looked at again. */
  readonly pause: () => number;
}

async function listen(
  recording: AnyRecording,
  duration: number | undefined,
  isInterrupted: () => boolean,
  { lines, status, pause }: Told,
): Promise<void> {
  const started = performance.now();
  // The probes have been in for a while: what goroutines did before is understood first.
  const end = duration === undefined ? Infinity : started + duration / 1e6 - recording.seconds * 1000;
  let nextLook = started;
  let nextLines = started;
  let told = 0;
  while (!isInterrupted() && performance.now() < end) {
    if (lines === undefined || recording.status.events - told < MOST_BEHIND) recording.drain();
    status.show();
    const now = performance.now();
    if (lines !== undefined && (lines.isBehind || now >= nextLines)) {
      if (!lines.isBehind) told = recording.status.events;
      lines.tell(now + TELL_FOR_MS);
      nextLines = now + TELL_EVERY_MS;
    }
    if (now >= nextLook) {
      if (recording.ended) break;
      nextLook = now + END_EVERY_MS;
    }
    const milliseconds = Math.min(pause(), end - performance.now());
    if (recording instanceof FamilyRecording && recording.isUrgent)
      await new Promise((resolve) => setImmediate(resolve));
    else await new Promise((resolve) => setTimeout(resolve, lines?.isBehind ? 0 : milliseconds));
  }
}

/**
 * Who starts a child waits for us until we have looked, and a program under traps stands still until we do. Lines and what
 * calls leave behind in memory are best while they are fresh; otherwise nobody waits.
 */
function pauseOf({ engine, lines, calls }: Options, recording: AnyRecording): () => number {
  if (recording instanceof FamilyRecording) return () => ANSWER_EVERY_MS;
  if (engine === 'trap') return () => 0;
  if (lines !== undefined || calls !== undefined) return () => DRAIN_EVERY_MS;
  const pause = new DrainPause(availableParallelism());
  return () => pause.next(recording.status.bytes);
}

/** The lines of several processes say which. */
function eventsOf(recording: AnyRecording, forget: boolean): LiveSource {
  if (recording instanceof FamilyRecording) return recording.live(forget);
  const live = recording.live(forget);
  return { take: () => [{ trace: live.take() }] };
}

function callsText({ calls }: AnyRecording, pattern: string | undefined): string {
  if (pattern === undefined) return '';
  if (calls === undefined) return `no call was recorded: no program had a function called ${pattern}`;
  const asked = calls.functions.filter(({ level }) => level === 0).length;
  const others = calls.functions.length - asked;
  const more = others > 0 ? ` and ${others} that they call` : '';
  return `among them ${calls.count} calls of ${plural(asked, 'function')}${more}`;
}

function summary(recording: AnyRecording, facts: readonly string[]): string {
  const { events, lost, waits } = recording.status;
  const cost = costText(events, recording.nanosecondsPerEvent, recording.seconds);
  const lines = [
    ...facts,
    `the program was stopped for ${Math.ceil(recording.stoppedMs)} ms; the probes took about ${cost} of one CPU`,
    lost > 0 ? `${lost} events were lost: the ring was full; --lossless makes the program wait instead` : '',
    waits > 0 ? `the program waited ${waits} times for the recorder` : '',
  ];
  return lines
    .filter((text) => text !== '')
    .map((text) => `mattock: ${text}\n`)
    .join('');
}
