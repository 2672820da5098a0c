import { UserError } from '../base/index.ts';
import type { Answer, Command, CommandRunner, Context } from './command.ts';
import type { Typed } from './language/cursor.ts';

export interface CommandLine {
  readonly command: Command;
  readonly args: Typed;
}

/** Commands of a running program, by Delve's names and aliases. */
const MOVING: ReadonlySet<string> = new Set('rewind rw'.split(' '));

/** The commands by name and alias. */
export class CommandTable implements CommandRunner {
  readonly commands: readonly Command[];
  readonly #byName = new Map<string, Command>();

  constructor(commands: readonly Command[]) {
    this.commands = commands;
    for (const command of commands) {
      for (const name of [command.name, ...command.aliases]) {
        if (this.#byName.has(name)) throw new Error(`two commands are called ${name}`);
        this.#byName.set(name, command);
      }
    }
  }

  /** `userAliases` come from the settings: command → further names. */
  find(name: string, userAliases: Readonly<Record<string, readonly string[]>> = {}): Command | undefined {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const aliased = Object.entries(userAliases).find(([, names]) => names.includes(name));
    return aliased === undefined ? undefined : this.#byName.get(aliased[0]);
  }

  names(): string[] {
    return [...this.#byName.keys()];
  }

  /** Splits a line into its command and the text of its arguments. */
  parse(line: Typed, userAliases?: Readonly<Record<string, readonly string[]>>): CommandLine {
    const [, spaces, name, gap, rest] = /^(\s*)(\S*)(\s*)(.*)$/s.exec(line.text)!;
    const column = line.column + spaces!.length;
    const command = this.find(name!, userAliases);
    if (command === undefined) throw this.#unknown(name!, column);
    return { command, args: { text: rest!, column: column + name!.length + gap!.length } };
  }

  checkNested(context: Context, line: Typed): void {
    const { command, args } = this.parse(line, context.session.settings.values.aliases);
    command.check(args);
  }

  runNested(context: Context, line: Typed): Answer {
    context.session.checkCancelled();
    const { command, args } = this.parse(line, context.session.settings.values.aliases);
    return command.run(context, args);
  }

  prepareNested(context: Context, line: Typed): Promise<void> | undefined {
    const { command, args } = this.parse(line, context.session.settings.values.aliases);
    return command.prepare(context, args);
  }

  #unknown(name: string, column: number): UserError {
    if (MOVING.has(name)) {
      return new UserError(
        `a core cannot do ${name}: its process is gone`,
        '`help` lists what can be done',
        column,
      );
    }
    const near = this.names().filter((known) => name.length > 1 && known.startsWith(name));
    const remedy = near.length > 0 ? `did you mean ${near.join(', ')}?` : '`help` lists the commands';
    return new UserError(`there is no command ${name}`, remedy, column);
  }
}
