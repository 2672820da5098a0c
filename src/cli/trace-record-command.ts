import { formatDuration } from '../commands/language/duration.ts';
import { Recording, type RecordingOptions } from '../engine/trace/recording.ts';
import { checkTraceFile } from '../engine/trace/trace-file.ts';
import { namePattern } from '../trace/calls/name-pattern.ts';
import { keepTrace } from './keep-trace.ts';
import { BrokenPipe, isTerminal, writeError } from './standard-streams.ts';
import { statusOf } from './trace-failure.ts';
import { takeLeave } from './trace-farewell.ts';
import { TraceLines } from './trace-lines.ts';
import type { TraceRecordOptions } from './trace-record-options.ts';
import { costText, type ReportsStatus, TraceStatus } from './trace-status.ts';

const DRAIN_EVERY_MS = 5;
/** Putting lines together costs a look at the clocks. */
const TELL_EVERY_MS = 20;
/** Looking for the end of the program costs a read of procfs. */
const END_EVERY_MS = 50;
/** All of them end the recording: the probes are taken out, and the trace is written. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Runs `mattock trace` and gives the exit status. `root` is the folder that dist/ is in. */
export function runTraceRecord(options: TraceRecordOptions, root: URL): Promise<number> {
  return statusOf(() => record(options, root), { json: options.lines?.json === true });
}

async function record(options: TraceRecordOptions, root: URL): Promise<void> {
  const { output } = options;
  // Before anything is recorded: what cannot be kept would be lost.
  if (output !== undefined) checkTraceFile(output);
  const recording = await recorded(options);
  if (output === undefined) {
    writeError(summary(recording, []));
    return;
  }
  const trace = recording.trace();
  const { duration, events, violations, notes } = trace;
  const goroutines = new Set(events.goroutine);
  goroutines.delete(0);
  const all = [
    `${formatDuration(duration)}: ${events.count} events of ${goroutines.size} goroutines`,
    violations.length > 0 ? `${violations.length} changes of state do not follow from those before` : '',
    ...notes,
  ];
  writeError(summary(recording, all));
  keepTrace(output, trace, root);
}

/** Records until the time is over, the program has ended, or a signal asks for the end. */
async function recorded(options: TraceRecordOptions): Promise<Recording> {
  let signal: NodeJS.Signals | undefined;
  const interrupt = (sent: NodeJS.Signals): void => {
    signal = sent;
  };
  // From the first moment: we must not end between putting the probes in and taking them out.
  for (const each of ENDING_SIGNALS) process.on(each, interrupt);
  // Without a listener Node lets a debugger in when this signal comes.
  let tell = (): void => writeError('mattock: the recording has not begun\n');
  const asked = (): void => tell();
  process.on('SIGUSR1', asked);
  try {
    const { lossless, subject, output, engine } = options;
    const wanted = options.follow === undefined ? undefined : namePattern(options.follow);
    const recording = await Recording.start({ lossless, subject: launchOf(subject), follow: wanted, engine });
    const lines = options.lines && new TraceLines(recording.live(output === undefined), options.lines);
    const status = new TraceStatus(recordingStatus(recording), lines === undefined || !isTerminal(1));
    tell = () => status.tell();
    try {
      await listen(recording, options.duration, () => signal !== undefined, { lines, status });
    } catch (error) {
      // Who reads the lines has gone, which is how `| head` ends it.
      if (!(error instanceof BrokenPipe)) throw error;
      signal = 'SIGINT';
    } finally {
      await recording.stop();
      status.clear();
      tell = () => writeError('mattock: the recording has ended\n');
    }
    if (signal === undefined) lines?.finish();
    else if (lines !== undefined) finishQuietly(lines);
    if (subject.kind === 'launch') {
      if (signal !== undefined) await takeLeave(recording, signal);
      else if (!recording.ended) writeError(`mattock: the program goes on, as process ${recording.pid}\n`);
    }
    return recording;
  } finally {
    for (const each of ENDING_SIGNALS) process.removeListener(each, interrupt);
    process.removeListener('SIGUSR1', asked);
  }
}

interface Told {
  readonly lines: TraceLines | undefined;
  readonly status: TraceStatus;
}

async function listen(
  recording: Recording,
  duration: number | undefined,
  isInterrupted: () => boolean,
  { lines, status }: Told,
): Promise<void> {
  const started = performance.now();
  const end = duration === undefined ? Infinity : started + duration / 1e6;
  let nextLook = started;
  let nextLines = started;
  while (!isInterrupted() && performance.now() < end) {
    recording.drain();
    status.show();
    const now = performance.now();
    if (now >= nextLines) {
      lines?.tell();
      nextLines = now + TELL_EVERY_MS;
    }
    if (now >= nextLook) {
      if (recording.ended) break;
      nextLook = now + END_EVERY_MS;
    }
    await new Promise((resolve) => setTimeout(resolve, DRAIN_EVERY_MS));
  }
}

function finishQuietly(lines: TraceLines): void {
  try {
    lines.finish();
  } catch (error) {
    if (!(error instanceof BrokenPipe)) throw error;
  }
}

const recordingStatus = (recording: Recording): ReportsStatus => ({
  pid: recording.pid,
  nanosecondsPerEvent: recording.nanosecondsPerEvent,
  get status() {
    return recording.status;
  },
});

export const launchOf = (subject: TraceRecordOptions['subject']): RecordingOptions['subject'] =>
  subject.kind === 'attach'
    ? subject
    : {
        kind: 'launch',
        program: { path: subject.path },
        args: subject.args,
        // Ctrl-C is ours, the keys are the program's.
        terminal: { kind: 'files', newSession: true },
        fixedAddresses: false,
      };

function summary(recording: Recording, facts: readonly string[]): string {
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
