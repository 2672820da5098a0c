import { gzipSync } from 'node:zlib';
import { UserError } from '../../base/index.ts';
import { writeChromeTrace } from '../../trace/export/chrome-trace.ts';
import { pprofOf } from '../../trace/export/pprof.ts';
import { writeSpeedscope } from '../../trace/export/speedscope.ts';
import { GoTraceWriter, type TracePart } from '../../trace/go-format/write.ts';
import { livesOf, type Trace } from '../../trace/index.ts';
import { checkPlace, checkWritable } from '../files/new-file.ts';
import { files, newFile } from '../node-host.ts';

/** How a trace is kept, by the ending of the file's name. */
type TraceFormat = 'Go execution trace' | 'pprof profile' | 'speedscope profile' | 'Perfetto trace' | 'page';

export interface WrittenTrace {
  readonly format: TraceFormat;
  readonly bytes: number;
}

const FORMATS: Readonly<Record<string, TraceFormat>> = {
  '.out': 'Go execution trace',
  '.trace': 'Go execution trace',
  '.pb.gz': 'pprof profile',
  '.speedscope.json': 'speedscope profile',
  '.json': 'Perfetto trace',
  '.html': 'page',
};

type Write = (bytes: Uint8Array) => void;
type Recorded = Pick<Trace, 'startedAt' | 'duration'>;

const WRITERS: Readonly<
  Record<TraceFormat, (trace: Trace, write: Write, pageOf: (trace: Trace) => string) => void>
> = {
  'Go execution trace': (trace, write) => writeGoTrace([trace], trace, write),
  'pprof profile': (trace, write) => write(pprofOf(trace, livesOf(trace), gzipSync)),
  'speedscope profile': (trace, write) => writeSpeedscope(trace, livesOf(trace), write),
  'Perfetto trace': (trace, write) => writeChromeTrace(trace, livesOf(trace), write),
  page: (trace, write, pageOf) => write(Buffer.from(pageOf(trace), 'utf8')),
};

/**
 * Asked before anything is recorded: how the trace will be kept. Throws a UserError for an ending that says nothing, and
 * for a place where no file can be made.
 */
export function checkTraceFile(path: string): void {
  formatOfFile(path);
  files(() => {
    checkPlace(path, true);
    checkWritable(path);
  });
}

/** Whether a file of this name is what Go's tracer writes. */
export const keepsGoTraces = (path: string): boolean => formatOfFile(path) === 'Go execution trace';

function formatOfFile(path: string): TraceFormat {
  const name = path.toLowerCase();
  // An ending stands in front of those that it ends in.
  const found = Object.entries(FORMATS).find(([ending]) => name.endsWith(ending));
  if (found !== undefined) return found[1];
  const endings = Object.keys(FORMATS).join(', ');
  throw new UserError(`what is ${path} to be? The ending does not say`, `endings that do: ${endings}`);
}

/** Writes the file, in the place of one of this name. Nobody else may read it. */
export function writeTraceFile(path: string, trace: Trace, pageOf: (trace: Trace) => string): WrittenTrace {
  const format = formatOfFile(path);
  return { format, bytes: writeWhole(path, (write) => WRITERS[format](trace, write, pageOf)) };
}

/** Writes a Go execution trace part by part. Nobody else may read it. */
export function writeTraceParts(path: string, parts: Iterable<TracePart>, recorded: Recorded): WrittenTrace {
  return {
    format: 'Go execution trace',
    bytes: writeWhole(path, (write) => writeGoTrace(parts, recorded, write)),
  };
}

function writeGoTrace(
  parts: Iterable<TracePart>,
  { startedAt, duration, processes }: Recorded & Partial<Pick<Trace, 'processes'>>,
  write: Write,
): void {
  const writer = new GoTraceWriter(write, startedAt);
  for (const part of parts) writer.write(part);
  writer.close(duration, processes);
}

/** Writes a file that nobody else may read, in the place of one of this name. */
export function writePrivateFile(path: string, bytes: Uint8Array): void {
  writeWhole(path, (write) => write(bytes));
}

function writeWhole(path: string, fill: (write: Write) => void): number {
  const file = newFile(path, true);
  let length = 0;
  try {
    fill((bytes) => {
      file.write(bytes);
      length += bytes.length;
    });
    file.begin(length);
    file.finish();
    return length;
  } catch (error) {
    file.discard();
    throw error;
  }
}
