import { Argument, type Command, Option } from 'commander';
import { parseDuration } from '../commands/language/duration.ts';
import { traceCommand } from './trace-subcommand.ts';

/** What `mattock trace` was asked to record. */
export interface TraceRecordOptions {
  readonly subject:
    | { readonly kind: 'attach'; readonly pid: number }
    | { readonly kind: 'launch'; readonly path: string; readonly args: readonly string[] };
  /** Nanoseconds; until it is interrupted, or the program ends, without it. */
  readonly duration: number | undefined;
  readonly output: string;
  readonly lossless: boolean;
}

const DEFAULT_OUTPUT = 'trace.out';

/** What `mattock trace` does when no subcommand is named: it records. */
export function addTraceRecord(
  program: Command,
  rest: readonly string[],
  found: (options: TraceRecordOptions) => void,
): void {
  const trace = traceCommand(program);
  trace
    .summary('record what goroutines do in a running program, and look at it')
    .description(
      'Records what every goroutine does: in a process that runs (-p), or in a program that it starts. The program is\n' +
        'stopped for a moment only, is not changed on disk, and goes on as before at the end. Ctrl-C ends the recording.',
    )
    .usage('[options] [program] [-- arguments]')
    .addArgument(new Argument('[program]', 'the program to start'))
    .addOption(new Option('-p, --pid <pid>', 'a process that runs').argParser(processId(trace)))
    .addOption(new Option('-t, --time <time>', 'for how long, as 5s or 300ms').argParser(timeOf(trace)))
    .addOption(
      new Option(
        '-o, --output <file>',
        'where the trace goes: .out, .pb.gz for pprof, .json for Perfetto, .speedscope.json, .html',
      ).default(DEFAULT_OUTPUT),
    )
    .addOption(new Option('--lossless', 'the program waits when we are slow, so that nothing is lost'))
    .action((path: string | undefined, values: Readonly<Record<string, unknown>>) => {
      found({
        subject: subjectOf(trace, path, values.pid as number | undefined, rest),
        duration: values.time as number | undefined,
        output: values.output as string,
        lossless: values.lossless === true,
      });
    });
}

function subjectOf(
  command: Command,
  path: string | undefined,
  pid: number | undefined,
  args: readonly string[],
): TraceRecordOptions['subject'] {
  if (pid !== undefined && path !== undefined)
    return command.error('error: name a process (-p) or a program, not both');
  if (pid !== undefined) return { kind: 'attach', pid };
  if (path !== undefined) return { kind: 'launch', path, args };
  return command.error('error: what is to be recorded? mattock trace -p <pid>, or mattock trace <program>');
}

function processId(command: Command): (text: string) => number {
  return (text) => {
    const pid = Number(text);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : command.error(`error: ${text} is not a process id`);
  };
}

function timeOf(command: Command): (text: string) => number {
  return (text) =>
    parseDuration(text) ?? command.error(`error: ${text} is not a time: write 5s, 300ms or 1m30s`);
}
