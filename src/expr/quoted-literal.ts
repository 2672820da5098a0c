import { UserError } from '../base/index.ts';
import { textToBytes } from './byte-text.ts';
import type { Literal } from './literal.ts';

/** Go's rune and string literals (spec: Rune literals, String literals). */
const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
};
/** Escapes with hex digits: how many. */
const HEX_ESCAPES: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

interface Piece {
  readonly to: number;
  /** A byte (\xff, \377) or a code point. */
  readonly code: number;
  readonly isByte: boolean;
}

export function quotedLiteral(text: string, from: number): Literal {
  const mark = text[from]!;
  if (mark === '`') return rawString(text, from);
  const pieces: Piece[] = [];
  let at = from + 1;
  while (text[at] !== mark) {
    if (at >= text.length || text[at] === '\n') {
      throw new UserError(`${mark === '"' ? 'string' : 'rune'} literal not terminated`, undefined, from);
    }
    const piece = pieceAt(text, at, mark);
    pieces.push(piece);
    at = piece.to;
  }
  if (mark === '"') return { constant: { kind: 'string', bytes: bytesOf(pieces) }, to: at + 1 };
  if (pieces.length !== 1) {
    const problem = pieces.length === 0 ? 'empty rune literal' : 'more than one character in rune literal';
    throw new UserError(problem, undefined, from);
  }
  return { constant: { kind: 'rune', value: BigInt(pieces[0]!.code) }, to: at + 1 };
}

function rawString(text: string, from: number): Literal {
  const end = text.indexOf('`', from + 1);
  if (end < 0) throw new UserError('raw string literal not terminated', undefined, from);
  const contents = text.slice(from + 1, end).replaceAll('\r', '');
  return { constant: { kind: 'string', bytes: textToBytes(contents) }, to: end + 1 };
}

function pieceAt(text: string, at: number, mark: string): Piece {
  if (text[at] !== '\\') {
    const code = text.codePointAt(at)!;
    return { to: at + (code > 0xffff ? 2 : 1), code, isByte: false };
  }
  const letter = text[at + 1] ?? '';
  if (letter === mark) return { to: at + 2, code: mark.charCodeAt(0), isByte: false };
  const simple = SIMPLE[letter];
  if (simple !== undefined) return { to: at + 2, code: simple, isByte: false };
  const count = HEX_ESCAPES[letter];
  if (count !== undefined) return numericEscape(text, at, at + 2, count, 16);
  if (/[0-7]/.test(letter)) return numericEscape(text, at, at + 1, 3, 8);
  throw new UserError('unknown escape sequence', undefined, at + 1);
}

function numericEscape(text: string, at: number, from: number, count: number, base: 8 | 16): Piece {
  const digits = text.slice(from, from + count);
  const valid = base === 8 ? /^[0-7]+$/ : /^[0-9a-fA-F]+$/;
  if (digits.length < count || !valid.test(digits)) {
    throw new UserError('illegal character in escape sequence', undefined, at + 1);
  }
  const code = Number.parseInt(digits, base);
  const isByte = count < 4;
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  if (isByte ? code > 255 : code > 0x10ffff || surrogate) {
    throw new UserError('escape sequence is an invalid Unicode code point', undefined, at + 1);
  }
  return { to: from + count, code, isByte };
}

function bytesOf(pieces: readonly Piece[]): Uint8Array {
  const bytes: number[] = [];
  for (const { code, isByte } of pieces) {
    if (isByte) bytes.push(code);
    else bytes.push(...textToBytes(String.fromCodePoint(code)));
  }
  return Uint8Array.from(bytes);
}
