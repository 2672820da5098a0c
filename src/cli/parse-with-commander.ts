import { Argument, Command, CommanderError, Option } from 'commander';
import { CORE_OPTIONS, type CoreOptions, coreOptions, type OptionValues } from './options.ts';

export type Request =
  | { readonly kind: 'core'; readonly options: CoreOptions }
  | { readonly kind: 'version' }
  /** Help or an error has been written. */
  | { readonly kind: 'done'; readonly status: number };

const USAGE_STATUS = 2;

/** Reads argv with commander, which writes help and says what is wrong with the usage. */
export function parseWithCommander(argv: readonly string[]): Request {
  let request: Request | undefined;
  const program = new Command('mattock')
    .description('A debugger for Go with its own engine.')
    .helpCommand('help [command]', 'explain a command')
    .showHelpAfterError('(`mattock help` explains the usage)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'mattock: ')) })
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}`.trim() })
    .exitOverride();
  const core = program.command('core').exitOverride();
  core
    .summary('open a core dump')
    .description(
      'Opens a core dump, says what ended the program, and takes commands: interactively, from -c or from a pipe.\n' +
        'The executable is found by what the core says of it, unless it is named.',
    )
    .usage('[options] [executable] <core>')
    .addArgument(new Argument('[files...]', 'the executable, if it is to be named, and the core'));
  for (const option of CORE_OPTIONS) addOption(core, option);
  core.action((files: readonly string[], values: OptionValues) => {
    if (files.length === 0) core.error('error: a core is missing: mattock core [executable] <core>');
    if (files.length > 2) core.error(`error: ${files.length} files are too many: an executable and a core`);
    request = { kind: 'core', options: coreOptions(files, withTableNames(values)) };
  });
  program
    .command('version')
    .description('say which version this is')
    .exitOverride()
    .action(() => {
      request = { kind: 'version' };
    });
  try {
    program.parse(['', '', ...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: 'done', status: error.exitCode === 0 ? 0 : USAGE_STATUS };
  }
  return request ?? { kind: 'done', status: 0 };
}

function addOption(core: Command, { flags, value, help, kind }: (typeof CORE_OPTIONS)[number]): void {
  const option = new Option(`${flags.join(', ')}${value === undefined ? '' : ` <${value}>`}`, help);
  if (kind === 'values') {
    option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
  }
  core.addOption(option);
}

/** Commander names values after the long spelling. */
function withTableNames(values: OptionValues): OptionValues {
  const { command, ...others } = values;
  return { ...others, commands: command };
}
