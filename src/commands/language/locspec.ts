import { UserError } from '../../base/index.ts';
import type { Typed } from './cursor.ts';
import { regularExpression } from './kinds.ts';

/** A place in the program, as it is typed; Delve's grammar. Which of file and function `name` is turns out later. */
export type LocationSpec =
  | { readonly kind: 'address'; readonly expression: Typed }
  | { readonly kind: 'line'; readonly line: number }
  | { readonly kind: 'offset'; readonly lines: number }
  /** `main.go:30`, or `main.main:3`: the third line behind the function's first. */
  | { readonly kind: 'name-and-line'; readonly name: string; readonly line: number }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'regex'; readonly regex: RegExp };

export const LOCSPEC_HELP =
  'A locspec is one of\n' +
  '  main.main, (*T).Method, http.Serve   a function; the package may be left out or shortened if it is clear\n' +
  '  main.go:30, cmd/app/main.go:30       a line of a file; the beginning of the path may be left out\n' +
  '  main.main:3                          the third line behind the first of a function\n' +
  '  30, +5, -5                           a line of the current file, by number or distance\n' +
  '  *0x4cdfc9, *pc                       an address, or an expression that gives one\n' +
  '  /regex/                              the functions that match';

export function parseLocationSpec(typed: Typed): LocationSpec {
  const text = typed.text.trim();
  if (text === '') throw new UserError('a location is missing', undefined, typed.column);
  if (text.startsWith('*')) {
    return { kind: 'address', expression: { text: text.slice(1), column: typed.column + 1 } };
  }
  if (/^\/.*\/$/.test(text) && text.length > 2) {
    return { kind: 'regex', regex: regularExpression(text.slice(1, -1), typed.column) };
  }
  if (/^\d+$/.test(text)) return { kind: 'line', line: Number(text) };
  if (/^[+-]\d+$/.test(text)) return { kind: 'offset', lines: Number(text) };
  const line = /^(.+):(\d+)$/.exec(text);
  if (line !== null) return { kind: 'name-and-line', name: line[1]!, line: Number(line[2]) };
  return { kind: 'function', name: text };
}
