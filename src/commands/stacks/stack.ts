import { UserError } from '../../base/index.ts';
import { SHORT_LIMITS } from '../../expr/index.ts';
import type { Frame } from '../../golang/index.ts';
import { type Context, defineCommand } from '../command.ts';
import type { VariableRow } from '../data/variable-row.ts';
import { flag, option, positional } from '../language/arguments.ts';
import { count } from '../language/kinds.ts';
import { errorFacts } from '../output/error-facts.ts';
import type { Style } from '../output/style.ts';
import { indented } from '../output/text.ts';
import { subject } from '../session/session.ts';
import { variablesOfFrame } from '../session/values.ts';
import { type AncestorRow, ancestorsOf } from './ancestors.ts';
import { deferredRow, defersByFrame } from './defers.ts';
import { type FrameRow, frameRow, type StackRow } from './frame-row.ts';
import { renderLocation, renderStack } from './render-stack.ts';

const DEFAULT_DEPTH = 50;

interface StackResult extends StackRow {
  readonly goroutine: number | undefined;
  readonly thread: number | undefined;
  /** The frame that commands are about. */
  readonly selected: number;
  readonly ancestors?: readonly AncestorRow[];
}

interface Decorations {
  readonly full: boolean;
  readonly offsets: boolean;
  readonly defers: boolean;
}

export function decoratedFrames(
  context: Context,
  frames: readonly Frame[],
  { full, offsets, defers }: Decorations,
): FrameRow[] {
  const calls = defers ? defersByFrame(context, frames) : undefined;
  return frames.map((frame) => {
    context.session.checkCancelled();
    const deferred = calls?.get(frame.index);
    return {
      ...frameRow(frame),
      ...(offsets ? offsetsOf(context, frame) : {}),
      ...(deferred === undefined ? {} : { defers: deferred.map(deferredRow) }),
      ...(full ? variableRows(context, frame) : {}),
    };
  });
}

function offsetsOf(context: Context, frame: Frame): Partial<FrameRow> {
  const high = context.scope.goroutine?.stack.high;
  if (high === undefined || frame.cfa === 0) return { frameOffset: undefined };
  const framePointer = frame.registers[context.session.program.target.arch.dwarf.fp];
  return {
    frameOffset: frame.cfa - high,
    framePointerOffset: framePointer === undefined ? undefined : framePointer - high,
  };
}

/** A frame whose variables cannot be told does not keep the others from being shown. */
function variableRows(context: Context, frame: Frame): Partial<FrameRow> {
  let rows: readonly VariableRow[];
  try {
    rows = variablesOfFrame(context, frame, SHORT_LIMITS);
  } catch (error) {
    const facts = errorFacts(error);
    if (facts.family === 'internal') throw error;
    return { problem: facts.message };
  }
  return {
    arguments: rows.filter((row) => row.role !== 'local'),
    locals: rows.filter((row) => row.role === 'local'),
  };
}

function* renderAncestor({ goroutine, frames }: AncestorRow, style: Style): Iterable<string> {
  yield `Created by goroutine ${goroutine}:`;
  const width = String(Math.max(0, frames.length - 1)).length;
  for (const [index, location] of frames.entries()) {
    yield* indented(renderLocation(String(index).padStart(width), location, style), '\t');
  }
}

export const stack = defineCommand({
  name: 'stack',
  aliases: ['bt'],
  group: 'stack',
  summary: 'Show the stack of the selected goroutine',
  details:
    'The selected frame is marked with *. Inlined calls are frames of their own. A stack that cannot be followed ' +
    'to its beginning says where and why it ends.',
  arguments: {
    depth: positional(count('depth'), `how many frames at most (${DEFAULT_DEPTH})`),
    depthFlag: option('-depth', count('depth'), 'the same'),
    full: flag('-full', 'with the arguments and local variables of every frame'),
    offsets: flag('-offsets', "with each frame's distance from the high end of the stack"),
    defer: flag('-defer', 'with the calls that each frame has deferred'),
    ancestors: option('-a', count('n'), 'with the stacks of so many ancestors, each at its go statement'),
    ancestorDepth: option('-adepth', count('depth'), 'how many frames of each ancestor'),
  },
  examples: ['bt 5', 'stack -full', 'goroutine 18 stack -defer'],
  run(context, args): StackResult {
    const { session, scope } = context;
    const depth = args.depthFlag ?? args.depth ?? DEFAULT_DEPTH;
    if (depth === 0) throw new UserError('a stack of 0 frames is no stack', 'the depth is at least 1');
    const walked = session.stack(scope, depth);
    return {
      goroutine: scope.goroutine?.id,
      thread: scope.thread,
      selected: scope.frame,
      frames: decoratedFrames(context, walked.frames, {
        full: args.full,
        offsets: args.offsets,
        defers: args.defer,
      }),
      end: walked.end,
      ...(args.ancestors === undefined
        ? {}
        : { ancestors: ancestorsOf(context, args.ancestors, args.ancestorDepth ?? depth) }),
    };
  },
  *render(result, style, context) {
    if (result.frames.length === 0) yield `${subject(context.scope)} has no frames`;
    yield* renderStack(result, style, result.selected);
    for (const ancestor of result.ancestors ?? []) yield* renderAncestor(ancestor, style);
  },
});
