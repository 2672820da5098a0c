import { UserError } from '../../base/index.ts';
import { type Command, defineCommand, type Group } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { argumentTable, type CommandWords, usageLine, wrapped } from '../language/help-text.ts';
import { commandName } from '../language/kinds.ts';
import type { Style } from '../output/style.ts';
import { columns } from '../output/text.ts';

export const GROUPS: Readonly<Record<Group, string>> = {
  running: 'Running the program',
  goroutines: 'Goroutines and threads',
  stack: 'The stack',
  data: 'Values, registers and memory',
  code: 'Code and what the program is made of',
  session: 'The session',
};

const WIDTH = 100;
const NARROW = 34;

interface Entry {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly group: Group;
  readonly summary: string;
}

type HelpResult =
  | { readonly kind: 'list'; readonly commands: readonly Entry[] }
  | {
      readonly kind: 'command';
      readonly usage: string;
      readonly command: Entry;
      readonly words: HiddenWords;
    };

/** What rendering needs and data need not repeat. */
class HiddenWords {
  readonly words: CommandWords;

  constructor(words: CommandWords) {
    this.words = words;
  }

  toPlain(): unknown {
    const { details, examples } = this.words;
    const table = argumentTable(this.words.arguments);
    return { details, examples, arguments: table.map(([usage, help]) => ({ usage, help })) };
  }
}

const entry = ({ name, aliases, group, summary }: Command): Entry => ({ name, aliases, group, summary });

export const help = defineCommand({
  name: 'help',
  aliases: ['h'],
  group: 'session',
  summary: 'List the commands, or explain one',
  arguments: { command: positional(commandName, 'what to explain') },
  examples: ['help', 'help goroutines'],
  run({ table, session }, args): HelpResult {
    if (args.command === undefined) return { kind: 'list', commands: table.commands.map(entry) };
    const command = table.find(args.command, session.settings.values.aliases);
    if (command === undefined)
      throw new UserError(`there is no command ${args.command}`, '`help` lists them');
    return {
      kind: 'command',
      usage: usageLine(command),
      command: entry(command),
      words: new HiddenWords(command),
    };
  },
  render: (result, style) =>
    result.kind === 'list' ? renderList(result.commands, style) : renderCommand(result.words.words, style),
});

function* renderList(commands: readonly Entry[], style: Style): Iterable<string> {
  for (const [group, title] of Object.entries(GROUPS)) {
    yield style.paint('heading', `${title}:`);
    const rows = commands
      .filter((command) => command.group === group)
      .map(({ name, aliases, summary }) => [
        `  ${name}${aliases.length === 0 ? '' : ` (${aliases.join(', ')})`}`,
        summary,
      ]);
    yield* columns(rows);
    yield '';
  }
  yield '`help <command>` explains one.';
}

export function* renderCommand(command: CommandWords, style: Style): Iterable<string> {
  yield `${command.summary}.`;
  yield '';
  const [first = '', ...rest] = wrapped(usageLine(command), WIDTH - 8);
  yield `  ${style.paint('heading', first)}`;
  for (const line of rest) yield `      ${style.paint('heading', line)}`;
  if (command.aliases.length > 0) yield `  also: ${command.aliases.join(', ')}`;
  yield '';
  const table = argumentTable(command.arguments);
  const width = Math.min(NARROW, Math.max(0, ...table.map(([usage]) => usage.length))) + 2;
  for (const [usage, meaning] of table) {
    if (usage.length < width) {
      yield `  ${usage.padEnd(width)}${meaning}`;
    } else {
      yield `  ${usage}`;
      yield `  ${' '.repeat(width)}${meaning}`;
    }
  }
  if (table.length > 0) yield '';
  if (command.details !== undefined) {
    yield* wrapped(command.details, WIDTH);
    yield '';
  }
  if (command.examples !== undefined) {
    yield 'For example:';
    for (const example of command.examples) yield `  ${example}`;
  }
}
