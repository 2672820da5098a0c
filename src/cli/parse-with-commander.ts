import { Argument, Command, CommanderError, Option } from 'commander';
import { launchWords } from '../commands/live/launch-words.ts';
import { type LiveOptions, liveOptions } from './live-options.ts';
import { CORE_OPTIONS, type CoreOptions, coreOptions, type OptionValues } from './options.ts';
import { testArguments } from './test-arguments.ts';
import { type AnalyzeOptions, addTraceAnalyze } from './trace-analyze-options.ts';
import type { TraceCallOptions } from './trace-call-options.ts';
import { addTraceConvert, type TraceConvertOptions } from './trace-convert-options.ts';
import { addTraceRecord, type TraceRecordOptions } from './trace-record-options.ts';
import { addTraceView, type TraceViewOptions } from './trace-view-options.ts';

export type Request =
  | { readonly kind: 'core'; readonly options: CoreOptions }
  | { readonly kind: 'live'; readonly options: LiveOptions }
  | { readonly kind: 'record'; readonly options: TraceRecordOptions }
  | { readonly kind: 'calls'; readonly options: TraceCallOptions }
  | { readonly kind: 'analyze'; readonly options: AnalyzeOptions }
  | { readonly kind: 'convert'; readonly options: TraceConvertOptions }
  | { readonly kind: 'view'; readonly options: TraceViewOptions }
  | { readonly kind: 'version' }
  /** Help or an error has been written. */
  | { readonly kind: 'done'; readonly status: number };

const USAGE_STATUS = 2;

/** Reads argv with commander, which writes help and says what is wrong with the usage. */
export function parseWithCommander(all: readonly string[]): Request {
  const [argv, rest] = splitAtDashes(all);
  let request: Request | undefined;
  const program = new Command('mattock')
    .description('A debugger for Go with its own engine.')
    .helpCommand('help [command]', 'explain a command')
    .showHelpAfterError('(`mattock help` explains the usage)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'mattock: ')) })
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}`.trim() })
    // `mattock trace` has options of the same names as its subcommands.
    .enablePositionalOptions()
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
  addLive(program, rest, (options) => {
    request = { kind: 'live', options };
  });
  addTraceRecord(
    program,
    rest,
    (options) => {
      request = { kind: 'record', options };
    },
    (options) => {
      request = { kind: 'calls', options };
    },
  );
  addTraceAnalyze(program, (options) => {
    request = { kind: 'analyze', options };
  });
  addTraceConvert(program, (options) => {
    request = { kind: 'convert', options };
  });
  addTraceView(program, (options) => {
    request = { kind: 'view', options };
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

/** What follows the first `--` is the program's own. */
function splitAtDashes(argv: readonly string[]): [readonly string[], readonly string[]] {
  const at = argv.indexOf('--');
  return at < 0 ? [argv, []] : [argv.slice(0, at), argv.slice(at + 1)];
}

/** The options of `core` that a live session has too. */
const SHARED: ReadonlySet<string> = new Set(['commands', 'json', 'color', 'init', 'config']);

function addLive(program: Command, rest: readonly string[], found: (options: LiveOptions) => void): void {
  const exec = program.command('exec').exitOverride();
  exec
    .summary('run a program under the debugger')
    .description(
      'Starts a program, stopped before its first instruction, and takes commands: interactively, from -c or from a pipe.\n' +
        'What follows -- are its arguments.',
    )
    .usage('[options] <program> [-- arguments]')
    .addArgument(new Argument('<program>', 'the program to run'));
  sayWhereArgumentsGo(exec);
  addSharedOptions(exec);
  addLaunchOptions(exec);
  exec.action((path: string, values: OptionValues) => {
    found(liveOptions({ kind: 'exec', path }, rest, withTableNames(values)));
  });
  addBuild(program, 'debug', 'compile a program and debug it', rest, found);
  addBuild(program, 'test', 'compile the tests of a package and debug them', rest, found);
  const attach = program.command('attach').exitOverride();
  attach
    .summary('debug a process that runs')
    .description('Attaches to a process, stops it, and takes commands. At the end it runs on as it was.')
    .usage('[options] <pid>')
    .addArgument(new Argument('<pid>', 'the process'));
  addSharedOptions(attach);
  attach.action((text: string, values: OptionValues) => {
    const pid = Number(text);
    if (!Number.isSafeInteger(pid) || pid <= 0) attach.error(`error: ${text} is not a process id`);
    found(liveOptions({ kind: 'attach', pid }, [], withTableNames(values)));
  });
}

/** What a program's arguments are is not to be guessed: they may look like ours. */
function sayWhereArgumentsGo(command: Command): void {
  command.configureOutput({
    outputError(text, write) {
      const isAboutThem = /^error: (too many arguments|unknown option)/.test(text);
      const example = `mattock ${command.name()} ${command.usage().replace('[options] ', '')}`;
      const hint = isAboutThem ? `mattock: what is for the program follows --: ${example}\n` : '';
      write(`${text.replace(/^error: /, 'mattock: ')}${hint}`);
    },
  });
}

function addSharedOptions(command: Command): void {
  for (const option of CORE_OPTIONS) if (SHARED.has(option.name)) addOption(command, option);
}

function addLaunchOptions(command: Command): void {
  const several = (text: string, before: readonly string[] | undefined): readonly string[] => [
    ...(before ?? []),
    text,
  ];
  command.addOption(new Option('--wd <folder>', "the program's working directory"));
  command.addOption(
    new Option(
      '-r, --redirect <stream:file>',
      "the program's stdin, stdout or stderr; can be given several times",
    ).argParser(several),
  );
  command.addOption(new Option('--tty <path>', 'a terminal for the program'));
  command.addOption(new Option('--aslr', 'addresses differ from run to run, as they do without a debugger'));
}

function addBuild(
  program: Command,
  name: 'debug' | 'test',
  summary: string,
  rest: readonly string[],
  found: (options: LiveOptions) => void,
): void {
  const test = name === 'test';
  const command = program.command(name).exitOverride();
  command
    .summary(summary)
    .description(
      test
        ? "Compiles a package's tests without optimisation and starts them in the package's folder.\nWhat follows -- is for them, as for go test: -run TestX, -v, -count 1, -args …\nWithout a terminal its exit status is that of the tests, once they have run to their end."
        : 'Compiles a program without optimisation and starts it. What follows -- are its arguments.',
    )
    .usage('[options] [package] [-- arguments]')
    .addArgument(new Argument('[packages...]', "the package, or its files; the current folder's without it"));
  sayWhereArgumentsGo(command);
  addSharedOptions(command);
  addLaunchOptions(command);
  command.addOption(new Option('--build-flags <flags>', 'further flags for go build, separated by spaces'));
  command.addOption(new Option('--optimized', 'optimise and inline, as in the program that is shipped'));
  command.addOption(new Option('--output <file>', 'where the program is to be; it is kept then'));
  command.action((packages: readonly string[], values: OptionValues) => {
    // To commander it is `-r un`.
    const redirect = values.redirect as readonly string[] | undefined;
    if (test && redirect?.includes('un')) command.error("error: unknown option '-run'");
    const build = {
      kind: test ? ('test' as const) : ('program' as const),
      packages,
      flags: launchWords({ text: (values.buildFlags as string | undefined) ?? '', column: 0 }).args,
      optimized: values.optimized === true,
      output: values.output as string | undefined,
    };
    const args = test ? testArguments(rest) : rest;
    found(liveOptions({ kind: 'build', build }, args, withTableNames(values)));
  });
}
