import { defineCommand } from '../command.ts';
import { debuggerOf } from '../session/live-control.ts';
import { type BreakpointRow, breakpointName, breakpointRow, placesText, whereText } from './break.ts';
import { conditionsText } from './condition.ts';

export const breakpoints = defineCommand({
  name: 'breakpoints',
  aliases: ['bp'],
  group: 'running',
  summary: 'List the breakpoints and watchpoints',
  arguments: {},
  run(context): { readonly breakpoints: readonly BreakpointRow[] } {
    return { breakpoints: debuggerOf(context, 'breakpoints').breakpoints.all.map(breakpointRow) };
  },
  *render({ breakpoints: rows }, style) {
    if (rows.length === 0) yield 'No breakpoints';
    for (const row of rows) {
      const pending = row.places.length === 0 && row.watch === undefined;
      const state = pending ? 'pending' : row.enabled ? 'enabled' : 'disabled';
      const where = pending ? `at ${row.location}` : whereText(row, style);
      yield `${breakpointName(row)} (${state}) ${where}${conditionsText(row)} (${row.hits} hits)`;
      for (const place of row.places.slice(1)) yield `\tand ${placesText([place], style)}`;
      for (const action of row.actions) yield `\t${action}`;
    }
  },
});
