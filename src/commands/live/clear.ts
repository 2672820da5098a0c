import { UserError } from '../../base/index.ts';
import type { Breakpoint } from '../../debugger/index.ts';
import { resolveBreakpoint } from '../code/breakpoint-places.ts';
import { type Context, defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { location, word } from '../language/kinds.ts';
import { debuggerOf } from '../session/live-control.ts';
import { type BreakpointRow, breakpointName, breakpointRow, whereText } from './break.ts';

interface Cleared {
  readonly cleared: readonly BreakpointRow[];
}

const render = function* ({ cleared }: Cleared, style: Parameters<typeof whereText>[1]): Iterable<string> {
  if (cleared.length === 0) yield 'No breakpoints';
  for (const row of cleared) yield `${breakpointName(row)} cleared ${whereText(row, style)}`;
};

export const breakpointKey = word('breakpoint');

function remove(context: Context, command: string, chosen: readonly Breakpoint[]): Cleared {
  const { breakpoints } = debuggerOf(context, command);
  const cleared = chosen.map(breakpointRow);
  for (const breakpoint of chosen) breakpoints.remove(breakpoint);
  return { cleared };
}

export const clear = defineCommand({
  name: 'clear',
  aliases: [],
  group: 'running',
  summary: 'Remove a breakpoint',
  examples: ['clear 1', 'clear slow'],
  arguments: { breakpoint: positional(breakpointKey, 'its number or name') },
  run(context, { breakpoint }): Cleared {
    const { breakpoints } = debuggerOf(context, 'clear');
    if (breakpoint === undefined) throw new UserError('which breakpoint?', '`breakpoints` lists them');
    return remove(context, 'clear', [breakpoints.find(breakpoint)]);
  },
  render,
});

export const clearall = defineCommand({
  name: 'clearall',
  aliases: [],
  group: 'running',
  summary: 'Remove all breakpoints, or those at a place',
  examples: ['clearall', 'clearall main.go:30'],
  arguments: { location: positional(location, 'only those there') },
  run(context, args): Cleared {
    const { all } = debuggerOf(context, 'clearall').breakpoints;
    if (args.location === undefined) return remove(context, 'clearall', all);
    const there = new Set(resolveBreakpoint(context, args.location).map(({ address }) => address));
    const chosen = all.filter(({ places }) => places.some(({ address }) => there.has(address)));
    return remove(context, 'clearall', chosen);
  },
  render,
});

export const toggle = defineCommand({
  name: 'toggle',
  aliases: [],
  group: 'running',
  summary: 'Switch a breakpoint off, or on again',
  examples: ['toggle 1'],
  arguments: { breakpoint: positional(breakpointKey, 'its number or name') },
  run(context, { breakpoint: key }): BreakpointRow {
    const { breakpoints } = debuggerOf(context, 'toggle');
    if (key === undefined) throw new UserError('which breakpoint?', '`breakpoints` lists them');
    const breakpoint = breakpoints.find(key);
    breakpoints.setEnabled(breakpoint, !breakpoint.enabled);
    return breakpointRow(breakpoint);
  },
  *render(row, style) {
    yield `${breakpointName(row)} ${row.enabled ? 'enabled' : 'disabled'} ${whereText(row, style)}`;
  },
});
