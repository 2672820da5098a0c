import { hex, UserError } from '../../base/index.ts';
import type { Breakpoint, BreakpointPlace } from '../../debugger/index.ts';
import { resolveBreakpoint } from '../code/breakpoint-places.ts';
import { defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { location } from '../language/kinds.ts';
import { LOCSPEC_HELP } from '../language/locspec.ts';
import type { Style } from '../output/style.ts';
import { positionText } from '../output/text.ts';
import { debuggerOf } from '../session/live-control.ts';

/** A breakpoint as data. */
export interface BreakpointRow {
  readonly id: number;
  readonly name: string | undefined;
  readonly location: string;
  readonly enabled: boolean;
  readonly places: readonly BreakpointPlace[];
  readonly hits: number;
}

export const breakpointRow = (breakpoint: Breakpoint): BreakpointRow => {
  const { id, name, enabled, places, hits } = breakpoint;
  return { id, name, location: breakpoint.location, enabled, places, hits };
};

export const breakCommand = defineCommand({
  name: 'break',
  aliases: ['b'],
  group: 'running',
  summary: 'Set a breakpoint',
  details: LOCSPEC_HELP,
  examples: ['break main.main', 'break main.go:30', 'b *0x49efc3'],
  arguments: { location: positional(location, 'where to stop') },
  run(context, args): BreakpointRow {
    const control = debuggerOf(context, 'break');
    const typed = args.location;
    if (typed === undefined)
      throw new UserError('where is the breakpoint to be?', 'name a function or file:line');
    const places = (): readonly BreakpointPlace[] => resolveBreakpoint(context, typed);
    return breakpointRow(control.breakpoints.add({ location: typed.text.trim(), places }));
  },
  *render(row, style) {
    yield `Breakpoint ${row.id} set at ${placesText(row.places, style)}`;
  },
});

export function placesText(places: readonly BreakpointPlace[], style: Style): string {
  const texts = places.map(({ address, function: name, position }) => {
    const where = position === undefined ? '' : ` ${positionText(position, style)}`;
    return `${style.paint('address', hex(address))} for ${style.paint('function', name ?? '?')}()${where}`;
  });
  return texts.length === 0 ? '(pending)' : texts.join(', ');
}
