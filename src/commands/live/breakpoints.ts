import { defineCommand } from '../command.ts';
import { debuggerOf } from '../session/live-control.ts';
import { type BreakpointRow, breakpointName, breakpointRow, placesText } from './break.ts';
import { conditionsText } from './condition.ts';

export const breakpoints = defineCommand({
  name: 'breakpoints',
  aliases: ['bp'],
  group: 'running',
  summary: 'List the breakpoints',
  arguments: {},
  run(context): { readonly breakpoints: readonly BreakpointRow[] } {
    return { breakpoints: debuggerOf(context, 'breakpoints').breakpoints.all.map(breakpointRow) };
  },
  *render({ breakpoints: rows }, style) {
    if (rows.length === 0) yield 'No breakpoints';
    for (const row of rows) {
      const state = row.places.length === 0 ? 'pending' : row.enabled ? 'enabled' : 'disabled';
      const where = row.places.length === 0 ? row.location : placesText(row.places, style);
      yield `${breakpointName(row)} (${state}) at ${where}${conditionsText(row)} (${row.hits} hits)`;
      for (const place of row.places.slice(1)) yield `\tand ${placesText([place], style)}`;
      for (const action of row.actions) yield `\t${action}`;
    }
  },
});
