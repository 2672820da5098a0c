import type { RuntimeAddress } from '../base/index.ts';
import type { SourcePosition } from '../image/index.ts';
import type { Module } from '../target/index.ts';

/** A place in the program's code. */
export interface Location {
  readonly pc: RuntimeAddress;
  /** Go name with package path, C symbol, or undefined where nothing names the pc. */
  readonly function: string | undefined;
  readonly position: SourcePosition | undefined;
}

/**
 * One frame of a stack; an inlined call is a frame of its own, with the registers and CFA of the function
 * that holds the machine code.
 */
export interface Frame extends Location {
  /** 0 is the innermost. */
  readonly index: number;
  /** pc, or pc−1 where pc is a return address: the pc that all tables are asked with. */
  readonly lookupPc: RuntimeAddress;
  readonly module: Module | undefined;
  /** Canonical frame address; 0 if the frame could not be unwound further. */
  readonly cfa: RuntimeAddress;
  /** Where the return address is kept; 0 if it is not on the stack. */
  readonly returnAddressSlot: RuntimeAddress;
  /** Register values in this frame, by DWARF number; undefined where a callee may have overwritten them. */
  readonly registers: readonly (number | undefined)[];
  /** 0: the function that holds the code; n: the n-th call inlined into it (the innermost has the highest). */
  readonly inlineDepth: number;
  /** Entry of the function that holds the machine code, if known. */
  readonly entry: RuntimeAddress | undefined;
  /** What kind of step led here from the callee: an ordinary return, a signal's frame, or a switch of stacks. */
  readonly arrivedBy: 'start' | 'call' | 'inlining' | 'signal' | 'stack-switch';
  /** On a thread's g0 or signal stack. */
  readonly systemStack: boolean;
}

export interface Stack {
  readonly frames: readonly Frame[];
  /** Why the walk ended: at the goroutine's first function, at the depth asked for, or where and why it is broken. */
  readonly end:
    | { readonly kind: 'bottom' }
    | { readonly kind: 'depth' }
    | {
        readonly kind: 'broken';
        readonly pc: RuntimeAddress;
        readonly sp: RuntimeAddress;
        readonly reason: string;
      };
}

/** A deferred call (`runtime._defer`, or an open-coded defer found from the function's defer bits). */
export interface DeferredCall {
  readonly function: string | undefined;
  readonly position: SourcePosition | undefined;
  readonly entry: RuntimeAddress | undefined;
  /** Closure object of the deferred function. */
  readonly closure: RuntimeAddress | undefined;
  /** Where the defer statement is. */
  readonly deferredAt: SourcePosition | undefined;
  readonly sp: RuntimeAddress;
  readonly openCoded: boolean;
}
