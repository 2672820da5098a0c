import { UserError } from '../base/index.ts';
import type { Constant } from './constant.ts';
import type { Literal } from './literal.ts';
import { isLetter, numberLiteral } from './number-literal.ts';
import { quotedLiteral } from './quoted-literal.ts';

/** A token of Go's grammar (spec: Tokens); columns count UTF-16 units from 0. */
export interface Token {
  readonly kind: 'name' | 'literal' | 'operator' | 'end';
  /** As it was typed. */
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** Of a literal. */
  readonly constant?: Constant;
}

/** Longest first. */
const OPERATORS = [
  '&^=', '<<=', '>>=', '...',
  '&&', '||', '==', '!=', '<=', '>=', '<<', '>>', '&^', '<-', '++', '--', ':=', '+=', '-=', '*=', '/=', '%=',
  '&=', '|=', '^=',
  '+', '-', '*', '/', '%', '&', '|', '^', '<', '>', '=', '!', '(', ')', '[', ']', '{', '}', ',', '.', ':', ';', '~',
]; // biome-ignore format: a table

/** Trees are walked by recursion: their depth is bounded by the length of the text. */
const MAX_TOKENS = 2000;

const DIGIT = /[0-9]/;
/** A function: what a letter is, in all of Unicode, is not needed at every start. */
const nameAt = (): RegExp => /[\p{L}_][\p{L}\p{Nd}_]*/uy;

/** The tokens of an expression, with an `end` behind them. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
    const token = nextToken(text, at);
    tokens.push(token);
    if (token.kind === 'end') return tokens;
    if (tokens.length > MAX_TOKENS) throw new UserError('the expression is too long', undefined, token.from);
    at = token.to;
  }
}

function nextToken(text: string, from: number): Token {
  const character = text[from];
  if (character === undefined) return { kind: 'end', text: '', from, to: from };
  // `~r0`: an unnamed result, as DWARF calls it.
  const nameFrom = character === '~' ? from + 1 : from;
  if (nameFrom < text.length && isLetter(text, nameFrom)) {
    const name = nameAt();
    name.lastIndex = nameFrom;
    const match = name.exec(text);
    const to = match === null ? nameFrom + 1 : name.lastIndex;
    return { kind: 'name', text: text.slice(from, to), from, to };
  }
  const literal = literalAt(text, from, character);
  if (literal !== undefined) {
    const { constant, to } = literal;
    return { kind: 'literal', text: text.slice(from, to), from, to, constant };
  }
  const operator = OPERATORS.find((candidate) => text.startsWith(candidate, from));
  if (operator === undefined) {
    const shown = String.fromCodePoint(text.codePointAt(from)!);
    throw new UserError(`illegal character ${JSON.stringify(shown)}`, undefined, from);
  }
  return { kind: 'operator', text: operator, from, to: from + operator.length };
}

function literalAt(text: string, from: number, character: string): Literal | undefined {
  if (DIGIT.test(character) || (character === '.' && DIGIT.test(text[from + 1] ?? ''))) {
    return numberLiteral(text, from);
  }
  return '"`\''.includes(character) ? quotedLiteral(text, from) : undefined;
}
