import { UserError } from '../../base/index.ts';
import type { Frame, Goroutine } from '../../golang/index.ts';
import { type Answer, type Context, defineCommand } from '../command.ts';
import { type DisplayedRow, displayed, renderDisplayed } from '../data/display-rows.ts';
import { positional } from '../language/arguments.ts';
import { command, goroutineId } from '../language/kinds.ts';
import type { Style } from '../output/style.ts';
import { locationText, positionText } from '../output/text.ts';
import { runThere } from '../session/run-there.ts';
import type { Session } from '../session/session.ts';
import { frameRow } from '../stacks/frame-row.ts';
import { waitersText } from './blocked-text.ts';
import { ownCode } from './own-code.ts';
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
  /** The innermost frame of the program's own code. */
  readonly own: Frame | undefined;

  constructor(goroutine: Goroutine, { session }: Context) {
    this.goroutine = goroutine;
    this.own = ownCode(session.program).frameOf(goroutine);
  }

  toPlain(): unknown {
    const own = this.own === undefined ? undefined : frameRow(this.own);
    return { ...goroutineFacts(this.goroutine, true), own };
  }
}

export const goroutine = defineCommand({
  name: 'goroutine',
  aliases: ['gr'],
  group: 'goroutines',
  summary: 'Show or select a goroutine, or run a command on one',
  details:
    'Without arguments it shows the selected goroutine. With a number it selects that one; with a number and a ' +
    'command it runs the command on it and selects nothing. Frame 0 is selected, and where your own code begins (package ' +
    'main and the main module) is told.',
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
      return { kind: 'shown', goroutine: new ShownGoroutine(scope.goroutine, context) };
    }
    const chosen = session.goroutine(args.id);
    if (args.command !== undefined) {
      return runThere(context, session.scopeOf(chosen), args.command);
    }
    const from = session.selection.goroutine?.id;
    session.selection = session.scopeOf(chosen);
    const shown = new ShownGoroutine(chosen, context);
    return {
      kind: 'switched',
      from,
      goroutine: shown,
      displayed: displayed({ ...context, scope: session.selection }),
    };
  },
  *render(result, style, { session }) {
    if (result.kind === 'shown') {
      yield* renderLong(result.goroutine, style, session);
    } else {
      const { goroutine: g, own } = result.goroutine;
      const thread = g.thread === undefined ? '' : ` (thread ${g.thread})`;
      yield `Switched from ${result.from ?? 'no goroutine'} to ${g.id}${thread}`;
      yield `  ${goroutineLine(g, 'user', style, session)}`;
      if (own !== undefined && own.index > 0) yield `  ${ownText(own, style)}`;
      yield* renderDisplayed(result.displayed, style);
    }
  },
});

/** Frame 0 of what waits is in the runtime: where the program's own code begins is what is looked for. */
const ownText = (own: Frame, style: Style): string =>
  `Your code begins at frame ${own.index}: ${positionText(own.position, style)} ${style.paint('function', own.function ?? '?')}`;

function* renderLong(
  { goroutine: g, own }: ShownGoroutine,
  style: Style,
  session: Session,
): Iterable<string> {
  yield goroutineLine(g, 'user', style, session);
  if (own !== undefined) yield `\tOwn: ${locationText(own, style)}, frame ${own.index}`;
  for (const place of ['current', 'user', 'go', 'start'] as const satisfies readonly Place[]) {
    const { label, of } = PLACES[place];
    yield `\t${label}: ${locationText(of(g, session), style)}`;
  }
  yield `\tState: ${g.state}${g.scanning ? ', being scanned by the collector (_Gscan)' : ''}${g.system ? ', a goroutine of the runtime' : ''}`;
  if (g.parent !== undefined && g.parent !== 0) yield `\tCreated by goroutine ${g.parent}`;
  const labels = labelsText(g.labels);
  if (labels !== undefined) yield `\t${labels}`;
  const { blockedOn } = g;
  if (blockedOn !== undefined) for (const line of waitersText(blockedOn)) yield `\t${line}`;
}
