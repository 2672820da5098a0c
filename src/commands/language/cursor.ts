import { UserError } from '../../base/index.ts';

/** What could be typed at a place: drives completion. */
export type Expectation =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | {
      readonly kind:
        | 'command'
        | 'command-line'
        | 'expression'
        | 'file'
        | 'function'
        | 'goroutine'
        | 'location'
        | 'register'
        | 'setting'
        | 'thread'
        | 'nothing';
    };

export const NOTHING: Expectation = { kind: 'nothing' };

/** Some of the text that was typed, with its column in the whole line, so that errors can point into it. */
export interface Typed {
  readonly text: string;
  readonly column: number;
}

/** Thrown by a completing cursor when reading reaches the word under completion. */
export class CompletionPoint extends Error {
  readonly expected: readonly Expectation[];
  readonly typed: Typed;

  constructor(expected: readonly Expectation[], typed: Typed) {
    super('completion point');
    this.expected = expected;
    this.typed = typed;
  }
}

const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const isSpace = (char: string | undefined): boolean => char === ' ' || char === '\t';

/**
 * Reads a command's arguments word by word. Every read says what it expects, so that the reading of a command
 * that is still being typed (`completing`) ends in a CompletionPoint: parsing and completion are one grammar.
 */
export class Cursor {
  readonly #text: string;
  readonly #column: number;
  readonly #completing: boolean;
  #position = 0;

  constructor(typed: Typed, completing = false) {
    this.#text = completing ? typed.text : typed.text.trimEnd();
    this.#column = typed.column;
    this.#completing = completing;
  }

  get column(): number {
    return this.#column + this.#position;
  }

  /** Whether nothing is left to read. While completing the word under completion is always left. */
  atEnd(expected: readonly Expectation[]): boolean {
    this.#skipSpaces();
    if (this.#position < this.#text.length) return false;
    if (this.#completing) throw new CompletionPoint(expected, { text: '', column: this.column });
    return true;
  }

  /** The next word without its quotes, or undefined at the end. */
  peek(expected: readonly Expectation[]): Typed | undefined {
    const before = this.#position;
    const word = this.atEnd(expected) ? undefined : this.#word(expected);
    this.#position = before;
    return word;
  }

  /** The next word; quotes hold words with spaces together and are removed. */
  word(what: string, ...expected: Expectation[]): Typed {
    this.#require(what, expected);
    return this.#word(expected);
  }

  /** The next word of an expression: it ends at a space outside of brackets and quotes, which stay. */
  expressionWord(what: string, ...expected: Expectation[]): Typed {
    this.#require(what, expected);
    const start = this.#position;
    const open: string[] = [];
    while (this.#position < this.#text.length) {
      const char = this.#text[this.#position]!;
      if (open.length === 0 && isSpace(char)) break;
      if (char === '"' || char === "'" || char === '`') {
        this.#skipQuoted(char);
        continue;
      }
      if (CLOSERS[char] !== undefined) open.push(CLOSERS[char]);
      else if (char === open.at(-1)) open.pop();
      this.#position++;
    }
    return this.#taken(start, this.#text.slice(start, this.#position), expected);
  }

  /** All that is left, as it was typed. */
  rest(what: string, ...expected: Expectation[]): Typed {
    this.#require(what, expected);
    const start = this.#position;
    this.#position = this.#text.length;
    return this.#taken(start, this.#text.slice(start), expected);
  }

  #require(what: string, expected: readonly Expectation[]): void {
    if (this.atEnd(expected)) throw new UserError(`${what} is missing`, undefined, this.column);
  }

  #taken(start: number, text: string, expected: readonly Expectation[]): Typed {
    const typed = { text, column: this.#column + start };
    if (this.#completing && this.#position === this.#text.length) throw new CompletionPoint(expected, typed);
    return typed;
  }

  #word(expected: readonly Expectation[]): Typed {
    const start = this.#position;
    const quote = this.#text[start]!;
    if (quote === '"' || quote === "'") {
      this.#skipQuoted(quote);
      const raw = this.#text.slice(start + 1, this.#position);
      const inner = raw.endsWith(quote) ? raw.slice(0, -1) : raw;
      return this.#taken(start, inner.replace(/\\(["'\\])/g, '$1'), expected);
    }
    while (this.#position < this.#text.length && !isSpace(this.#text[this.#position])) this.#position++;
    return this.#taken(start, this.#text.slice(start, this.#position), expected);
  }

  /** Moves behind a quoted string; an unfinished one ends with the text. */
  #skipQuoted(quote: string): void {
    this.#position++;
    while (this.#position < this.#text.length) {
      const char = this.#text[this.#position++];
      if (char === '\\' && quote !== '`') this.#position++;
      else if (char === quote) return;
    }
    this.#position = this.#text.length;
  }

  #skipSpaces(): void {
    while (isSpace(this.#text[this.#position])) this.#position++;
  }
}
