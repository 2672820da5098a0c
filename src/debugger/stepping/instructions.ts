import type { DecodedInstruction, MachineState } from '../../arch/index.ts';
import type { RuntimeAddress } from '../../base/index.ts';
import type { LiveTarget, LiveThread } from '../../target/index.ts';

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
    return instruction.target(this.#state(thread));
  }

  #state(thread: LiveThread): MachineState {
    const { memory, arch } = this.#target;
    const word = (name: string): bigint => {
      const bytes = thread.registers.bytes(name);
      return bytes === undefined ? 0n : littleEndian(bytes);
    };
    return {
      register: (dwarf) => word(arch.registerByDwarf(dwarf)?.name ?? ''),
      segmentBase: (segment) => word(`${segment}_base`),
      read(address, length) {
        const bytes = memory.tryRead(address as RuntimeAddress, length);
        return bytes === undefined ? undefined : littleEndian(bytes);
      },
    };
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}
