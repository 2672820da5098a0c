import type { ArchName } from '../../arch/index.ts';
import { runtimeAddress } from '../../base/index.ts';
import type { Memory, Thread } from '../../target/index.ts';
import type { Cursor } from '../stack/cursor.ts';

/** The instruction that enters the kernel (amd64 SYSCALL, arm64 SVC #0), and where the number is then, in DWARF. */
const ENTRY: Readonly<Record<ArchName, { readonly code: readonly number[]; readonly register: number }>> = {
  amd64: { code: [0x0f, 0x05], register: 0 },
  arm64: { code: [0x01, 0x00, 0x00, 0xd4], register: 8 },
};
const HIGHEST = 4096;

/**
 * The system call that a thread is in. amd64: the kernel keeps its number in orig_rax, −1 outside. arm64: x8 has it,
 * which is not cleared: it is to be asked only of a thread that is known to be in a system call.
 */
export function currentSystemCall(thread: Thread, arch: ArchName): number | undefined {
  const bytes = thread.registers.bytes(arch === 'amd64' ? 'orig_rax' : 'x8');
  if (bytes === undefined || bytes.length < 8) return undefined;
  const number = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true);
  return number >= 0n && number < HIGHEST ? Number(number) : undefined;
}

/** One that a signal interrupted and that is to be made again: pc stands at its instruction (SA_RESTART, signal(7)). */
export function interruptedSystemCall(cursor: Cursor, memory: Memory, arch: ArchName): number | undefined {
  const { code, register } = ENTRY[arch];
  const bytes = memory.tryRead(runtimeAddress(cursor.pc), code.length);
  if (bytes === undefined || !code.every((byte, i) => bytes[i] === byte)) return undefined;
  const number = cursor.registers?.[register];
  return number !== undefined && number < HIGHEST ? number : undefined;
}
