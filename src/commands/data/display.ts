import { UserError } from '../../base/index.ts';
import { defineCommand } from '../command.ts';
import { option } from '../language/arguments.ts';
import { count } from '../language/kinds.ts';
import { DisplayedRow, displayed, renderDisplayed, valueNow } from './display-rows.ts';
import { formattedExpression } from './expression-argument.ts';

interface DisplayResult {
  readonly removed: number | undefined;
  readonly displayed: readonly DisplayedRow[];
}

export const display = defineCommand({
  name: 'display',
  aliases: [],
  group: 'data',
  summary: 'Show expressions whenever another goroutine or frame is selected',
  details: 'Without arguments it shows the list.',
  examples: ['display -a len(queue)', 'display -a %x flags', 'display -d 1'],
  arguments: {
    remove: option('-d', count('number'), 'remove one from the list'),
    add: option('-a', formattedExpression, 'add one; it must come last'),
  },
  run(context, { add, remove }): DisplayResult {
    const { displays } = context.session;
    if (remove !== undefined) {
      const index = displays.findIndex(({ id }) => id === remove);
      if (index < 0) throw new UserError(`nothing is displayed as ${remove}`, '`display` shows the list');
      displays.splice(index, 1);
      return { removed: remove, displayed: [] };
    }
    if (add === undefined) return { removed: undefined, displayed: displayed(context) };
    const id = (displays.at(-1)?.id ?? 0) + 1;
    const added = { id, format: add.format, expression: add.expression.text };
    displays.push(added);
    return { removed: undefined, displayed: [new DisplayedRow(added, valueNow(context, added))] };
  },
  *render(result, style) {
    if (result.removed !== undefined) yield `${result.removed} is displayed no more`;
    yield* renderDisplayed(result.displayed, style);
  },
});
