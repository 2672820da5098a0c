import type { ShownValue } from '../../expr/index.ts';
import type { Goroutine } from '../../golang/index.ts';
import { OPTIMISED_OUT } from '../../golang/values/place.ts';
import { type Context, defineCommand } from '../command.ts';
import { waitsOn } from '../goroutines/filter.ts';
import { goroutineLine } from '../goroutines/row.ts';
import { required } from '../language/arguments.ts';
import { harmless } from '../output/style.ts';
import { showExpression } from '../session/values.ts';
import { formattedExpression } from './expression-argument.ts';
import { plainValue, valueLines } from './variable-row.ts';

const MOST_WAITERS = 100;

class PrintResult {
  readonly expression: string;
  readonly format: string;
  readonly value: ShownValue;
  /** For a channel: the goroutines that wait on it. */
  readonly waiting: readonly Goroutine[];

  constructor(expression: string, format: string, value: ShownValue, waiting: readonly Goroutine[]) {
    this.expression = expression;
    this.format = format;
    this.value = value;
    this.waiting = waiting;
  }

  toPlain(): unknown {
    return {
      expression: this.expression,
      ...plainValue(this.value),
      ...(this.format === '' ? {} : { formatted: [...valueLines(this.value, this.format)].join('\n') }),
      ...(this.waiting.length === 0 ? {} : { waiting: this.waiting.map((g) => g.id) }),
    };
  }
}

export const print = defineCommand({
  name: 'print',
  aliases: ['p'],
  group: 'data',
  summary: 'Evaluate a Go expression',
  details:
    "All of Go's operators, selectors, indexing and slicing, conversions, type assertions, len cap real imag complex " +
    'min max; `"net/http".DefaultClient` names a variable of a package, `(*main.T)(0xc000012340)` makes a value of an ' +
    'address, `runtime.curg` is the goroutine, and registers have their names (rip, or RIP if a variable hides it). ' +
    'A format such as %x is applied to every number and string in the value.',
  examples: [
    'print x',
    'p m["key"].Name',
    'p %x flags',
    'p *(*int)(0xc000012340)',
    'goroutine 18 frame 2 p err',
  ],
  arguments: { what: required(formattedExpression, 'what to evaluate') },
  run(context, { what }): PrintResult {
    const value = showExpression(context, what.expression, context.session.settings.limits());
    return new PrintResult(what.expression.text, what.format, value, waitingOn(context, value));
  },
  *render(result, style, { session }) {
    const { unreadable } = result.value;
    if (unreadable === undefined) yield* valueLines(result.value, result.format, true);
    else yield `(${harmless(unreadableText(result.expression, unreadable))})`;
    if (result.waiting.length === 0) return;
    yield '';
    yield 'Goroutines waiting on this channel:';
    for (const g of result.waiting) yield `  ${goroutineLine(g, 'user', style, session)}`;
  },
});

/** What cannot be shown is named: of several lines of -exec or a script nobody remembers which is which. */
const unreadableText = (expression: string, reason: string): string =>
  `${expression}${reason === OPTIMISED_OUT ? ` is ${reason}` : `: unreadable ${reason}`}`;

function waitingOn({ session }: Context, value: ShownValue): readonly Goroutine[] {
  const channel = value.base;
  if (value.kind !== 'chan' || channel === undefined || channel === 0) return [];
  const waiting: Goroutine[] = [];
  for (const g of session.program.goroutines()) {
    if (g.state === '_Gwaiting' && waitsOn(g, channel)) waiting.push(g);
    if (waiting.length >= MOST_WAITERS) break;
  }
  return waiting;
}
