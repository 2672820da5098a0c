import { existsSync } from 'node:fs';
import { Argument, type Command, Option } from 'commander';
import { parseDuration } from '../commands/language/duration.ts';
import type { TraceEngine } from '../engine/trace/recording.ts';
import { addCallOptions, callOptions, strayOption, type TraceCallOptions } from './trace-call-options.ts';
import type { TraceLineOptions } from './trace-lines.ts';
import { traceCommand } from './trace-subcommand.ts';
import type { RecordingRequest } from './trace-subject.ts';

/** What `mattock trace` was asked to record. */
export interface TraceRecordOptions extends RecordingRequest {
  /** The file that the trace goes to. */
  readonly output: string | undefined;
  /** Lines on standard output while it goes on. */
  readonly lines: TraceLineOptions | undefined;
  readonly engine: TraceEngine | 'runtime';
  /** Only goroutines that enter a function of this pattern, or wait in one, and what they create, in turn. */
  readonly follow?: string | undefined;
  /** What the program starts is recorded too. */
  readonly children?: boolean;
  readonly traps?: boolean;
  /** Calls that are kept besides. */
  readonly calls?: TraceCallOptions | undefined;
}

const ENGINES: readonly TraceRecordOptions['engine'][] = ['inline', 'trap', 'runtime'];

/** What `mattock trace` does when no subcommand is named: it records. */
export function addTraceRecord(
  program: Command,
  rest: readonly string[],
  found: (options: TraceRecordOptions) => void,
  foundCalls: (options: TraceCallOptions) => void,
): void {
  const trace = traceCommand(program);
  // `--json` of a subcommand is its own.
  trace.enablePositionalOptions();
  trace
    .summary('record what goroutines do in a running program, and look at it')
    .description(
      'Records what every goroutine does: in a process that runs (-p), or in a program that it starts. The program is\n' +
        'stopped for a moment only, is not changed on disk, and goes on as before at the end. Ctrl-C ends the recording.\n' +
        'With a pattern, shows the calls of the functions it means: arguments, results, how long they took; with -o too,\n' +
        'they are in the file beside what goroutines do (of those of -g only, if it is given).',
    )
    .usage('[options] [pattern] [program] [-- arguments]')
    .addArgument(
      new Argument(
        '[pattern]',
        'functions, whose calls are shown: main.handle*, http.(*conn).serve, /regexp/',
      ),
    )
    .addArgument(new Argument('[program]', 'the program to start'))
    .addOption(new Option('-p, --pid <pid>', 'a process that runs').argParser(processId(trace)))
    .addOption(new Option('-t, --time <time>', 'for how long, as 5s or 300ms').argParser(timeOf(trace)))
    .addOption(
      new Option(
        '-o, --output <file>',
        'keep the trace: .out, .pb.gz for pprof, .json for Perfetto, .speedscope.json, .html',
      ),
    )
    .addOption(new Option('--lines', 'a line for each event on standard output, as without -o'))
    .addOption(new Option('--json', 'the lines as JSON documents'))
    .addOption(new Option('--states', "lines with the runtime's names of states, and addresses of code"))
    .addOption(new Option('--stacks', 'lines with the stack of who blocks, creates or wakes'))
    .addOption(
      new Option('--limit <number>', 'lines a second; 0: all. On a terminal 200, else all').argParser(
        wholeNumber(trace),
      ),
    )
    .addOption(new Option('--no-color', 'no colours'))
    .addOption(
      new Option(
        '-g, --goroutines <pattern>',
        'only goroutines that enter a function of this pattern, or wait in one, and those that they create, in turn',
      ),
    )
    .addOption(
      new Option(
        '--follow-child',
        'Go programs that it starts from now on are recorded too, each with its own events, and what those start',
      ),
    )
    .addOption(
      new Option(
        '--engine <engine>',
        "trap: breakpoints instead of inline probes, where code cannot be patched; some 140 µs an event instead of 0.04. runtime: Go's own tracer, if the program links it",
      ).choices(ENGINES),
    )
    .addOption(new Option('--lossless', 'the program waits when we are slow, so that nothing is lost'))
    .action(
      (first: string | undefined, second: string | undefined, values: Readonly<Record<string, unknown>>) => {
        const pid = values.pid as number | undefined;
        const alone = pid === undefined && second === undefined;
        if (alone && first !== undefined && isPattern(first))
          trace.error(`error: whose calls of ${first}? name a process (-p) or a program too`);
        const [pattern, path] = alone ? [undefined, first] : [first, second];
        const common = {
          subject: subjectOf(trace, path, pid, rest),
          duration: values.time as number | undefined,
          output: values.output as string | undefined,
          lossless: values.lossless === true,
        };
        const stray = strayOption(pattern, values);
        if (stray !== undefined) trace.error(`error: ${stray}`);
        const calls = pattern === undefined ? undefined : callOptions(pattern, values, common);
        if (calls !== undefined && common.output === undefined) foundCalls(calls);
        else
          found({
            ...common,
            engine: (values.engine as TraceRecordOptions['engine'] | undefined) ?? 'inline',
            lines: calls === undefined ? linesOf(values) : undefined,
            follow: values.goroutines as string | undefined,
            children: values.followChild === true,
            traps: values.traps !== false,
            calls,
          });
      },
    );
  addCallOptions(trace);
}

/** No file is called so, and functions may be. */
const isPattern = (text: string): boolean =>
  !existsSync(text) && (/[*(]/.test(text) || /^\/.+\/$/.test(text) || /^[\w-]+\.\w+$/.test(text));

/** Without a file what happens is told; what is said of lines asks for them. */
function linesOf(values: Readonly<Record<string, unknown>>): TraceLineOptions | undefined {
  const { output, lines, json, states, stacks, limit } = values;
  if (output !== undefined && !(lines || json || states || stacks || limit !== undefined)) return undefined;
  return {
    json: json === true,
    states: states === true,
    stacks: stacks === true,
    limit: limit as number | undefined,
    color: values.color !== false,
  };
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

function wholeNumber(command: Command): (text: string) => number {
  return (text) =>
    /^\d{1,9}$/.test(text) ? Number(text) : command.error(`error: ${text} is not a number of lines`);
}

function timeOf(command: Command): (text: string) => number {
  return (text) =>
    parseDuration(text) ?? command.error(`error: ${text} is not a time: write 5s, 300ms or 1m30s`);
}
