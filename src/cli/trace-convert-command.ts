import { MattockError } from '../base/index.ts';
import { errorFacts } from '../commands/index.ts';
import { formatOfFile, writeTraceFile } from '../engine/trace/trace-file.ts';
import { readGoTrace } from '../trace/go-format/index.ts';
import { pageOfTrace } from './page-of-trace.ts';
import { reportOpening } from './rendering.ts';
import { readTraceFile } from './trace-bytes.ts';
import type { TraceConvertOptions } from './trace-convert-options.ts';

/** Runs `mattock trace convert` and gives the exit status. `root` is the folder that dist/ is in. */
export function runTraceConvert({ file, output }: TraceConvertOptions, root: URL): number {
  try {
    formatOfFile(output);
    const trace = readGoTrace(readTraceFile(file), file);
    writeTraceFile(output, trace, (whole) => pageOfTrace(whole, root));
    return 0;
  } catch (error) {
    if (!(error instanceof MattockError)) throw error;
    reportOpening(errorFacts(error), { json: false });
    return 1;
  }
}
