import { UserError } from '../../base/index.ts';
import type { Typed } from '../language/cursor.ts';

type Stream = 'stdin' | 'stdout' | 'stderr';

/** Files for a program's input and output. */
export type Redirections = Readonly<Partial<Record<Stream, string>>>;

const REDIRECTIONS: Readonly<Record<string, Stream>> = {
  '<': 'stdin',
  '>': 'stdout',
  '1>': 'stdout',
  '2>': 'stderr',
};
/** A redirection, a word of quoted and plain parts, or space. */
const PART = /\s+|(<|[12]?>)\s*|((?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"<>\\])+)/gsy;

/** Splits a line as a shell does, as far as words, quotes and redirections go. Throws a UserError at its column. */
export function launchWords({ text, column }: Typed): {
  readonly args: readonly string[];
  readonly redirect: Redirections;
} {
  const args: string[] = [];
  const redirect: Partial<Record<Stream, string>> = {};
  let stream: Stream | undefined;
  let at = 0;
  while (at < text.length) {
    PART.lastIndex = at;
    const match = PART.exec(text);
    if (match === null) throw new UserError('a quote is not closed', undefined, column + at);
    const [whole, operator, word] = match;
    if (operator !== undefined) stream = REDIRECTIONS[operator];
    else if (word !== undefined) {
      if (stream === undefined) args.push(unquoted(word));
      else redirect[stream] = unquoted(word);
      stream = undefined;
    }
    at += whole.length;
  }
  if (stream !== undefined)
    throw new UserError(`which file is ${stream} to be?`, undefined, column + text.length);
  return { args, redirect };
}

const unquoted = (word: string): string =>
  word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs, (_, single, double, escaped) => {
    if (single !== undefined) return single as string;
    return double === undefined ? (escaped as string) : (double as string).replace(/\\(["\\$`])/g, '$1');
  });
