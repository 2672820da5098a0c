/** What `mattock core` was asked to do. */
export interface CoreOptions {
  readonly executable: string | undefined;
  readonly core: string;
  readonly commands: readonly string[];
  readonly json: boolean;
  readonly color: boolean;
  readonly quiet: boolean;
  readonly init: string | undefined;
  readonly config: boolean;
  readonly acceptMismatch: boolean;
  readonly sysroot: string | undefined;
}

interface OptionWords {
  readonly name: 'commands' | 'json' | 'color' | 'quiet' | 'init' | 'config' | 'acceptMismatch' | 'sysroot';
  readonly kind: 'switch' | 'negative-switch' | 'value' | 'values';
  /** Spellings, the short one first. */
  readonly flags: readonly string[];
  readonly value?: string;
  readonly help: string;
}

/** The one table of the options of `core`: for the quick parser, for commander and for help. */
export const CORE_OPTIONS: readonly OptionWords[] = [
  {
    name: 'commands',
    kind: 'values',
    flags: ['-c', '--command'],
    value: 'command',
    help: 'run a command and exit; can be given several times',
  },
  { name: 'json', kind: 'switch', flags: ['--json'], help: 'one JSON document per line instead of text' },
  { name: 'color', kind: 'negative-switch', flags: ['--no-color'], help: 'no colours' },
  { name: 'quiet', kind: 'switch', flags: ['-q', '--quiet'], help: 'do not begin with the verdict' },
  { name: 'init', kind: 'value', flags: ['--init'], value: 'file', help: 'run the commands of a file first' },
  { name: 'config', kind: 'negative-switch', flags: ['--no-config'], help: 'do not read the settings file' },
  {
    name: 'sysroot',
    kind: 'value',
    flags: ['--sysroot'],
    value: 'folder',
    help: "where the program's files are: a container's root",
  },
  {
    name: 'acceptMismatch',
    kind: 'switch',
    flags: ['--accept-mismatch'],
    help: 'use the executable although it is another build',
  },
];

export type OptionValues = Record<string, unknown>;

/**
 * Reads what nearly every call looks like, without loading a command line library (10 ms). Whatever it does not
 * understand it leaves to commander, which then says what is wrong: undefined.
 */
export function parseQuickly(words: readonly string[]): CoreOptions | undefined {
  const operands: string[] = [];
  const values: OptionValues = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith('-')) {
      operands.push(word);
      continue;
    }
    const option = CORE_OPTIONS.find(({ flags }) => flags.includes(word));
    if (option === undefined) return undefined;
    if (option.kind === 'switch' || option.kind === 'negative-switch') {
      values[option.name] = option.kind === 'switch';
      continue;
    }
    const value = words[++i];
    if (value === undefined) return undefined;
    if (option.kind === 'value') values[option.name] = value;
    else values[option.name] = [...((values[option.name] as string[] | undefined) ?? []), value];
  }
  return operands.length === 1 || operands.length === 2 ? coreOptions(operands, values) : undefined;
}

export function coreOptions(operands: readonly string[], values: OptionValues): CoreOptions {
  return {
    executable: operands.length === 2 ? operands[0] : undefined,
    core: operands.at(-1)!,
    commands: (values.commands as string[] | undefined) ?? [],
    json: values.json === true,
    color: values.color !== false,
    quiet: values.quiet === true,
    init: values.init as string | undefined,
    config: values.config !== false,
    acceptMismatch: values.acceptMismatch === true,
    sysroot: values.sysroot as string | undefined,
  };
}
