/**
 * How programs call Linux on a CPU: <asm/unistd_64.h> (amd64), <asm-generic/unistd.h> (arm64); syscall(2) for the
 * registers, which go by their DWARF numbers here.
 */
export interface LinuxCalls {
  /** The instruction that enters the kernel. */
  readonly instruction: Uint8Array;
  readonly registers: {
    readonly number: number;
    readonly result: number;
    readonly arguments: readonly number[];
  };
  readonly numbers: {
    readonly mmap: number;
    readonly mprotect: number;
    readonly munmap: number;
    readonly clone: number;
    readonly clone3: number;
    /** Newer CPUs have but clone for these. */
    readonly fork: number | undefined;
    readonly vfork: number | undefined;
  };
}

/** `syscall`; rax, rdi, rsi, rdx, r10, r8, r9 (psABI §A.2.1). */
export const amd64Calls: LinuxCalls = {
  instruction: new Uint8Array([0x0f, 0x05]),
  registers: { number: 0, result: 0, arguments: [5, 4, 1, 10, 8, 9] },
  numbers: { mmap: 9, mprotect: 10, munmap: 11, clone: 56, clone3: 435, fork: 57, vfork: 58 },
};

/** `svc #0`; x8, x0 to x5. */
export const arm64Calls: LinuxCalls = {
  instruction: new Uint8Array([0x01, 0x00, 0x00, 0xd4]),
  registers: { number: 8, result: 0, arguments: [0, 1, 2, 3, 4, 5] },
  numbers: {
    mmap: 222,
    mprotect: 226,
    munmap: 215,
    clone: 220,
    clone3: 435,
    fork: undefined,
    vfork: undefined,
  },
};
