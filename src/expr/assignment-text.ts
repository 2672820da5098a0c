import { UserError } from '../base/index.ts';
import { tokenize } from './lexer.ts';

/** The two sides of `a.b = c + 1`; each is text with its column in the whole. */
export interface AssignmentText {
  readonly left: { readonly text: string; readonly column: number };
  readonly right: { readonly text: string; readonly column: number };
}

export function splitAssignment(text: string): AssignmentText {
  const equals = tokenize(text).find((token) => token.kind === 'operator' && token.text === '=');
  if (equals === undefined) {
    throw new UserError('= is expected: set <variable> = <value>', undefined, text.trimEnd().length);
  }
  return {
    left: { text: text.slice(0, equals.from), column: 0 },
    right: { text: text.slice(equals.to), column: equals.to },
  };
}
