import { MattockError, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { DeferredCall } from '../frame.ts';
import type { GoProgram } from '../go-program.ts';
import type { Layout } from '../runtime-facts/form.ts';
import { Defer } from '../runtime-facts/structs.ts';
import { deferredCall } from './deferred-call.ts';
import { openCodedDefers } from './open-coded.ts';

/** Defers in a loop may be many; a damaged list may have no end. */
const MAX_DEFERS = 100_000;
/** runtime/panic.go, badDefer: the end of a range-over-func list that has been taken over. */
const BAD_DEFER = 1;

/** What a goroutine has deferred, in the order in which it will run. */
export function readDeferredCalls(program: GoProgram, g: RuntimeAddress): readonly DeferredCall[] {
  const layout = program.runtime.layout(Defer);
  const calls: DeferredCall[] = [];
  const head = program.fields.word(g, program.fields.layout.defer);
  for (const record of deferRecords(program, layout, head)) {
    const call = linkedCall(program, layout, record);
    if (call !== undefined) calls.push(call);
  }
  const newFormat = layout.openDefer === undefined;
  program.visitStack(g, (cursor, point, extent) => {
    if (point.fn !== undefined && extent.cfa !== 0) {
      try {
        calls.push(...openCodedDefers(program, point.fn, cursor, extent.cfa, newFormat));
      } catch (error) {
        // One frame's bits that cannot be read do not hide the others'.
        if (!(error instanceof MattockError)) throw error;
      }
    }
    return calls.length < MAX_DEFERS;
  });
  // Inner frames have the lower stack pointers, and run first; within a frame the order found is the order run.
  return calls
    .map((call, i) => ({ call, i }))
    .sort((a, b) => a.call.sp - b.call.sp || a.i - b.i)
    .map(({ call }) => call);
}

interface DeferRecord {
  readonly address: RuntimeAddress;
  /** Of the frame that deferred: a range-over-func body's records do not have it themselves (deferconvert). */
  readonly sp: number;
  readonly pc: number;
}

/** `g._defer` and the lists of range-over-func bodies in it, the latest first. */
function* deferRecords(
  program: GoProgram,
  layout: Layout<typeof Defer>,
  head: number,
): Generator<DeferRecord> {
  const { memory } = program.runtime;
  const seen = new Set<number>();
  const word = (address: number): number => memory.uint64(runtimeAddress(address));
  for (let record = head; record > BAD_DEFER && !seen.has(record) && seen.size < MAX_DEFERS; ) {
    seen.add(record);
    const sp = word(record + layout.sp);
    const pc = word(record + layout.pc);
    const body =
      layout.rangeFunc !== undefined && memory.uint8(runtimeAddress(record + layout.rangeFunc)) !== 0;
    if (body) {
      let inner = word(word(record + layout.head!));
      while (inner > BAD_DEFER && !seen.has(inner) && seen.size < MAX_DEFERS) {
        seen.add(inner);
        yield { address: runtimeAddress(inner), sp, pc };
        inner = word(inner + layout.link);
      }
    } else {
      yield { address: runtimeAddress(record), sp, pc };
    }
    record = word(record + layout.link);
  }
}

function linkedCall(
  program: GoProgram,
  layout: Layout<typeof Defer>,
  { address, sp, pc }: DeferRecord,
): DeferredCall | undefined {
  const { memory } = program.runtime;
  const flag = (offset: number | undefined): boolean =>
    offset !== undefined && memory.uint8(runtimeAddress(address + offset)) !== 0;
  // Until go1.21 a panic made records for open-coded frames, which are read from the frames; and kept those it runs.
  if (flag(layout.openDefer) || flag(layout.started)) return undefined;
  const closure = memory.pointer(runtimeAddress(address + layout.fn));
  return deferredCall(program, closure, {
    sp,
    openCoded: false,
    deferredAt: program.code.locate(runtimeAddress(pc), true).position,
  });
}
