import type { DecodedInstruction, MemoryAccess } from '../../arch/index.ts';
import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { LiveTarget, LiveThread } from '../../target/index.ts';
import type { StopCause } from '../stop.ts';
import type { DataAccess } from './last-instruction.ts';
import type { Watched } from './watched.ts';

/** Of an access to more than that only so much is compared. */
const MOST_COMPARED = 1 << 16;

/** What an access does to one watch: [offset, offset + length) of its memory. */
export interface Touched {
  readonly watching: Watched;
  readonly access: DataAccess;
  readonly offset: number;
  readonly length: number;
}

/** An instruction that touches watched pages, from before it is done to behind it. */
export class PageAccess {
  readonly pc: RuntimeAddress;
  readonly #target: LiveTarget;
  readonly #instruction: DecodedInstruction | undefined;
  readonly #touched: readonly Touched[];
  #before: readonly Uint8Array[] = [];

  constructor(
    target: LiveTarget,
    pc: RuntimeAddress,
    instruction: DecodedInstruction | undefined,
    touched: readonly Touched[],
  ) {
    this.#target = target;
    this.pc = pc;
    this.#instruction = instruction;
    this.#touched = touched;
  }

  /** False: it cannot be read as it is protected now. */
  readBefore(): boolean {
    this.#before = this.#read();
    return this.#before.every((bytes, i) => bytes.length === this.#touched[i]!.length);
  }

  told(thread: LiveThread): readonly StopCause[] {
    const after = this.#read();
    const instruction = this.#instruction;
    const causes: StopCause[] = [];
    for (const [i, { watching, access, offset }] of this.#touched.entries()) {
      const cause = watching.noticed(thread, {
        done: instruction && { instruction },
        access,
        offset,
        before: this.#before[i]!,
        after: after[i]!,
      });
      if (cause !== undefined) causes.push(cause);
    }
    return causes;
  }

  #read(): Uint8Array[] {
    const { memory } = this.#target;
    return this.#touched.map(({ watching, offset, length }) =>
      memory.readUpTo(runtimeAddress(watching.address + offset), length).slice(),
    );
  }
}

export const overlap = (access: MemoryAccess, { address, size }: Watched): boolean =>
  access.address < address + size && address < access.address + access.length;

export function touchedPart(watching: Watched, accesses: readonly MemoryAccess[]): Touched {
  const { address, size } = watching;
  const from = Math.max(address, Math.min(...accesses.map((one) => one.address)));
  const to = Math.min(address + size, Math.max(...accesses.map((one) => one.address + one.length)));
  const [first] = accesses;
  const access = accesses.every((one) => one.access === first!.access) ? first!.access : 'read-write';
  const [start, end] = wholeElements(watching, from - address, to - address);
  return { watching, access, offset: start, length: Math.min(end - start, MOST_COMPARED) };
}

/** What is shown is elements, or all of it where that is little. */
export function wholeElements({ type, size }: Watched, from: number, to: number): readonly [number, number] {
  if (type?.kind === 'array' && type.element.size > 0) {
    const { size: step } = type.element;
    return [Math.floor(from / step) * step, Math.ceil(to / step) * step];
  }
  return size <= MOST_COMPARED ? [0, size] : [from, to];
}
