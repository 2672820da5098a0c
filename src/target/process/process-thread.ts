import type { Arch } from '../../arch/index.ts';
import {
  type RuntimeAddress,
  runtimeAddress,
  TargetFault,
  type ThreadId,
  threadId,
} from '../../base/index.ts';
import { NT, registerPlaces } from '../core/register-layout.ts';
import { vectorBytes } from '../core/vector-registers.ts';
import type { LiveThread } from '../live.ts';
import type { RegisterFile } from '../target.ts';
import { GeneralRegisters, generalOffset } from './general-registers.ts';
import type { Kernel } from './kernel.ts';

/** SIGRTMIN of the kernel: signals from here on are queued, each counts. */
const REAL_TIME = 32;

/** What a thread is doing, as far as ptrace has told. */
export type ThreadState =
  | 'running'
  /** In a ptrace stop: its registers can be read. */
  | 'stopped'
  /** Stopped by job control (PTRACE_LISTEN): it goes on when SIGCONT comes. */
  | 'group-stopped';

/** A traced thread. Registers are read when they are asked for and written back when it goes on. */
export class ProcessThread implements LiveThread {
  readonly id: ThreadId;
  state: ThreadState;
  /** The signal that it gets when it goes on (signal-delivery-stop). */
  pendingSignal = 0;
  /** Signals that came while it was stepped; sent again when it goes on. */
  readonly heldSignals: number[] = [];
  /** The trap whose hit has been decided: going on executes what is under it. */
  decidedTrap: number | undefined;
  /** Job control has stopped the program. */
  groupStop = false;
  /** State of the watch registers that the thread has. */
  appliedWatches = 0;
  /** It stands at an event in the middle of a system call, whose result the kernel has yet to put into its registers. */
  inSystemCall = false;
  /** A SIGSTOP that somebody else has sent was held: the next one from us is that. */
  passStop = false;
  /** It has run with traps in the text, or was stepped: a SIGTRAP may wait behind the stop that it is in. */
  mayHoldTrap = false;
  /** PTRACE_INTERRUPT was sent and its stop has not come. */
  interrupted = false;
  readonly registers: RegisterFile;
  readonly general: GeneralRegisters;
  readonly #arch: Arch;
  readonly #kernel: Kernel;
  readonly #pcOffset: number;
  /** Where the kernel says which system call it may have to restart (amd64: orig_rax). */
  readonly #interrupted: number | undefined;
  readonly #processId: number;
  #fresh = false;
  #dirty = false;
  readonly #sets = new Map<number, Uint8Array | undefined>();

  constructor(kernel: Kernel, arch: Arch, processId: number, id: number, state: ThreadState) {
    this.id = threadId(id);
    this.state = state;
    this.#kernel = kernel;
    this.#arch = arch;
    this.#processId = processId;
    this.general = new GeneralRegisters(arch);
    this.#pcOffset = this.general.offsetOf(arch.dwarf.pc);
    this.#interrupted = arch.name === 'amd64' ? generalOffset(arch, 'orig_rax') : undefined;
    this.registers = {
      get: (dwarf) => {
        this.load();
        return this.general.get(dwarf);
      },
      bytes: (name) => this.#bytes(name),
      noteBytes: (note) => this.#set(note),
    };
  }

  get currentSignal(): number {
    return this.pendingSignal;
  }

  get threadPointer(): RuntimeAddress | undefined {
    const bytes = this.#bytes(this.#arch.name === 'amd64' ? 'fs_base' : 'tpidr_el0');
    if (bytes === undefined) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return runtimeAddress(Number(view.getBigUint64(0, true)));
  }

  get name(): string | undefined {
    const comm = this.#kernel.procFile(this.#processId, `task/${this.id}/comm`);
    return comm === undefined ? undefined : new TextDecoder().decode(comm).trimEnd();
  }

  get alive(): boolean {
    return this.#kernel.getRegisters(this.id, new Uint8Array(this.general.bytes.length));
  }

  get pc(): RuntimeAddress {
    this.load();
    return runtimeAddress(this.general.at(this.#pcOffset));
  }

  set pc(value: number) {
    this.load();
    this.general.setAt(this.#pcOffset, value);
    this.#dirty = true;
  }

  /** Reads the general registers if they are not known. Throws a TargetFault if the thread is gone or running. */
  load(): void {
    if (this.#fresh) return;
    if (!this.#kernel.getRegisters(this.id, this.general.bytes)) {
      throw new TargetFault(`thread ${this.id} is gone, or running: its registers cannot be read`);
    }
    this.#fresh = true;
  }

  /** Whether it still stands where it stopped: its registers can be read. */
  isThere(): boolean {
    this.#fresh ||= this.#kernel.getRegisters(this.id, this.general.bytes);
    return this.#fresh;
  }

  setRegister(name: string, bytes: Uint8Array): void {
    const place = registerPlaces(this.#arch.name).get(name);
    if (place === undefined) throw new TargetFault(`register ${name} cannot be set`);
    if (place.note === 'general') {
      this.load();
      const value = new Uint8Array(place.size);
      value.set(bytes.subarray(0, place.size));
      this.general.bytes.set(value, place.offset);
      this.#dirty = true;
      return;
    }
    const note = place.note === 'tls' ? NT.ARM_TLS : NT.FPREGSET;
    const set = this.#kernel.getRegisterSet(this.id, note);
    if (set === undefined || set.length < place.offset + place.size) {
      throw new TargetFault(`register ${name} of thread ${this.id} cannot be set`);
    }
    set.set(bytes.subarray(0, place.size), place.offset);
    if (!this.#kernel.setRegisterSet(this.id, note, set)) {
      throw new TargetFault(`the kernel refuses the value for register ${name}`);
    }
    this.#sets.clear();
  }

  setRegisterNumber(dwarf: number, value: number): void {
    const offset = this.general.offsetOf(dwarf);
    if (offset < 0) throw new TargetFault(`register number ${dwarf} cannot be set`);
    this.load();
    this.general.setAt(offset, value);
    this.#dirty = true;
  }

  setNoteBytes(note: number, bytes: Uint8Array): void {
    if (!this.#kernel.setRegisterSet(this.id, note, bytes)) {
      throw new TargetFault(`the kernel refuses registers for thread ${this.id}`);
    }
    this.#sets.clear();
  }

  setBig(dwarf: number, value: bigint): void {
    const offset = this.general.offsetOf(dwarf);
    if (offset < 0) throw new TargetFault(`register number ${dwarf} cannot be set`);
    this.load();
    this.general.setBigAt(offset, value);
    this.#dirty = true;
  }

  getBig(dwarf: number): bigint {
    const offset = this.general.offsetOf(dwarf);
    if (offset < 0) throw new TargetFault(`register number ${dwarf} is not known`);
    this.load();
    return this.general.bigAt(offset);
  }

  /** amd64: the kernel keeps the bases of fs and gs among the general registers. */
  segmentBase(segment: 'fs' | 'gs'): bigint {
    this.load();
    return this.general.bigAt(generalOffset(this.#arch, `${segment}_base`));
  }

  /**
   * Number of the system call that it is in. amd64: orig_rax, negative for none. arm64: the register that it was asked for
   * in, which says nothing of a thread outside.
   */
  get systemCall(): number {
    this.load();
    const { number } = this.#arch.linux.registers;
    const value =
      this.#interrupted === undefined ? this.getBig(number) : this.general.bigAt(this.#interrupted);
    return Number(BigInt.asIntN(64, value));
  }

  /** A copy of the general registers, to be put back by `restore`. */
  save(): Uint8Array {
    this.load();
    return this.general.bytes.slice();
  }

  restore(saved: Uint8Array): void {
    this.general.bytes.set(saved);
    this.#fresh = true;
    this.#dirty = true;
  }

  /**
   * Stopped within a system call, which the kernel finishes or starts again when it goes on. On arm64 it has set the thread
   * back to the instruction before it stops (arch/arm64/kernel/signal.c, do_signal).
   */
  get mayRestart(): boolean {
    if (this.#interrupted === undefined) return false;
    this.load();
    return this.general.bigAt(this.#interrupted) < 0x8000000000000000n;
  }

  /** The system call that a stop interrupted is not restarted when registers are set anew. amd64: orig_rax = −1. */
  forgetSystemCall(): void {
    if (this.#interrupted === undefined) return;
    this.load();
    this.general.setBigAt(this.#interrupted, 0xffffffffffffffffn);
    this.#dirty = true;
  }

  /** A signal is to come later, when the thread goes on. What is pending already does not come twice. */
  hold(signal: number): void {
    if (signal >= REAL_TIME || !this.heldSignals.includes(signal)) this.heldSignals.push(signal);
  }

  /** Writes changed registers back. False: the thread is gone. */
  flush(): boolean {
    if (!this.#dirty) return true;
    this.#dirty = false;
    return this.#kernel.setRegisters(this.id, this.general.bytes);
  }

  /** What is known of the registers is void: the thread runs. */
  forget(): void {
    this.#fresh = false;
    this.#dirty = false;
    if (this.#sets.size > 0) this.#sets.clear();
  }

  #bytes(name: string): Uint8Array | undefined {
    const place = registerPlaces(this.#arch.name).get(name);
    if (place?.note === 'general') {
      this.load();
      return this.general.bytes.subarray(place.offset, place.offset + place.size);
    }
    return vectorBytes(this.#arch, name, {
      float: () => this.#set(NT.FPREGSET),
      xstate: () => this.#set(NT.X86_XSTATE),
      tls: () => this.#set(NT.ARM_TLS),
    });
  }

  #set(note: number): Uint8Array | undefined {
    if (!this.#sets.has(note)) this.#sets.set(note, this.#kernel.getRegisterSet(this.id, note));
    return this.#sets.get(note);
  }
}
