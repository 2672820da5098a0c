import type { ArchName } from '../../arch/index.ts';
import type { RuntimeAddress } from '../../base/index.ts';
import type { Memory } from '../../target/index.ts';
import type { CodePoint } from '../code/code-point.ts';
import type { Cursor } from './cursor.ts';

/**
 * How Go's frames are laid out (cmd/compile/abi-internal.md, runtime/stack.go, runtime/traceback.go). The SP table
 * of pclntab tells the frame's size at each pc; the call frame information in .debug_frame is made from the same
 * table by the linker and says the same, so this is the fast form of CFI.
 *
 *     amd64                                   arm64
 *     CFA = sp + delta + 8                    CFA = sp + delta
 *     CFA −  8: return address                sp: return address (once delta > 0; else in LR)
 *     CFA − 16: caller's frame pointer,       sp − 8: caller's frame pointer,
 *               where fp = CFA − 16                   where fp = sp − 8
 */
export interface GoFrame {
  cfa: number;
  /** 0: in the link register. */
  returnAddressSlot: number;
  returnAddress: number;
  callerFp: number | undefined;
}

export type GoFrameRule = (memory: Memory, cursor: Cursor, point: CodePoint, delta: number) => GoFrame;

export const goFrameRules: Readonly<Record<ArchName, GoFrameRule>> = {
  amd64(memory, cursor, point, delta) {
    const cfa = cursor.sp + delta + 8;
    const slot = cfa - 8;
    return {
      cfa,
      returnAddressSlot: slot,
      returnAddress: memory.uint64(slot as RuntimeAddress),
      callerFp: savedFramePointer(memory, cursor, point, delta, cfa - 16),
    };
  },
  arm64(memory, cursor, point, delta) {
    const cfa = cursor.sp + delta;
    const inRegister = delta === 0 && cursor.lr !== undefined && cursor.lr !== 0;
    return {
      cfa,
      returnAddressSlot: inRegister ? 0 : cursor.sp,
      returnAddress: inRegister ? cursor.lr! : memory.uint64(cursor.sp as RuntimeAddress),
      callerFp: savedFramePointer(memory, cursor, point, delta, cursor.sp - 8),
    };
  },
};

/**
 * The caller's frame pointer. A function that saved it has its own pointing at the slot; one that has no frame
 * (or is in its prologue) has not touched it. Where the pointer itself is unknown, compiled functions with a frame
 * are known to save it.
 */
function savedFramePointer(
  memory: Memory,
  cursor: Cursor,
  point: CodePoint,
  delta: number,
  slot: number,
): number | undefined {
  const saved =
    cursor.fp === slot ||
    (cursor.fp === undefined && delta >= 8 && !cursor.exact && point.fn?.traits.assembly === false);
  return saved ? memory.uint64(slot as RuntimeAddress) : cursor.fp;
}
