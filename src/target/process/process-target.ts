import type { Arch, DecodedInstruction, MachineCode } from '../../arch/index.ts';
import {
  MattockError,
  type RuntimeAddress,
  runtimeAddress,
  TargetFault,
  type ThreadId,
} from '../../base/index.ts';
import type { ModuleFile } from '../core/module-files.ts';
import type {
  ChildRules,
  Decision,
  HardwareWatch,
  LiveTarget,
  MemoryRange,
  ProcessEnd,
  RunMode,
  TargetEvent,
} from '../live.ts';
import type { ProcessFacts, SignalInfo } from '../target.ts';
import type { AtExec } from './children.ts';
import { Company } from './company.ts';
import { SystemCalls } from './inject.ts';
import { type Kernel, PTRACE_O } from './kernel.ts';
import { ProcessMemory } from './live-memory.ts';
import { LiveModules, type ModuleSetting } from './live-modules.ts';
import { commandLine, processFacts, readAuxv } from './process-facts.ts';
import type { ProcessThread } from './process-thread.ts';
import { SingleStep } from './single-step.ts';
import { StepOff } from './step-off.ts';
import { ThreadTable } from './thread-table.ts';
import { TraceLoop } from './trace-loop.ts';
import { type ReservedText, type Trap, TrapTable } from './trap-table.ts';
import { WATCH_REGISTERS, WatchRegisters } from './watch-registers.ts';

/** More are not kept: a program has no end of code. */
const MOST_DECODED = 20_000;

/** With which every process is traced. */
export const TRACE_OPTIONS = PTRACE_O.CLONE | PTRACE_O.EXEC | PTRACE_O.FORK | PTRACE_O.VFORK;

/** The files of one process. */
export interface ProcessFiles extends Pick<ModuleSetting, 'executable' | 'findModule'> {
  /** The program that is in the process now: after an exec. */
  readonly openExecutable: () => ModuleFile;
}

export interface ProcessInput extends ModuleSetting, ProcessFiles {
  readonly kernel: Kernel;
  readonly arch: Arch;
  readonly code: MachineCode;
  readonly pid: number;
  /** All its threads, seized with TRACE_OPTIONS; each is stopped, or runs and is stopped now. None: it is only looked at. */
  readonly threads: readonly { readonly id: number; readonly stopped: boolean }[];
  /** They are not all: the target has ended with the last of them. */
  readonly isPart?: boolean;
  readonly started: boolean;
  /** Of a child. Throws a MattockError: its program cannot be read. */
  readonly filesOf: (pid: number) => ProcessFiles;
  /** With which it is traced; undefined: it is the first. */
  readonly company?: Company;
  /** Whether somebody has asked for a stop from outside since the last `run` began. */
  readonly interruptRequested: () => boolean;
}

/** A process of this machine under ptrace(2). */
export class ProcessTarget implements LiveTarget {
  readonly kind = 'process';
  readonly arch: Arch;
  readonly code: MachineCode;
  readonly memory: ProcessMemory;
  readonly modules: LiveModules;
  readonly process: ProcessFacts;
  readonly warnings: string[] = [];
  readonly started: boolean;
  readonly pid: number;
  /** Told when the program begins to run (its process id) and when it has stopped (0). */
  onRunning: ((pid: number) => void) | undefined;
  children: ChildRules | undefined;
  readonly #input: ProcessInput;
  readonly #company: Company;
  readonly #kernel: Kernel;
  readonly #openExecutable: () => ModuleFile;
  readonly #threads: ThreadTable;
  readonly #traps: TrapTable;
  readonly #watches: WatchRegisters;
  readonly #stepOff: StepOff;
  readonly #calls: SystemCalls;
  readonly #loop: TraceLoop;
  /** Traps that were taken away while the program ran: threads may be in their slots until it stops. */
  readonly #removed: Trap[] = [];
  readonly #decoded = new Map<number, DecodedInstruction>();
  #generation = 1;
  #ended: ProcessEnd | undefined;
  #signal: SignalInfo | undefined;

  constructor(input: ProcessInput) {
    const { kernel, arch, code, pid } = input;
    this.arch = arch;
    this.code = code;
    this.pid = pid;
    this.started = input.started;
    this.#input = input;
    this.#company = input.company ?? new Company(kernel);
    this.#kernel = kernel;
    this.#traps = new TrapTable(kernel, pid, code);
    this.memory = new ProcessMemory(kernel, pid, this.#traps);
    this.modules = new LiveModules(input, this.memory, readAuxv(kernel, pid), this.warnings);
    this.#watches = new WatchRegisters(kernel);
    this.#threads = new ThreadTable(kernel, arch, pid);
    const { reports } = this.#company;
    this.#calls = new SystemCalls({
      kernel,
      pid,
      linux: arch.linux,
      modules: this.modules,
      traps: this.#traps,
      singleStep: new SingleStep(kernel, reports),
    });
    this.#stepOff = new StepOff({
      kernel,
      pid,
      memory: this.memory,
      traps: this.#traps,
      modules: this.modules,
      calls: this.#calls,
      watches: this.#watches,
      instructionAt: (address) => this.instructionAt(address),
      linux: arch.linux,
      code,
      sp: arch.dwarf.sp,
    });
    this.#loop = new TraceLoop({
      kernel,
      reports,
      company: this.#company,
      isPart: input.isPart ?? false,
      pid,
      arch,
      linux: arch.linux,
      trap: code.trap,
      threads: this.#threads,
      traps: this.#traps,
      watches: this.#watches,
      stepOff: this.#stepOff,
      isInFile: (address, bytes) => this.#isInFile(address, bytes),
      interruptRequested: input.interruptRequested,
      following: () => this.children !== undefined,
      onChild: (child) => this.#childRuns(child),
      onRun: (running) => this.#onRun(running),
      onEnd: (end) => this.#onEnd(end),
      onExec: () => this.#afterExec(),
    });
    this.#openExecutable = input.openExecutable;
    this.process = processFacts(kernel, pid, {
      executable: () => this.modules.executable?.path ?? input.executable.path,
      auxv: () => this.modules.auxv,
      signal: () => this.#signal,
      currentThread: () => this.#threads.current,
    });
    for (const { id, stopped } of input.threads) {
      // One that was started stands at its PTRACE_EVENT_EXEC.
      this.#threads.add(id, stopped ? 'stopped' : 'running').inSystemCall = stopped;
    }
    if (input.threads.length === 0) return;
    this.#company.add(this.#loop);
    this.#loop.stopAll(() => 'resume');
  }

  get threads(): readonly ProcessThread[] {
    return this.#threads.all;
  }

  get generation(): number {
    return this.#generation;
  }

  get ended(): ProcessEnd | undefined {
    return this.#ended;
  }

  thread(id: ThreadId): ProcessThread | undefined {
    return this.#threads.get(id);
  }

  instructionAt(address: RuntimeAddress): DecodedInstruction | undefined {
    const known = this.#decoded.get(address);
    if (known !== undefined) return known;
    const bytes = this.memory.readUpTo(address, this.code.longest);
    const instruction = this.code.decode(bytes, address);
    if (instruction === undefined) return undefined;
    if (this.#decoded.size >= MOST_DECODED) this.#decoded.clear();
    this.#decoded.set(address, instruction);
    return instruction;
  }

  insertTrap(address: RuntimeAddress): void {
    this.#traps.add(address, this.#loop.running);
  }

  removeTrap(address: RuntimeAddress): void {
    const trap = this.#traps.remove(address);
    if (trap === undefined) return;
    if (this.#loop.running) this.#removed.push(trap);
    else this.#stepOff.free(trap);
  }

  /**
   * Until something else is reserved, or the program runs another one, no trap may stand in this text: somebody patches it.
   * Throws a UserError, with nothing changed, if one does.
   */
  reserveText(ranges: readonly ReservedText[]): void {
    this.#traps.reserved = ranges;
    // What was decoded meanwhile may have been the patches.
    this.#decoded.clear();
  }

  #isInFile(address: number, bytes: Uint8Array): boolean {
    const module = this.modules.at(runtimeAddress(address));
    const image = module?.image;
    if (module === undefined || image === undefined) return true;
    const linked = module.toLinked(runtimeAddress(address));
    const segment = image.segments.find(
      (each) => linked >= each.address && linked + bytes.length <= each.address + each.fileSize,
    );
    return segment === undefined || image.bytesAt(linked, bytes.length).every((byte, i) => byte === bytes[i]);
  }

  passTrap(id: ThreadId): void {
    const thread = this.#threads.get(id);
    if (thread?.state === 'stopped' && this.#traps.get(thread.pc) !== undefined) {
      thread.decidedTrap = thread.pc;
    }
  }

  setWatchRegister(index: number, watch: HardwareWatch | undefined): boolean {
    if (index < 0 || index >= WATCH_REGISTERS) return false;
    this.#watches.set(index, watch);
    const refused = this.threads.some(
      (thread) => thread.state === 'stopped' && !this.#watches.apply(thread.id),
    );
    if (refused && watch !== undefined) this.setWatchRegister(index, undefined);
    return !refused;
  }

  run(mode: RunMode, decide: (event: TargetEvent) => Decision): void {
    this.#requireAlive();
    this.onRunning?.(this.pid);
    try {
      this.#loop.run(mode, this.#noting(decide));
    } finally {
      this.onRunning?.(0);
    }
  }

  accompany(decide: ((event: TargetEvent) => Decision) | undefined): void {
    this.#loop.accompany(decide && this.#noting(decide));
  }

  #noting(decide: (event: TargetEvent) => Decision): (event: TargetEvent) => Decision {
    return (event) => {
      if (event.kind === 'signal') this.#signal = event.info;
      if ('thread' in event) this.#threads.current = event.thread.id;
      return decide(event);
    };
  }

  #onRun(running: boolean): void {
    this.#generation++;
    this.memory.running = running;
    if (running) {
      this.#signal = undefined;
      return;
    }
    for (const trap of this.#removed.splice(0)) this.#stepOff.free(trap);
    this.modules.invalidate();
  }

  #onEnd(end: ProcessEnd): void {
    this.#ended ??= end;
    // Whoever wants to wake us does it by a process that runs.
    const other = this.#company.awake;
    if (other !== undefined) this.onRunning?.(other.pid);
  }

  /** A child stands at its PTRACE_EVENT_EXEC. */
  #childRuns(pid: number): AtExec {
    const { children } = this;
    if (children === undefined) return 'left';
    const words = this.#kernel.procFile(pid, 'cmdline');
    if (words === undefined || !children.wants(commandLine(words))) return 'left';
    const files = this.#goFilesOf(pid);
    if (files === undefined) return 'kept';
    const threads = [{ id: pid, stopped: true }];
    const child = new ProcessTarget({ ...this.#input, ...files, company: this.#company, pid, threads });
    child.children = children;
    child.onRunning = this.onRunning;
    if (child.ended === undefined) children.begun(child);
    return 'followed';
  }

  /** Undefined: its program is not in Go, or cannot be read. */
  #goFilesOf(pid: number): ProcessFiles | undefined {
    try {
      const files = this.#input.filesOf(pid);
      const { image } = files.executable;
      return image.functions !== undefined && image.arch === this.arch.name ? files : undefined;
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      return undefined;
    }
  }

  guardMemory(ranges: readonly MemoryRange[]): void {
    this.#watches.guarded = ranges;
  }

  whileStopped<T>(action: () => T): T {
    return this.#loop.whileStopped(action);
  }

  executeOne(id: ThreadId): boolean {
    const thread = this.#threads.get(id);
    if (thread?.state !== 'stopped') return false;
    this.#generation++;
    const done = this.#loop.executeOne(thread);
    // Who asked for it knows what it did.
    if (done && this.#watches.any) this.#watches.fired(id);
    return done;
  }

  emulate(id: ThreadId): boolean {
    const thread = this.#threads.get(id);
    if (thread?.state !== 'stopped' || thread.pendingSignal !== 0) return false;
    if (!this.#tryEmulate(thread)) return false;
    // The clock is not asked for each.
    if (++this.#generation % 16 === 0) this.memory.noteStep();
    this.#signal = undefined;
    this.#threads.current = id;
    return true;
  }

  #tryEmulate(thread: ProcessThread): boolean {
    try {
      return this.#stepOff.emulate(thread);
    } catch (error) {
      // Killed: a run is what finds that out.
      if (!(error instanceof TargetFault)) throw error;
      return false;
    }
  }

  dropSignal(id: ThreadId): void {
    const thread = this.#threads.get(id);
    if (thread !== undefined) thread.pendingSignal = 0;
    this.#signal = undefined;
  }

  requestStop(): void {
    this.#loop.requestStop();
  }

  detach(): void {
    if (this.#ended !== undefined) return;
    this.memory.running = false;
    this.#loop.detach();
    this.#ended = { kind: 'detached' };
    this.#kernel.forget(this.pid);
  }

  kill(): void {
    if (this.#ended !== undefined) return;
    this.#loop.kill();
    this.#ended ??= { kind: 'killed', signal: 9 };
    this.#kernel.forget(this.pid);
  }

  systemCall(id: ThreadId, number: number, args: readonly number[]): number {
    const thread = this.#threads.get(id);
    if (thread?.state !== 'stopped') throw new TargetFault(`thread ${id} is not stopped`);
    this.#generation++;
    try {
      return this.#calls.call(thread, number, args);
    } finally {
      this.memory.invalidate();
    }
  }

  #requireAlive(): void {
    if (this.#ended === undefined) return;
    throw new TargetFault(describeEnd(this.pid, this.#ended), undefined, '`restart` starts the program anew');
  }

  #afterExec(): void {
    this.#kernel.forget(this.pid);
    this.#decoded.clear();
    this.#stepOff.forget();
    this.#calls.forget();
    this.#traps.clear();
    this.#watches.clear();
    this.memory.invalidate();
    this.modules.replace(this.#openExecutable(), readAuxv(this.#kernel, this.pid));
  }
}

export function describeEnd(pid: number, end: ProcessEnd): string {
  switch (end.kind) {
    case 'exited':
      return `process ${pid} has exited with status ${end.status}`;
    case 'killed':
      return `process ${pid} was killed by signal ${end.signal}`;
    default:
      return `process ${pid} was let go`;
  }
}
