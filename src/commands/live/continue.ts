import { UserError } from '../../base/index.ts';
import { resolveBreakpoint } from '../code/breakpoint-places.ts';
import { defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { location } from '../language/kinds.ts';
import { debuggerOf } from '../session/live-control.ts';
import { renderStop, reportStop, type StopReport } from './stop-report.ts';

export const continueCommand = defineCommand({
  name: 'continue',
  aliases: ['c'],
  group: 'running',
  summary: 'Run until a breakpoint, the end of the program, or Ctrl-C',
  details: 'With a location: until any goroutine arrives there, or something else stops the program before.',
  examples: ['continue', 'continue main.go:30', 'c main.handle'],
  repeats: true,
  arguments: { location: positional(location, 'where to stop once') },
  run(context, args): StopReport {
    const control = debuggerOf(context, 'continue');
    if (args.location === undefined) return reportStop(context, control.resume());
    const places = resolveBreakpoint(context, args.location);
    if (places.length === 0) {
      throw new UserError(`${args.location.text.trim()} has no code`, undefined, args.location.column);
    }
    const wishes = places.map(({ address }) =>
      control.traps.add(address, ({ id }) => ({ kind: 'step', thread: id })),
    );
    try {
      return reportStop(context, control.resume());
    } finally {
      for (const wish of wishes) control.traps.remove(wish);
    }
  },
  render: renderStop,
});
