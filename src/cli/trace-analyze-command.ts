import { makeStyle } from '../commands/output/style.ts';
import { renderReport } from '../commands/trace/render-report.ts';
import { Analysis } from '../trace/analysis/index.ts';
import { readGoTrace } from '../trace/go-format/index.ts';
import { livesOf } from '../trace/index.ts';
import { renderOptions } from './rendering.ts';
import { writeOut } from './standard-streams.ts';
import type { AnalyzeOptions } from './trace-analyze-options.ts';
import { readTraceFile } from './trace-bytes.ts';
import { statusOf } from './trace-failure.ts';

/** Runs `mattock trace analyze` and gives the exit status. */
export function runAnalyze(options: AnalyzeOptions): Promise<number> {
  return statusOf(
    () => {
      const trace = readGoTrace(readTraceFile(options.file), options.file);
      const analysis = new Analysis(trace, livesOf(trace));
      const style = makeStyle(renderOptions({ json: options.format !== 'text', color: options.color }));
      for (const piece of renderReport(analysis, options, options.format, style)) writeOut(piece);
    },
    { json: options.format === 'json' },
  );
}
