import type { ShownValue } from '../../expr/index.ts';
import type { Context } from '../command.ts';
import { type ErrorFacts, errorFacts } from '../output/error-facts.ts';
import type { Style } from '../output/style.ts';
import type { Display } from '../session/session.ts';
import { showExpression } from '../session/values.ts';
import { plainValue, valueLines } from './variable-row.ts';

/** An expression of the display list with what it is now. */
export class DisplayedRow {
  readonly display: Display;
  readonly value: ShownValue | ErrorFacts;

  constructor(display: Display, value: ShownValue | ErrorFacts) {
    this.display = display;
    this.value = value;
  }

  toPlain(): unknown {
    const { display, value } = this;
    const { id, expression } = display;
    return 'message' in value ? { id, expression, error: value } : { id, expression, ...plainValue(value) };
  }
}

/** The whole list, in the context's scope. What cannot be evaluated there says why. */
export function displayed(context: Context): DisplayedRow[] {
  return context.session.displays.map((display) => new DisplayedRow(display, valueNow(context, display)));
}

export function valueNow(context: Context, display: Display): ShownValue | ErrorFacts {
  try {
    return showExpression(
      context,
      { text: display.expression, column: 0 },
      context.session.settings.limits(),
    );
  } catch (error) {
    const facts = errorFacts(error);
    if (facts.family === 'internal') throw error;
    return { ...facts, column: undefined };
  }
}

export function* renderDisplayed(rows: readonly DisplayedRow[], style: Style): Iterable<string> {
  for (const { display, value } of rows) {
    const head = `${display.id}: ${style.paint('name', display.expression)} = `;
    if ('message' in value) {
      yield head + style.paint('error', value.message);
      continue;
    }
    const [first = '', ...rest] = valueLines(value, display.format);
    yield head + first;
    yield* rest;
  }
}
