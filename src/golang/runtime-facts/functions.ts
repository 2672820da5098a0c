/**
 * Functions of the runtime that a stack walk or a verdict treats in a special way, by name: the names are in
 * pclntab even when a binary is stripped, and are steadier than the numbers of abi.FuncID.
 */
export type FunctionRole =
  | 'ordinary'
  /** Runs its argument on g0: the walk goes on at g.sched of the goroutine. */
  | 'systemstack'
  /** Switched to g0 for good: the walk goes on at g.sched. */
  | 'mcall'
  | 'morestack'
  /** Calls C on g0. */
  | 'asmcgocall'
  /** C calls Go: it ran on g0 and switched to the goroutine's stack. */
  | 'cgocallback'
  /** Saves C's callee-saved registers before cgocallback. */
  | 'crosscall2'
  /** Its caller did not call it: sighandler rewrote pc, so the frame above is at the very instruction. */
  | 'injected'
  /** Entered by the kernel, with a ucontext behind its frame. */
  | 'sigtramp'
  /** Where a signal handler returns to; sp is then at the ucontext (amd64). */
  | 'sigreturn';

/** At least one of the names of each role is in every Go. */
export const ROLES: readonly (readonly [FunctionRole, ...string[]])[] = [
  // runtime/asm_*.s
  ['systemstack', 'runtime.systemstack'],
  ['mcall', 'runtime.mcall'],
  // newstack is what morestack runs; it does not return there, but goes on at g.sched (runtime/stack.go).
  ['morestack', 'runtime.newstack', 'runtime.morestack'],
  ['asmcgocall', 'runtime.asmcgocall', 'runtime.asmcgocall.abi0'],
  ['cgocallback', 'runtime.cgocallback', 'runtime.cgocallback.abi0'],
  // runtime/cgo/asm_*.s
  ['crosscall2', 'crosscall2'],
  // runtime/signal_unix.go, preempt.go, debugcall.go
  ['injected', 'runtime.sigpanic', 'runtime.asyncPreempt', 'runtime.debugCallV2'],
  // runtime/sys_linux_*.s
  ['sigtramp', 'runtime.sigtramp', 'runtime.cgoSigtramp', 'runtime.sigprofNonGoWrapper'],
  // runtime.sigreturn until go1.19; __restore_rt is glibc's and musl's.
  ['sigreturn', 'runtime.sigreturn__sigaction', 'runtime.sigreturn', '__restore_rt'],
];

const roleByName = new Map(ROLES.flatMap(([role, ...names]) => names.map((name) => [name, role] as const)));

export const functionRole = (name: string): FunctionRole => roleByName.get(name) ?? 'ordinary';

/** Started by the runtime, but what runs in them is the user's (isSystemGoroutine in runtime/traceback.go). */
export const USER_START_FUNCTIONS: ReadonlySet<string> = new Set([
  'runtime.main',
  'runtime.handleAsyncEvent',
  'runtime.corostart',
]);
/** System goroutines, except while they run a finalizer or a cleanup. runfinq until go1.23. */
export const FINALIZER_GOROUTINES: ReadonlySet<string> = new Set([
  'runtime.runFinalizers',
  'runtime.runfinq',
]);
export const CLEANUP_GOROUTINES: ReadonlySet<string> = new Set([
  'runtime.runCleanups',
  'runtime.(*cleanupQueue).dequeue',
]);

/** Starts the goroutine that every program has which asks for signals (os/signal/signal.go, watchSignalLoop). */
export const SIGNAL_LOOP = 'os/signal.loop';

/**
 * Frames that a user who asks "where is it?" wants to be spared: unexported functions of the runtime and
 * internal packages (the rule that Delve's users know as the "user location").
 */
export function isRuntimeInternal(name: string): boolean {
  if (name.startsWith('runtime.')) return !/^[A-Z]/.test(name.slice(8, 9));
  return (
    !name.includes('.') ||
    name.startsWith('internal/') ||
    name.startsWith('runtime/internal') ||
    name.startsWith('iter.')
  );
}

/**
 * What is assumed of the runtime's assembly, as the lines of Go's sources that say it; `npm run check:runtime` looks
 * for them. Who relies on each is said beside it.
 */
export const assemblyFacts: readonly {
  readonly file: string;
  readonly line: string;
  readonly since?: number;
  readonly until?: number;
}[] = [
  // stack/stack-switch.ts: cgocallback keeps g0's previous stack pointer at its own.
  { file: 'runtime/asm_amd64.s', line: 'NOTE: unwindm knows that the saved g->sched.sp is at 0(SP).' },
  { file: 'runtime/asm_arm64.s', line: 'NOTE: unwindm knows that the saved g->sched.sp is at 16(RSP)' },
  { file: 'runtime/cgocall.go', line: 'sched.sp + alignUp(sys.MinFrameSize, sys.StackAlign)' },
  // stack/walker.ts: systemstack and asmcgocall leave the goroutine in systemstack_switch, behind its prologue.
  { file: 'runtime/asm_amd64.s', line: '(g_sched+gobuf_pc)(R14)' },
  { file: 'runtime/asm_arm64.s', line: 'get past prologue' },
  // stack/crosscall.ts
  { file: 'runtime/cgo/abi_amd64.h', line: '#define REGS_HOST_TO_ABI0_STACK (6*8)' },
  { file: 'runtime/cgo/abi_amd64.h', line: 'MOVQ\tBP, (5*8)(SP)' },
  { file: 'runtime/cgo/abi_amd64.h', line: 'MOVQ\tR15, (4*8)(SP)' },
  { file: 'runtime/cgo/asm_arm64.s', line: 'SUB\t$(8*24), RSP' },
  { file: 'runtime/cgo/asm_arm64.s', line: 'SAVE_R19_TO_R28(8*4)' },
  { file: 'runtime/cgo/asm_arm64.s', line: 'STP\t(R29, R30), (8*22)(RSP)' },
  // stack/walker.ts, injectedCaller: on arm64 the handler stores LR at the new SP, 16 bytes down.
  { file: 'runtime/signal_arm64.go', line: 'sp := c.sp() - sys.StackAlign' },
  // defers/open-coded.ts
  { file: 'runtime/panic.go', line: 'slotsOffset, fd := readvarintUnsafe(fd)', since: 22 },
  { file: 'runtime/panic.go', line: 'closureOffset, fd = readvarintUnsafe(fd)', until: 21 },
];
