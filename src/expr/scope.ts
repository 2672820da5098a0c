import type { ThreadId } from '../base/index.ts';
import type { Frame, Goroutine, Program } from '../golang/index.ts';
import type { FrameVariable } from '../golang/values/variables.ts';

/** Where names are looked up: a frame of a goroutine or thread, or none (packages and types only). */
export interface Scope {
  readonly program: Program;
  readonly goroutine: Goroutine | undefined;
  /** Whose registers these are, if the goroutine is running. */
  readonly thread: ThreadId | undefined;
  readonly frame: Frame | undefined;
  /** The frame's variables, or those of them that are asked for, where they were found out otherwise. */
  readonly variables?: readonly FrameVariable[] | undefined;
}

/** The scope of a frame; without one, that of the goroutine's or thread's innermost. */
export function scopeAt(program: Program, on: Goroutine | ThreadId | undefined, frame?: Frame): Scope {
  if (on === undefined) return { program, goroutine: undefined, thread: undefined, frame };
  const isThread = typeof on === 'number';
  const goroutine = isThread ? program.goroutineOn(on) : on;
  const thread = isThread ? on : on.thread;
  const innermost = frame ?? (isThread ? program.stackOfThread(on, 1) : program.stackOf(on, 1)).frames[0];
  return { program, goroutine, thread, frame: innermost };
}
