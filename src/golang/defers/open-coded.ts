import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { CodeFunction } from '../code/code-point.ts';
import type { DeferredCall } from '../frame.ts';
import type { GoProgram } from '../go-program.ts';
import { FUNCDATA_OPEN_CODED_DEFERS } from '../runtime-facts/constants.ts';
import type { Cursor } from '../stack/cursor.ts';
import { deferredCall } from './deferred-call.ts';

/** cmd/compile: maxOpenDefers; one bit each. */
const MAX_OPEN_DEFERS = 8;
const LONGEST_RECORD = 64;

/**
 * Defers that the compiler keeps in the frame instead of a record (cmd/compile/internal/ssagen, emitOpenDeferInfo).
 * FUNCDATA_OpenCodedDeferInfo is a list of varints, each an offset down from the frame's varp:
 *
 *     since go1.22: deferBits, first slot                (slots are in a row, runtime/panic.go initOpenCodedDefers)
 *     until go1.21: deferBits, count, slot of the last, …, slot of the first    (runOpenDeferFrame)
 *
 * deferBits is one byte; bit i says that slot i holds a func value that is still to be called, the highest first.
 */
export function openCodedDefers(
  program: GoProgram,
  fn: CodeFunction,
  cursor: Cursor,
  cfa: number,
  newFormat: boolean,
): readonly DeferredCall[] {
  const table = fn.module.image?.functions?.funcdata(fn.index, FUNCDATA_OPEN_CODED_DEFERS);
  if (table === undefined || cursor.pc === fn.entry) return [];
  const { memory, target } = program.runtime;
  const offsets = readOffsets(memory.readUpTo(fn.module.toRuntime(table), LONGEST_RECORD), newFormat);
  if (offsets === undefined) return [];
  // frame.varp (runtime/traceback.go): below the return address and the saved frame pointer.
  const varp = target.arch.name === 'amd64' ? cfa - 16 : cfa - 8;
  const bits = memory.uint8(runtimeAddress(varp - offsets.bits));
  const calls: DeferredCall[] = [];
  for (let i = MAX_OPEN_DEFERS - 1; i >= 0; i--) {
    const slot = offsets.slot(i);
    if ((bits & (1 << i)) === 0 || slot === undefined) continue;
    const closure = memory.pointer((varp - slot) as RuntimeAddress);
    calls.push(deferredCall(program, closure, { sp: cursor.sp, openCoded: true, deferredAt: undefined }));
  }
  return calls;
}

function readOffsets(
  bytes: Uint8Array,
  newFormat: boolean,
): { readonly bits: number; slot(i: number): number | undefined } | undefined {
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; position < bytes.length; shift += 7) {
      const byte = bytes[position++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  if (bytes.length < 2) return undefined;
  const bits = varint();
  if (newFormat) {
    const first = varint();
    return { bits, slot: (i) => first - i * 8 };
  }
  const count = varint();
  if (count > MAX_OPEN_DEFERS) return undefined;
  const slots = Array.from({ length: count }, varint).reverse();
  return { bits, slot: (i) => slots[i] };
}
