import type { RuntimeAddress } from '../../base/index.ts';
import type { CallAnswer } from '../../expr/index.ts';
import type { Assignment, Signature } from '../../golang/calls/abi-internal.ts';
import type { Type } from '../../image/index.ts';

/** A call that is ready to be made. */
export interface CallOrder {
  /** As the user wrote it, or the name of the function. */
  readonly name: string;
  readonly entry: RuntimeAddress;
  /** Context register: the closure. */
  readonly closure: RuntimeAddress;
  readonly places: Signature<Assignment>;
  readonly arguments: readonly Uint8Array[];
  readonly results: readonly { readonly name: string; readonly type: Type }[];
  /** Bytes of arguments, results and spill space on the stack. */
  readonly frameSize: number;
}

/** Work that calls functions of the program: gives what is to be called and gets what was returned. */
export type CallWork<T> = Generator<CallOrder, T, CallAnswer>;

/** Of runtime.debugCallV2: the largest frame that it makes. */
const MAX_FRAME = 65536;
const WORD = 8;

/**
 * Space at the stack pointer: what is passed on the stack, and behind it, for each argument in registers, where the
 * callee may spill it (abi-internal.md).
 */
export function frameSizeOf(places: Signature<Assignment>, types: Signature<Type>): number {
  let end = 0;
  let spill = 0;
  const add = (assignments: readonly Assignment[], list: readonly Type[], spilled: boolean): void => {
    for (const [i, assignment] of assignments.entries()) {
      const { size } = list[i]!;
      if (assignment.kind === 'stack') end = Math.max(end, assignment.offset + size);
      else if (spilled) spill += Math.ceil(size / WORD) * WORD;
    }
  };
  add(places.parameters, types.parameters, true);
  add(places.results, types.results, false);
  return Math.ceil(end / WORD) * WORD + spill;
}

export const fitsFrame = (size: number): boolean => size <= MAX_FRAME;
