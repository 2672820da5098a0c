import type { MachineState, MemoryAccess } from '../machine-code.ts';
import type { MemoryPlace } from './operands.ts';

type AccessKind = MemoryAccess['access'];

/** What an instruction does to memory. */
export interface Accesses {
  /** With the registers as they are before it. */
  before(state: MachineState): readonly MemoryAccess[];
  /** To these bytes, with the registers as they are behind it. */
  behind(address: number, length: number, after: MachineState): AccessKind | undefined;
}

/** A place that an instruction touches. */
export interface Touch {
  readonly place: MemoryPlace;
  readonly access: AccessKind;
}

export function overlaps(access: MemoryAccess, address: number, length: number): boolean {
  return access.address < address + length && address < access.address + access.length;
}

/** All of them together. */
export function union(kinds: readonly AccessKind[]): AccessKind | undefined {
  const first = kinds[0];
  return kinds.every((kind) => kind === first) ? first : 'read-write';
}
