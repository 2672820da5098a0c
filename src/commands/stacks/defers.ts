import type { RuntimeAddress } from '../../base/index.ts';
import type { DeferredCall, Frame } from '../../golang/index.ts';
import type { Context } from '../command.ts';

/** A deferred call as data. */
export interface DeferredRow {
  readonly function: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly entry: RuntimeAddress | undefined;
  readonly deferredAt: { readonly file: string; readonly line: number } | undefined;
  readonly openCoded: boolean;
}

export const deferredRow = (call: DeferredCall): DeferredRow => ({
  function: call.function,
  file: call.position?.file,
  line: call.position?.line,
  entry: call.entry,
  deferredAt: call.deferredAt,
  openCoded: call.openCoded,
});

/**
 * The deferred calls of each frame of a goroutine's stack. A `_defer` keeps the SP of the function that deferred
 * it (runtime.newdefer), which lies between the frame's own SP and its CFA; of the functions inlined at a place
 * the outermost one, which has the frame, gets it.
 */
export function defersByFrame(
  context: Context,
  frames: readonly Frame[],
): ReadonlyMap<number, readonly DeferredCall[]> {
  const { goroutine } = context.scope;
  const byFrame = new Map<number, DeferredCall[]>();
  if (goroutine === undefined) return byFrame;
  const stackPointer = context.session.program.target.arch.dwarf.sp;
  const physical = frames.filter((frame) => frame.inlineDepth === 0 && frame.cfa !== 0);
  for (const call of context.session.program.deferredCalls(goroutine)) {
    const holder = physical.find((frame) => {
      const sp = frame.registers[stackPointer];
      return sp !== undefined && call.sp >= sp && call.sp < frame.cfa;
    });
    if (holder === undefined) continue;
    const calls = byFrame.get(holder.index) ?? [];
    calls.push(call);
    byFrame.set(holder.index, calls);
  }
  return byFrame;
}
