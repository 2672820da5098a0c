import type { Kind } from '../language/arguments.ts';
import type { Typed } from '../language/cursor.ts';
import { expression } from '../language/kinds.ts';

/** `%x expression`: a fmt verb and what is to be shown with it. */
export interface FormattedExpression {
  /** '' if none was given. */
  readonly format: string;
  readonly expression: Typed;
}

export const formattedExpression: Kind<FormattedExpression> = {
  usage: '[%<format>] <expression>',
  expected: expression.expected,
  read(cursor) {
    const first = cursor.peek([expression.expected]);
    const format = first?.text.startsWith('%') === true ? cursor.word('<format>').text : '';
    return { format, expression: expression.read(cursor) };
  },
};
