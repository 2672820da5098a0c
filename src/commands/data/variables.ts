import type { Limits } from '../../expr/index.ts';
import { SHORT_LIMITS } from '../../expr/index.ts';
import { type Command, type Context, defineCommand } from '../command.ts';
import { flag, positional } from '../language/arguments.ts';
import { regex } from '../language/kinds.ts';
import { harmless } from '../output/style.ts';
import { globalVariables, variablesInScope } from '../session/values.ts';
import { renderVariable, type VariableRow } from './variable-row.ts';

interface VariablesResult {
  readonly long: boolean;
  /** What names had to match. */
  readonly filter: string | undefined;
  readonly variables: Iterable<VariableRow>;
}

function variablesCommand(words: {
  readonly name: string;
  readonly summary: string;
  readonly details?: string;
  readonly examples: readonly string[];
  rows(context: Context, limits: Limits, filter: RegExp | undefined): Iterable<VariableRow>;
}): Command {
  return defineCommand({
    name: words.name,
    aliases: [],
    group: 'data',
    summary: words.summary,
    ...(words.details === undefined ? {} : { details: words.details }),
    examples: words.examples,
    arguments: {
      long: flag('-v', "in full, over several lines, to the parameters' limits"),
      filter: positional(regex('expression'), 'only those whose names match'),
    },
    run(context, { long, filter }): VariablesResult {
      const limits = long ? context.session.settings.limits() : SHORT_LIMITS;
      return { long, filter: filter?.source, variables: words.rows(context, limits, filter) };
    },
    *render({ long, filter, variables }, style) {
      let some = false;
      for (const row of variables) {
        some = true;
        yield* renderVariable(row, style, long);
      }
      if (!some)
        yield filter === undefined ? `(no ${words.name})` : `(no ${words.name} match ${harmless(filter)})`;
    },
  });
}

const matches = (filter: RegExp | undefined, name: string): boolean =>
  filter === undefined || filter.test(name);

export const args = variablesCommand({
  name: 'args',
  summary: 'Show the arguments and results of the selected frame',
  examples: ['args', 'args -v ^req', 'frame 3 args'],
  rows: (context, limits, filter) =>
    variablesInScope(context, limits).filter((row) => row.role !== 'local' && matches(filter, row.name)),
});

export const locals = variablesCommand({
  name: 'locals',
  summary: 'Show the local variables of the selected frame',
  details: 'Names in parentheses are hidden by a variable of an inner block.',
  examples: ['locals', 'locals -v', 'goroutine 18 frame 2 locals'],
  rows: (context, limits, filter) =>
    variablesInScope(context, limits).filter((row) => row.role === 'local' && matches(filter, row.name)),
});

export const vars = variablesCommand({
  name: 'vars',
  summary: 'Show variables of packages',
  examples: ['vars ^main', 'vars -v ^main.config$'],
  rows: (context, limits, filter) => globalVariables(context, limits, (name) => matches(filter, name)),
});
