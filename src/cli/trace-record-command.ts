import { formatDuration } from '../commands/language/duration.ts';
import { Recording, type RecordingOptions } from '../engine/trace/recording.ts';
import { checkTraceFile } from '../engine/trace/trace-file.ts';
import { keepTrace, megabytes } from './keep-trace.ts';
import { isTerminal, writeError } from './standard-streams.ts';
import { statusOf } from './trace-failure.ts';
import type { TraceRecordOptions } from './trace-record-options.ts';

const DRAIN_EVERY_MS = 5;
const STATUS_EVERY_MS = 250;
/** Looking for the end of the program costs a read of procfs. */
const END_EVERY_MS = 50;
/** What an event costs the program: measured on a ping-pong of two goroutines with stacks, amd64, Go 1.26. */
const NANOSECONDS_PER_EVENT = 43;
/** All of them end the recording, and none the program: the probes are taken out, and the trace is written. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Runs `mattock trace` and gives the exit status. `root` is the folder that dist/ is in. */
export function runTraceRecord(options: TraceRecordOptions, root: URL): Promise<number> {
  return statusOf(() => record(options, root));
}

async function record(options: TraceRecordOptions, root: URL): Promise<void> {
  const { output } = options;
  // Before anything is recorded: what cannot be kept would be lost.
  checkTraceFile(output);
  const recording = await recorded(options);
  const trace = recording.trace();
  writeError(summary(recording, trace));
  keepTrace(output, trace, root);
}

/** Records until the time is over, the program has ended, or a signal asks for the end. */
async function recorded({ subject, duration, lossless }: TraceRecordOptions): Promise<Recording> {
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
  };
  // From the first moment: we must not end between putting the probes in and taking them out.
  for (const signal of ENDING_SIGNALS) process.on(signal, interrupt);
  try {
    const recording = await Recording.start({ lossless, subject: launchOf(subject) });
    const line = new StatusLine(recording);
    try {
      const started = performance.now();
      const end = duration === undefined ? Infinity : started + duration / 1e6;
      let nextLook = started;
      while (!interrupted && performance.now() < end) {
        recording.drain();
        line.show();
        if (performance.now() >= nextLook) {
          if (recording.ended) break;
          nextLook = performance.now() + END_EVERY_MS;
        }
        await new Promise((resolve) => setTimeout(resolve, DRAIN_EVERY_MS));
      }
    } finally {
      await recording.stop();
      line.clear();
    }
    return recording;
  } finally {
    for (const signal of ENDING_SIGNALS) process.removeListener(signal, interrupt);
  }
}

const launchOf = (subject: TraceRecordOptions['subject']): RecordingOptions['subject'] =>
  subject.kind === 'attach'
    ? subject
    : {
        kind: 'launch',
        program: { path: subject.path },
        args: subject.args,
        terminal: { kind: 'files' },
        fixedAddresses: false,
      };

type Recorded = ReturnType<Recording['trace']>;

function summary(recording: Recording, { duration, events, violations, notes }: Recorded): string {
  const { lost, waits } = recording.status;
  const goroutines = new Set(events.goroutine);
  goroutines.delete(0);
  const lines = [
    `${formatDuration(duration)}: ${events.count} events of ${goroutines.size} goroutines`,
    `the program was stopped for ${Math.ceil(recording.stoppedMs)} ms; the probes took about ${share(recording.status.events, duration / 1e9)} of one CPU`,
    lost > 0 ? `${lost} events were lost: the ring was full; --lossless makes the program wait instead` : '',
    waits > 0 ? `the program waited ${waits} times for the recorder` : '',
    violations.length > 0 ? `${violations.length} changes of state do not follow from those before` : '',
    ...notes,
  ];
  return lines
    .filter((text) => text !== '')
    .map((text) => `mattock: ${text}\n`)
    .join('');
}

const share = (events: number, seconds: number): string =>
  `${((events * NANOSECONDS_PER_EVENT) / 1e7 / Math.max(seconds, 1e-3)).toFixed(2)} %`;

/** One line on a terminal that says how it goes. */
class StatusLine {
  readonly #recording: Recording;
  readonly #visible = isTerminal(2);
  #last = performance.now();
  #events = 0;
  #bytes = 0;
  #shown = false;

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  show(): void {
    const now = performance.now();
    if (!this.#visible || now - this.#last < STATUS_EVERY_MS) return;
    const { events, bytes, lost } = this.#recording.status;
    const seconds = (now - this.#last) / 1000;
    const rate = Math.round((events - this.#events) / seconds);
    const volume = megabytes((bytes - this.#bytes) / seconds);
    const cost = share(events - this.#events, seconds);
    const drops = lost > 0 ? `, ${lost} lost` : '';
    writeError(
      `\r\x1b[Krecording process ${this.#recording.pid}: ${rate} events/s, ${volume}/s, ${cost} of one CPU${drops}`,
    );
    this.#last = now;
    this.#events = events;
    this.#bytes = bytes;
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) writeError('\r\x1b[K');
    this.#shown = false;
  }
}
