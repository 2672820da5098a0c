import type { DecodedInstruction } from '../../arch/index.ts';
import type { RuntimeAddress } from '../../base/index.ts';
import type { LiveTarget, LiveThread } from '../../target/index.ts';
import { machineState } from '../machine-state.ts';

/** Instructions of the program. */
export class Instructions {
  readonly #target: LiveTarget;

  constructor(target: LiveTarget) {
    this.#target = target;
  }

  at(address: RuntimeAddress): DecodedInstruction | undefined {
    return this.#target.instructionAt(address);
  }

  /** Instructions from one address to another, for as long as they can be made out. */
  *between(from: number, to: number): Generator<DecodedInstruction> {
    const { memory, code } = this.#target;
    const bytes = memory.readUpTo(from as RuntimeAddress, to - from);
    for (let offset = 0; offset < bytes.length; ) {
      const instruction = code.decode(bytes.subarray(offset), from + offset);
      if (instruction === undefined) return;
      yield instruction;
      offset += instruction.length;
    }
  }

  /** Where an instruction leads on a thread that stands at it. */
  targetOf(instruction: DecodedInstruction, thread: LiveThread): number | undefined {
    return instruction.target(machineState(this.#target, thread));
  }
}
