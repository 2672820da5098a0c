import type { FamilyRecording } from '../engine/trace/family-recording.ts';
import { Recording } from '../engine/trace/recording.ts';
import {
  keepsGoTraces,
  type WrittenTrace,
  writeTraceFile,
  writeTraceParts,
} from '../engine/trace/trace-file.ts';
import { bytesText } from '../trace/analysis/index.ts';
import type { Trace } from '../trace/index.ts';
import { pageOfTrace } from './page-of-trace.ts';
import { ProgressLine } from './progress-line.ts';
import { writeError } from './standard-streams.ts';

const WRITING = 'putting together what was recorded';

/** What there is in a trace, in numbers. */
export interface Tally {
  /** Nanoseconds. */
  readonly duration: number;
  readonly events: number;
  readonly goroutines: number;
  readonly violations: number;
  /** 0: one that nothing was started by. */
  readonly processes: number;
  readonly notes: readonly string[];
}

/**
 * Writes what was recorded as the ending of the name says. A Go trace of one process is written without being in memory
 * as a whole.
 */
export function keepRecording(
  path: string,
  recording: Recording | FamilyRecording,
  root: URL,
): Tally & WrittenTrace {
  const tally = new Counts();
  const progress = new ProgressLine();
  try {
    progress.start();
    if (!(recording instanceof Recording && keepsGoTraces(path))) {
      const trace = recording.trace((done) => progress.show(WRITING, done, 1));
      tally.add(trace);
      return { ...tally.sum, ...writeTraceFile(path, trace, (whole) => pageOfTrace(whole, root)) };
    }
    const written = writeTraceParts(path, parts(recording, tally, progress), {
      startedAt: recording.startedAt,
      duration: recording.seconds * 1e9,
    });
    return { ...tally.sum, ...written };
  } finally {
    progress.clear();
  }
}

function* parts(recording: Recording, tally: Counts, progress: ProgressLine): Iterable<Trace> {
  for (const { part, done } of recording.parts()) {
    tally.add(part);
    yield part;
    progress.show(WRITING, done, 1);
  }
}

class Counts {
  readonly #goroutines = new Set<number>();
  #duration = 0;
  #events = 0;
  #violations = 0;
  #processes = 0;
  readonly #notes: string[] = [];

  add({ events, duration, violations, notes, processes }: Trace): void {
    for (const goroutine of events.goroutine) if (goroutine !== 0) this.#goroutines.add(goroutine);
    this.#events += events.count;
    this.#violations += violations.length;
    this.#processes = processes.length;
    this.#notes.push(...notes);
    this.#duration = Math.max(this.#duration, duration);
  }

  get sum(): Tally {
    return {
      duration: this.#duration,
      events: this.#events,
      goroutines: this.#goroutines.size,
      violations: this.#violations,
      processes: this.#processes,
      notes: this.#notes,
    };
  }
}

/** Writes a trace as the ending of the name says, and tells what was written. `root` is the folder that dist/ is in. */
export function keepTrace(path: string, trace: Trace, root: URL): void {
  tellWritten(
    path,
    writeTraceFile(path, trace, (whole) => pageOfTrace(whole, root)),
  );
}

export const tellWritten = (path: string, { format, bytes }: WrittenTrace): void =>
  writeError(`mattock: ${path} (${format}, ${bytesText(bytes)})\n`);
