import { UserError } from '../../base/index.ts';

/** What differs between processors in the calls that are used here. */
export interface Processor {
  readonly name: 'amd64' | 'arm64';
  /** e_machine of its programs. */
  readonly machine: number;
  /** Bytes of `struct user_regs_struct` or `struct user_pt_regs`. */
  readonly registersSize: number;
  /** PTRACE_GETREGS and PTRACE_SETREGS exist: amd64's are cheaper than the sets. */
  readonly hasGetRegs: boolean;
  /** offsetof(struct user, u_debugreg); undefined where they are none of the user area (arm64: NT_ARM_HW_WATCH). */
  readonly debugRegisters: number | undefined;
  readonly execve: number;
  readonly tgkill: number;
  /** The instruction that enters the kernel. */
  readonly systemCall: readonly number[];
  /** Indexes of words in the registers. */
  readonly words: {
    readonly number: number;
    readonly arguments: readonly [number, number, number];
    readonly result: number;
    readonly instruction: number;
    /** orig_rax: -1 says that no interrupted system call is to be restarted. */
    readonly original: number | undefined;
  };
}

/** <sys/user.h>, <asm/unistd_64.h>. */
const AMD64: Processor = {
  name: 'amd64',
  machine: 62,
  registersSize: 27 * 8,
  hasGetRegs: true,
  debugRegisters: 848,
  execve: 59,
  tgkill: 234,
  systemCall: [0x0f, 0x05],
  words: { number: 10, arguments: [14, 13, 12], result: 10, instruction: 16, original: 15 },
};

/** <asm/ptrace.h>: x0–x30, sp, pc, pstate; <asm-generic/unistd.h>. */
const ARM64: Processor = {
  name: 'arm64',
  machine: 183,
  registersSize: 34 * 8,
  hasGetRegs: false,
  debugRegisters: undefined,
  execve: 221,
  tgkill: 131,
  systemCall: [0x01, 0x00, 0x00, 0xd4],
  words: { number: 8, arguments: [0, 1, 2], result: 0, instruction: 32, original: undefined },
};

export function thisProcessor(): Processor {
  if (process.platform === 'linux' && process.arch === 'x64') return AMD64;
  if (process.platform === 'linux' && process.arch === 'arm64') return ARM64;
  throw new UserError(
    `live processes can be debugged on linux/amd64 and linux/arm64 only, this is ${process.platform}/${process.arch}`,
    'open a core dump instead: mattock core',
  );
}
