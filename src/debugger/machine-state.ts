import type { MachineState, WritableMachineState } from '../arch/index.ts';
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

/** The same, for doing what an instruction does: it writes only where `mayWrite` says. */
export function writableState(
  target: LiveTarget,
  thread: LiveThread,
  mayWrite: (address: number, length: number) => boolean,
): WritableMachineState {
  const { memory, arch } = target;
  return {
    ...machineState(target, thread),
    setRegister(dwarf, value) {
      thread.setRegister(arch.registerByDwarf(dwarf)!.name, bytesOf(value, 8));
    },
    write(address, length, value) {
      if (!mayWrite(address, length)) return false;
      memory.write(address as RuntimeAddress, bytesOf(value, length));
      return true;
    },
  };
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

function bytesOf(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = BigInt.asUintN(length * 8, value);
  for (let i = 0; i < length; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}
