import { checkTraceFile } from '../engine/trace/trace-file.ts';
import { readGoTrace } from '../trace/go-format/index.ts';
import { keepTrace } from './keep-trace.ts';
import { readTraceFile } from './trace-bytes.ts';
import type { TraceConvertOptions } from './trace-convert-options.ts';
import { statusOf } from './trace-failure.ts';

/** Runs `mattock trace convert` and gives the exit status. `root` is the folder that dist/ is in. */
export function runTraceConvert({ file, output }: TraceConvertOptions, root: URL): Promise<number> {
  return statusOf(() => {
    checkTraceFile(output);
    keepTrace(output, readGoTrace(readTraceFile(file), file), root);
  });
}
