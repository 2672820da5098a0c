import { gzipSync } from 'node:zlib';
import { UserError } from '../../base/index.ts';
import { pprofOf } from '../../trace/export/pprof.ts';
import { GoTraceWriter } from '../../trace/go-format/write.ts';
import { livesOf, type Trace } from '../../trace/index.ts';
import { NamedWhenWhole } from '../files/new-file.ts';

/** How a trace is kept, by the ending of the file's name. */
export type TraceFormat = 'Go execution trace' | 'pprof profile' | 'page';

const FORMATS: Readonly<Record<string, TraceFormat>> = {
  '.out': 'Go execution trace',
  '.trace': 'Go execution trace',
  '.pb.gz': 'pprof profile',
  '.html': 'page',
};

type Write = (bytes: Uint8Array) => void;

const WRITERS: Readonly<
  Record<TraceFormat, (trace: Trace, write: Write, pageOf: (trace: Trace) => string) => void>
> = {
  'Go execution trace': (trace, write) => {
    const writer = new GoTraceWriter(write, trace.startedAt);
    writer.write(trace);
    writer.close();
  },
  'pprof profile': (trace, write) => write(pprofOf(trace, livesOf(trace), gzipSync)),
  page: (trace, write, pageOf) => write(Buffer.from(pageOf(trace), 'utf8')),
};

/** Asked before anything is recorded. Throws a UserError for an ending that says nothing. */
export function formatOfFile(path: string): TraceFormat {
  const name = path.toLowerCase();
  const ending = Object.keys(FORMATS)
    .filter((each) => name.endsWith(each))
    .sort((a, b) => b.length - a.length)[0];
  const format = ending === undefined ? undefined : FORMATS[ending];
  if (format !== undefined) return format;
  const endings = Object.keys(FORMATS).join(', ');
  throw new UserError(`what is ${path} to be? The ending does not say`, `endings that do: ${endings}`);
}

/** Writes the file, in the place of one of this name, and gives its length. Nobody else may read it. */
export function writeTraceFile(path: string, trace: Trace, pageOf: (trace: Trace) => string): number {
  const format = formatOfFile(path);
  const file = new NamedWhenWhole(path, true);
  let length = 0;
  try {
    const write = (bytes: Uint8Array): void => {
      file.write(bytes);
      length += bytes.length;
    };
    WRITERS[format](trace, write, pageOf);
    file.begin(length);
    file.finish();
    return length;
  } catch (error) {
    file.discard();
    throw error;
  }
}
