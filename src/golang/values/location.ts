import type { LinkedAddress, ThreadId } from '../../base/index.ts';
import type { VariableLocation } from '../../image/index.ts';
import type { Module } from '../../target/index.ts';
import type { Frame } from '../frame.ts';
import type { Program } from '../program.ts';
import { OPTIMISED_OUT, type Place } from './place.ts';

/** What the location of a variable is relative to. */
export interface VariableContext {
  readonly program: Program;
  readonly frame: Frame;
  readonly thread: ThreadId | undefined;
  readonly module: Module;
  readonly pc: LinkedAddress;
  /** DW_AT_frame_base of the function that holds the code. */
  readonly frameBase: Uint8Array;
}

export function placeOfVariable(context: VariableContext, location: VariableLocation, size: number): Place {
  return { kind: 'none', reason: OPTIMISED_OUT };
}
