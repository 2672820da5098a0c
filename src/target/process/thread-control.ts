import type { LinuxCalls, TrapInstruction } from '../../arch/index.ts';
import { parseSignalInfo } from '../signal-info.ts';
import type { Kernel } from './kernel.ts';
import { SIGNAL } from './kernel.ts';
import type { LoopState } from './loop-state.ts';
import { pendingSignals } from './pending-signals.ts';
import { pollTimes } from './poll-times.ts';
import type { ProcessThread } from './process-thread.ts';
import type { Reports } from './reports.ts';
import { isOurStop, SI_USER_HIGHEST, SYNCHRONOUS } from './signal-rules.ts';
import { SingleStep } from './single-step.ts';
import { sleep } from './sleep.ts';
import type { StepOff } from './step-off.ts';
import type { ThreadTable } from './thread-table.ts';
import type { TrapTable } from './trap-table.ts';
import { hasExited, wasKilled } from './wait-status.ts';
import type { WatchRegisters } from './watch-registers.ts';
import { isZombie } from './zombie.ts';

export interface ThreadControlSetting {
  readonly kernel: Kernel;
  readonly reports: Reports;
  readonly pid: number;
  readonly linux: LinuxCalls;
  readonly trap: TrapInstruction;
  readonly threads: ThreadTable;
  readonly traps: TrapTable;
  readonly watches: WatchRegisters;
  readonly stepOff: StepOff;
  /** Whether the program's file has these bytes there, or nobody knows. */
  isInFile(address: number, bytes: Uint8Array): boolean;
}

/** What threads tell when they stop. */
interface Listener {
  /** A status of waitpid. */
  report(id: number, status: number): void;
  /** Watch registers that fired at an instruction which was executed for a thread. */
  watched(thread: ProcessThread, registers: readonly number[]): void;
}

/** Lets the threads of one process go on, and stops them. */
export class ThreadControl {
  readonly singleStep: SingleStep;
  /** Set once, by whoever makes the loop. */
  listener!: Listener;
  readonly #setting: ThreadControlSetting;
  readonly #kernel: Kernel;
  readonly #state: LoopState;

  constructor(setting: ThreadControlSetting, state: LoopState) {
    this.#setting = setting;
    this.#kernel = setting.kernel;
    this.#state = state;
    this.singleStep = new SingleStep(setting.kernel, setting.reports);
  }

  /** A thread that is gone reports its end. */
  interrupt(thread: ProcessThread): void {
    if (thread.state === 'stopped' || thread.interrupted) return;
    thread.interrupted = this.#kernel.interrupt(thread.id);
  }

  /** Goes on unless nobody may, or it may not. `stay`: it is to stand whatever others do. */
  goOn(thread: ProcessThread, stay = false): void {
    if (this.mayGoOn(thread, stay)) this.resume(thread);
  }

  mayGoOn(thread: ProcessThread, stay = false): boolean {
    const { stopping, stopRequested, ended, alone } = this.#state;
    return !(stay || stopping || stopRequested || ended) && (alone === undefined || alone === thread);
  }

  /** Lets a stopped thread run: past its trap, with its signals. */
  resume(thread: ProcessThread): void {
    if (thread.state !== 'stopped') return;
    if (thread.groupStop) {
      thread.groupStop = false;
      this.#state.jobStopped = true;
      if (this.#kernel.listen(thread.id)) {
        thread.state = 'group-stopped';
        return;
      }
    }
    this.#applyWatches(thread);
    const { traps, stepOff } = this.#setting;
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

  /** One instruction, or up to what it waits for, with no trap in the text. */
  startStep(thread: ProcessThread): void {
    this.#applyWatches(thread);
    this.#start(thread);
  }

  #applyWatches(thread: ProcessThread): void {
    const { watches } = this.#setting;
    if (thread.appliedWatches === watches.version) return;
    watches.apply(thread.id);
    thread.appliedWatches = watches.version;
  }

  #start(thread: ProcessThread): void {
    const { stepping } = this.#state;
    thread.flush();
    thread.forget();
    this.sendHeld(thread);
    thread.inSystemCall = false;
    thread.mayHoldTrap ||= stepping === thread || this.#setting.traps.size > 0 || this.#setting.watches.any;
    const signal = thread.pendingSignal;
    thread.pendingSignal = 0;
    thread.state = 'running';
    const started =
      stepping === thread ? this.#kernel.step(thread.id, signal) : this.#kernel.cont(thread.id, signal);
    // Gone: its end is reported to wait.
    if (!started) thread.interrupted = false;
  }

  /** It executes nothing before it has reported what waits for it. */
  letReport(thread: ProcessThread): void {
    thread.flush();
    thread.forget();
    if (thread.pendingSignal !== 0 && !this.#comesAgain(thread)) thread.hold(thread.pendingSignal);
    thread.pendingSignal = 0;
    thread.state = 'running';
    this.#kernel.cont(thread.id, 0);
  }

  /**
   * Whether it is about an instruction at which the thread still stands, and which raises it anew. Sent by us it would be
   * another signal: Go's runtime makes no panic of it.
   */
  #comesAgain({ id, pendingSignal }: ProcessThread): boolean {
    const info = SYNCHRONOUS.has(pendingSignal) ? this.#kernel.getSignalInfo(id) : undefined;
    return ((info && parseSignalInfo(info)?.code) ?? SI_USER_HIGHEST) > SI_USER_HIGHEST;
  }

  sendHeld(thread: ProcessThread): void {
    if (thread.heldSignals.length === 0 || this.#state.stepping === thread) return;
    for (const signal of thread.heldSignals.splice(0)) {
      if (signal === SIGNAL.SIGSTOP) thread.passStop = true;
      this.#kernel.killThread(this.#setting.pid, thread.id, signal);
    }
  }

  /** A thread that was stopped in a slot is, for everybody else, at the trap or behind it. */
  leaveSlot(thread: ProcessThread): void {
    if (thread.state !== 'stopped') return;
    const { stepOff } = this.#setting;
    if (!stepOff.used) return;
    const origin = stepOff.originOf(thread.pc);
    if (origin === undefined) return;
    thread.pc = origin.pc;
    if (!origin.executed) thread.decidedTrap = origin.pc;
  }

  isPending({ id }: ProcessThread, signal: number): boolean {
    const status = this.#kernel.procFile(this.#setting.pid, `task/${id}/status`);
    return status !== undefined && pendingSignals(status).has(signal);
  }

  /** One instruction of a stopped thread, whatever trap is there. False: the thread is gone. */
  executeOne(thread: ProcessThread): boolean {
    const { traps } = this.#setting;
    const trap = traps.get(thread.pc);
    const lifted = trap?.inserted === true ? trap : undefined;
    thread.decidedTrap = undefined;
    if (lifted !== undefined) traps.lift(lifted);
    const stepped = this.singleStep.run(thread);
    if (lifted !== undefined) traps.put(lifted);
    return stepped !== 'gone';
  }

  /**
   * While an event is decided: does something with all threads stopped, which go on afterwards. What they report
   * meanwhile is decided later.
   */
  whileStopped<T>(action: () => T): T {
    const state = this.#state;
    if (!state.running || state.paused) return action();
    state.paused = true;
    const others = this.#setting.threads.all.filter((thread) => thread.state === 'running');
    try {
      for (const other of others) this.interrupt(other);
      for (const other of others) this.#awaitStop(other);
      return action();
    } finally {
      state.paused = false;
      if (!state.stopping && !state.ended) this.#release(others);
    }
  }

  /** Those go on that have nothing to report. */
  #release(threads: readonly ProcessThread[]): void {
    const { postponed, alone } = this.#state;
    for (const thread of threads) {
      if (thread.state !== 'stopped' || postponed.some((one) => one.thread === thread.id)) continue;
      if (alone === undefined || alone === thread) this.#state.survive(() => this.resume(thread));
    }
  }

  /** What cannot be done elsewhere is done in place, with the trap out, while all other threads are stopped. */
  #stepOverLifted(thread: ProcessThread): boolean {
    const { watches } = this.#setting;
    const done = this.whileStopped(() => this.executeOne(thread));
    const registers = done && watches.any ? watches.fired(thread.id) : [];
    if (registers.length === 0) return done;
    this.#state.postponed.push({
      thread: thread.id,
      deal: () => this.listener.watched(thread, registers),
    });
    return false;
  }

  /** Until a thread that was interrupted stops. What it reports besides is for later. */
  #awaitStop(thread: ProcessThread): void {
    if (thread.state !== 'running') return;
    const { id } = thread;
    if (!this.#reportsNow(id)) {
      this.#setting.threads.remove(id);
      return;
    }
    const { status } = this.#setting.reports;
    thread.state = 'stopped';
    thread.forget();
    if (!hasExited(status) && !wasKilled(status) && isOurStop(status)) {
      thread.interrupted = false;
      return;
    }
    this.#state.postponed.push({ thread: id, deal: () => this.listener.report(id, status) });
  }

  /** Waits for a thread; of a leader that ended before the others it is not told. False: it is gone. */
  #reportsNow(id: number): boolean {
    const { reports, pid } = this.#setting;
    if (id !== pid) return reports.of(id);
    for (const milliseconds of pollTimes()) {
      if (reports.poll(id)) return true;
      if (isZombie(this.#kernel, id, id)) return reports.poll(id);
      sleep(milliseconds);
    }
    return false;
  }
}
