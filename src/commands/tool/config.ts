import { UserError } from '../../base/index.ts';
import { type Context, defineCommand } from '../command.ts';
import { flag, positional } from '../language/arguments.ts';
import { Cursor, type Typed } from '../language/cursor.ts';
import { restOfLine, setting } from '../language/kinds.ts';
import { columns } from '../output/text.ts';
import {
  type SettingName,
  SIMPLE_SETTINGS,
  type SimpleSettingName,
  settingNamed,
  settingNames,
} from '../session/settings.ts';

interface ConfigResult {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly saved: string | undefined;
}

export const config = defineCommand({
  name: 'config',
  aliases: [],
  group: 'session',
  summary: 'Show or change parameters',
  details:
    'What is changed holds until the end of the session, unless it is saved.\n\n' +
    'config <parameter> shows one, config <parameter> <value> sets it.\n\n' +
    'config substitute-path <from> <to> says where source files are that were elsewhere when the program was built; ' +
    'an empty "" stands for relative paths. config substitute-path <from> takes the rule back, -clear all of them.\n\n' +
    'config alias <command> <alias> gives a command another name, config alias <alias> takes it back.\n\n' +
    `The parameters:\n${parameterHelp()}`,
  examples: [
    'config -list',
    'config max-string-len 1000',
    'config substitute-path /build/src /home/me/src',
    'config alias goroutines gs',
    'config -save',
  ],
  arguments: {
    list: flag('-list', 'show all parameters'),
    save: flag('-save', 'keep the parameters for the sessions to come'),
    name: positional(setting, 'the parameter'),
    value: positional(restOfLine('value'), 'its new value'),
  },
  run(context, args): ConfigResult {
    const { session } = context;
    const { values } = session.settings;
    if (args.save) {
      return { settings: {}, saved: session.host.saveSettings(session.settings.save()) };
    }
    if (args.name === undefined) {
      if (!args.list) throw new UserError('a parameter is missing', '`config -list` shows them');
      return { settings: Object.fromEntries(settingNames().map((n) => [n, values[n]])), saved: undefined };
    }
    const name = args.name === 'alias' ? 'aliases' : settingNamed(args.name);
    if (args.value !== undefined) change(context, name, args.value);
    return { settings: { [name]: values[name] }, saved: undefined };
  },
  *render({ settings, saved }, style) {
    if (saved !== undefined) yield `saved in ${style.path(saved)}`;
    const rows = Object.entries(settings).map(([name, value]) => [name, valueText(value)]);
    yield* columns(rows, (cell, i) => (i === 0 ? style.paint('name', cell) : cell));
  },
});

function parameterHelp(): string {
  const simple = Object.entries(SIMPLE_SETTINGS).map(([name, { help, initial }]) => {
    const value =
      typeof initial === 'string' ? (initial.trim() === '' ? `${initial.length} spaces` : initial) : initial;
    return `  ${name.padEnd(24)} ${help} (${value})`;
  });
  return [
    ...simple,
    `  ${'substitute-path'.padEnd(24)} where source files are`,
    `  ${'aliases'.padEnd(24)} further names of commands`,
  ].join('\n');
}

const valueText = (value: unknown): string => JSON.stringify(value);

function change(context: Context, name: SettingName, value: Typed): void {
  const { settings } = context.session;
  if (name === 'substitute-path') changePathRules(context, value);
  else if (name === 'aliases') changeAliases(context, value);
  else settings.setSimple(name satisfies SimpleSettingName, unquoted(value), value.column);
}

const unquoted = (value: Typed): string =>
  /^["'].*["']$/.test(value.text) ? new Cursor(value).word('a value').text : value.text;

function words(value: Typed): Typed[] {
  const cursor = new Cursor(value);
  const found: Typed[] = [];
  while (!cursor.atEnd([])) found.push(cursor.word('a word'));
  return found;
}

function changePathRules({ session }: Context, value: Typed): void {
  const { values } = session.settings;
  const [from, to, more] = words(value).map(({ text }) => text);
  if (more !== undefined) {
    throw new UserError('there are more than two paths', 'put paths with spaces in quotes', value.column);
  }
  const rules = values['substitute-path'];
  if (from === '-clear') {
    values['substitute-path'] = [];
    return;
  }
  const others = rules.filter((rule) => rule.from !== from);
  if (to === undefined && others.length === rules.length) {
    throw new UserError(
      `there is no rule for ${from}`,
      '`config substitute-path` shows the rules',
      value.column,
    );
  }
  values['substitute-path'] = to === undefined ? others : [...others, { from: from!, to }];
}

function changeAliases({ session, table }: Context, value: Typed): void {
  const { values } = session.settings;
  const [first, second] = words(value);
  if (second === undefined) {
    values.aliases = withoutAlias(values.aliases, first!.text);
    return;
  }
  const command = table.find(first!.text);
  if (command === undefined)
    throw new UserError(`there is no command ${first!.text}`, undefined, first!.column);
  if (table.find(second.text) !== undefined) {
    throw new UserError(`${second.text} is the name of a command already`, undefined, second.column);
  }
  const others = withoutAlias(values.aliases, second.text);
  values.aliases = { ...others, [command.name]: [...(others[command.name] ?? []), second.text] };
}

function withoutAlias(
  aliases: Readonly<Record<string, readonly string[]>>,
  alias: string,
): Readonly<Record<string, readonly string[]>> {
  const left = Object.entries(aliases).map(
    ([name, names]) => [name, names.filter((n) => n !== alias)] as const,
  );
  return Object.fromEntries(left.filter(([, names]) => names.length > 0));
}
