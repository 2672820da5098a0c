import type { Arch } from '../arch/index.ts';
import type { RuntimeAddress, ThreadId } from '../base/index.ts';
import type { Module } from './module.ts';

/**
 * What is being debugged: memory, threads and registers. A live process, a core and a remote stub are the same
 * port; whoever reads it does not know which one it is. Live targets can also write, resume and stop; that
 * half of the port comes with them.
 */
export interface Target {
  readonly kind: 'core' | 'process' | 'remote';
  readonly arch: Arch;
  readonly memory: Memory;
  readonly threads: readonly Thread[];
  /** Loaded binaries, the executable first, then by address. */
  readonly modules: ModuleMap;
  readonly process: ProcessFacts;
  /** Things the user should know before believing what is shown: another build, a missing file, a cut core. */
  readonly warnings: readonly string[];
}

/** The debuggee's memory, little-endian. Every read throws a TargetFault with its address where nothing is readable. */
export interface Memory {
  /** Exactly `length` bytes; a view that must not be changed, and is valid until the next read. */
  read(address: RuntimeAddress, length: number): Uint8Array;
  /** As `read`, but undefined where that would throw. For places where failure is ordinary. */
  tryRead(address: RuntimeAddress, length: number): Uint8Array | undefined;
  /** The leading part of [address, address+length) that is readable: possibly empty, never throws. Own copy. */
  readUpTo(address: RuntimeAddress, length: number): Uint8Array;
  /** As `readUpTo`, into bytes of the caller's, without keeping any of it; how many there were. For long reads. */
  readInto?(address: RuntimeAddress, target: Uint8Array): number;
  uint8(address: RuntimeAddress): number;
  uint16(address: RuntimeAddress): number;
  uint32(address: RuntimeAddress): number;
  int32(address: RuntimeAddress): number;
  /** 64 bits as a number: exact below 2^53, rounded above. For pointers, lengths and counts. */
  uint64(address: RuntimeAddress): number;
  bigUint64(address: RuntimeAddress): bigint;
  /** As `uint64`, branded: a pointer word. */
  pointer(address: RuntimeAddress): RuntimeAddress;
  /**
   * Says that these addresses will be read soon, each a word or a small object: what is scattered then arrives in
   * few long reads. A hint, where the target gains by it: it never throws, and addresses where nothing is readable do no harm.
   */
  prefetch?(addresses: Float64Array): void;
  /**
   * Hands over many small objects of one size, in the order of their addresses in the array: `at` is where in `bytes`
   * the object begins, for the time of the call. Those that cannot be read whole are passed over. Where the target gains
   * by it.
   */
  visitObjects?(addresses: Float64Array, size: number, each: ObjectVisitor): void;
  /** Bytes up to (not including) the first NUL, at most `limit`. */
  cString(address: RuntimeAddress, limit: number): string;
  /** What is mapped, in address order, neighbours with the same rights and file not merged. */
  readonly regions: readonly MemoryRegion[];
  /** The region that holds an address, by binary search. */
  regionAt(address: RuntimeAddress): MemoryRegion | undefined;
}

export type ObjectVisitor = (bytes: DataView, at: number, index: number) => void;

export interface MemoryRegion {
  readonly start: RuntimeAddress;
  readonly end: RuntimeAddress;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  /** The mapped file, if any (NT_FILE, /proc/PID/maps), and the offset of `start` in it. */
  readonly file: string | undefined;
  readonly fileOffset: number;
  /** Bytes from `start` that can be read here: in the core, or from the file it names. */
  readonly available: number;
  /** Some of it was in the core and is lost, the core being cut; its file, if it has one, is no substitute. */
  readonly cut?: boolean;
}

export interface Thread {
  readonly id: ThreadId;
  readonly registers: RegisterFile;
  /** Signal that stopped this thread (`pr_cursig`), 0 if none. */
  readonly currentSignal: number;
  /** Bases of the thread-local segment: amd64 fs_base, arm64 tpidr_el0 (undefined if the core does not say). */
  readonly threadPointer: RuntimeAddress | undefined;
  /** The whole `elf_prstatus`, for a thread that was read from one. */
  readonly statusNote?: Uint8Array;
}

/** One thread's registers. */
export interface RegisterFile {
  /** Value by DWARF number as a number (exact below 2^53); undefined if not known. What unwinding needs. */
  get(dwarf: number): number | undefined;
  /** The register's raw little-endian bytes, by its name in `Arch.registers`. */
  bytes(name: string): Uint8Array | undefined;
  /** A whole register set as the kernel keeps it, by its note: NT_PRFPREG (2), NT_X86_XSTATE (0x202), NT_ARM_TLS (0x401). */
  noteBytes?(note: number): Uint8Array | undefined;
}

/** `siginfo_t` of the signal that ended or stopped the process (NT_SIGINFO; PTRACE_GETSIGINFO). */
export interface SignalInfo {
  readonly signo: number;
  readonly code: number;
  readonly errno: number;
  /** si_addr: SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP. */
  readonly address: RuntimeAddress | undefined;
  /** si_pid and si_uid: signals sent by kill, tgkill, sigqueue. */
  readonly sender: { readonly pid: number; readonly uid: number } | undefined;
}

export interface ProcessFacts {
  readonly pid: number | undefined;
  readonly executable: string | undefined;
  readonly commandLine: string | undefined;
  /** Of a process of this machine: whose it is, and what it belongs to. */
  readonly owner?: ProcessOwner | undefined;
  readonly signal: SignalInfo | undefined;
  /** Of a process of this machine that lives: what its CLOCK_MONOTONIC shows, in nanoseconds. */
  readonly clock?: number | undefined;
  /** The thread that got the signal, or the first. */
  readonly currentThread: ThreadId;
  /** Auxiliary vector, by AT_ number (getauxval(3)). */
  readonly auxv: ReadonlyMap<number, number>;
  /** For a core: who wrote it, as far as its notes tell. */
  readonly origin: 'kernel' | 'gcore' | 'qemu' | 'delve' | 'mattock' | 'unknown';
  /**
   * A note about the whole process as the kernel writes it, by its NT_ number (NT_PRPSINFO, NT_SIGINFO, NT_AUXV,
   * NT_X86_XSAVE_LAYOUT); undefined if there is none such. Without this, the fields above say what is known.
   */
  noteBytes?(note: number): Uint8Array | undefined;
}

/** Real user and group, parent, process group and session. */
export interface ProcessOwner {
  readonly uid: number;
  readonly gid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

/** Modules by address. */
export interface ModuleMap {
  readonly all: readonly Module[];
  readonly executable: Module | undefined;
  /** The module whose mapping holds an address. */
  at(address: RuntimeAddress): Module | undefined;
}
