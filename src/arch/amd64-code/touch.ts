import type { MachineState, MemoryAccess } from '../machine-code.ts';
import type { MemoryPlace } from './operands.ts';

export type AccessesOf = (state: MachineState) => readonly MemoryAccess[];

/** A place that an instruction touches. */
export interface Touch {
  readonly place: MemoryPlace;
  readonly access: MemoryAccess['access'];
}
