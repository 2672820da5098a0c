import type { DecodedInstruction } from '../../arch/index.ts';
import { runtimeAddress, type ThreadId } from '../../base/index.ts';
import type { LiveThread } from '../../target/index.ts';
import type { CodeOf } from '../stepping/function-code.ts';
import type { Instructions } from '../stepping/instructions.ts';
import type { StopCause } from '../stop.ts';
import type { TrapSites, TrapWish } from '../trap-sites.ts';

/** Through which Go's packages make system calls: since go1.19, since go1.23, since go1.26. */
const CALLERS = [
  'runtime/internal/syscall.Syscall6',
  'internal/runtime/syscall.Syscall6',
  'internal/runtime/syscall/linux.Syscall6',
];
/**
 * At their entry, by DWARF number: rbx, rcx, rdi, rsi, r8, r9 for the arguments, rax for the call's number
 * (cmd/compile/abi-internal.md). Not at the system call itself: those that we make for the program are made there too.
 */
const ARGUMENTS = [3, 2, 5, 4, 8, 9];
const NUMBER = 0;
/** readv, writev, sendmsg, recvmsg, preadv, pwritev, recvmmsg, sendmmsg, preadv2, pwritev2: buffers behind pointers. */
const SCATTERED: ReadonlySet<number> = new Set([19, 20, 46, 47, 295, 296, 299, 307, 327, 328]);
/** A smaller argument is no address (vm.mmap_min_addr), a larger one behind an address no length. */
const LOWEST = 2 ** 16;
const LONGEST = 2 ** 31;

/** Whose memory may not be touched by the kernel while it is protected. */
export interface Guard {
  isGuarded(start: number, end: number): boolean;
  /** The kernel may touch it from now on, for this thread. */
  allow(thread: ThreadId): void;
  /** The call has returned: what it did to watched memory. */
  returned(thread: LiveThread, instruction: DecodedInstruction): readonly StopCause[];
}

interface Setting {
  readonly traps: TrapSites;
  readonly code: CodeOf;
  readonly instructions: Instructions;
  readonly guard: Guard;
}

/**
 * The kernel does not fault in protected pages: the system call fails with EFAULT, which would be another program. So
 * their protection is lifted around Go's system calls that are given such memory. What other threads do to it
 * meanwhile is told as done by the call; calls made by C code are not seen, nor those that wait when the watch is set.
 */
export class SystemCallGuard {
  readonly #setting: Setting;
  readonly #inside = new Set<ThreadId>();
  #wishes: TrapWish[] = [];

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  /** Idempotent. */
  open(): void {
    if (this.#wishes.length > 0) return;
    const { code, instructions, traps } = this.#setting;
    for (const entry of CALLERS.flatMap((name) => code.entries(name))) {
      for (const instruction of instructions.between(entry, code.at(entry)!.end)) {
        if (instruction.flow !== 'syscall') continue;
        const behind = runtimeAddress(instruction.address + instruction.length);
        this.#wishes.push(
          traps.add(entry, (thread) => this.#enters(thread)),
          traps.add(behind, (thread) => this.#returns(thread, instruction)),
        );
      }
    }
  }

  /** Idempotent. */
  close(): void {
    this.#inside.clear();
    for (const wish of this.#wishes) this.#setting.traps.remove(wish);
    this.#wishes = [];
  }

  #enters(thread: LiveThread): undefined {
    const { guard } = this.#setting;
    const values = ARGUMENTS.map((dwarf) => thread.registers.get(dwarf)!);
    const number = thread.registers.get(NUMBER)!;
    const touches =
      SCATTERED.has(number) ||
      values.some((value, i) => {
        const next = values[i + 1] ?? 0;
        return value >= LOWEST && guard.isGuarded(value, value + (next > 0 && next < LONGEST ? next : 1));
      });
    if (!touches) return undefined;
    this.#inside.add(thread.id);
    guard.allow(thread.id);
    return undefined;
  }

  #returns(thread: LiveThread, instruction: DecodedInstruction): StopCause | undefined {
    if (!this.#inside.delete(thread.id)) return undefined;
    const [first] = this.#setting.guard.returned(thread, instruction);
    return first;
  }
}
