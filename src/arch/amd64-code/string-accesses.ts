import type * as Iced from 'iced-x86';
import type { MachineState, MemoryAccess } from '../machine-code.ts';
import { exactOffsetOf } from './address.ts';
import { DF, flagsOf } from './flags.ts';
import { RCX } from './register-part.ts';
import { type Accesses, overlaps, type Touch, union } from './touch.ts';

/** Where programs' memory ends, so that the unbounded scan of a string has an end. */
const MEMORY_END = 1n << 47n;

/** CPUs that move several elements at once report a watched one when they have done so much at most. */
const GROUP = 64n;

/**
 * movs, stos, lods, scas, cmps, ins and outs: with a repeat prefix all elements that the counter still allows, upwards
 * or, with the direction flag, downwards (Intel SDM vol. 2, "REP/REPE/REPZ/REPNE/REPNZ"). cmps and scas may end before.
 */
export function repeatedAccesses(
  { MemorySizeExt }: typeof Iced,
  it: Iced.Instruction,
  touches: readonly Touch[],
): Accesses {
  const element = BigInt(MemorySizeExt.size(it.memorySize));
  const repeated = it.hasRepPrefix || it.hasRepnePrefix;
  const sites = touches.map(({ place, access }) => ({
    access,
    start: exactOffsetOf(place),
    bits: place.addressBits,
  }));

  const before = (state: MachineState): MemoryAccess[] => {
    const down = (flagsOf(state) & DF) !== 0;
    const accesses: MemoryAccess[] = [];
    for (const { access, start, bits } of sites) {
      const count = repeated ? BigInt.asUintN(bits, state.register(RCX)) : 1n;
      const first = start(state);
      const low = down ? first - (count - 1n) * element : first;
      const range = count === 0n || first >= MEMORY_END ? undefined : rangeOf(low, low + count * element);
      if (range !== undefined) accesses.push({ ...range, access });
    }
    return accesses;
  };

  /** The elements that were done last: their registers stand behind them. */
  const done = repeated ? GROUP : element;
  const last = (state: MachineState): MemoryAccess[] => {
    const down = (flagsOf(state) & DF) !== 0;
    return sites.map(({ access, start }) => {
      const low = down ? start(state) + element : start(state) - done;
      return { ...rangeOf(low, low + done), access };
    });
  };

  return {
    before,
    behind(address, length, after) {
      const touched = last(after).filter((access) => overlaps(access, address, length));
      return union((touched.length > 0 ? touched : sites).map(({ access }) => access));
    },
  };
}

function rangeOf(low: bigint, high: bigint): { readonly address: number; readonly length: number } {
  const start = low < 0n ? 0n : low;
  const end = high > MEMORY_END ? MEMORY_END : high;
  return { address: Number(start), length: Math.max(0, Number(end - start)) };
}
