import type { DecodedInstruction } from '../../arch/index.ts';
import { runtimeAddress, TargetFault, type ThreadId } from '../../base/index.ts';
import type { LiveTarget, LiveThread, MemoryRange, SignalInfo } from '../../target/index.ts';
import { machineState, writableState } from '../machine-state.ts';
import type { Instructions } from '../stepping/instructions.ts';
import type { StopCause } from '../stop.ts';
import { overlap, PageAccess, type Touched, touchedPart } from './page-access.ts';
import type { Guard } from './system-call-guard.ts';
import type { Watched } from './watched.ts';

/** mprotect(2): PROT_READ, PROT_WRITE, PROT_EXEC. */
const PROT = { read: 1, write: 2, execute: 4 } as const;
const PAGE = 4096;
const SIGSEGV = 11;
/** The page is there, but not for that (asm-generic/siginfo.h). */
const SEGV_ACCERR = 2;
/** Elements of a repeated string instruction that are done in one go. */
const MOST_REPETITIONS = 1 << 20;

/** Pages with one protection of the program's own, and the one that they have while they are watched. */
interface Guarded extends MemoryRange {
  readonly own: number;
  readonly guarded: number;
}

/**
 * Watches by the protection of pages, for what the watch registers cannot hold: an access to such a page is a fault,
 * which is told to us first. It is made then without the CPU, or with the protection lifted and everybody stopped.
 * While the program stands still its pages have their own protection.
 *
 * What the kernel itself reads or writes for a system call does not fault but fails with EFAULT; see SystemCallGuard,
 * for which `allow` and `returned` are.
 */
export class PageGuard implements Guard {
  readonly #target: LiveTarget;
  readonly #instructions: Instructions;
  readonly #watched = new Set<Watched>();
  readonly #all: Iterable<Watched>;
  #pages: readonly Guarded[] = [];
  /** Pages that were guarded once: faults in them may be told late. */
  #formerly: MemoryRange[] = [];
  /** The program runs. */
  #on = false;
  /** The pages have the protection by which they are watched. */
  #applied = false;
  /** Threads in system calls that may touch the pages. */
  readonly #calling = new Set<ThreadId>();

  /** `all`: those too that are kept otherwise, which learn from here of accesses that are made here. */
  constructor(target: LiveTarget, instructions: Instructions, all: Iterable<Watched>) {
    this.#all = all;
    this.#target = target;
    this.#instructions = instructions;
  }

  /** Gives what is to be said of it. Throws a TargetFault if nothing is mapped there. */
  protect(watching: Watched): string {
    const pages = this.#pagesOf([...this.#watched, watching]);
    this.#watched.add(watching);
    this.#change(pages);
    return `not by the CPU: every access to its ${pagesText(watching)} is looked at, which slows the program down`;
  }

  release(watching: Watched): void {
    if (!this.#watched.delete(watching)) return;
    this.#change(this.#pagesOf([...this.#watched]));
  }

  get any(): boolean {
    return this.#watched.size > 0;
  }

  /** The program goes on: what is protected meanwhile is so at once. */
  on(): void {
    this.#on = true;
    for (const id of this.#calling) if (this.#target.thread(id) === undefined) this.#calling.delete(id);
    this.#apply();
  }

  /** The program has stopped, or everybody is stopped for a moment. */
  off(): void {
    this.#on = false;
    this.#apply();
  }

  isGuarded(start: number, end: number): boolean {
    return this.#pages.some((pages) => pages.start < end && start < pages.end);
  }

  allow(thread: ThreadId): void {
    this.#calling.add(thread);
    this.#target.whileStopped(() => this.#apply());
  }

  returned(thread: LiveThread, instruction: DecodedInstruction): readonly StopCause[] {
    this.#calling.delete(thread.id);
    return this.#target.whileStopped(() => {
      const causes = [...this.#watched].flatMap((one) => one.changed(thread, instruction) ?? []);
      this.#apply();
      return causes;
    });
  }

  #apply(): void {
    const wanted = this.#on && this.#calling.size === 0;
    if (wanted === this.#applied) return;
    this.#applied = wanted;
    if (this.#target.ended === undefined) this.#set(wanted ? 'guarded' : 'own');
  }

  forget(): void {
    this.#watched.clear();
    this.#pages = [];
    this.#formerly = [];
    this.#applied = false;
    this.#calling.clear();
    this.#target.guardMemory([]);
  }

  /** A fault of the program. Undefined: it is its own. */
  fault(thread: LiveThread, { signo, code, address }: SignalInfo): readonly StopCause[] | undefined {
    if (signo !== SIGSEGV || code !== SEGV_ACCERR || address === undefined) return undefined;
    const isIn = ({ start, end }: MemoryRange): boolean => start <= address && address < end;
    if (!this.#pages.some(isIn)) {
      if (!this.#formerly.some(isIn)) return undefined;
      // The watch is gone since: the program makes the access again.
      this.#target.dropSignal(thread.id);
      return [];
    }
    this.#target.dropSignal(thread.id);
    return this.#access(thread);
  }

  /** What one instruction is about to do to watched memory; to be told when it is done. */
  about(thread: LiveThread): PageAccess | undefined {
    if (this.#watched.size === 0) return undefined;
    const pc = runtimeAddress(thread.registers.get(this.#target.arch.dwarf.pc)!);
    const instruction = this.#instructions.at(pc);
    if (instruction === undefined) return undefined;
    const access = new PageAccess(
      this.#target,
      pc,
      instruction,
      this.#touched(instruction, thread, this.#watched),
    );
    access.readBefore();
    return access;
  }

  #access(thread: LiveThread): readonly StopCause[] {
    const target = this.#target;
    const pc = runtimeAddress(thread.registers.get(target.arch.dwarf.pc)!);
    const instruction = this.#instructions.at(pc);
    const touched = instruction === undefined ? [] : this.#touched(instruction, thread);
    const access = new PageAccess(target, pc, instruction, touched);
    // Without the CPU nobody has to be stopped.
    const mayWrite = (address: number, length: number): boolean => this.#isWritable(address, length);
    const quick =
      access.readBefore() && instruction?.emulate(writableState(target, thread, mayWrite)) === true;
    if (quick) return access.told(thread);
    return target.whileStopped(() => this.#execute(thread, access));
  }

  #isWritable(address: number, length: number): boolean {
    return this.#pages.some(
      ({ start, end, own }) => start <= address && address + length <= end && (own & PROT.write) !== 0,
    );
  }

  /** Which watches an instruction is about to touch, and where. */
  #touched(
    instruction: DecodedInstruction,
    thread: LiveThread,
    watched: Iterable<Watched> = this.#all,
  ): Touched[] {
    const accesses = instruction.accesses(machineState(this.#target, thread));
    const touched: Touched[] = [];
    for (const watching of watched) {
      if (watching.means === undefined || watching.access.execute) continue;
      const own = accesses.filter((access) => overlap(access, watching));
      if (own.length > 0) touched.push(touchedPart(watching, own));
    }
    return touched;
  }

  /** With the pages as the program wants them; everybody is stopped. */
  #execute(thread: LiveThread, access: PageAccess): readonly StopCause[] {
    const isOn = this.#applied;
    if (isOn) this.#set('own', thread.id);
    access.readBefore();
    const made = this.#perform(thread, access.pc);
    // Another fault is the program's own: nothing was done.
    const causes = made && thread.currentSignal === 0 ? access.told(thread) : [];
    if (isOn) this.#set('guarded', made ? thread.id : undefined);
    return causes;
  }

  /** A repeated string instruction is done when it is done altogether. */
  #perform(thread: LiveThread, pc: number): boolean {
    for (let i = 0; i < MOST_REPETITIONS; i++) {
      if (!this.#target.executeOne(thread.id)) return false;
      if (thread.currentSignal !== 0 || thread.registers.get(this.#target.arch.dwarf.pc) !== pc) break;
    }
    return true;
  }

  #change(pages: readonly Guarded[]): void {
    this.#target.whileStopped(() => {
      const wasOn = this.#on;
      this.off();
      this.#formerly.push(...this.#pages);
      this.#pages = pages;
      this.#target.guardMemory(pages);
      if (wasOn) this.on();
    });
  }

  #set(which: 'own' | 'guarded', thread?: ThreadId): void {
    const by = this.#pages.length === 0 ? undefined : (thread ?? this.#caller());
    if (by === undefined) return;
    for (const pages of this.#pages) {
      const result = this.#target.systemCall(by, this.#target.arch.linux.numbers.mprotect, [
        pages.start,
        pages.end - pages.start,
        pages[which],
      ]);
      if (result < 0 && which === 'guarded') {
        throw new TargetFault(
          `the kernel does not protect the page: error ${-result}`,
          runtimeAddress(pages.start),
        );
      }
    }
  }

  /** Somebody who can make a system call. */
  #caller(): ThreadId | undefined {
    const { threads, process } = this.#target;
    return (this.#target.thread(process.currentThread) ?? threads[0])?.id;
  }

  /** What is to be protected, in the order of addresses. */
  #pagesOf(watched: readonly Watched[]): Guarded[] {
    const kinds = new Map<number, { read: boolean }>();
    for (const { address, size, access } of watched) {
      for (let page = address - (address % PAGE); page < address + size; page += PAGE) {
        kinds.set(page, { read: access.read || kinds.get(page)?.read === true });
      }
    }
    const all: Guarded[] = [];
    for (const [page, { read }] of [...kinds].sort(([a], [b]) => a - b)) {
      const own = this.#protectionOf(page);
      const guarded = read ? 0 : own & ~PROT.write;
      const last = all.at(-1);
      if (last?.end === page && last.own === own && last.guarded === guarded) {
        all[all.length - 1] = { ...last, end: page + PAGE };
      } else all.push({ start: page, end: page + PAGE, own, guarded });
    }
    return all;
  }

  #protectionOf(page: number): number {
    const known = this.#pages.find(({ start, end }) => start <= page && page < end);
    if (known !== undefined) return known.own;
    const region = this.#target.memory.regionAt(runtimeAddress(page));
    if (region === undefined) {
      throw new TargetFault('cannot watch this memory: nothing is mapped', runtimeAddress(page));
    }
    const { readable, writable, executable } = region;
    return (readable ? PROT.read : 0) | (writable ? PROT.write : 0) | (executable ? PROT.execute : 0);
  }
}

function pagesText({ address, size }: Watched): string {
  const count = Math.floor((address + size - 1) / PAGE) - Math.floor(address / PAGE) + 1;
  return count === 1 ? 'page' : `${count} pages`;
}
