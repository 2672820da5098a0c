import type { Trace } from './trace.ts';

/** Frames of a stack at most in Go's traces. internal/trace/tracev2, MaxFramesPerStack. */
export const MAX_FRAMES = 128;

/** Return addresses that a probe keeps; inlined calls make more frames of them. */
export const PROBE_FRAMES = 30;

/** Where every goroutine's first function returns to: the outermost frame of a stack that we recorded whole. */
const ROOT = 'runtime.goexit';

/** Stands where the frames that are missing would be, in what has no better place for it. */
export const CUT_TEXT = '[deeper frames are not in the trace]';

/**
 * Whether a stack may be deeper than the trace tells. Go keeps 128 frames, and leaves runtime.goexit out, so that only
 * their number says it. Ours come from a probe, or from the memory of a goroutine that waited (64 frames); whole ones end
 * in runtime.goexit.
 */
export function isCut({ source, stacks }: Pick<Trace, 'source' | 'stacks'>, stack: number): boolean {
  const frames = stacks.frames(stack);
  if (frames.length < PROBE_FRAMES) return false;
  if (frames.length >= MAX_FRAMES) return true;
  return source.writer === 'mattock' && stacks.frame(frames.at(-1)!).function !== ROOT;
}
