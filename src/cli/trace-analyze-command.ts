import { UserError } from '../base/index.ts';
import { formatDuration } from '../commands/language/duration.ts';
import { makeStyle } from '../commands/output/style.ts';
import { processesSummary, processRow } from '../commands/trace/processes-summary.ts';
import { renderReport } from '../commands/trace/render-report.ts';
import { documentText } from '../commands/trace/text-document.ts';
import { Analysis } from '../trace/analysis/index.ts';
import { readGoTrace } from '../trace/go-format/index.ts';
import { livesOf, splitProcesses, type Trace, type TraceProcess } from '../trace/index.ts';
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
      if (trace.processes.length > 0) tellProcesses(trace, options);
      else if (options.process !== undefined) throw new UserError('the trace is of one process', NO_PROCESS);
      else tell(trace, options);
    },
    { json: options.format === 'json' },
  );
}

const NO_PROCESS = 'leave --process out; mattock trace --follow-child records several';

function tell(trace: Trace, options: AnalyzeOptions, process?: TraceProcess): void {
  const analysis = new Analysis(trace, livesOf(trace));
  const style = makeStyle(renderOptions({ json: options.format !== 'text', color: options.color }));
  if (process !== undefined && options.format === 'text')
    writeOut(`${style.paint('heading', headingOf(process))}\n`);
  for (const piece of renderReport(analysis, options, options.format, style, process)) writeOut(piece);
}

/** Goroutines wait for those of their own process: each is answered for by itself. */
function tellProcesses(trace: Trace, options: AnalyzeOptions): void {
  const all = splitProcesses(trace);
  const wanted = all.filter(({ pid }) => options.process === undefined || pid === options.process);
  const names = `the processes: ${all.map(({ pid }) => pid).join(', ')}`;
  if (wanted.length === 0) throw new UserError(`there is no process ${options.process} in the trace`, names);
  const isOne = options.format === 'html' || options.format === 'mermaid' || options.format === 'svg';
  if (isOne && wanted.length > 1) throw new UserError('name one process with --process', names);
  if (options.format === 'text' && wanted.length > MOST_WHOLE && !isAskedMore(options)) {
    summarise(trace, wanted, options);
    return;
  }
  for (const [i, { trace: own, ...process }] of wanted.entries()) {
    if (i > 0 && options.format === 'text') writeOut('\n');
    tell(own, options, process);
  }
}

const isAskedMore = ({ sections, goroutine }: AnalyzeOptions): boolean =>
  sections.length > 0 || goroutine !== undefined;

/** More processes than this are told of in a line each, unless more is asked for. */
const MOST_WHOLE = 3;

function summarise(
  { source, duration }: Trace,
  processes: ReturnType<typeof splitProcesses>,
  options: AnalyzeOptions,
): void {
  const style = makeStyle(renderOptions({ json: false, color: options.color }));
  const rows = processes.map(({ trace: own, ...process }) =>
    processRow(process, new Analysis(own, livesOf(own))),
  );
  const whole = { name: source.name, duration };
  for (const line of documentText(processesSummary(whole, rows, options.rows), style)) writeOut(`${line}\n`);
}

function headingOf({ pid, parent, command, begin, end }: TraceProcess): string {
  const until = end === undefined ? '' : ` to ${formatDuration(end)}`;
  return `Process ${pid} of ${parent}, from ${formatDuration(begin)}${until}: ${command}`;
}
