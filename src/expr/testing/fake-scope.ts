import type { Program } from '../../golang/index.ts';
import type { Scope } from '../scope.ts';

/** A scope without a frame. */
export function fakeScope(program: Program): Scope {
  return { program, goroutine: undefined, thread: undefined, frame: undefined };
}
