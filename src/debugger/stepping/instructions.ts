import type { DecodedInstruction } from '../../arch/index.ts';
import type { RuntimeAddress } from '../../base/index.ts';
import type { LiveTarget, LiveThread } from '../../target/index.ts';
import { machineState } from '../machine-state.ts';

const LONGEST = 15;
/** More are not kept: a program has no end of code. */
const MOST_KEPT = 20_000;

/** Instructions of the program, decoded once: text does not change. */
export class Instructions {
  readonly #target: LiveTarget;
  readonly #known = new Map<number, DecodedInstruction>();

  constructor(target: LiveTarget) {
    this.#target = target;
  }

  at(address: RuntimeAddress): DecodedInstruction | undefined {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const { memory, code } = this.#target;
    const instruction = code.decode(memory.readUpTo(address, LONGEST), address);
    if (instruction === undefined) return undefined;
    if (this.#known.size >= MOST_KEPT) this.#known.clear();
    this.#known.set(address, instruction);
    return instruction;
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

  /** After exec other code is there. */
  forget(): void {
    this.#known.clear();
  }

  /** Where an instruction leads on a thread that stands at it. */
  targetOf(instruction: DecodedInstruction, thread: LiveThread): number | undefined {
    return instruction.target(machineState(this.#target, thread));
  }
}
