import type { Arch } from '../../arch/index.ts';
import { runtimeAddress, TargetFault } from '../../base/index.ts';
import type { Decision, ProcessEnd, RunMode, TargetEvent } from '../live.ts';
import { parseSignalInfo } from '../signal-info.ts';
import type { SignalInfo } from '../target.ts';
import { Children } from './children.ts';
import { newTask } from './clone-flags.ts';
import { type Kernel, PTRACE_EVENT, SIGNAL } from './kernel.ts';
import { pendingSignals } from './pending-signals.ts';
import type { ProcessThread } from './process-thread.ts';
import type { Reports } from './reports.ts';
import {
  isOurStop,
  plainSignal,
  SI_KERNEL,
  SI_USER_HIGHEST,
  STOPPING,
  SYNCHRONOUS,
  TRAP_HWBKPT,
} from './signal-rules.ts';
import { SingleStep } from './single-step.ts';
import { sleep } from './sleep.ts';
import type { StepOff } from './step-off.ts';
import type { ThreadTable } from './thread-table.ts';
import type { Trap, TrapTable } from './trap-table.ts';
import { exitStatus, hasExited, killingSignal, ptraceEvent, stopSignal, wasKilled } from './wait-status.ts';
import type { WatchRegisters } from './watch-registers.ts';
import { isZombie } from './zombie.ts';

export interface LoopSetting {
  readonly kernel: Kernel;
  readonly reports: Reports;
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

/** How often is looked for what nothing tells of: the end of a leader, a wish to stop while the program is stopped. */
const SHORTEST_POLL_MS = 0.1;
const JOB_POLL_MS = 5;
/** Rounds of a repeated string instruction that are waited for in a slot: it may be resumed in its own place. */
const LONGEST_REPETITION = 64;

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
  readonly #reports: Reports;
  readonly #singleStep: SingleStep;
  /** The thread that is stepped, if one is. */
  #stepping: ProcessThread | undefined;
  #alone: ProcessThread | undefined;
  #stopRequested = false;
  #ended = false;
  #howEnded: ProcessEnd | undefined;
  #running = false;
  /** A thread was killed: either the whole process is, or another thread runs execve. The report of that will come. */
  #dying = false;
  /** The program was stopped by job control: SIGSTOP does not wake us then. */
  #jobStopped = false;
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
    this.#reports = setting.reports;
    this.#singleStep = new SingleStep(setting.kernel, setting.reports);
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
    } catch (error) {
      this.#settle(error, decide);
    } finally {
      this.#stepping = undefined;
      this.#alone = undefined;
      this.#running = false;
    }
  }

  /** A thread may be killed at any moment, and what is asked of it fails then. Whatever failed, nothing runs afterwards. */
  #settle(error: unknown, decide: Decide): void {
    if (!this.#ended) {
      this.#noticeDeaths();
      this.stopAll(() => 'resume');
    }
    if (this.#howEnded === undefined || !(error instanceof TargetFault)) throw error;
    decide({ kind: 'ended', end: this.#howEnded });
  }

  /** Stops whatever runs. Events that come meanwhile are asked about. */
  stopAll(decide: Decide): void {
    for (;;) {
      try {
        this.#stopEverybody(decide);
        return;
      } catch (error) {
        if (!(error instanceof TargetFault) || !this.#noticeDeaths()) throw error;
      }
    }
  }

  /** Threads that we take for stopped and that are not: they were killed, and are to report it. False: there is none. */
  #noticeDeaths(): boolean {
    const registers = new Uint8Array(this.#threads.all[0]?.general.bytes.length ?? 0);
    const dead = this.#threads.all.filter(
      ({ id, state }) => state === 'stopped' && !this.#kernel.getRegisters(id, registers),
    );
    for (const thread of dead) thread.state = 'running';
    return dead.length > 0;
  }

  #stopEverybody(decide: Decide): void {
    this.#stoppingAll = true;
    try {
      for (const thread of this.#threads.all) this.#interrupt(thread);
      this.#takeWhatIsThere(decide);
      do {
        while (!this.#ended && this.#someoneHasToReport()) this.#next(decide, true);
      } while (!this.#ended && this.#finishCalls());
    } finally {
      this.#stoppingAll = false;
    }
    if (this.#ended) return;
    for (const thread of this.#threads.all) this.#leaveSlot(thread);
    this.#setting.traps.liftAll();
  }

  /** A thread that is gone reports its end. */
  #interrupt(thread: ProcessThread): void {
    if (thread.state === 'stopped' || thread.interrupted) return;
    thread.interrupted = this.#kernel.interrupt(thread.id);
  }

  /** Of many threads most have stopped by now: to ask for each is less work than to look through all for the next. */
  #takeWhatIsThere(decide: Decide): void {
    for (const thread of this.#threads.all) {
      if (this.#ended || thread.state === 'stopped' || !this.#reports.poll(thread.id)) continue;
      this.#report(thread.id, this.#reports.status, decide, true);
    }
  }

  #someoneHasToReport(): boolean {
    return (
      this.#postponed.length > 0 ||
      this.#reports.any ||
      this.#dying ||
      this.#threads.size === 0 ||
      this.#threads.all.some((thread) => thread.state !== 'stopped')
    );
  }

  /**
   * Who stands in the middle of a system call (clone, fork, execve) goes on to its end: its registers are not its own
   * before. False: there is none.
   */
  #finishCalls(): boolean {
    const inside = this.#threads.all.filter((thread) => thread.inSystemCall);
    for (const thread of inside) {
      thread.inSystemCall = false;
      thread.interrupted = this.#kernel.interrupt(thread.id);
      this.#letReport(thread);
    }
    return inside.length > 0;
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
      for (const other of others) this.#interrupt(other);
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
    const stepped = this.#singleStep.run(thread);
    if (lifted !== undefined) this.#setting.traps.put(lifted);
    return stepped !== 'gone';
  }

  /** Lets go of every thread; the program has its own bytes and registers. */
  detach(): void {
    const { watches, stepOff } = this.#setting;
    if (this.#ended) return;
    this.stopAll(() => 'resume');
    watches.clear();
    this.#children.detach(false);
    this.#takePendingTraps();
    this.#dropWakingSignals();
    if (this.#ended) return;
    const thread = this.#threads.all.find((one) => one.pendingSignal === 0) ?? this.#threads.all[0];
    if (thread !== undefined) stepOff.release(thread);
    for (const one of this.#threads.all) this.#letGo(one);
    this.#ended = true;
  }

  #letGo(thread: ProcessThread): void {
    this.#setting.watches.apply(thread.id);
    thread.flush();
    this.#sendHeld(thread);
    this.#kernel.detach(thread.id, thread.pendingSignal);
  }

  /** A debug exception that a thread has had but not told of would kill the program when we are gone. */
  #takePendingTraps(): void {
    for (const thread of this.#threads.all) {
      if (thread.mayHoldTrap && this.#isPending(thread, SIGNAL.SIGTRAP)) this.#letReport(thread);
    }
    while (!this.#ended && this.#someoneHasToReport()) this.#next(() => 'resume', true);
  }

  /** A stop signal that was to wake us and has not been seen yet would stop the program when we are gone. */
  #dropWakingSignals(): void {
    const { kernel, pid } = this.#setting;
    for (;;) {
      const [thread] = this.#threads.all;
      const status = kernel.procFile(pid, 'status');
      if (this.#ended || thread === undefined || status === undefined) return;
      if (!pendingSignals(status, 'ShdPnd').has(SIGNAL.SIGSTOP)) return;
      // Whoever goes on is given the lowest signal there is.
      this.#letReport(thread);
      while (!this.#ended && this.#someoneHasToReport()) this.#next(() => 'resume', true);
      if (thread.pendingSignal === SIGNAL.SIGSTOP) return;
    }
  }

  kill(): void {
    const { kernel, pid } = this.#setting;
    if (this.#ended) return;
    this.#children.detach(false);
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
      // Before every wait: who asks before we sleep does not know that we have to be woken.
      if (this.#setting.interruptRequested() && asked({ kind: 'interrupt' }) === 'stop') break;
      this.#next(asked, false);
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
    const id = this.#waitForAny(stopping);
    if (id < 0) this.#end({ kind: 'killed', signal: SIGNAL.SIGKILL }, decide);
    else if (id > 0) this.#report(id, this.#reports.status, decide, stopping);
  }

  /** 0: nothing has come, and there may be no reason to wait any more. */
  #waitForAny(stopping: boolean): number {
    if (stopping) return this.#leaderIsLast() ? this.#waitForLeader() : this.#reports.next();
    if (!this.#jobStopped) return this.#reports.next();
    const id = this.#reports.next(false);
    if (id === 0) sleep(JOB_POLL_MS);
    return id;
  }

  /** Only the leader has not stopped yet. Where it has ended before the others, nothing tells so until they all have. */
  #leaderIsLast(): boolean {
    const { pid } = this.#setting;
    const threads = this.#threads.all;
    if (threads.length < 2 || this.#threads.get(pid)?.state === 'stopped') return false;
    return threads.every(({ id, state }) => state === 'stopped' || id === pid);
  }

  #waitForLeader(): number {
    const { pid } = this.#setting;
    for (let milliseconds = SHORTEST_POLL_MS; ; milliseconds = Math.min(milliseconds * 2, JOB_POLL_MS)) {
      const id = this.#reports.next(false);
      if (id !== 0) return id;
      if (isZombie(this.#kernel, pid, pid)) {
        this.#threads.remove(pid);
        return 0;
      }
      sleep(milliseconds);
    }
  }

  #report(id: number, status: number, decide: Decide, stopping: boolean): void {
    const { pid } = this.#setting;
    if (hasExited(status) || wasKilled(status)) {
      if (this.#children.gone(id)) return;
      // A thread of a process that was traced before this one may be told late.
      const isOurs = this.#threads.get(id) !== undefined;
      this.#threads.remove(id);
      if (id !== pid) {
        this.#dying ||= isOurs && wasKilled(status);
        return;
      }
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
      this.#children.addEarly(id);
      return;
    }
    thread.state = 'stopped';
    // Any stop answers an interruption that came before it (kernel/signal.c, ptrace_stop).
    thread.interrupted = false;
    thread.forget();
    if (event !== 0) this.#ptraceEvent(thread, event, stopSignal(status), decide, stopping);
    else this.#signal(thread, stopSignal(status), decide, stopping);
  }

  #end(end: ProcessEnd, decide?: Decide): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#howEnded = end;
    this.#children.detach(true);
    this.#setting.onEnd(end);
    decide?.({ kind: 'ended', end });
  }

  #exec(id: number): ProcessThread {
    this.#postponed.length = 0;
    this.#dying = false;
    this.#stepping = undefined;
    this.#alone = undefined;
    this.#reports.drop((other) => this.#threads.get(other) !== undefined);
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
      case PTRACE_EVENT.FORK:
      case PTRACE_EVENT.VFORK:
        thread.inSystemCall = true;
        this.#newTask(thread, decide, stopping);
        break;
      case PTRACE_EVENT.EXEC:
        thread.inSystemCall = true;
        this.#decide(thread, { kind: 'exec', thread }, decide, stopping);
        break;
      case PTRACE_EVENT.STOP:
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
   * an instruction. So it is with a fault in guarded memory, which is not to reach the program.
   */
  #trapIsPending(thread: ProcessThread): boolean {
    if (this.#setting.watches.guarded.length > 0 && this.#isPending(thread, SIGNAL.SIGSEGV)) return true;
    if (this.#setting.traps.get(thread.pc - 1)?.inserted !== true) return false;
    return this.#isPending(thread, SIGNAL.SIGTRAP);
  }

  #isPending({ id }: ProcessThread, signal: number): boolean {
    const status = this.#kernel.procFile(this.#setting.pid, `task/${id}/status`);
    return status !== undefined && pendingSignals(status).has(signal);
  }

  /** It executes nothing before it has reported what waits for it. */
  #letReport(thread: ProcessThread): void {
    thread.flush();
    thread.forget();
    if (thread.pendingSignal !== 0) thread.hold(thread.pendingSignal);
    thread.pendingSignal = 0;
    thread.state = 'running';
    this.#kernel.cont(thread.id, 0);
  }

  /** Job control stopped the program: it stays so until SIGCONT, unless we stop it altogether. */
  #groupStop(thread: ProcessThread, stopping: boolean): void {
    thread.groupStop = true;
    this.#jobStopped = true;
    if (stopping || !this.#kernel.listen(thread.id)) return;
    thread.state = 'group-stopped';
  }

  #newTask(maker: ProcessThread, decide: Decide, stopping: boolean): void {
    const { pid } = this.#setting;
    const id = this.#kernel.getEventMessage(maker.id);
    if (id === undefined) {
      // Gone: its end is reported.
      maker.state = 'running';
      return;
    }
    const kind = newTask(this.#kernel, pid, maker);
    if (kind === 'thread') {
      this.#newThread(id, stopping);
      this.#goOn(maker, stopping);
      return;
    }
    const shared = kind === 'sharing';
    this.#children.add(id, shared);
    this.#decide(maker, { kind: 'fork', thread: maker, child: id, shared }, decide, stopping);
  }

  #newThread(id: number, stopping: boolean): void {
    if (this.#threads.get(id) !== undefined) return;
    const early = this.#children.takeEarly(id);
    const thread = this.#threads.add(id, early ? 'stopped' : 'running');
    if (early) this.#goOn(thread, stopping);
    else if (stopping) this.#interrupt(thread);
  }

  #signal(thread: ProcessThread, signal: number, decide: Decide, stopping: boolean): void {
    // Killed since it told, or swept away by another thread's exec: its end, or that exec, is told next.
    if (!thread.isThere()) {
      thread.state = 'running';
      return;
    }
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
    // One that is wanted but out of the text was there when the thread came by.
    if (trap !== undefined && info?.code === SI_KERNEL) this.#hit(thread, trap, decide, stopping);
    else if (info !== undefined && info.code <= SI_USER_HIGHEST)
      this.#programSignal(thread, SIGNAL.SIGTRAP, decide, stopping);
    else if (info?.code === SI_KERNEL && !this.#isOwnTrap(pc)) {
      // It has hit a trap of ours that was taken away before it could say so.
      thread.pc = pc - 1;
      this.#goOn(thread, stopping);
    } else if (info?.code === SI_KERNEL) {
      const event = { kind: 'own-trap', thread, address: runtimeAddress(pc - 1) } as const;
      this.#decide(thread, event, decide, stopping);
    } else if (this.#stepping === thread) {
      this.#leaveSlot(thread);
      this.#decide(thread, { kind: 'step', thread }, decide, stopping);
    } else this.#goOn(thread, stopping);
  }

  /** Whether the program has a trap instruction of its own there: `int3`, or the long form of it. */
  #isOwnTrap(pc: number): boolean {
    const bytes = new Uint8Array(2);
    if (this.#kernel.readMemory(this.#setting.pid, pc - 2, bytes) < 2) return true;
    return bytes[1] === 0xcc || (bytes[0] === 0xcd && bytes[1] === 3);
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
      if (this.#stepping === thread) thread.hold(signal);
      else thread.pendingSignal = signal;
      if (this.#finishSlot(thread, decide, stopping)) this.#goOn(thread, stopping);
      return;
    }
    const info = this.#infoOf(thread) ?? plainSignal(signal);
    if (signal === SIGNAL.SIGSTOP && info.sender?.pid === kernel.pid && !thread.passStop) {
      // Ours: it was to wake this loop.
      this.#goOn(thread, stopping);
      return;
    }
    if (SYNCHRONOUS.has(signal)) this.#leaveSlot(thread);
    if (this.#stepping === thread && !SYNCHRONOUS.has(signal)) {
      thread.hold(signal);
      this.#goOn(thread, stopping);
      return;
    }
    if (signal === SIGNAL.SIGSTOP) thread.passStop = false;
    thread.pendingSignal = signal;
    if (!this.#finishSlot(thread, decide, stopping)) return;
    this.#decide(thread, { kind: 'signal', thread, info }, decide, stopping);
  }

  /**
   * No handler may find a slot's address: it could keep it (a signal frame, a preempted goroutine), and come back when
   * the slot is gone. So a thread that gets a signal in a slot executes what is there first; what watch registers notice
   * of that is decided, and so is a fault. False: it has been said whether it goes on, or it is gone.
   */
  #finishSlot(thread: ProcessThread, decide: Decide, stopping: boolean): boolean {
    const { stepOff, watches } = this.#setting;
    if (!stepOff.used || this.#stepping === thread) return true;
    let stop = false;
    for (let count = 0; count < LONGEST_REPETITION; count++) {
      const origin = stepOff.originOf(thread.pc);
      if (origin === undefined || origin.executed || origin.blocks) break;
      const stepped = this.#singleStep.run(thread);
      if (stepped === 'gone') return false;
      if (stepped === 'faulted') {
        this.#programSignal(thread, thread.pendingSignal, decide, stopping || stop);
        return false;
      }
      const registers = watches.any ? watches.fired(thread.id) : [];
      if (registers.length === 0) continue;
      this.#leaveSlot(thread);
      stop ||= decide({ kind: 'watch', thread, registers }) === 'stop';
    }
    this.#leaveSlot(thread);
    return !stop;
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
      this.#jobStopped = true;
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
    // Its handler must find it in the program, not in a slot.
    if (decidedTrap !== undefined && thread.pendingSignal === 0) {
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
    thread.inSystemCall = false;
    thread.mayHoldTrap ||=
      this.#stepping === thread || this.#setting.traps.size > 0 || this.#setting.watches.any;
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
    if (!this.#reportsNow(id)) {
      this.#threads.remove(id);
      return;
    }
    const { status } = this.#reports;
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

  /** Waits for a thread; of a leader that ended before the others it is not told. False: it is gone. */
  #reportsNow(id: number): boolean {
    if (id !== this.#setting.pid) return this.#reports.of(id);
    for (let milliseconds = SHORTEST_POLL_MS; ; milliseconds = Math.min(milliseconds * 2, JOB_POLL_MS)) {
      if (this.#reports.poll(id)) return true;
      if (isZombie(this.#kernel, id, id)) return this.#reports.poll(id);
      sleep(milliseconds);
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
    if (thread.pendingSignal === 0 && this.#setting.stepOff.emulate(thread)) {
      asked({ kind: 'step', thread });
      return;
    }
    if (thread.appliedWatches !== watches.version) {
      watches.apply(thread.id);
      thread.appliedWatches = watches.version;
    }
    this.#start(thread);
    while (!over && !this.#ended && !this.#stopRequested && thread.state === 'running') {
      if (!this.#reports.of(thread.id)) break;
      this.#report(thread.id, this.#reports.status, asked, false);
      if (this.#setting.interruptRequested() && asked({ kind: 'interrupt' }) === 'stop') over = true;
    }
    if (!this.#ended && this.#someoneHasToReport()) this.stopAll(decide);
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
      if (signal === SIGNAL.SIGSTOP) thread.passStop = true;
      this.#kernel.killThread(this.#setting.pid, thread.id, signal);
    }
  }
}
