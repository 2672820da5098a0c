import type { Frame } from '../frame.ts';

/** Where a walk stands: the machine state of one frame, as far as it is known. */
export interface Cursor {
  pc: number;
  sp: number;
  /** Frame pointer register; undefined where nobody saved it. */
  fp: number | undefined;
  /** arm64: the link register, where it still holds this frame's return address. */
  lr: number | undefined;
  /** pc is the next or the faulting instruction, not a return address. */
  exact: boolean;
  arrivedBy: Frame['arrivedBy'];
  /** All registers by DWARF number, where more than pc, sp and fp are known. */
  registers: readonly (number | undefined)[] | undefined;
  /** At the code that a signal handler returns to: sp is at what the kernel left of the interrupted frame. */
  inTrampoline: boolean;
}

/** A frame that an ordinary call led to: the hot case of every walk, of one shape and without a detour. */
export const callerCursor = (pc: number, sp: number, fp: number | undefined): Cursor => ({
  pc,
  sp,
  fp,
  lr: undefined,
  exact: false,
  arrivedBy: 'call',
  registers: undefined,
  inTrampoline: false,
});

export function cursorAt(state: {
  pc: number;
  sp: number;
  fp?: number | undefined;
  lr?: number | undefined;
  exact?: boolean;
  arrivedBy?: Frame['arrivedBy'];
  registers?: readonly (number | undefined)[] | undefined;
  inTrampoline?: boolean;
}): Cursor {
  return {
    pc: state.pc,
    sp: state.sp,
    fp: state.fp,
    lr: state.lr,
    exact: state.exact ?? false,
    arrivedBy: state.arrivedBy ?? 'call',
    registers: state.registers,
    inTrampoline: state.inTrampoline ?? false,
  };
}
