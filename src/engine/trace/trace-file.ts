import { extname } from 'node:path';
import { UserError } from '../../base/index.ts';
import { GoTraceWriter } from '../../trace/go-format/write.ts';
import type { Trace } from '../../trace/index.ts';
import { NamedWhenWhole } from '../files/new-file.ts';

/** How a trace is kept, by the ending of the file's name. */
export type TraceFormat = 'Go execution trace';

const FORMATS: Readonly<Record<string, TraceFormat>> = {
  '.out': 'Go execution trace',
  '.trace': 'Go execution trace',
};

/** Asked before anything is recorded. Throws a UserError for an ending that says nothing. */
export function formatOfFile(path: string): TraceFormat {
  const format = FORMATS[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  const endings = Object.keys(FORMATS).join(', ');
  throw new UserError(`what is ${path} to be? The ending does not say`, `endings that do: ${endings}`);
}

/** Writes the file, in the place of one of this name, and gives its length. Nobody else may read it. */
export function writeTraceFile(path: string, trace: Trace): number {
  const file = new NamedWhenWhole(path, true);
  let length = 0;
  try {
    const writer = new GoTraceWriter((bytes) => {
      file.write(bytes);
      length += bytes.length;
    }, trace.startedAt);
    writer.write(trace);
    writer.close();
    file.begin(length);
    file.finish();
    return length;
  } catch (error) {
    file.discard();
    throw error;
  }
}
