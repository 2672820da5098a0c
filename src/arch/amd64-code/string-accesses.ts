import type { MemoryAccess } from '../machine-code.ts';
import { exactOffsetOf } from './address.ts';
import { DF, flagsOf } from './flags.ts';
import { RCX } from './register-part.ts';
import type { AccessesOf, Touch } from './touch.ts';

/** Where programs' memory ends, so that the unbounded scan of a string has an end. */
const MEMORY_END = 1n << 47n;

interface StringForm {
  /** Bytes of one element. */
  readonly size: number;
  readonly repeated: boolean;
}

/**
 * movs, stos, lods, scas, cmps, ins and outs: with a repeat prefix all elements that the counter still allows, upwards
 * or, with the direction flag, downwards (Intel SDM vol. 2, "REP/REPE/REPZ/REPNE/REPNZ"). cmps and scas may end before.
 */
export function repeatedAccesses(touches: readonly Touch[], { size, repeated }: StringForm): AccessesOf {
  const element = BigInt(size);
  const found = touches.map(({ place, access }) => ({
    access,
    start: exactOffsetOf(place),
    bits: place.addressBits,
  }));
  return (state) => {
    const down = (flagsOf(state) & DF) !== 0;
    const accesses: MemoryAccess[] = [];
    for (const { access, start, bits } of found) {
      const count = repeated ? BigInt.asUintN(bits, state.register(RCX)) : 1n;
      const range = count === 0n ? undefined : rangeOf(start(state), element, count, down);
      if (range !== undefined) accesses.push({ ...range, access });
    }
    return accesses;
  };
}

function rangeOf(
  first: bigint,
  element: bigint,
  count: bigint,
  down: boolean,
): { readonly address: number; readonly length: number } | undefined {
  if (first >= MEMORY_END) return undefined;
  const low = down ? first - (count - 1n) * element : first;
  const high = down ? first + element : first + count * element;
  const address = low < 0n ? 0n : low;
  const end = high > MEMORY_END ? MEMORY_END : high;
  return { address: Number(address), length: Number(end - address) };
}
