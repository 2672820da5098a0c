import {
  type Goid,
  goid,
  type RuntimeAddress,
  runtimeAddress,
  type ThreadId,
  threadId,
  UserError,
} from '../../base/index.ts';
import type { Kind } from './arguments.ts';
import { type Cursor, type Expectation, NOTHING, type Typed } from './cursor.ts';

type Source = Exclude<Expectation['kind'], 'words'>;

const expectation = (kind: Source): Expectation => ({ kind });

/** A word that `parse` turns into a value, or undefined if it is none. */
function wordKind<T>(
  name: string,
  what: string,
  parse: (text: string) => T | undefined,
  expected: Expectation = NOTHING,
): Kind<T> {
  return {
    usage: `<${name}>`,
    expected,
    read(cursor) {
      const word = cursor.word(`<${name}>`, expected);
      const value = parse(word.text);
      if (value === undefined) throw new UserError(`${word.text} is not ${what}`, undefined, word.column);
      return value;
    },
  };
}

function parseInteger(text: string): number | undefined {
  if (!/^[+-]?(0x[\da-f]+|0b[01]+|0o[0-7]+|\d[\d_]*)$/i.test(text)) return undefined;
  const sign = text.startsWith('-') ? -1 : 1;
  const value = sign * Number(text.replace(/^[+-]/, '').replaceAll('_', ''));
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Zero or more: `0x10`, `16`. */
export const count = (name: string): Kind<number> => ({
  usage: `<${name}>`,
  expected: NOTHING,
  read(cursor) {
    const { text, column } = cursor.word(`<${name}>`, NOTHING);
    const value = parseInteger(text);
    if (value === undefined) throw new UserError(`${text} is not a number`, undefined, column);
    if (value < 0) throw new UserError(`${text} is less than 0`, undefined, column);
    return value;
  },
});

export const positiveCount = (name: string, most: number): Kind<number> =>
  wordKind(name, `a number from 1 to ${most}`, (text) => {
    const value = parseInteger(text);
    return value === undefined || value < 1 || value > most ? undefined : value;
  });

export const address = (name: string): Kind<RuntimeAddress> =>
  wordKind(name, 'an address', (text) => {
    const value = parseInteger(text);
    return value === undefined || value < 0 ? undefined : runtimeAddress(value);
  });

export const goroutineId: Kind<Goid> = wordKind(
  'id',
  'the number of a goroutine',
  (text) => {
    const value = parseInteger(text);
    return value === undefined ? undefined : goid(value);
  },
  expectation('goroutine'),
);

export const threadNumber: Kind<ThreadId> = wordKind(
  'id',
  'the number of a thread',
  (text) => {
    const value = parseInteger(text);
    return value === undefined ? undefined : threadId(value);
  },
  expectation('thread'),
);

/** Go's and JavaScript's regular expressions agree on what people type here. */
export const regex = (what: Source = 'nothing'): Kind<RegExp> => ({
  usage: '<regex>',
  expected: expectation(what),
  read(cursor) {
    const word = cursor.word('<regex>', expectation(what));
    return regularExpression(word.text, word.column);
  },
});

/** Flags as Go writes them, at the beginning: `(?i)worker`. */
const GO_FLAGS = /^\(\?([ims]+)\)/;

export function regularExpression(text: string, column: number): RegExp {
  const flags = GO_FLAGS.exec(text);
  try {
    return new RegExp(flags === null ? text : text.slice(flags[0].length), [...new Set(flags?.[1])].join(''));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // "Invalid regular expression: /[/: Unterminated character class"
    const reason = error.message.slice(error.message.lastIndexOf(': ') + 2).toLowerCase();
    throw new UserError(`${text} is not a regular expression: ${reason}`, undefined, column);
  }
}

export const word = (name: string, expected: Expectation = NOTHING): Kind<string> =>
  wordKind(name, '', (text) => text, expected);

export const file: Kind<string> = word('file', expectation('file'));
export const setting: Kind<string> = word('parameter', expectation('setting'));
export const commandName: Kind<string> = word('command', expectation('command'));
export const register: Kind<Typed> = {
  usage: '<register>',
  expected: expectation('register'),
  read: (cursor) => cursor.word('<register>', expectation('register')),
};

export function choice<T extends string>(name: string, choices: readonly T[]): Kind<T> {
  const what = choices.length === 1 ? choices.join() : `one of ${choices.join(', ')}`;
  return wordKind(name, what, (text) => choices.find((c) => c === text), {
    kind: 'words',
    words: choices,
  });
}

/** The rest of the line as it stands: an expression, a command, a location. */
const restKind = (name: string, source: Source): Kind<Typed> => ({
  usage: `<${name}>`,
  expected: expectation(source),
  read: (cursor: Cursor) => cursor.rest(`<${name}>`, expectation(source)),
});

export const expression: Kind<Typed> = restKind('expression', 'expression');
export const command: Kind<Typed> = restKind('command', 'command-line');
export const location: Kind<Typed> = restKind('locspec', 'location');
export const restOfLine = (name: string): Kind<Typed> => restKind(name, 'nothing');

/** An expression that ends at the first space outside of brackets. */
export const shortExpression: Kind<Typed> = {
  usage: '<expr>',
  expected: expectation('expression'),
  read: (cursor) => cursor.expressionWord('<expr>', expectation('expression')),
};
