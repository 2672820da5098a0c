import { UserError } from '../../base/index.ts';
import type { Goroutine } from '../../golang/index.ts';
import { type Answer, defineCommand } from '../command.ts';
import { type DisplayedRow, displayed, renderDisplayed } from '../data/display-rows.ts';
import { positional } from '../language/arguments.ts';
import { command, goroutineId } from '../language/kinds.ts';
import type { Style } from '../output/style.ts';
import { locationText } from '../output/text.ts';
import { waitersText } from './blocked-text.ts';
import { goroutineFacts, goroutineLine, labelsText, PLACES, type Place } from './row.ts';

type GoroutineResult =
  | { readonly kind: 'shown'; readonly goroutine: ShownGoroutine }
  | {
      readonly kind: 'switched';
      readonly from: number | undefined;
      readonly goroutine: ShownGoroutine;
      readonly displayed: readonly DisplayedRow[];
    };

class ShownGoroutine {
  readonly goroutine: Goroutine;

  constructor(goroutine: Goroutine) {
    this.goroutine = goroutine;
  }

  toPlain(): unknown {
    return goroutineFacts(this.goroutine, true);
  }
}

export const goroutine = defineCommand({
  name: 'goroutine',
  aliases: ['gr'],
  group: 'goroutines',
  summary: 'Show or select a goroutine, or run a command on one',
  details:
    'Without arguments it shows the selected goroutine. With a number it selects that one; with a number and a ' +
    'command it runs the command on it and selects nothing.',
  examples: ['goroutine', 'goroutine 18', 'goroutine 18 stack -full', 'gr 18 frame 2 locals'],
  arguments: {
    id: positional(goroutineId, 'the goroutine; without it the selected one'),
    command: positional(command, 'what to run on it'),
  },
  prepare: (context, args) =>
    args.command === undefined ? undefined : context.table.prepareNested(context, args.command),
  run(context, args): GoroutineResult | Answer {
    const { session, scope } = context;
    if (args.id === undefined) {
      if (scope.goroutine === undefined)
        throw new UserError('no goroutine is selected', '`goroutines` lists them');
      return { kind: 'shown', goroutine: new ShownGoroutine(scope.goroutine) };
    }
    const chosen = session.goroutine(args.id);
    if (args.command !== undefined) {
      return context.table.runNested({ ...context, scope: session.scopeOf(chosen) }, args.command);
    }
    const from = session.selection.goroutine?.id;
    session.selection = session.scopeOf(chosen);
    return { kind: 'switched', from, goroutine: new ShownGoroutine(chosen), displayed: displayed(context) };
  },
  *render(result, style) {
    if (result.kind === 'shown') {
      yield* renderLong(result.goroutine.goroutine, style);
    } else {
      const { goroutine: g } = result.goroutine;
      const thread = g.thread === undefined ? '' : ` (thread ${g.thread})`;
      yield `Switched from ${result.from ?? 'no goroutine'} to ${g.id}${thread}`;
      yield `  ${goroutineLine(g, 'user', style)}`;
      yield* renderDisplayed(result.displayed, style);
    }
  },
});

function* renderLong(g: Goroutine, style: Style): Iterable<string> {
  yield goroutineLine(g, 'user', style);
  for (const place of ['current', 'user', 'go', 'start'] as const satisfies readonly Place[]) {
    const { label, of } = PLACES[place];
    yield `\t${label}: ${locationText(of(g), style)}`;
  }
  yield `\tState: ${g.state}${g.scanning ? ', being scanned by the collector (_Gscan)' : ''}${g.system ? ', a goroutine of the runtime' : ''}`;
  if (g.parent !== undefined && g.parent !== 0) yield `\tCreated by goroutine ${g.parent}`;
  const labels = labelsText(g.labels);
  if (labels !== undefined) yield `\t${labels}`;
  const { blockedOn } = g;
  if (blockedOn !== undefined) for (const line of waitersText(blockedOn)) yield `\t${line}`;
}
