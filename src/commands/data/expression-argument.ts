import { UserError } from '../../base/index.ts';
import type { Kind } from '../language/arguments.ts';
import type { Cursor, Typed } from '../language/cursor.ts';
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
    const format = first?.text.startsWith('%') === true ? readFormat(cursor) : '';
    return { format, expression: expression.read(cursor) };
  },
};

/** The verbs of package fmt that something in a value can be shown with: %T is `whatis`, %p is an address anyway. */
const VERBS = 'vdbocqxXUeEfFgGstO';
const FORMAT = new RegExp(`^%[-+# 0]*\\d{0,4}(\\.\\d{0,4})?[${VERBS}]$`);

function readFormat(cursor: Cursor): string {
  const { text, column } = cursor.word('<format>');
  if (FORMAT.test(text)) return text;
  const remedy = `it is % with flags, width and a verb, such as %x, %#08x, %q or %.2f; the verbs are ${VERBS}`;
  throw new UserError(`${text} is not a format`, remedy, column);
}
