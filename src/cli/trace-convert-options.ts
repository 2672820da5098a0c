import { Argument, type Command } from 'commander';
import { traceCommand } from './trace-subcommand.ts';

/** What `mattock trace convert` was asked to do. */
export interface TraceConvertOptions {
  readonly file: string;
  readonly output: string;
}

/** Adds `trace convert` to the command line. */
export function addTraceConvert(program: Command, found: (options: TraceConvertOptions) => void): void {
  traceCommand(program)
    .command('convert')
    .exitOverride()
    .summary('write a trace in the format of another tool')
    .description(
      'Reads an execution trace, of Mattock or of Go 1.22 and newer, and writes what the ending of the output says.',
    )
    .usage('<file> <output>')
    .addArgument(new Argument('<file>', 'the trace'))
    .addArgument(
      new Argument(
        '<output>',
        'a name whose ending says the format: .pb.gz for pprof, .json for Perfetto, .speedscope.json, .html for a page',
      ),
    )
    .action((file: string, output: string) => found({ file, output }));
}
