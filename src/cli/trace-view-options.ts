import { Argument, type Command, Option } from 'commander';
import { traceCommand } from './trace-subcommand.ts';

/** What `mattock trace view` was asked to do. */
export interface TraceViewOptions {
  readonly file: string;
  /** Where the page goes; without it, it is served. */
  readonly output: string | undefined;
  /** Start the browser. */
  readonly open: boolean;
}

/** Adds `trace view` to the command line. */
export function addTraceView(program: Command, found: (options: TraceViewOptions) => void): void {
  traceCommand(program)
    .command('view')
    .exitOverride()
    .summary('show a trace in the browser: timelines, flame graphs, what is wrong')
    .description(
      'Makes one page of a trace and serves it on this machine only, under an address that nobody can guess, until\n' +
        'Ctrl-C. With --html the page is written to a file instead, which needs nothing else to be opened.',
    )
    .usage('[options] <file>')
    .addArgument(new Argument('<file>', 'the trace'))
    .addOption(new Option('--html <page>', 'write the page to a file'))
    .addOption(new Option('--open', 'start the browser').conflicts('html'))
    .action((file: string, values: Readonly<Record<string, unknown>>) =>
      found({ file, output: values.html as string | undefined, open: values.open === true }),
    );
}
