import type { Command } from 'commander';

/** The command `trace`, to which recording and each subcommand add themselves. */
export function traceCommand(program: Command): Command {
  return (
    program.commands.find((command) => command.name() === 'trace') ?? program.command('trace').exitOverride()
  );
}
