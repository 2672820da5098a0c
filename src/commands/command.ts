import { type ArgumentSpec, type ArgumentsOf, parseArguments } from './language/arguments.ts';
import { Cursor, type Typed } from './language/cursor.ts';
import type { Style } from './output/style.ts';
import { requireAlive } from './session/live-control.ts';
import type { Scope, Session } from './session/session.ts';

/** What a command runs with: the session, what it is about, and the table, for commands that run others. */
export interface Context {
  readonly session: Session;
  readonly scope: Scope;
  readonly table: CommandRunner;
  /** How many command files are running this one. */
  readonly depth?: number;
}

/** What commands see of the table they are in. */
export interface CommandRunner {
  readonly commands: readonly Command[];
  find(name: string, userAliases?: Readonly<Record<string, readonly string[]>>): Command | undefined;
  /** Throws what is wrong with a command itself, wherever it is run. */
  checkNested(context: Context, line: Typed): void;
  /** Run a command that another one was given: `goroutine 5 stack`. */
  prepareNested(context: Context, line: Typed): Promise<void> | undefined;
  runNested(context: Context, line: Typed): Answer;
}

export type Group = 'running' | 'goroutines' | 'stack' | 'data' | 'code' | 'session';

/** Groups of commands that look at what the program is doing. */
const OF_THE_STATE: ReadonlySet<Group> = new Set(['goroutines', 'stack', 'data']);

interface Words {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly group: Group;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What is to be known besides the arguments; paragraphs. */
  readonly details?: string;
  readonly examples?: readonly string[];
  /** Whether an empty line repeats it. */
  readonly repeats?: boolean;
}

/** A command whose types are known: how commands are written. */
export interface CommandDefinition<Spec extends ArgumentSpec, Result> extends Words {
  readonly arguments: Spec;
  /** Loads what `run` needs and only comes asynchronously (the disassembler), for this command or those it runs. */
  prepare?(context: Context, args: ArgumentsOf<Spec>): Promise<void> | undefined;
  /** Computes the answer: data with stable names. Iterables in it are streamed: rows are made as they are read. */
  /** An Answer is passed on as it is: that of a command that this one ran. */
  run(context: Context, args: ArgumentsOf<Spec>): Result | Answer;
  /** The answer as lines of text, one or several in a piece. */
  render(result: Result, style: Style, context: Context): Iterable<string>;
}

/** What came of a command. The result's streams can be read once: as text or as data. */
export class Answer {
  readonly result: unknown;
  readonly #text: (style: Style) => Iterable<string>;

  constructor(result: unknown, text: (style: Style) => Iterable<string>) {
    this.result = result;
    this.#text = text;
  }

  text(style: Style): Iterable<string> {
    return this.#text(style);
  }
}

/** A command in the table. */
export interface Command extends Words {
  readonly arguments: ArgumentSpec;
  prepare(context: Context, args: Typed): Promise<void> | undefined;
  run(context: Context, args: Typed): Answer;
  /** Reads the arguments; throws what is wrong with them. */
  check(args: Typed): void;
  /** Reads unfinished arguments; throws the CompletionPoint at their end. */
  complete(args: Typed): void;
}

export function defineCommand<Spec extends ArgumentSpec, Result>(
  definition: CommandDefinition<Spec, Result>,
): Command {
  const { arguments: spec } = definition;
  let bare: ArgumentsOf<Spec> | undefined;
  const parse = (args: Typed): ArgumentsOf<Spec> => {
    if (args.text !== '') return parseArguments(spec, new Cursor(args));
    // Always the same, and what who steps gives again and again.
    bare ??= parseArguments(spec, new Cursor(args));
    return bare;
  };
  return {
    name: definition.name,
    aliases: definition.aliases,
    group: definition.group,
    summary: definition.summary,
    arguments: spec,
    ...(definition.details === undefined ? {} : { details: definition.details }),
    ...(definition.examples === undefined ? {} : { examples: definition.examples }),
    ...(definition.repeats === undefined ? {} : { repeats: definition.repeats }),
    prepare: (context, args) =>
      definition.prepare === undefined ? undefined : definition.prepare(context, parse(args)),
    run(context, args) {
      const typed = parse(args);
      const { live } = context.session;
      if (live !== undefined && OF_THE_STATE.has(definition.group)) requireAlive(live.processes.selected);
      const result = definition.run(context, typed);
      if (result instanceof Answer) return result;
      return new Answer(result, (style) => definition.render(result, style, context));
    },
    check(args) {
      parse(args);
    },
    complete(args) {
      parseArguments(spec, new Cursor(args, true));
    },
  };
}
