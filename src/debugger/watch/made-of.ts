import type { DecodedInstruction, MachineState } from '../../arch/index.ts';

/** The instruction pointer and the flags (System V amd64 psABI, figure 3.36): no instruction stores by what it made of these. */
const RIP = 16;
const RFLAGS = 49;

/**
 * What an instruction that is done made of the bytes at an address, where that follows from them and from registers that
 * it has left as they were. Undefined: it does not follow, or the instruction is none that can be done without the CPU.
 */
export function madeOf(
  instruction: DecodedInstruction,
  state: MachineState,
  address: number,
  before: Uint8Array,
): Uint8Array | undefined {
  const made = before.slice();
  let isCertain = true;
  const done = instruction.emulate({
    register: (dwarf) => state.register(dwarf),
    segmentBase: (segment) => state.segmentBase(segment),
    read(at, length) {
      if (at + length <= address || at >= address + before.length) return state.read(at, length);
      if (at < address || at + length > address + before.length) return undefined;
      return before
        .subarray(at - address, at - address + length)
        .reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    },
    setRegister(dwarf) {
      if (dwarf !== RIP && dwarf !== RFLAGS) isCertain = false;
    },
    write(at, length, value) {
      for (let i = 0; i < length; i++) {
        const to = at + i - address;
        if (to >= 0 && to < made.length) made[to] = Number((value >> BigInt(8 * i)) & 0xffn);
      }
      return true;
    },
  });
  return done && isCertain ? made : undefined;
}
