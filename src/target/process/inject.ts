import type { LinuxCalls } from '../../arch/index.ts';
import { indexOfBytes, TargetFault } from '../../base/index.ts';
import type { Kernel } from './kernel.ts';
import type { LiveModules } from './live-modules.ts';
import type { ProcessThread } from './process-thread.ts';
import type { SingleStep } from './single-step.ts';
import type { TrapTable } from './trap-table.ts';

const CHUNK = 64 * 1024;

interface Setting {
  readonly kernel: Kernel;
  readonly pid: number;
  readonly linux: LinuxCalls;
  readonly modules: LiveModules;
  readonly traps: TrapTable;
  readonly singleStep: SingleStep;
}

/** Runs system calls in a process, on one of its stopped threads: its registers are as before afterwards. */
export class SystemCalls {
  readonly #kernel: Kernel;
  readonly #pid: number;
  readonly #linux: LinuxCalls;
  readonly #modules: LiveModules;
  readonly #traps: TrapTable;
  readonly #singleStep: SingleStep;
  #instruction: number | undefined;

  constructor({ kernel, pid, linux, modules, traps, singleStep }: Setting) {
    this.#linux = linux;
    this.#singleStep = singleStep;
    this.#kernel = kernel;
    this.#pid = pid;
    this.#modules = modules;
    this.#traps = traps;
  }

  /** What the kernel returns: −errno for errors. Throws a TargetFault if the thread dies of it. */
  call(thread: ProcessThread, number: number, args: readonly number[]): number {
    const { registers } = this.#linux;
    const saved = thread.save();
    thread.forgetSystemCall();
    thread.pc = this.#findInstruction();
    thread.setRegisterNumber(registers.number, number);
    for (const [i, value] of args.entries()) {
      thread.setBig(registers.arguments[i]!, BigInt.asUintN(64, BigInt(value)));
    }
    if (this.#singleStep.run(thread) === 'gone') throw gone(thread);
    const result = Number(BigInt.asIntN(64, thread.getBig(registers.result)));
    thread.restore(saved);
    thread.flush();
    return result;
  }

  /** Another program is in the process. */
  forget(): void {
    this.#instruction = undefined;
  }

  #findInstruction(): number {
    // One under a trap is not found by its bytes; one that was found may have got a trap since.
    const known = this.#instruction;
    if (known !== undefined && this.#traps.get(known)?.inserted !== true) return known;
    const text = this.#modules.executableText();
    if (text === undefined)
      throw new TargetFault('the program has no code in which a system call could be made');
    const { instruction } = this.#linux;
    const chunk = new Uint8Array(CHUNK);
    for (let at: number = text.start; at < text.end; at += CHUNK - instruction.length + 1) {
      const count = this.#kernel.readMemory(this.#pid, at, chunk.subarray(0, Math.min(CHUNK, text.end - at)));
      const found = indexOfBytes(chunk.subarray(0, count), instruction, 0);
      if (found < 0) continue;
      this.#instruction = at + found;
      return this.#instruction;
    }
    throw new TargetFault('the program has no system call instruction');
  }
}

const gone = (thread: ProcessThread): TargetFault =>
  new TargetFault(`thread ${thread.id} ended while it made a system call for us`);
