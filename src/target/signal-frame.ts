import type { Arch } from '../arch/index.ts';
import { type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import { parseSignalInfo } from './signal-info.ts';
import type { Memory, SignalInfo } from './target.ts';

/**
 * The frame that Linux puts on the stack to run a signal handler. A handler returns to a trampoline that makes the
 * system call rt_sigreturn; the trampoline is recognised by its instructions, whoever owns it: libc's __restore_rt,
 * Go's runtime.sigreturn__sigaction, the vDSO's __kernel_rt_sigreturn, qemu's page. Vector state is not restored.
 *
 * amd64 (arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h): at the trampoline SP is at struct ucontext: flags 8,
 * link 8, stack 24, then sigcontext: r8…r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags, …: 256 bytes, mask 8;
 * siginfo behind it.
 * arm64 (arch/arm64/kernel/signal.c, uapi/asm/sigcontext.h): SP is at siginfo, 128 bytes; then ucontext: 40 as above,
 * mask 128, aligned to 16, then sigcontext: fault_address, x0…x30, sp, pc, pstate.
 */

interface SignalFrameLayout {
  readonly trampolines: readonly (readonly number[])[];
  readonly info: number;
  readonly registers: number;
  /** DWARF numbers in the order in which the kernel keeps the registers. */
  readonly order: readonly number[];
}

const AMD64: SignalFrameLayout = {
  trampolines: [
    [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05], // mov $15,%rax; syscall
    [0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05], // mov $15,%eax; syscall
  ],
  info: 304,
  registers: 40,
  order: [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16],
};

const ARM64: SignalFrameLayout = {
  trampolines: [[0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4]], // mov x8,#139; svc #0
  info: 0,
  registers: 312,
  order: Array.from({ length: 33 }, (_, i) => i),
};

const LAYOUTS = { amd64: AMD64, arm64: ARM64 } as const;
const SIGINFO_SIZE = 128;

export interface SignalFrame {
  /** What the signal interrupted, by DWARF number. */
  readonly registers: readonly (number | undefined)[];
  readonly signal: SignalInfo | undefined;
}

/** Whether the instructions at an address are those that return from a signal handler. */
export function isSignalTrampoline(arch: Arch, memory: Memory, pc: number): boolean {
  return LAYOUTS[arch.name].trampolines.some((code) => {
    const bytes = memory.tryRead(runtimeAddress(pc), code.length);
    return bytes !== undefined && code.every((byte, i) => bytes[i] === byte);
  });
}

/** The frame at the stack pointer that a handler returns with. Throws a TargetFault where it cannot be read. */
export function readSignalFrame(arch: Arch, memory: Memory, sp: number): SignalFrame {
  const layout = LAYOUTS[arch.name];
  const at = (offset: number): RuntimeAddress => runtimeAddress(sp + offset);
  const registers: (number | undefined)[] = new Array(arch.dwarf.count).fill(undefined);
  for (const [i, dwarf] of layout.order.entries())
    registers[dwarf] = memory.uint64(at(layout.registers + i * 8));
  const info = memory.tryRead(at(layout.info), SIGINFO_SIZE);
  return { registers, signal: info === undefined ? undefined : parseSignalInfo(info) };
}
