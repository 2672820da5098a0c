import type { Arch } from '../../arch/index.ts';
import { TargetFault } from '../../base/index.ts';
import type { ProcessEnd, RunMode } from '../live.ts';
import { type AtExec, Children } from './children.ts';
import type { Company, Member } from './company.ts';
import { type Kernel, PTRACE_EVENT, SIGNAL } from './kernel.ts';
import { type Decide, LoopState, RESUME } from './loop-state.ts';
import { pendingSignals } from './pending-signals.ts';
import { pollTimes } from './poll-times.ts';
import type { ProcessThread } from './process-thread.ts';
import type { Reports } from './reports.ts';
import { sleep } from './sleep.ts';
import { ThreadControl, type ThreadControlSetting } from './thread-control.ts';
import { ThreadEvents } from './thread-events.ts';
import type { ThreadTable } from './thread-table.ts';
import { hasExited, processEnd, ptraceEvent, wasKilled } from './wait-status.ts';
import { isZombie } from './zombie.ts';

export interface LoopSetting extends ThreadControlSetting {
  readonly arch: Arch;
  readonly company: Company;
  /** Some threads of the process only are traced: when they have ended it may go on, and nobody tells of that. */
  readonly isPart: boolean;
  readonly interruptRequested: () => boolean;
  /** It takes part in a run, or does so no more. */
  readonly onRun: (running: boolean) => void;
  /** Whether children are looked after until they run programs of their own. */
  readonly following: () => boolean;
  /** A child runs a program now. */
  readonly onChild: (pid: number) => AtExec;
  readonly onEnd: (end: ProcessEnd) => void;
  readonly onExec: () => void;
}

/**
 * The heart of a traced process: lets threads run, waits for what they report, and stops them all. What a stop of one
 * thread means is in `thread-events.ts`, how one goes on in `thread-control.ts`. ptrace(2), "Attaching and detaching" to
 * "execve(2) under ptrace".
 */
export class TraceLoop implements Member {
  readonly #setting: LoopSetting;
  readonly #kernel: Kernel;
  readonly #threads: ThreadTable;
  readonly #reports: Reports;
  readonly #children: Children;
  readonly #state: LoopState;
  readonly #control: ThreadControl;
  readonly #events: ThreadEvents;
  readonly #isForAnother = (id: number): boolean => this.#setting.company.isForAnother(this, id);
  /** Is asked when the process runs along with another one. */
  #companion: Decide | undefined;
  /** Is asked in this run. */
  #asked: Decide = RESUME;
  #howEnded: ProcessEnd | undefined;

  constructor(setting: LoopSetting) {
    this.#setting = setting;
    this.#kernel = setting.kernel;
    this.#threads = setting.threads;
    this.#reports = setting.reports;
    this.#children = new Children({
      ...setting,
      takeEarly: () => setting.company.takeEarlyOf(this),
    });
    const state = new LoopState(setting.kernel, setting.threads);
    const control = new ThreadControl(setting, state);
    this.#state = state;
    this.#control = control;
    this.#events = new ThreadEvents(setting, { state, control, children: this.#children });
    control.listener = {
      report: (id, status) => this.report(id, status),
      watched: (thread, registers) => this.#events.watched(thread, registers),
    };
  }

  get running(): boolean {
    return this.#state.running;
  }

  get pid(): number {
    return this.#setting.pid;
  }

  get ended(): boolean {
    return this.#state.ended;
  }

  get wantsStop(): boolean {
    return this.#state.stopWanted || this.#state.stopRequested;
  }

  get jobStopped(): boolean {
    return this.#state.jobStopped;
  }

  get isCompanion(): boolean {
    return this.#companion !== undefined;
  }

  owns(id: number): boolean {
    if (this.#children.has(id)) return true;
    return !this.ended && (id === this.pid || this.#threads.get(id) !== undefined);
  }

  get hasChildren(): boolean {
    return this.#children.any;
  }

  letGoOfChildren(): void {
    this.#children.detach();
  }

  requestStop(): void {
    this.#state.stopRequested = true;
  }

  /** Runs along with others of its company from now on; undefined: no more. */
  accompany(decide: Decide | undefined): void {
    this.#companion = decide;
    if (decide !== undefined) this.#setting.company.joined(this);
  }

  run(mode: RunMode, decide: Decide): void {
    const { company, interruptRequested } = this.#setting;
    const state = this.#state;
    const single = mode.kind === 'all' ? undefined : this.#threads.get(mode.thread);
    this.#enter();
    try {
      if (mode.kind === 'step' && single !== undefined && !this.#mayBlock(single)) {
        this.#stepAlone(single, decide);
        return;
      }
      state.stepping = mode.kind === 'step' ? single : undefined;
      state.alone = mode.kind === 'alone' ? single : undefined;
      this.#start(decide);
      const interrupted = (): boolean =>
        interruptRequested() && state.decide({ kind: 'interrupt' }) === 'stop';
      company.run(this, interrupted, mode.kind === 'all');
    } catch (error) {
      this.#settle(error, decide);
    } finally {
      company.leave();
    }
  }

  begin(): void {
    this.#enter();
    this.#start(this.#companion ?? RESUME);
  }

  #enter(): void {
    const state = this.#state;
    state.stopRequested = false;
    state.stopWanted = false;
    state.running = true;
    state.stopping = false;
    this.#setting.onRun(true);
  }

  #start(decide: Decide): void {
    const state = this.#state;
    this.#asked = decide;
    this.#setting.traps.insertAll();
    state.decide = (event) => {
      const decision = decide(event);
      if (decision === 'stop') state.stopWanted = true;
      return decision;
    };
    for (const thread of this.#threads.all) {
      if (state.alone === undefined || state.alone === thread)
        state.survive(() => this.#control.resume(thread));
    }
  }

  askToStop(): void {
    this.#state.stopping = true;
    for (const thread of this.#threads.all) this.#control.interrupt(thread);
  }

  stop(): void {
    if (!this.#state.ended) this.stopAll(this.#asked);
  }

  abort(): void {
    if (this.#state.ended) return;
    this.#state.noticeDeaths();
    this.stopAll(RESUME);
  }

  leave(): void {
    const state = this.#state;
    state.stepping = undefined;
    state.alone = undefined;
    state.running = false;
    state.stopping = true;
    state.decide = RESUME;
    this.#asked = RESUME;
    this.#setting.onRun(false);
  }

  /** Whatever failed, nothing runs afterwards. */
  #settle(error: unknown, decide: Decide): void {
    this.#setting.company.abort(this);
    if (this.#howEnded === undefined || !(error instanceof TargetFault)) throw error;
    decide({ kind: 'ended', end: this.#howEnded });
  }

  /** Stops whatever runs. Events that come meanwhile are asked about. */
  stopAll(decide: Decide): void {
    this.#state.decide = decide;
    this.#state.stopping = true;
    while (!this.#state.survive(() => this.#stopEverybody()));
  }

  #stopEverybody(): void {
    for (const thread of this.#threads.all) this.#control.interrupt(thread);
    this.#takeWhatIsThere();
    do {
      this.#awaitReports();
    } while (!this.#state.ended && this.#finishCalls());
    if (this.#state.ended) return;
    for (const thread of this.#threads.all) this.#control.leaveSlot(thread);
    this.#setting.traps.liftAll();
  }

  #awaitReports(): void {
    while (!this.#state.ended && this.#someoneHasToReport()) this.#next();
  }

  /** Of many threads most have stopped by now: to ask for each is less work than to look through all for the next. */
  #takeWhatIsThere(): void {
    for (const thread of this.#threads.all) {
      if (this.#state.ended || thread.state === 'stopped' || !this.#reports.poll(thread.id)) continue;
      this.report(thread.id, this.#reports.status);
    }
  }

  #someoneHasToReport(): boolean {
    return (
      this.#state.postponed.length > 0 ||
      this.#reports.has(this.#isForAnother) ||
      this.#state.dying ||
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
      this.#control.letReport(thread);
    }
    return inside.length > 0;
  }

  /**
   * While an event is decided: does something with all threads stopped, which go on afterwards. What they report
   * meanwhile is decided later.
   */
  whileStopped<T>(action: () => T): T {
    return this.#control.whileStopped(action);
  }

  /** One instruction of a stopped thread, whatever trap is there. False: the thread is gone. */
  executeOne(thread: ProcessThread): boolean {
    return this.#control.executeOne(thread);
  }

  /** Lets go of every thread; the program has its own bytes and registers. */
  detach(): void {
    const { watches, stepOff } = this.#setting;
    if (this.#state.ended) return;
    this.stopAll(RESUME);
    watches.clear();
    this.#children.detach();
    this.#takePendingTraps();
    this.#dropWakingSignals();
    if (this.#state.ended) return;
    const thread = this.#threads.all.find((one) => one.pendingSignal === 0) ?? this.#threads.all[0];
    if (thread !== undefined) stepOff.release(thread);
    for (const one of this.#threads.all) this.#letGo(one);
    this.#state.ended = true;
    this.#setting.company.ended();
  }

  #letGo(thread: ProcessThread): void {
    this.#setting.watches.apply(thread.id);
    thread.flush();
    this.#control.sendHeld(thread);
    this.#kernel.detach(thread.id, thread.pendingSignal);
  }

  /** A debug exception that a thread has had but not told of would kill the program when we are gone. */
  #takePendingTraps(): void {
    for (const thread of this.#threads.all) {
      if (!thread.mayHoldTrap || !this.#control.isPending(thread, SIGNAL.SIGTRAP)) continue;
      this.#control.letReport(thread);
    }
    this.#awaitReports();
  }

  /** A stop signal that was to wake us and has not been seen yet would stop the program when we are gone. */
  #dropWakingSignals(): void {
    const { kernel, pid } = this.#setting;
    for (;;) {
      const [thread] = this.#threads.all;
      const status = kernel.procFile(pid, 'status');
      if (this.#state.ended || thread === undefined || status === undefined) return;
      if (!pendingSignals(status, 'ShdPnd').has(SIGNAL.SIGSTOP)) return;
      // Whoever goes on is given the lowest signal there is.
      this.#control.letReport(thread);
      this.#awaitReports();
      if (thread.pendingSignal === SIGNAL.SIGSTOP) return;
    }
  }

  kill(): void {
    const { kernel, pid } = this.#setting;
    if (this.#state.ended) return;
    this.#children.detach();
    if (!kernel.kill(pid, SIGNAL.SIGKILL)) this.#end({ kind: 'killed', signal: SIGNAL.SIGKILL });
    this.#state.decide = () => 'stop';
    while (!this.#state.ended) this.#next();
  }

  dealWithPostponed(): boolean {
    const postponed = this.#state.postponed.shift();
    if (postponed !== undefined) this.#state.survive(() => postponed.deal());
    return postponed !== undefined;
  }

  /** Waits for one report of this process and deals with it, while it is being stopped. */
  #next(): void {
    if (this.dealWithPostponed()) return;
    if (this.#setting.isPart && this.#threads.size === 0) {
      this.lost();
      return;
    }
    const id = this.#leaderIsLast() ? this.#waitForLeader() : this.#reports.next(true, this.#isForAnother);
    if (id < 0) this.lost();
    else if (id > 0) this.report(id, this.#reports.status);
  }

  lost(): void {
    this.#end({ kind: 'killed', signal: SIGNAL.SIGKILL });
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
    for (const milliseconds of pollTimes()) {
      const id = this.#reports.next(false, this.#isForAnother);
      if (id !== 0) return id;
      if (isZombie(this.#kernel, pid, pid)) break;
      sleep(milliseconds);
    }
    this.#threads.remove(pid);
    return 0;
  }

  /** A report is dealt with although its thread, or another one that was looked at for it, was killed meanwhile. */
  report(id: number, status: number): void {
    if (hasExited(status) || wasKilled(status)) {
      this.#ended(id, status);
      return;
    }
    if (this.#children.stopped(id, status)) return;
    const thread = ptraceEvent(status) === PTRACE_EVENT.EXEC ? this.#exec(id) : this.#threads.get(id);
    if (thread === undefined) {
      this.#reports.addEarly(id);
      return;
    }
    if (this.#state.survive(() => this.#events.stopped(thread, status))) return;
    // Another one died that was looked at for it: nobody has said that it goes on.
    if (thread.state === 'stopped') this.#state.stopWanted = true;
  }

  #ended(id: number, status: number): void {
    if (this.#children.gone(id)) return;
    // A thread of a process that was traced before this one may be told late.
    const isOurs = this.#threads.get(id) !== undefined;
    this.#threads.remove(id);
    if (id !== this.#setting.pid) {
      this.#reports.takeEarly(id);
      this.#state.dying ||= isOurs && wasKilled(status);
      return;
    }
    this.#end(processEnd(status));
  }

  #end(end: ProcessEnd): void {
    if (this.#state.ended) return;
    this.#state.ended = true;
    this.#howEnded = end;
    this.#children.orphan();
    this.#setting.company.ended();
    this.#setting.onEnd(end);
    this.#state.decide({ kind: 'ended', end });
  }

  #exec(id: number): ProcessThread {
    const state = this.#state;
    state.postponed.length = 0;
    state.dying = false;
    state.stepping = undefined;
    state.alone = undefined;
    this.#reports.drop((other) => this.#threads.get(other) !== undefined);
    const thread = this.#threads.reduceTo(id);
    this.#setting.onExec();
    return thread;
  }

  /** `step-instruction`: no trap is in the text, so the instruction is the program's own. */
  #stepAlone(thread: ProcessThread, decide: Decide): void {
    const state = this.#state;
    let over = false;
    state.decide = (event) => {
      const decision = decide(event);
      if (decision === 'stop' || event.kind === 'step') over = true;
      return decision;
    };
    state.stepping = thread;
    thread.decidedTrap = undefined;
    if (thread.pendingSignal === 0 && this.#setting.stepOff.emulate(thread)) {
      state.decide({ kind: 'step', thread });
      return;
    }
    this.#control.startStep(thread);
    while (!over && !state.ended && !state.stopRequested && thread.state === 'running') {
      if (!this.#reports.of(thread.id)) break;
      this.report(thread.id, this.#reports.status);
      if (this.#setting.interruptRequested() && state.decide({ kind: 'interrupt' }) === 'stop') over = true;
    }
    if (!state.ended && this.#someoneHasToReport()) this.stopAll(decide);
  }

  #mayBlock(thread: ProcessThread): boolean {
    const { pid, linux } = this.#setting;
    const bytes = new Uint8Array(linux.instruction.length);
    if (this.#kernel.readMemory(pid, thread.pc, bytes) < bytes.length) return false;
    return linux.instruction.every((byte, i) => bytes[i] === byte);
  }
}
