import type { RuntimeAddress } from '../../base/index.ts';
import type { Frame, Stack } from '../../golang/index.ts';
import type { VariableRow } from '../data/variable-row.ts';
import type { DeferredRow } from './defers.ts';

/** A frame as data. */
export interface FrameRow {
  readonly index: number;
  readonly function: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly pc: RuntimeAddress;
  /** undefined where the frame could not be unwound. */
  readonly cfa: RuntimeAddress | undefined;
  readonly inlined: boolean;
  readonly arrivedBy: Frame['arrivedBy'];
  readonly systemStack: boolean;
  /** -offsets: of the frame and of the frame pointer, from the high end of the goroutine's stack. */
  readonly frameOffset?: number | undefined;
  readonly framePointerOffset?: number | undefined;
  readonly defers?: readonly DeferredRow[];
  readonly arguments?: readonly VariableRow[];
  readonly locals?: readonly VariableRow[];
  /** Why arguments and locals could not be told. */
  readonly problem?: string;
}

export interface StackRow {
  readonly frames: readonly FrameRow[];
  readonly end: Stack['end'];
}

export const frameRow = (frame: Frame): FrameRow => ({
  index: frame.index,
  function: frame.function,
  file: frame.position?.file,
  line: frame.position?.line,
  pc: frame.pc,
  cfa: frame.cfa === 0 ? undefined : frame.cfa,
  inlined: frame.inlineDepth > 0,
  arrivedBy: frame.arrivedBy,
  systemStack: frame.systemStack,
});

export const stackRow = (stack: Stack): StackRow => ({ frames: stack.frames.map(frameRow), end: stack.end });
