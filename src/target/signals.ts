/**
 * Names and meanings of Linux signals and of their si_code: uapi/asm/signal.h, uapi/asm-generic/siginfo.h, signal(7).
 * The numbers are those of amd64 and arm64, which agree.
 */

export interface SignalMeaning {
  readonly name: string;
  /** In Go's words (runtime/sigtab_linux_generic.go): what a crash prints. */
  readonly meaning: string;
}

const SIGNALS: readonly (readonly [number, string, string])[] = [
  [1, 'SIGHUP', 'terminal line hangup'],
  [2, 'SIGINT', 'interrupt'],
  [3, 'SIGQUIT', 'quit'],
  [4, 'SIGILL', 'illegal instruction'],
  [5, 'SIGTRAP', 'trace trap'],
  [6, 'SIGABRT', 'abort'],
  [7, 'SIGBUS', 'bus error'],
  [8, 'SIGFPE', 'floating-point exception'],
  [9, 'SIGKILL', 'kill'],
  [10, 'SIGUSR1', 'user-defined signal 1'],
  [11, 'SIGSEGV', 'segmentation violation'],
  [12, 'SIGUSR2', 'user-defined signal 2'],
  [13, 'SIGPIPE', 'write to broken pipe'],
  [14, 'SIGALRM', 'alarm clock'],
  [15, 'SIGTERM', 'termination'],
  [16, 'SIGSTKFLT', 'stack fault'],
  [17, 'SIGCHLD', 'child status has changed'],
  [18, 'SIGCONT', 'continue'],
  [19, 'SIGSTOP', 'stop, unblockable'],
  [20, 'SIGTSTP', 'keyboard stop'],
  [21, 'SIGTTIN', 'background read from tty'],
  [22, 'SIGTTOU', 'background write to tty'],
  [23, 'SIGURG', 'urgent condition on socket'],
  [24, 'SIGXCPU', 'cpu limit exceeded'],
  [25, 'SIGXFSZ', 'file size limit exceeded'],
  [26, 'SIGVTALRM', 'virtual alarm clock'],
  [27, 'SIGPROF', 'profiling alarm clock'],
  [28, 'SIGWINCH', 'window size change'],
  [29, 'SIGIO', 'i/o now possible'],
  [30, 'SIGPWR', 'power failure restart'],
  [31, 'SIGSYS', 'bad system call'],
];

const SIGRTMIN = 32;
const SIGRTMAX = 64;
const byNumber = new Map(SIGNALS.map(([number, name, meaning]) => [number, { name, meaning }]));

export function describeSignal(number: number): SignalMeaning {
  const known = byNumber.get(number);
  if (known !== undefined) return known;
  const realTime = number >= SIGRTMIN && number <= SIGRTMAX;
  return realTime
    ? { name: `SIGRT${number}`, meaning: `real-time signal ${number}` }
    : { name: `signal ${number}`, meaning: 'unknown signal' };
}

/** By signal name; `any`: codes that every signal may have. */
const CODES: Readonly<Record<string, readonly (readonly [number, string, string])[]>> = {
  any: [
    [0, 'SI_USER', 'sent by kill'],
    [0x80, 'SI_KERNEL', 'sent by the kernel'],
    [-1, 'SI_QUEUE', 'sent by sigqueue'],
    [-2, 'SI_TIMER', 'a timer expired'],
    [-3, 'SI_MESGQ', 'a message queue changed state'],
    [-4, 'SI_ASYNCIO', 'asynchronous i/o completed'],
    [-5, 'SI_SIGIO', 'i/o became possible'],
    [-6, 'SI_TKILL', 'sent by tkill or tgkill'],
    [-7, 'SI_DETHREAD', 'sent by execve to the other threads'],
    [-60, 'SI_ASYNCNL', 'an asynchronous name lookup completed'],
  ],
  SIGSEGV: [
    [1, 'SEGV_MAPERR', 'address not mapped'],
    [2, 'SEGV_ACCERR', 'access not permitted by the mapping'],
    [3, 'SEGV_BNDERR', 'address bound check failed'],
    [4, 'SEGV_PKUERR', 'access denied by memory protection keys'],
    [8, 'SEGV_MTEAERR', 'memory tag mismatch, found later'],
    [9, 'SEGV_MTESERR', 'memory tag mismatch'],
    [10, 'SEGV_CPERR', 'control protection fault'],
  ],
  SIGBUS: [
    [1, 'BUS_ADRALN', 'address not aligned'],
    [2, 'BUS_ADRERR', 'nothing behind the address: the mapped file has become shorter'],
    [3, 'BUS_OBJERR', 'hardware error of the object'],
    [4, 'BUS_MCEERR_AR', 'memory error of the hardware, in use'],
    [5, 'BUS_MCEERR_AO', 'memory error of the hardware, not in use'],
  ],
  SIGFPE: [
    [1, 'FPE_INTDIV', 'integer division by zero'],
    [2, 'FPE_INTOVF', 'integer overflow'],
    [3, 'FPE_FLTDIV', 'floating-point division by zero'],
    [4, 'FPE_FLTOVF', 'floating-point overflow'],
    [5, 'FPE_FLTUND', 'floating-point underflow'],
    [6, 'FPE_FLTRES', 'floating-point inexact result'],
    [7, 'FPE_FLTINV', 'floating-point invalid operation'],
    [8, 'FPE_FLTSUB', 'subscript out of range'],
  ],
  SIGILL: [
    [1, 'ILL_ILLOPC', 'illegal opcode'],
    [2, 'ILL_ILLOPN', 'illegal operand'],
    [3, 'ILL_ILLADR', 'illegal addressing mode'],
    [4, 'ILL_ILLTRP', 'illegal trap'],
    [5, 'ILL_PRVOPC', 'privileged opcode'],
    [6, 'ILL_PRVREG', 'privileged register'],
    [7, 'ILL_COPROC', 'coprocessor error'],
    [8, 'ILL_BADSTK', 'internal stack error'],
  ],
  SIGTRAP: [
    [1, 'TRAP_BRKPT', 'breakpoint'],
    [2, 'TRAP_TRACE', 'single step'],
    [3, 'TRAP_BRANCH', 'branch trap'],
    [4, 'TRAP_HWBKPT', 'hardware breakpoint or watchpoint'],
    [6, 'TRAP_PERF', 'performance event'],
  ],
  SIGSYS: [[1, 'SYS_SECCOMP', 'system call refused by seccomp']],
};

/** What a si_code says of a signal: why it was sent. */
export function describeSignalCode(signo: number, code: number): SignalMeaning {
  const own = CODES[describeSignal(signo).name] ?? [];
  const found = [...own, ...CODES.any!].find(([number]) => number === code);
  return found === undefined
    ? { name: `code ${code}`, meaning: 'unknown reason' }
    : { name: found[1], meaning: found[2] };
}
