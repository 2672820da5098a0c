import type { MachineState } from '../arch/index.ts';
import type { RuntimeAddress } from '../base/index.ts';
import type { LiveTarget, LiveThread } from '../target/index.ts';

/** A thread's registers and its process's memory, for asking what an instruction does. */
export function machineState({ memory, arch }: LiveTarget, thread: LiveThread): MachineState {
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

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}
