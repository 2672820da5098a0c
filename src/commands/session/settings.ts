import type { Flavour } from '../../arch/index.ts';
import { UserError } from '../../base/index.ts';
import type { Limits } from '../../expr/index.ts';

/** `from` is the beginning of a path in the binary, `to` what stands there on this machine. */
export interface PathRule {
  readonly from: string;
  readonly to: string;
}

export interface SettingValues {
  'max-string-len': number;
  'max-array-values': number;
  'max-variable-recurse': number;
  'disassemble-flavour': Flavour;
  'show-location-expr': boolean;
  'source-list-line-count': number;
  tab: string;
  'substitute-path': readonly PathRule[];
  aliases: Readonly<Record<string, readonly string[]>>;
}

export type SettingName = keyof SettingValues;
/** Those that `config NAME VALUE` sets from one word; the others have their own forms. */
export type SimpleSettingName = Exclude<SettingName, 'substitute-path' | 'aliases'>;

interface SimpleSetting<T> {
  readonly initial: T;
  readonly help: string;
  readonly usage: string;
  /** undefined: not a value for this setting. */
  parse(text: string): T | undefined;
}

const natural = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);
const FLAVOURS: readonly Flavour[] = ['go', 'intel', 'gnu'];

/** Names and defaults are Delve's, where it has the setting. */
export const SIMPLE_SETTINGS: { readonly [Name in SimpleSettingName]: SimpleSetting<SettingValues[Name]> } = {
  'max-string-len': {
    initial: 64,
    help: 'how many bytes of a string are shown',
    usage: '<number>',
    parse: natural,
  },
  'max-array-values': {
    initial: 64,
    help: 'how many elements of an array, slice, map or channel are shown',
    usage: '<number>',
    parse: natural,
  },
  'max-variable-recurse': {
    initial: 1,
    help: 'how deep nested structs, pointers and elements are shown',
    usage: '<number>',
    parse: natural,
  },
  'disassemble-flavour': {
    initial: 'go',
    help: "the assembler's syntax: go (Plan 9, as go tool objdump), intel or gnu",
    usage: 'go|intel|gnu',
    parse: (text) => FLAVOURS.find((flavour) => flavour === text),
  },
  'show-location-expr': {
    initial: false,
    help: 'whether whatis also says where the compiler put the variable',
    usage: 'true|false',
    parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  },
  'source-list-line-count': {
    initial: 5,
    help: 'how many lines list shows above and below',
    usage: '<number>',
    parse: natural,
  },
  tab: {
    initial: '    ',
    help: 'what a tab in source code is shown as',
    usage: '<text>',
    parse: (text) => text,
  },
};

/** Delve's spelling is understood too. */
const SPELLINGS: Readonly<Record<string, SettingName>> = { 'disassemble-flavor': 'disassemble-flavour' };

export const settingNames = (): SettingName[] => [
  ...(Object.keys(SIMPLE_SETTINGS) as SimpleSettingName[]),
  'substitute-path',
  'aliases',
];

export function settingNamed(name: string, column?: number): SettingName {
  const found = SPELLINGS[name] ?? settingNames().find((known) => known === name);
  if (found === undefined) {
    throw new UserError(`there is no parameter ${name}`, '`config -list` lists them', column);
  }
  return found;
}

/** What `config` changes. Kept as JSON; unknown names in the file are kept too, for newer versions. */
export class Settings {
  readonly values: SettingValues;
  readonly #unknown: Record<string, unknown> = {};

  constructor() {
    const initial = Object.entries(SIMPLE_SETTINGS).map(([name, setting]) => [name, setting.initial]);
    this.values = { ...Object.fromEntries(initial), 'substitute-path': [], aliases: {} } as SettingValues;
  }

  limits(): Limits {
    return {
      maxStringLength: this.values['max-string-len'],
      maxArrayValues: this.values['max-array-values'],
      maxVariableRecurse: this.values['max-variable-recurse'],
      maxStructFields: -1,
    };
  }

  setSimple<Name extends SimpleSettingName>(name: Name, text: string, column?: number): void {
    const setting = SIMPLE_SETTINGS[name];
    const value = setting.parse(text);
    if (value === undefined) {
      throw new UserError(`${text} is not a value for ${name}`, `it takes ${setting.usage}`, column);
    }
    this.values[name] = value as SettingValues[Name];
  }

  /** Takes over a settings file. Throws a UserError that names the field that is wrong. */
  load(text: string, path: string): void {
    let data: unknown;
    try {
      data = JSON.parse(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError(`${path} is not JSON: ${reason}`, 'mend or remove the file');
    }
    if (typeof data !== 'object' || data === null || Array.isArray(data)) {
      throw new UserError(`${path} is not an object of settings`, 'mend or remove the file');
    }
    for (const [name, value] of Object.entries(data)) this.#loadOne(name, value, path);
  }

  #loadOne(name: string, value: unknown, path: string): void {
    const wrong = (): UserError =>
      new UserError(`${path}: ${name} has no valid value`, `\`help config\` lists the parameters`);
    const known = SPELLINGS[name] ?? settingNames().find((n) => n === name);
    if (known === undefined) {
      this.#unknown[name] = value;
    } else if (known === 'substitute-path') {
      if (!Array.isArray(value) || !value.every(isPathRule)) throw wrong();
      this.values['substitute-path'] = value.map(({ from, to }) => ({ from, to }));
    } else if (known === 'aliases') {
      if (!isAliases(value)) throw wrong();
      this.values.aliases = value;
    } else {
      this.setSimple(known, String(value));
    }
  }

  /** The file's text: what differs from the defaults. */
  save(): string {
    const data: Record<string, unknown> = { ...this.#unknown };
    for (const name of Object.keys(SIMPLE_SETTINGS) as SimpleSettingName[]) {
      if (this.values[name] !== SIMPLE_SETTINGS[name].initial) data[name] = this.values[name];
    }
    if (this.values['substitute-path'].length > 0) data['substitute-path'] = this.values['substitute-path'];
    if (Object.keys(this.values.aliases).length > 0) data.aliases = this.values.aliases;
    return `${JSON.stringify(data, null, 2)}\n`;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPathRule = (value: unknown): value is PathRule =>
  isRecord(value) && typeof value.from === 'string' && typeof value.to === 'string';

const isAliases = (value: unknown): value is Record<string, readonly string[]> =>
  isRecord(value) &&
  Object.values(value).every(
    (names) => Array.isArray(names) && names.every((name) => typeof name === 'string'),
  );

/**
 * Where a path of the binary is on this machine, by the first rule that fits. A rule with an empty `from` is for
 * relative paths, one with an empty `to` makes paths relative.
 */
export function substitutePath(path: string, rules: readonly PathRule[]): string {
  for (const { from, to } of rules) {
    if (from === '') {
      if (!path.startsWith('/')) return joinPath(to, path);
      continue;
    }
    const prefix = from.endsWith('/') ? from : `${from}/`;
    if (path === from) return to;
    if (path.startsWith(prefix)) return joinPath(to, path.slice(prefix.length));
  }
  return path;
}

const joinPath = (directory: string, rest: string): string =>
  directory === '' ? rest : directory.endsWith('/') ? directory + rest : `${directory}/${rest}`;
