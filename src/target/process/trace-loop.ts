import type { Arch } from '../../arch/index.ts';
import { runtimeAddress } from '../../base/index.ts';
import type { Decision, ProcessEnd, RunMode, TargetEvent } from '../live.ts';
import { parseSignalInfo } from '../signal-info.ts';
import type { SignalInfo } from '../target.ts';
import { Children } from './children.ts';
import { type Kernel, PTRACE_EVENT, SIGNAL } from './kernel.ts';
import { pendingSignals } from './pending-signals.ts';
import type { ProcessThread } from './process-thread.ts';
import type { StepOff } from './step-off.ts';
import type { ThreadTable } from './thread-table.ts';
import type { Trap, TrapTable } from './trap-table.ts';
import { exitStatus, hasExited, killingSignal, ptraceEvent, stopSignal, wasKilled } from './wait-status.ts';
import type { WatchRegisters } from './watch-registers.ts';

export interface LoopSetting {
  readonly kernel: Kernel;
  readonly pid: number;
  readonly arch: Arch;
  readonly threads: ThreadTable;
  readonly traps: TrapTable;
  readonly watches: WatchRegisters;
  readonly stepOff: StepOff;
  readonly interruptRequested: () => boolean;
  readonly onEnd: (end: ProcessEnd) => void;
  readonly onExec: () => void;
}

type Decide = (event: TargetEvent) => Decision;

interface Postponed {
  readonly thread: number;
  deal(decide: Decide, stopping: boolean): void;
}

/** siginfo codes of SIGTRAP (asm-generic/siginfo.h): int3 comes as SI_KERNEL; the rest are debug exceptions. */
const SI_KERNEL = 0x80;
const SI_USER_HIGHEST = 0;
/** A watch register fired, and nothing else: TF comes as TRAP_TRACE (2), alone or with one. */
const TRAP_HWBKPT = 4;
/** Signals that the instruction itself raises: to hold them back would raise them again. */
const SYNCHRONOUS: ReadonlySet<number> = new Set([
  SIGNAL.SIGSEGV,
  SIGNAL.SIGBUS,
  SIGNAL.SIGILL,
  SIGNAL.SIGFPE,
]);
const STOPPING: ReadonlySet<number> = new Set([
  SIGNAL.SIGSTOP,
  SIGNAL.SIGTSTP,
  SIGNAL.SIGTTIN,
  SIGNAL.SIGTTOU,
]);
/** `syscall`. */
const isSystemCall = (bytes: Uint8Array): boolean => bytes[0] === 0x0f && bytes[1] === 0x05;

/**
 * The heart of a traced process: lets threads run, waits for what they report, asks what to do about it, and stops
 * them all. ptrace(2), "Attaching and detaching" to "execve(2) under ptrace".
 */
export class TraceLoop {
  readonly #setting: LoopSetting;
  readonly #kernel: Kernel;
  readonly #threads: ThreadTable;
  readonly #children: Children;
  /** Statuses of threads that no event has announced yet. */
  readonly #early = new Set<number>();
  /** The thread that is stepped, if one is. */
  #stepping: ProcessThread | undefined;
  #alone: ProcessThread | undefined;
  #stopRequested = false;
  #ended = false;
  #running = false;
  /** Everybody is stopped for a moment, or for good. */
  #paused = false;
  #stoppingAll = false;
  /** What threads reported while all were stopped for a moment: to be dealt with before anything else is waited for. */
  readonly #postponed: Postponed[] = [];

  constructor(setting: LoopSetting) {
    this.#setting = setting;
    this.#kernel = setting.kernel;
    this.#threads = setting.threads;
    this.#children = new Children(setting);
  }

  get running(): boolean {
    return this.#running;
  }

  requestStop(): void {
    this.#stopRequested = true;
  }

  run(mode: RunMode, decide: Decide): void {
    this.#stopRequested = false;
    this.#running = true;
    const single = mode.kind === 'all' ? undefined : this.#threads.get(mode.thread);
    try {
      if (mode.kind === 'step' && single !== undefined && !this.#mayBlock(single)) {
        this.#stepAlone(single, decide);
        return;
      }
      this.#stepping = mode.kind === 'step' ? single : undefined;
      this.#alone = mode.kind === 'alone' ? single : undefined;
      this.#runThreads(decide);
    } finally {
      this.#stepping = undefined;
      this.#alone = undefined;
      this.#running = false;
    }
  }

  /** Stops whatever runs. Events that come meanwhile are asked about. */
  stopAll(decide: Decide): void {
    this.#stoppingAll = true;
    try {
      for (const thread of this.#threads.all) {
        if (thread.state === 'stopped' || thread.interrupted) continue;
        if (this.#kernel.interrupt(thread.id)) thread.interrupted = true;
        else this.#threads.remove(thread.id);
      }
      while (!this.#ended && (this.#postponed.length > 0 || this.#someRun())) this.#next(decide, true);
    } finally {
      this.#stoppingAll = false;
    }
    for (const thread of this.#threads.all) this.#leaveSlot(thread);
    this.#setting.traps.liftAll();
  }

  #someRun(): boolean {
    return this.#threads.all.some((thread) => thread.state !== 'stopped');
  }

  /**
   * While an event is decided: does something with all threads stopped, which go on afterwards. What they report
   * meanwhile is decided later.
   */
  whileStopped<T>(action: () => T): T {
    if (!this.#running || this.#paused) return action();
    this.#paused = true;
    const others = this.#threads.all.filter((thread) => thread.state === 'running');
    try {
      for (const other of others) {
        if (!other.interrupted && this.#kernel.interrupt(other.id)) other.interrupted = true;
      }
      for (const other of others) this.#awaitStop(other);
      return action();
    } finally {
      this.#paused = false;
      if (!this.#stoppingAll && !this.#ended) this.#release(others);
    }
  }

  /** Those go on that have nothing to report. */
  #release(threads: readonly ProcessThread[]): void {
    for (const thread of threads) {
      if (thread.state !== 'stopped' || this.#postponed.some((one) => one.thread === thread.id)) continue;
      if (this.#alone === undefined || this.#alone === thread) this.#resume(thread);
    }
  }

  /** One instruction of a stopped thread, whatever trap is there. False: the thread is gone. */
  executeOne(thread: ProcessThread): boolean {
    const trap = this.#setting.traps.get(thread.pc);
    const lifted = trap?.inserted === true ? trap : undefined;
    thread.decidedTrap = undefined;
    if (lifted !== undefined) this.#setting.traps.lift(lifted);
    const done = this.#stepOnce(thread);
    if (lifted !== undefined) this.#setting.traps.put(lifted);
    return done;
  }

  /** Lets go of every thread; the program has its own bytes and registers. */
  detach(): void {
    const { watches, stepOff, traps } = this.#setting;
    if (this.#ended) return;
    this.stopAll(() => 'resume');
    traps.liftAll();
    watches.clear();
    this.#children.detach();
    this.#dropWakingSignals();
    const [first] = this.#threads.all;
    if (first !== undefined && !this.#ended) stepOff.release(first);
    for (const thread of this.#threads.all) {
      watches.apply(thread.id);
      thread.flush();
      this.#sendHeld(thread);
      this.#kernel.detach(thread.id, thread.pendingSignal);
    }
    this.#ended = true;
  }

  /** A stop signal that was to wake us and has not been seen yet would stop the program when we are gone. */
  #dropWakingSignals(): void {
    const { kernel, pid } = this.#setting;
    const status = kernel.procFile(pid, 'status');
    const pending = status && /^ShdPnd:\s*([0-9a-f]+)/m.exec(new TextDecoder().decode(status))?.[1];
    if (pending === undefined) return;
    const isPending = (BigInt(`0x${pending}`) >> BigInt(SIGNAL.SIGSTOP - 1)) & 1n;
    if (isPending === 1n) kernel.kill(pid, SIGNAL.SIGCONT);
  }

  kill(): void {
    const { kernel, pid } = this.#setting;
    this.#children.detach();
    if (!kernel.kill(pid, SIGNAL.SIGKILL)) this.#end({ kind: 'killed', signal: SIGNAL.SIGKILL });
    while (!this.#ended) this.#next(() => 'stop', true);
  }

  #runThreads(decide: Decide): void {
    this.#setting.traps.insertAll();
    let stop = false;
    const asked: Decide = (event) => {
      const decision = decide(event);
      if (decision === 'stop') stop = true;
      return decision;
    };
    for (const thread of this.#threads.all) {
      if (this.#alone === undefined || this.#alone === thread) this.#resume(thread);
    }
    while (!stop && !this.#ended && !this.#stopRequested) {
      this.#next(asked, false);
      if (this.#setting.interruptRequested()) stop = asked({ kind: 'interrupt' }) === 'stop' || stop;
    }
    if (!this.#ended) this.stopAll(decide);
  }

  /** Waits for one report and deals with it. */
  #next(decide: Decide, stopping: boolean): void {
    const postponed = this.#postponed.shift();
    if (postponed !== undefined) {
      postponed.deal(decide, stopping);
      return;
    }
    const id = this.#kernel.wait(true);
    if (id < 0) {
      this.#end({ kind: 'killed', signal: SIGNAL.SIGKILL }, decide);
      return;
    }
    this.#report(id, this.#kernel.lastStatus, decide, stopping);
  }

  #report(id: number, status: number, decide: Decide, stopping: boolean): void {
    const { pid } = this.#setting;
    if (hasExited(status) || wasKilled(status)) {
      this.#early.delete(id);
      if (this.#children.gone(id)) return;
      this.#threads.remove(id);
      if (id !== pid) return;
      const end: ProcessEnd = hasExited(status)
        ? { kind: 'exited', status: exitStatus(status) }
        : { kind: 'killed', signal: killingSignal(status) };
      this.#end(end, decide);
      return;
    }
    if (this.#children.stopped(id, status)) return;
    const event = ptraceEvent(status);
    let thread = this.#threads.get(id);
    if (event === PTRACE_EVENT.EXEC) thread = this.#exec(id);
    if (thread === undefined) {
      this.#early.add(id);
      return;
    }
    thread.state = 'stopped';
    thread.forget();
    if (event !== 0) this.#ptraceEvent(thread, event, stopSignal(status), decide, stopping);
    else this.#signal(thread, stopSignal(status), decide, stopping);
  }

  #end(end: ProcessEnd, decide?: Decide): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#setting.onEnd(end);
    decide?.({ kind: 'ended', end });
  }

  #exec(id: number): ProcessThread {
    this.#early.clear();
    this.#postponed.length = 0;
    const thread = this.#threads.reduceTo(id);
    this.#setting.onExec();
    return thread;
  }

  #ptraceEvent(
    thread: ProcessThread,
    event: number,
    signal: number,
    decide: Decide,
    stopping: boolean,
  ): void {
    switch (event) {
      case PTRACE_EVENT.CLONE:
        this.#newThread(this.#kernel.getEventMessage(thread.id), stopping);
        this.#goOn(thread, stopping);
        break;
      case PTRACE_EVENT.FORK:
      case PTRACE_EVENT.VFORK: {
        const child = this.#kernel.getEventMessage(thread.id);
        if (child !== undefined) {
          const shared = event === PTRACE_EVENT.VFORK;
          this.#children.add(child, shared, this.#early.delete(child));
          this.#decide(thread, { kind: 'fork', thread, child, shared }, decide, stopping);
        } else this.#goOn(thread, stopping);
        break;
      }
      case PTRACE_EVENT.EXEC:
        this.#decide(thread, { kind: 'exec', thread }, decide, stopping);
        break;
      case PTRACE_EVENT.STOP:
        thread.interrupted = false;
        if (STOPPING.has(signal)) this.#groupStop(thread, stopping);
        else if (stopping && this.#trapIsPending(thread)) this.#letReport(thread);
        else this.#goOn(thread, stopping);
        break;
      default:
        this.#goOn(thread, stopping);
    }
  }

  /**
   * A thread that executes a trap while it is interrupted stops for the interruption first (kernel/signal.c, get_signal:
   * jobctl before signals). Its SIGTRAP would come when the trap is not there any more, and its pc be in the middle of
   * an instruction.
   */
  #trapIsPending(thread: ProcessThread): boolean {
    const { traps, pid } = this.#setting;
    if (traps.get(thread.pc - 1)?.inserted !== true) return false;
    const status = this.#kernel.procFile(pid, `task/${thread.id}/status`);
    return status !== undefined && pendingSignals(status).has(SIGNAL.SIGTRAP);
  }

  /** It executes nothing before it has reported its signal. */
  #letReport(thread: ProcessThread): void {
    thread.flush();
    thread.forget();
    if (this.#kernel.cont(thread.id, 0)) thread.state = 'running';
  }

  /** Job control stopped the program: it stays so until SIGCONT, unless we stop it altogether. */
  #groupStop(thread: ProcessThread, stopping: boolean): void {
    thread.groupStop = true;
    if (stopping || !this.#kernel.listen(thread.id)) return;
    thread.state = 'group-stopped';
  }

  #newThread(id: number | undefined, stopping: boolean): void {
    if (id === undefined || this.#threads.get(id) !== undefined) return;
    const early = this.#early.delete(id);
    const thread = this.#threads.add(id, early ? 'stopped' : 'running');
    if (early) this.#goOn(thread, stopping);
  }

  #signal(thread: ProcessThread, signal: number, decide: Decide, stopping: boolean): void {
    if (signal === SIGNAL.SIGTRAP) this.#trap(thread, decide, stopping);
    else this.#programSignal(thread, signal, decide, stopping);
  }

  #trap(thread: ProcessThread, decide: Decide, stopping: boolean): void {
    const { traps, watches } = this.#setting;
    if (watches.any) {
      const registers = watches.fired(thread.id);
      if (registers.length > 0) {
        this.#watch(thread, registers, decide, stopping);
        return;
      }
    }
    this.#trapAlone(thread, traps, decide, stopping);
  }

  /** A watch register may fire together with a step, and be told with a trap that comes after it. */
  #watch(thread: ProcessThread, registers: readonly number[], decide: Decide, stopping: boolean): void {
    const code = this.#infoOf(thread)?.code;
    const event = { kind: 'watch', thread, registers } as const;
    if (code === undefined || code === TRAP_HWBKPT) {
      this.#leaveSlot(thread);
      this.#decide(thread, event, decide, stopping);
      return;
    }
    const { traps } = this.#setting;
    if (code !== SI_KERNEL) this.#leaveSlot(thread);
    const stop = decide(event) === 'stop';
    if (stop && code !== SI_KERNEL) return;
    this.#trapAlone(thread, traps, decide, stopping || stop);
  }

  #trapAlone(thread: ProcessThread, traps: TrapTable, decide: Decide, stopping: boolean): void {
    const { pc } = thread;
    const trap = traps.get(pc - 1);
    if (trap?.inserted === true && this.#stepping !== thread) {
      this.#hit(thread, trap, decide, stopping);
      return;
    }
    const info = this.#infoOf(thread);
    if (trap?.inserted === true && info?.code === SI_KERNEL) this.#hit(thread, trap, decide, stopping);
    else if (info !== undefined && info.code <= SI_USER_HIGHEST)
      this.#programSignal(thread, SIGNAL.SIGTRAP, decide, stopping);
    else if (info?.code === SI_KERNEL) {
      const event = { kind: 'own-trap', thread, address: runtimeAddress(pc - 1) } as const;
      this.#decide(thread, event, decide, stopping);
    } else if (this.#stepping === thread) {
      this.#leaveSlot(thread);
      this.#decide(thread, { kind: 'step', thread }, decide, stopping);
    } else this.#goOn(thread, stopping);
  }

  #hit(thread: ProcessThread, trap: Trap, decide: Decide, stopping: boolean): void {
    thread.pc = trap.address;
    thread.decidedTrap = trap.address;
    const address = runtimeAddress(trap.address);
    this.#decide(thread, { kind: 'trap', thread, address }, decide, stopping);
  }

  #programSignal(thread: ProcessThread, signal: number, decide: Decide, stopping: boolean): void {
    const { kernel } = this.#setting;
    if (signal === SIGNAL.SIGURG) {
      if (this.#stepping === thread) thread.heldSignals.push(signal);
      else thread.pendingSignal = signal;
      this.#goOn(thread, stopping);
      return;
    }
    const info = this.#infoOf(thread) ?? plainSignal(signal);
    if (signal === SIGNAL.SIGSTOP && info.sender?.pid === kernel.pid) {
      // Ours: it was to wake this loop.
      this.#goOn(thread, stopping);
      return;
    }
    if (SYNCHRONOUS.has(signal)) this.#leaveSlot(thread);
    if (this.#stepping === thread && !SYNCHRONOUS.has(signal)) {
      thread.heldSignals.push(signal);
      this.#goOn(thread, stopping);
      return;
    }
    thread.pendingSignal = signal;
    this.#decide(thread, { kind: 'signal', thread, info }, decide, stopping);
  }

  #decide(thread: ProcessThread, event: TargetEvent, decide: Decide, stopping: boolean): void {
    if (decide(event) === 'resume') this.#goOn(thread, stopping);
  }

  #goOn(thread: ProcessThread, stopping: boolean): void {
    if (stopping || this.#stopRequested || this.#ended) return;
    if (this.#alone !== undefined && this.#alone !== thread) return;
    this.#resume(thread);
  }

  /** Lets a stopped thread run: past its trap, with its signals. */
  #resume(thread: ProcessThread): void {
    if (thread.state !== 'stopped') return;
    if (thread.groupStop) {
      thread.groupStop = false;
      if (this.#kernel.listen(thread.id)) {
        thread.state = 'group-stopped';
        return;
      }
    }
    const { watches, traps, stepOff } = this.#setting;
    if (thread.appliedWatches !== watches.version) {
      watches.apply(thread.id);
      thread.appliedWatches = watches.version;
    }
    const { decidedTrap } = thread;
    if (decidedTrap !== undefined) {
      thread.decidedTrap = undefined;
      const trap = traps.get(decidedTrap);
      const blocked = trap?.inserted === true && thread.pc === decidedTrap && !stepOff.prepare(thread, trap);
      if (blocked && !this.#stepOverLifted(thread)) return;
    }
    this.#start(thread);
  }

  #start(thread: ProcessThread): void {
    thread.flush();
    thread.forget();
    this.#sendHeld(thread);
    const signal = thread.pendingSignal;
    thread.pendingSignal = 0;
    thread.state = 'running';
    const started =
      this.#stepping === thread ? this.#kernel.step(thread.id, signal) : this.#kernel.cont(thread.id, signal);
    // Gone: its end is reported to wait.
    if (!started) thread.interrupted = false;
  }

  /** What cannot be done elsewhere is done in place, with the trap out, while all other threads are stopped. */
  #stepOverLifted(thread: ProcessThread): boolean {
    const { watches } = this.#setting;
    const done = this.whileStopped(() => this.executeOne(thread));
    const registers = done && watches.any ? watches.fired(thread.id) : [];
    if (registers.length === 0) return done;
    const event = { kind: 'watch', thread, registers } as const;
    this.#postponed.push({
      thread: thread.id,
      deal: (decide, stopping) => this.#decide(thread, event, decide, stopping),
    });
    return false;
  }

  /** Until a thread that was interrupted stops. What it reports besides is for later. */
  #awaitStop(thread: ProcessThread): void {
    if (thread.state !== 'running') return;
    const { id } = thread;
    if (this.#kernel.waitFor(id) <= 0) {
      this.#threads.remove(id);
      return;
    }
    const status = this.#kernel.lastStatus;
    thread.state = 'stopped';
    thread.forget();
    if (!hasExited(status) && !wasKilled(status) && isOurStop(status)) {
      thread.interrupted = false;
      return;
    }
    this.#postponed.push({
      thread: id,
      deal: (decide, stopping) => this.#report(id, status, decide, stopping),
    });
  }

  /** One instruction of a thread, everything else stopped. False: the thread is gone. */
  #stepOnce(thread: ProcessThread): boolean {
    thread.flush();
    for (;;) {
      thread.forget();
      if (!this.#kernel.step(thread.id, 0) || this.#kernel.waitFor(thread.id) <= 0) return false;
      const status = this.#kernel.lastStatus;
      if (hasExited(status) || wasKilled(status)) {
        this.#report(thread.id, status, () => 'resume', true);
        return false;
      }
      const signal = stopSignal(status);
      if (ptraceEvent(status) === PTRACE_EVENT.STOP) {
        thread.interrupted = false;
        continue;
      }
      if (signal === SIGNAL.SIGTRAP) return true;
      if (SYNCHRONOUS.has(signal)) {
        thread.pendingSignal = signal;
        return true;
      }
      thread.heldSignals.push(signal);
    }
  }

  /** `step-instruction`: no trap is in the text, so the instruction is the program's own. */
  #stepAlone(thread: ProcessThread, decide: Decide): void {
    const { watches } = this.#setting;
    let over = false;
    const asked: Decide = (event) => {
      const decision = decide(event);
      if (decision === 'stop' || event.kind === 'step') over = true;
      return decision;
    };
    this.#stepping = thread;
    thread.decidedTrap = undefined;
    if (thread.appliedWatches !== watches.version) {
      watches.apply(thread.id);
      thread.appliedWatches = watches.version;
    }
    this.#start(thread);
    while (!over && !this.#ended && !this.#stopRequested && thread.state === 'running') {
      if (this.#kernel.waitFor(thread.id) <= 0) break;
      const status = this.#kernel.lastStatus;
      this.#report(thread.id, status, asked, false);
      if (this.#setting.interruptRequested() && asked({ kind: 'interrupt' }) === 'stop') over = true;
    }
    if (thread.state === 'running' && !this.#ended) this.stopAll(decide);
  }

  #mayBlock(thread: ProcessThread): boolean {
    const bytes = new Uint8Array(2);
    return this.#kernel.readMemory(this.#setting.pid, thread.pc, bytes) === 2 && isSystemCall(bytes);
  }

  /** A thread that was stopped in a slot is, for everybody else, at the trap or behind it. */
  #leaveSlot(thread: ProcessThread): void {
    if (thread.state !== 'stopped') return;
    const { stepOff } = this.#setting;
    if (!stepOff.used) return;
    const origin = stepOff.originOf(thread.pc);
    if (origin === undefined) return;
    thread.pc = origin.pc;
    if (!origin.executed) thread.decidedTrap = origin.pc;
  }

  #infoOf(thread: ProcessThread): SignalInfo | undefined {
    const bytes = this.#kernel.getSignalInfo(thread.id);
    return bytes === undefined ? undefined : parseSignalInfo(bytes);
  }

  #sendHeld(thread: ProcessThread): void {
    if (thread.heldSignals.length === 0 || this.#stepping === thread) return;
    for (const signal of thread.heldSignals.splice(0)) {
      this.#kernel.killThread(this.#setting.pid, thread.id, signal);
    }
  }
}

/** The answer to PTRACE_INTERRUPT, or the first stop of a new thread; not a stop by job control. */
const isOurStop = (status: number): boolean =>
  ptraceEvent(status) === PTRACE_EVENT.STOP && !STOPPING.has(stopSignal(status));

const plainSignal = (signo: number): SignalInfo => ({
  signo,
  code: 0,
  errno: 0,
  address: undefined,
  sender: undefined,
});
