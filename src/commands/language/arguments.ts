import { UserError } from '../../base/index.ts';
import type { Cursor, Expectation, Typed } from './cursor.ts';

/** A kind of value that can be typed: how it is read, and how help names it. */
export interface Kind<T> {
  /** As help shows it: `<depth>`. */
  readonly usage: string;
  /** What it can be, where that is not plain from the name. */
  readonly values?: string;
  /** What its first word may be. */
  readonly expected: Expectation;
  read(cursor: Cursor): T;
}

/** One argument of a command. The parser collects what was read; `finish` makes the command's value of it. */
export interface Argument<T> {
  /** Spellings of a flag; none for a positional argument. */
  readonly names: readonly string[];
  readonly kinds: readonly Kind<unknown>[];
  /** A flag's value may be left out. */
  readonly valueOptional: boolean;
  readonly required: boolean;
  readonly repeatable: boolean;
  readonly help: string;
  finish(values: readonly (readonly unknown[])[]): T;
}

export type ArgumentSpec = Readonly<Record<string, Argument<unknown>>>;

export type ArgumentsOf<Spec extends ArgumentSpec> = {
  readonly [Name in keyof Spec]: Spec[Name] extends Argument<infer T> ? T : never;
};

type FlagNames = string | readonly string[];
const namesOf = (names: FlagNames): readonly string[] => (typeof names === 'string' ? [names] : names);

function argument<T>(facts: Partial<Argument<T>> & Pick<Argument<T>, 'help' | 'finish'>): Argument<T> {
  return { names: [], kinds: [], valueOptional: false, required: false, repeatable: false, ...facts };
}

/** `-full` */
export function flag(names: FlagNames, help: string): Argument<boolean> {
  return argument({ names: namesOf(names), help, finish: (values) => values.length > 0 });
}

/** `-depth <n>` */
export function option<T>(names: FlagNames, kind: Kind<T>, help: string): Argument<T | undefined> {
  return argument({
    names: namesOf(names),
    kinds: [kind],
    help,
    finish: (values) => values.at(-1)?.[0] as T | undefined,
  });
}

/** `-t [n]`: `bare` when the value is left out, undefined without the flag. */
export function optionWithDefault<T>(
  names: FlagNames,
  kind: Kind<T>,
  bare: T,
  help: string,
): Argument<T | undefined> {
  return argument({
    names: namesOf(names),
    kinds: [kind],
    valueOptional: true,
    help,
    finish: (values) => (values.length === 0 ? undefined : ((values.at(-1)?.[0] ?? bare) as T)),
  });
}

/** `-with <filter> -with <filter>` */
export function repeatedOption<T>(names: FlagNames, kind: Kind<T>, help: string): Argument<readonly T[]> {
  return argument({
    names: namesOf(names),
    kinds: [kind],
    repeatable: true,
    help,
    finish: (values) => values.map(([value]) => value as T),
  });
}

/** `-a <start> <end>` */
export function pairOption<A, B>(
  names: FlagNames,
  first: Kind<A>,
  second: Kind<B>,
  help: string,
): Argument<readonly [A, B] | undefined> {
  return argument({
    names: namesOf(names),
    kinds: [first, second],
    help,
    finish: (values) => values.at(-1) as readonly [A, B] | undefined,
  });
}

export function positional<T>(kind: Kind<T>, help: string): Argument<T | undefined> {
  return argument({ kinds: [kind], help, finish: (values) => values.at(-1)?.[0] as T | undefined });
}

export function required<T>(kind: Kind<T>, help: string): Argument<T> {
  return argument({ kinds: [kind], required: true, help, finish: (values) => values.at(-1)![0] as T });
}

export function variadic<T>(kind: Kind<T>, help: string): Argument<readonly T[]> {
  return argument({
    kinds: [kind],
    repeatable: true,
    help,
    finish: (values) => values.map(([value]) => value as T),
  });
}

const isFlagLike = (text: string): boolean => /^-[a-z]/i.test(text);

/** Reads a command's arguments. A UserError points at the word that is wrong. */
export function parseArguments<Spec extends ArgumentSpec>(spec: Spec, cursor: Cursor): ArgumentsOf<Spec> {
  const entries = Object.entries(spec);
  const flags = entries.filter(([, a]) => a.names.length > 0);
  const waiting = entries.filter(([, a]) => a.names.length === 0);
  const read = new Map<string, unknown[][]>(entries.map(([name]) => [name, []]));
  const flagWords: Expectation = { kind: 'words', words: flags.flatMap(([, a]) => a.names) };
  for (;;) {
    const next = waiting[0];
    const expected = next === undefined ? [flagWords] : [flagWords, next[1].kinds[0]!.expected];
    const word = cursor.peek(expected);
    if (word === undefined) break;
    const named = flags.find(([, a]) => a.names.includes(word.text));
    if (named !== undefined) {
      cursor.word(word.text, flagWords);
      read.get(named[0])!.push(readFlagValues(named[1], cursor, word));
      continue;
    }
    if (next === undefined || (isFlagLike(word.text) && !mayBeginWithDash(next[1]))) {
      throw unexpected(word, flagWords.words);
    }
    read.get(next[0])!.push([next[1].kinds[0]!.read(cursor)]);
    if (!next[1].repeatable) waiting.shift();
  }
  for (const [name, a] of waiting) {
    if (a.required && read.get(name)!.length === 0)
      throw new UserError(`${a.kinds[0]!.usage} is missing`, undefined, cursor.column);
  }
  const result = Object.fromEntries(entries.map(([name, a]) => [name, a.finish(read.get(name)!)]));
  return result as ArgumentsOf<Spec>;
}

/** Expressions may: `print -x`. */
const mayBeginWithDash = (a: Argument<unknown>): boolean => a.kinds[0]!.expected.kind === 'expression';

function readFlagValues(a: Argument<unknown>, cursor: Cursor, name: Typed): unknown[] {
  if (!a.valueOptional) {
    return a.kinds.map((kind) => {
      if (cursor.atEnd([kind.expected]))
        throw new UserError(`${name.text} needs ${kind.usage}`, undefined, name.column);
      return kind.read(cursor);
    });
  }
  const word = cursor.peek([a.kinds[0]!.expected]);
  // The value of `-t [depth]` is a number; what is not one belongs to the next argument.
  return word !== undefined && /^\d+$/.test(word.text) ? [a.kinds[0]!.read(cursor)] : [];
}

function unexpected(word: Typed, flags: readonly string[]): UserError {
  const remedy = flags.length === 0 ? undefined : `the flags here are ${flags.join(' ')}`;
  const what = isFlagLike(word.text)
    ? `there is no flag ${word.text}`
    : `${word.text} is one argument too many`;
  return new UserError(what, remedy, word.column);
}
