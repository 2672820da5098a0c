import { Argument, type Command, Option } from 'commander';
import { parseDuration } from '../commands/language/duration.ts';
import type { ReportFormat } from '../commands/trace/render-report.ts';
import type { ReportRequest } from '../commands/trace/report.ts';
import { SECTIONS } from '../commands/trace/sections.ts';
import { traceCommand } from './trace-subcommand.ts';

/** What `mattock trace analyze` was asked to do. */
export interface AnalyzeOptions extends ReportRequest {
  readonly file: string;
  readonly format: ReportFormat;
  readonly color: boolean;
  /** Of a trace of several processes: the one that is asked about. */
  readonly process: number | undefined;
}

const ROWS = 10;
const FORMATS: readonly ReportFormat[] = ['json', 'html', 'mermaid', 'svg'];

/** Adds `trace analyze` to the command line. */
export function addTraceAnalyze(program: Command, found: (options: AnalyzeOptions) => void): void {
  const analyze = traceCommand(program).command('analyze').exitOverride();
  analyze
    .summary('answer from a trace where goroutines wait, leak and hang')
    .description(
      'Reads an execution trace, of Mattock or of Go 1.22 and newer (runtime/trace, go test -trace), and says what is\n' +
        'wrong in it, the worst first. Flags ask for more.',
    )
    .usage('[options] <file>')
    .addArgument(new Argument('<file>', 'the trace'));
  for (const { name, help } of SECTIONS) analyze.addOption(new Option(`--${name}`, help));
  analyze
    .addOption(new Option('--all', 'all of these'))
    .addOption(
      new Option(
        '--process <pid>',
        'of a trace with --follow-child: one process; else each, a line for each of many',
      ).argParser(wholeNumber(analyze, 1)),
    )
    .addOption(new Option('--goroutine <id>', 'the life of one goroutine').argParser(wholeNumber(analyze, 0)))
    .addOption(
      new Option(
        '--at <time>',
        'for --graph and --states: when, as 1.5s or 200ms since the beginning',
      ).argParser(timeIn(analyze)),
    )
    .addOption(
      new Option('--rows <number>', 'rows of a table').argParser(wholeNumber(analyze, 1)).default(ROWS),
    )
    .addOption(new Option('--json', 'all answers as one JSON document, or those that flags name'))
    .addOption(new Option('--html', 'the report as a page on standard output').conflicts('json'))
    .addOption(
      new Option('--mermaid', 'who waits for whom as a Mermaid flowchart').conflicts(['json', 'html']),
    )
    .addOption(new Option('--svg', 'who waits for whom as a picture').conflicts(['json', 'html', 'mermaid']))
    .addOption(new Option('--no-color', 'no colours'))
    .action((file: string, values: Readonly<Record<string, unknown>>) => found(analyzeOptions(file, values)));
}

function analyzeOptions(file: string, values: Readonly<Record<string, unknown>>): AnalyzeOptions {
  const sections = SECTIONS.map(({ name }) => name).filter(
    (name) =>
      values.all === true ||
      values[name] === true ||
      (name === 'graph' && values.at !== undefined && values.states !== true),
  );
  return {
    file,
    format: FORMATS.find((format) => values[format] === true) ?? 'text',
    color: values.color !== false,
    process: values.process as number | undefined,
    sections,
    goroutine: values.goroutine as number | undefined,
    atNs: values.at as number | undefined,
    rows: values.rows as number,
  };
}

function wholeNumber(command: Command, least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < least)
      command.error(`error: ${text} is not a number from ${least} on`);
    return number;
  };
}

function timeIn(command: Command): (text: string) => number {
  return (text) =>
    parseDuration(text) ?? command.error(`error: ${text} is not a time: write 1.5s, 200ms or 30us`);
}
