import { writeTraceFile } from '../engine/trace/trace-file.ts';
import type { Trace } from '../trace/index.ts';
import { pageOfTrace } from './page-of-trace.ts';
import { writeError } from './standard-streams.ts';

const MEGABYTE = 1e6;

export const megabytes = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(1)} MB`;

/** Writes a trace as the ending of the name says, and tells what was written. `root` is the folder that dist/ is in. */
export function keepTrace(path: string, trace: Trace, root: URL): void {
  const { format, bytes } = writeTraceFile(path, trace, (whole) => pageOfTrace(whole, root));
  writeError(`mattock: ${path} (${format}, ${megabytes(bytes)})\n`);
}
