import { defineCommand } from '../command.ts';
import { debuggerOf } from '../session/live-control.ts';
import { type BreakpointRow, breakpointRow, placesText } from './break.ts';

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
      const name = row.name ?? `Breakpoint ${row.id}`;
      yield `${name} ${row.enabled ? '(enabled)' : '(disabled)'} at ${placesText(row.places, style)} (${row.hits})`;
    }
  },
});
