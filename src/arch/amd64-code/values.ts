import type { MachineState, WritableMachineState } from '../machine-code.ts';
import { addressOf } from './address.ts';
import type { MemoryPlace, Operand } from './operands.ts';
import { readRegister, writeRegister } from './register-part.ts';

/** What an operand holds, without sign; undefined where memory is not readable. */
export type ReadValue = (state: MachineState) => bigint | undefined;
/** Sets an operand to a value of no more bits than it has. False: nothing was written. */
export type WriteValue = (state: WritableMachineState, value: bigint) => boolean;

/** `bits` is how much of an immediate counts. */
export function readOperand(operand: Operand, bits: number): ReadValue {
  switch (operand.kind) {
    case 'register':
      return readRegister(operand);
    case 'memory':
      return readMemory(operand);
    case 'immediate': {
      const value = BigInt.asUintN(bits, operand.value);
      return () => value;
    }
  }
}

export function writeOperand(operand: Operand): WriteValue | undefined {
  switch (operand.kind) {
    case 'register':
      return writeRegister(operand);
    case 'memory':
      return writeMemory(operand);
    case 'immediate':
      return undefined;
  }
}

function readMemory(place: MemoryPlace): ReadValue {
  const { size } = place;
  const address = addressOf(place);
  return (state) => {
    const at = address(state);
    return at === undefined ? undefined : state.read(at, size);
  };
}

function writeMemory(place: MemoryPlace): WriteValue {
  const { size } = place;
  const address = addressOf(place);
  return (state, value) => {
    const at = address(state);
    return at !== undefined && state.write(at, size, value);
  };
}
