import type { Frame } from '../frame.ts';

/**
 * Bodies of loops over functions (Go 1.23) are closures of the function around them, which calls the iterator,
 * which calls them: cmd/compile/internal/rangefunc names them `F-range1`, and all of one function alike, however
 * they are nested.
 */
const BODY = /^(.*)-range\d+$/;

/** The function in which the loop is written, if this is the body of one. */
export function loopFunction(name: string | undefined): string | undefined {
  return name === undefined ? undefined : BODY.exec(name)?.[1];
}

/** What is asked of a frame to know whether a closure was made there. */
export interface ClosureFacts {
  /** The closure object that a frame's function runs with (`.closureptr`); undefined if it is not known. */
  readonly closureOf: (frame: Frame) => number | undefined;
  /** Whether a closure object is among the loop bodies (`#yield1`…) of a frame, on the heap. */
  readonly made: (frame: Frame, closure: number) => boolean;
  readonly stackPointer: (frame: Frame) => number | undefined;
}

/**
 * The frames in which a loop body is nested, the nearest first, the function itself last; `callers` are the
 * frames behind it. Iterators may be recursive and of the same function: only a frame that holds the body's
 * closure made it. Empty if that cannot be told.
 */
export function enclosingFrames(
  frame: Frame,
  callers: readonly Frame[],
  facts: ClosureFacts,
): readonly Frame[] {
  const home = loopFunction(frame.function);
  if (home === undefined) return [];
  const enclosing: Frame[] = [];
  let closure = facts.closureOf(frame);
  for (const caller of callers) {
    if (closure === undefined || closure === 0) return [];
    const isHome = caller.function === home;
    if (!isHome && loopFunction(caller.function) !== home) continue;
    if (!holds(caller, closure, facts)) continue;
    enclosing.push(caller);
    if (isHome) return enclosing;
    closure = facts.closureOf(caller);
  }
  return [];
}

/** A closure that did not escape lies in the frame that made it. */
function holds(frame: Frame, closure: number, facts: ClosureFacts): boolean {
  const sp = facts.stackPointer(frame);
  if (sp !== undefined && closure >= sp && closure < frame.cfa) return true;
  return facts.made(frame, closure);
}
