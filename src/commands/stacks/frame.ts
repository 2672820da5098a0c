import { hex, UserError } from '../../base/index.ts';
import { type Answer, type Command, type Context, defineCommand } from '../command.ts';
import { type DisplayedRow, displayed, renderDisplayed } from '../data/display-rows.ts';
import { type Argument, positional } from '../language/arguments.ts';
import type { Typed } from '../language/cursor.ts';
import { command, count } from '../language/kinds.ts';
import { renderListing, type SourceListing, sourceListing } from '../output/source-listing.ts';
import { positionText } from '../output/text.ts';
import { runThere } from '../session/run-there.ts';
import { type Scope, subject } from '../session/session.ts';
import { type FrameRow, frameRow } from './frame-row.ts';

interface FrameResult {
  readonly goroutine: number | undefined;
  readonly thread: number | undefined;
  readonly frame: FrameRow;
  readonly source: SourceListing | undefined;
  readonly displayed: readonly DisplayedRow[];
}

interface FrameArguments {
  readonly number: number | undefined;
  readonly command: Typed | undefined;
}

function selectOrRun(context: Context, index: number, nested: Typed | undefined): FrameResult | Answer {
  const { session, scope } = context;
  const chosen: Scope = { ...scope, frame: index, deferred: undefined };
  const inner = { ...context, scope: chosen };
  const frame = session.frame(chosen);
  if (nested !== undefined) return runThere(context, chosen, nested);
  session.selection = chosen;
  const { position } = frame;
  const lines = position === undefined ? undefined : session.sourceLines(position.file);
  const around = session.settings.values['source-list-line-count'];
  return {
    goroutine: scope.goroutine?.id,
    thread: scope.thread,
    frame: frameRow(frame),
    source:
      lines === undefined
        ? undefined
        : sourceListing(position!.file, lines, position!.line, around, position!.line),
    displayed: displayed(inner),
  };
}

function frameCommand(words: {
  readonly name: string;
  readonly summary: string;
  readonly details: string;
  readonly examples: readonly string[];
  readonly number: Argument<number | undefined>;
  target(scope: Scope, number: number | undefined): number;
}): Command {
  return defineCommand({
    name: words.name,
    aliases: [],
    group: 'stack',
    summary: words.summary,
    details: words.details,
    examples: words.examples,
    arguments: { number: words.number, command: positional(command, 'what to run there') },
    prepare: (context, args: FrameArguments) =>
      args.command === undefined ? undefined : context.table.prepareNested(context, args.command),
    run: (context, args: FrameArguments) =>
      selectOrRun(context, words.target(context.scope, args.number), args.command),
    *render(result, style, context) {
      const { frame, source } = result;
      const position = frame.file === undefined ? undefined : { file: frame.file, line: frame.line ?? 0 };
      const name = style.paint('function', frame.function ?? '?');
      yield `Frame ${frame.index} of ${subject(context.scope)}: ${name} ${positionText(position, style)} (PC: ${hex(frame.pc)})`;
      if (source !== undefined) yield* renderListing(source, style, context.session.settings.values.tab);
      yield* renderDisplayed(result.displayed, style);
    },
  });
}

export const frame = frameCommand({
  name: 'frame',
  summary: 'Select a frame of the stack, or run a command on one',
  details:
    'Frame 0 is the innermost. With a command it runs the command there and selects nothing; alone it shows the ' +
    'selected frame.',
  examples: ['frame', 'frame 2', 'frame 2 print x', 'goroutine 18 frame 2 locals'],
  number: positional(count('frame'), 'the frame'),
  target: (scope, number) => number ?? scope.frame,
});

export const up = frameCommand({
  name: 'up',
  summary: 'Select the caller, or run a command there',
  details: 'Moves towards the beginning of the stack, to frames with higher numbers.',
  examples: ['up', 'up 3', 'up 1 locals'],
  number: positional(count('frames'), 'how far (1)'),
  target: (scope, number) => scope.frame + (number ?? 1),
});

export const down = frameCommand({
  name: 'down',
  summary: 'Select the called frame, or run a command there',
  details: 'Moves towards the innermost frame, which is 0.',
  examples: ['down', 'down 2'],
  number: positional(count('frames'), 'how far (1)'),
  target(scope, number) {
    const index = scope.frame - (number ?? 1);
    if (index < 0)
      throw new UserError(`there is nothing below frame ${scope.frame} but ${scope.frame} frames`);
    return index;
  },
});
