import { hex } from '../../base/index.ts';
import { renderVariable } from '../data/variable-row.ts';
import { harmless, type Style } from '../output/style.ts';
import { indented, type LocationRow, wideHex } from '../output/text.ts';
import type { DeferredRow } from './defers.ts';
import type { FrameRow, StackRow } from './frame-row.ts';

const ARRIVALS: Readonly<Partial<Record<FrameRow['arrivedBy'], string>>> = {
  signal: ' (interrupted by a signal)',
  'stack-switch': ' (on another stack)',
};

function placeText(file: string | undefined, line: number | undefined, style: Style): string {
  return file === undefined ? '?' : `${style.paint('path', style.path(file))}:${line}`;
}

/** The selected frame's number is marked; pass -1 where none is. */
export function* renderStack(stack: StackRow, style: Style, selected = -1): Iterable<string> {
  const width = String(Math.max(0, stack.frames.length - 1)).length;
  for (const frame of stack.frames) yield* renderFrame(frame, width, style, frame.index === selected);
  yield* renderEnd(stack.end, style);
}

export function* renderEnd(end: StackRow['end'], style: Style): Iterable<string> {
  if (end.kind === 'depth') yield style.paint('comment', '(truncated)');
  if (end.kind === 'broken') {
    const where = `pc ${hex(end.pc)}, sp ${hex(end.sp)}`;
    yield style.paint('warning', `(the stack is broken here: ${end.reason}; ${where})`);
  }
}

export function* renderLocation(index: string, location: LocationRow, style: Style): Iterable<string> {
  const name = style.paint('function', location.function ?? '?');
  yield `${index}  ${style.paint('address', wideHex(location.pc))} in ${name}`;
  yield `${' '.repeat(index.length + 2)}at ${placeText(location.file, location.line, style)}`;
}

interface FrameText {
  readonly frame: FrameRow;
  readonly head: string;
  readonly place: string;
}

/** Stacks of many goroutines have the same frames: their texts are made once. */
const keptTexts = new WeakMap<Style, Map<number, FrameText>>();
const MOST_KEPT = 4096;

function frameText(frame: FrameRow, style: Style): FrameText {
  let texts = keptTexts.get(style);
  if (texts === undefined || texts.size > MOST_KEPT) {
    texts = new Map();
    keptTexts.set(style, texts);
  }
  const kept = texts.get(frame.pc);
  if (kept !== undefined && looksLike(kept.frame, frame)) return kept;
  const name = style.paint('function', frame.function ?? '?');
  const notes = `${frame.inlined ? ' (inlined)' : ''}${ARRIVALS[frame.arrivedBy] ?? ''}`;
  const text = {
    frame,
    head: `${style.paint('address', wideHex(frame.pc))} in ${name}${notes === '' ? '' : style.paint('comment', notes)}`,
    place: `at ${placeText(frame.file, frame.line, style)}`,
  };
  texts.set(frame.pc, text);
  return text;
}

const looksLike = (a: FrameRow, b: FrameRow): boolean =>
  a.function === b.function &&
  a.line === b.line &&
  a.file === b.file &&
  a.inlined === b.inlined &&
  a.arrivedBy === b.arrivedBy;

function* renderFrame(frame: FrameRow, width: number, style: Style, selected: boolean): Iterable<string> {
  const index = String(frame.index).padStart(width);
  const indent = ' '.repeat(width + 2);
  const mark = selected ? style.paint('current', `${index}* `) : `${index}  `;
  const { head, place } = frameText(frame, style);
  yield mark + head;
  yield indent + place;
  if (frame.frameOffset !== undefined) {
    yield `${indent}frame: ${signed(frame.frameOffset)} frame pointer ${signed(frame.framePointerOffset)}`;
  }
  for (const [i, defer] of (frame.defers ?? []).entries()) yield* renderDefer(defer, i + 1, indent, style);
  for (const variable of [...(frame.arguments ?? []), ...(frame.locals ?? [])]) {
    yield* indented(renderVariable(variable, style, false), `${indent}    `);
  }
  if (frame.problem !== undefined)
    yield `${indent}    ${style.paint('warning', `(${harmless(frame.problem)})`)}`;
  if (frame.arguments !== undefined || frame.defers !== undefined || frame.frameOffset !== undefined)
    yield '';
}

const signed = (value: number | undefined): string =>
  value === undefined ? '?' : `${value < 0 ? '' : '+'}${hex(value)}`;

function* renderDefer(defer: DeferredRow, number: number, indent: string, style: Style): Iterable<string> {
  const head = `${indent}    defer ${number}: `;
  const below = ' '.repeat(head.length);
  const entry = defer.entry === undefined ? '' : `${style.paint('address', wideHex(defer.entry))} in `;
  yield `${head}${entry}${style.paint('function', defer.function ?? '?')}`;
  yield `${below}at ${placeText(defer.file, defer.line, style)}`;
  if (defer.deferredAt !== undefined) {
    yield `${below}deferred at ${placeText(defer.deferredAt.file, defer.deferredAt.line, style)}`;
  }
}
