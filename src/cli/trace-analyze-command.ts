import { errorFacts } from '../commands/index.ts';
import { makeStyle } from '../commands/output/style.ts';
import { renderReport } from '../commands/trace/render-report.ts';
import { Analysis } from '../trace/analysis/index.ts';
import { readGoTrace } from '../trace/go-format/index.ts';
import { livesOf } from '../trace/index.ts';
import { renderOptions, reportOpening } from './rendering.ts';
import { BrokenPipe, writeOut } from './standard-streams.ts';
import type { AnalyzeOptions } from './trace-analyze-options.ts';
import { readTraceFile } from './trace-bytes.ts';

/** Runs `mattock trace analyze` and gives the exit status. */
export function runAnalyze(options: AnalyzeOptions): number {
  const json = options.format === 'json';
  try {
    const trace = readGoTrace(readTraceFile(options.file), options.file);
    const analysis = new Analysis(trace, livesOf(trace));
    const style = makeStyle(renderOptions({ json: options.format !== 'text', color: options.color }));
    for (const piece of renderReport(analysis, options, options.format, style)) writeOut(piece);
    return 0;
  } catch (error) {
    if (error instanceof BrokenPipe) return 0;
    reportOpening(errorFacts(error), { json });
    return 1;
  }
}
