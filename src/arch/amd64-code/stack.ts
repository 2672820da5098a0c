import type { MachineState, WritableMachineState } from '../machine-code.ts';
import { asAddress } from './address.ts';
import { RSP } from './register-part.ts';

/** Puts 8 bytes on the stack; false: nothing is changed. */
export function push(state: WritableMachineState, value: bigint): boolean {
  const sp = BigInt.asUintN(64, state.register(RSP) - 8n);
  const at = asAddress(sp);
  if (at === undefined || !state.write(at, 8, value)) return false;
  state.setRegister(RSP, sp);
  return true;
}

/** The 8 bytes on top of the stack; undefined: it cannot be read. */
export function top(state: MachineState): bigint | undefined {
  const at = asAddress(state.register(RSP));
  return at === undefined ? undefined : state.read(at, 8);
}

export function drop(state: WritableMachineState, bytes: bigint): void {
  state.setRegister(RSP, BigInt.asUintN(64, state.register(RSP) + bytes));
}
