import { defineCommand } from '../command.ts';
import { flag } from '../language/arguments.ts';
import { debuggerOf } from '../session/live-control.ts';
import {
  type BreakpointRow,
  breakpointName,
  breakpointRow,
  placesText,
  refusedText,
  whereText,
} from './break.ts';
import { conditionsText } from './condition.ts';

export const breakpoints = defineCommand({
  name: 'breakpoints',
  aliases: ['bp'],
  group: 'running',
  summary: 'List the breakpoints and watchpoints',
  details:
    'With -a also those that are always there: unrecovered-panic and runtime-fatal-throw stop the program before it ' +
    'dies. `toggle` switches them off.',
  arguments: { all: flag('-a', 'those that are always there too') },
  run(context, { all }): { readonly breakpoints: readonly BreakpointRow[] } {
    const { breakpoints: list } = debuggerOf(context, 'breakpoints');
    return { breakpoints: [...(all ? list.standing : []), ...list.all].map(breakpointRow) };
  },
  *render({ breakpoints: rows }, style) {
    if (rows.length === 0) yield 'No breakpoints';
    for (const row of rows) {
      const pending = row.places.length === 0 && row.watch === undefined;
      const state = pending ? 'pending' : row.enabled ? 'enabled' : 'disabled';
      const where = pending ? `at ${row.location}` : whereText(row, style);
      yield `${breakpointName(row)} (${state}) ${where}${conditionsText(row)} (${row.hits} hits)`;
      for (const place of row.places.slice(1)) yield `\tand ${placesText([place], style)}`;
      yield* refusedText(row, style);
      for (const action of row.actions) yield `\t${action}`;
    }
  },
});
