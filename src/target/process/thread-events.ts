import { runtimeAddress } from '../../base/index.ts';
import type { TargetEvent } from '../live.ts';
import { parseSignalInfo } from '../signal-info.ts';
import type { SignalInfo } from '../target.ts';
import type { Children } from './children.ts';
import { newTask } from './clone-flags.ts';
import { PTRACE_EVENT, SIGNAL } from './kernel.ts';
import type { LoopState } from './loop-state.ts';
import type { ProcessThread } from './process-thread.ts';
import { plainSignal, SI_USER_HIGHEST, STOPPING, SYNCHRONOUS, TRAP_HWBKPT } from './signal-rules.ts';
import type { ThreadControl, ThreadControlSetting } from './thread-control.ts';
import type { Trap } from './trap-table.ts';
import { ptraceEvent, stopSignal } from './wait-status.ts';

/** Rounds of a repeated string instruction that are waited for in a slot: it may be resumed in its own place. */
const LONGEST_REPETITION = 64;

interface Parts {
  readonly state: LoopState;
  readonly control: ThreadControl;
  readonly children: Children;
}

/** What the stops of a thread mean; asks what to do about them. */
export class ThreadEvents {
  readonly #setting: ThreadControlSetting;
  readonly #state: LoopState;
  readonly #control: ThreadControl;
  readonly #children: Children;

  constructor(setting: ThreadControlSetting, { state, control, children }: Parts) {
    this.#setting = setting;
    this.#state = state;
    this.#control = control;
    this.#children = children;
  }

  /** A thread has stopped, with a status of waitpid. */
  stopped(thread: ProcessThread, status: number): void {
    thread.state = 'stopped';
    // Any stop answers an interruption that came before it (kernel/signal.c, ptrace_stop).
    thread.interrupted = false;
    thread.forget();
    const event = ptraceEvent(status);
    if (event !== 0) this.#ptraceEvent(thread, event, stopSignal(status));
    else this.#signal(thread, stopSignal(status));
  }

  watched(thread: ProcessThread, registers: readonly number[]): void {
    this.#decide(thread, { kind: 'watch', thread, registers });
  }

  #ptraceEvent(thread: ProcessThread, event: number, signal: number): void {
    switch (event) {
      case PTRACE_EVENT.CLONE:
      case PTRACE_EVENT.FORK:
      case PTRACE_EVENT.VFORK:
        thread.inSystemCall = true;
        this.#newTask(thread);
        break;
      case PTRACE_EVENT.EXEC:
        thread.inSystemCall = true;
        this.#decide(thread, { kind: 'exec', thread });
        break;
      case PTRACE_EVENT.STOP:
        if (STOPPING.has(signal)) this.#groupStop(thread);
        else if (this.#state.stopping && this.#trapIsPending(thread)) this.#control.letReport(thread);
        else this.#control.goOn(thread);
        break;
      default:
        this.#control.goOn(thread);
    }
  }

  /**
   * A thread that executes a trap while it is interrupted stops for the interruption first (kernel/signal.c, get_signal:
   * jobctl before signals). Its SIGTRAP would come when the trap is not there any more, and its pc be in the middle of
   * an instruction. So it is with a fault in guarded memory, which is not to reach the program.
   */
  #trapIsPending(thread: ProcessThread): boolean {
    const { watches, traps, trap } = this.#setting;
    if (watches.guarded.length > 0 && this.#control.isPending(thread, SIGNAL.SIGSEGV)) return true;
    if (traps.get(thread.pc - trap.passed)?.inserted !== true) return false;
    return this.#control.isPending(thread, SIGNAL.SIGTRAP);
  }

  /** Job control stopped the program: it stays so until SIGCONT, unless we stop it altogether. */
  #groupStop(thread: ProcessThread): void {
    thread.groupStop = true;
    this.#state.jobStopped = true;
    if (this.#state.stopping || !this.#setting.kernel.listen(thread.id)) return;
    thread.state = 'group-stopped';
  }

  #newTask(maker: ProcessThread): void {
    const { pid, kernel } = this.#setting;
    const id = kernel.getEventMessage(maker.id);
    if (id === undefined) {
      // Gone: its end is reported.
      maker.state = 'running';
      return;
    }
    const kind = newTask(kernel, this.#setting.linux, pid, maker);
    if (kind === 'thread') {
      this.#newThread(id);
      this.#control.goOn(maker);
      return;
    }
    const shared = kind === 'sharing';
    this.#children.add(id, shared ? 'sharing' : 'copy');
    this.#decide(maker, { kind: 'fork', thread: maker, child: id, shared });
  }

  #newThread(id: number): void {
    const { threads, reports } = this.#setting;
    if (threads.get(id) !== undefined) return;
    const early = reports.takeEarly(id);
    const thread = threads.add(id, early ? 'stopped' : 'running');
    if (early) this.#control.goOn(thread);
    else if (this.#state.stopping) this.#control.interrupt(thread);
  }

  #signal(thread: ProcessThread, signal: number): void {
    // Killed since it told, or swept away by another thread's exec: its end, or that exec, is told next.
    if (!thread.isThere()) {
      thread.state = 'running';
      return;
    }
    if (signal === SIGNAL.SIGTRAP) this.#trap(thread);
    else this.#programSignal(thread, signal);
  }

  #trap(thread: ProcessThread): void {
    const { watches } = this.#setting;
    if (watches.any) {
      const registers = watches.fired(thread.id);
      if (registers.length > 0) {
        this.#watch(thread, registers);
        return;
      }
    }
    this.#trapAlone(thread);
  }

  /** A watch register may fire together with a step, and be told with a trap that comes after it. */
  #watch(thread: ProcessThread, registers: readonly number[]): void {
    const code = this.#infoOf(thread)?.code;
    const event = { kind: 'watch', thread, registers } as const;
    if (code === undefined || code === TRAP_HWBKPT) {
      this.#control.leaveSlot(thread);
      this.#decide(thread, event);
      return;
    }
    const { signalCode } = this.#setting.trap;
    if (code !== signalCode) this.#control.leaveSlot(thread);
    const stop = this.#state.decide(event) === 'stop';
    if (stop && code !== signalCode) return;
    this.#trapAlone(thread, stop);
  }

  /** `stay`: it has reason to stop already. */
  #trapAlone(thread: ProcessThread, stay = false): void {
    const { traps, trap: kind } = this.#setting;
    const { stepping } = this.#state;
    const { pc } = thread;
    const address = pc - kind.passed;
    const trap = traps.get(address);
    if (trap?.inserted === true && stepping !== thread) {
      this.#hit(thread, trap, stay);
      return;
    }
    const info = this.#infoOf(thread);
    const isOfTrap = info?.code === kind.signalCode;
    // One that is wanted but out of the text was there when the thread came by.
    if (trap !== undefined && isOfTrap) this.#hit(thread, trap, stay);
    else if (info !== undefined && info.code <= SI_USER_HIGHEST)
      this.#programSignal(thread, SIGNAL.SIGTRAP, stay);
    else if (isOfTrap && !this.#isOwnTrap(pc)) {
      // It has hit a trap of ours that was taken away before it could say so.
      thread.pc = address;
      this.#control.goOn(thread, stay);
    } else if (isOfTrap && this.#isHandled(address)) {
      // Until it goes on it has not come upon it.
      if (!this.#control.mayGoOn(thread, stay)) thread.pc = address;
      else {
        thread.pendingSignal = SIGNAL.SIGTRAP;
        this.#control.resume(thread);
      }
    } else if (isOfTrap) {
      // Where the CPU does not go on behind it, who goes on would come by again and again.
      if (kind.passed === 0) thread.pc = address + kind.bytes.length;
      this.#decide(thread, { kind: 'own-trap', thread, address: runtimeAddress(address) }, stay);
    } else if (stepping === thread) {
      this.#control.leaveSlot(thread);
      this.#decide(thread, { kind: 'step', thread }, stay);
    } else this.#control.goOn(thread, stay);
  }

  /** Whether the program has a trap instruction of its own there. */
  #isOwnTrap(pc: number): boolean {
    const { kernel, pid, trap } = this.#setting;
    const { from, length } = trap.window;
    const bytes = new Uint8Array(length);
    return kernel.readMemory(pid, pc + from, bytes) < length || trap.isTrap(bytes);
  }

  /** Whether somebody has put a trap there who does not trace the program: then a handler of the signal sees to it. */
  #isHandled(address: number): boolean {
    const { kernel, pid, isInFile, trap } = this.#setting;
    const there = new Uint8Array(trap.bytes.length);
    if (kernel.readMemory(pid, address, there) < there.length) return false;
    return !isInFile(address, there);
  }

  #hit(thread: ProcessThread, trap: Trap, stay: boolean): void {
    thread.pc = trap.address;
    thread.decidedTrap = trap.address;
    this.#decide(thread, { kind: 'trap', thread, address: runtimeAddress(trap.address) }, stay);
  }

  #programSignal(thread: ProcessThread, signal: number, stay = false): void {
    const { stepping } = this.#state;
    if (signal === SIGNAL.SIGURG) {
      if (stepping === thread) thread.hold(signal);
      else thread.pendingSignal = signal;
      if (this.#finishSlot(thread, stay)) this.#control.goOn(thread, stay);
      return;
    }
    const info = this.#infoOf(thread) ?? plainSignal(signal);
    if (signal === SIGNAL.SIGSTOP && info.sender?.pid === this.#setting.kernel.pid && !thread.passStop) {
      // Ours: it was to wake this loop.
      this.#control.goOn(thread, stay);
      return;
    }
    if (SYNCHRONOUS.has(signal)) this.#control.leaveSlot(thread);
    if (stepping === thread && !SYNCHRONOUS.has(signal)) {
      thread.hold(signal);
      this.#control.goOn(thread, stay);
      return;
    }
    if (signal === SIGNAL.SIGSTOP) thread.passStop = false;
    thread.pendingSignal = signal;
    if (!this.#finishSlot(thread, stay)) return;
    this.#decide(thread, { kind: 'signal', thread, info }, stay);
  }

  /**
   * No handler may find a slot's address: it could keep it (a signal frame, a preempted goroutine), and come back when
   * the slot is gone. So a thread that gets a signal in a slot executes what is there first; what watch registers notice
   * of that is decided, and so is a fault. False: it has been said whether it goes on, or it is gone.
   */
  #finishSlot(thread: ProcessThread, stay: boolean): boolean {
    const { stepOff, watches } = this.#setting;
    if (!stepOff.used || this.#state.stepping === thread) return true;
    let stop = false;
    for (let count = 0; count < LONGEST_REPETITION; count++) {
      const origin = stepOff.originOf(thread.pc);
      if (origin === undefined || origin.executed || origin.blocks) break;
      const stepped = this.#control.singleStep.run(thread);
      if (stepped === 'gone') return false;
      if (stepped === 'faulted') {
        this.#programSignal(thread, thread.pendingSignal, stay || stop);
        return false;
      }
      const registers = watches.any ? watches.fired(thread.id) : [];
      if (registers.length === 0) continue;
      this.#control.leaveSlot(thread);
      stop ||= this.#state.decide({ kind: 'watch', thread, registers }) === 'stop';
    }
    this.#control.leaveSlot(thread);
    return !stop;
  }

  #decide(thread: ProcessThread, event: TargetEvent, stay = false): void {
    if (this.#state.decide(event) === 'resume') this.#control.goOn(thread, stay);
  }

  #infoOf(thread: ProcessThread): SignalInfo | undefined {
    const bytes = this.#setting.kernel.getSignalInfo(thread.id);
    return bytes === undefined ? undefined : parseSignalInfo(bytes);
  }
}
