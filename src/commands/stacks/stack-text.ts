import type { Frame, Stack } from '../../golang/index.ts';
import type { Style } from '../output/style.ts';
import { indented } from '../output/text.ts';
import { stackRow } from './frame-row.ts';
import { renderStack } from './render-stack.ts';

interface StackText {
  readonly stack: Stack;
  readonly indent: string;
  readonly text: string;
}

/** By a hash of their addresses. */
const keptTexts = new WeakMap<Style, Map<number, StackText>>();
const MOST_KEPT = 256;

/**
 * The lines of a stack in one piece, without variables; '' if it has none. Thousands of goroutines have the same
 * stack: its text is made once.
 */
export function stackText(stack: Stack, style: Style, indent: string): string {
  let texts = keptTexts.get(style);
  if (texts === undefined || texts.size > MOST_KEPT) {
    texts = new Map();
    keptTexts.set(style, texts);
  }
  const hash = hashOf(stack);
  const kept = texts.get(hash);
  if (kept !== undefined && kept.indent === indent && looksLike(kept.stack, stack)) return kept.text;
  const text = [...indented(renderStack(stackRow(stack), style), indent)].join('\n');
  // Where a stack breaks, its own addresses are told.
  if (stack.end.kind !== 'broken') texts.set(hash, { stack, indent, text });
  return text;
}

function hashOf({ frames }: Stack): number {
  let hash = frames.length;
  for (const { pc } of frames) hash = (Math.imul(hash, 31) + pc) | 0;
  return hash;
}

function looksLike(a: Stack, b: Stack): boolean {
  if (a.end.kind !== b.end.kind || a.frames.length !== b.frames.length) return false;
  for (let i = 0; i < a.frames.length; i++) if (!isSameFrame(a.frames[i]!, b.frames[i]!)) return false;
  return true;
}

/** In all that its two lines show. */
const isSameFrame = (a: Frame, b: Frame): boolean =>
  a.pc === b.pc &&
  a.function === b.function &&
  a.position?.line === b.position?.line &&
  a.position?.file === b.position?.file &&
  a.inlineDepth === b.inlineDepth &&
  a.arrivedBy === b.arrivedBy &&
  a.index === b.index;
