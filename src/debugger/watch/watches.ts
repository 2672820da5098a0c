import type { Program } from '../../golang/index.ts';
import type { LiveTarget, LiveThread, RunMode, TargetEvent } from '../../target/index.ts';
import { Exits } from '../stepping/exits.ts';
import { CodeOf } from '../stepping/function-code.ts';
import { Instructions } from '../stepping/instructions.ts';
import type { StopCause } from '../stop.ts';
import type { TrapSites } from '../trap-sites.ts';
import { LastInstruction } from './last-instruction.ts';
import type { PageAccess } from './page-access.ts';
import { PageGuard } from './page-guard.ts';
import { RegisterPool } from './register-pool.ts';
import { SystemCallGuard } from './system-call-guard.ts';
import type { WatchTools } from './watch-tools.ts';
import { Watching } from './watching.ts';
import type { WatchRequest } from './watchpoint.ts';

interface Setting {
  readonly target: LiveTarget;
  readonly program: Program;
  readonly traps: TrapSites;
}

/** The watches of one process. */
export class Watches {
  readonly #tools: WatchTools;
  readonly #systemCalls: SystemCallGuard;
  readonly #all = new Set<Watching>();
  /** The instruction that one thread is to execute alone. */
  #step: { readonly thread: LiveThread; readonly access: PageAccess | undefined } | undefined;

  constructor({ target, program, traps }: Setting) {
    const code = new CodeOf(target.modules);
    const instructions = new Instructions(target);
    const pages = new PageGuard(target, instructions, this.#everything());
    this.#systemCalls = new SystemCallGuard({ traps, code, instructions, guard: pages });
    this.#tools = {
      target,
      program,
      traps,
      registers: new RegisterPool(target),
      pages,
      lastInstruction: new LastInstruction(target, code, instructions),
      code,
      exits: new Exits(code, instructions),
    };
  }

  /** With what they have for following headers. */
  #everything(): Iterable<Watching> {
    const all = this.#all;
    return {
      *[Symbol.iterator]() {
        for (const watching of all) {
          yield watching;
          if (watching.headerWatching !== undefined) yield watching.headerWatching;
        }
      },
    };
  }

  get any(): boolean {
    return this.#all.size > 0;
  }

  /** It watches nothing until it is armed. */
  add(request: WatchRequest): Watching {
    const watching = new Watching(request, this.#tools);
    this.#all.add(watching);
    return watching;
  }

  remove(watching: Watching): void {
    watching.close();
    this.#all.delete(watching);
  }

  beforeRun(mode: RunMode): void {
    const { target, pages } = this.#tools;
    for (const watching of this.#all) watching.remember();
    if (pages.any) this.#systemCalls.open();
    else this.#systemCalls.close();
    // Who is stepped does not need its pages protected: what the instruction will do is known.
    const stepped = mode.kind === 'step' ? target.thread(mode.thread) : undefined;
    this.#step = undefined;
    if (stepped !== undefined) this.#step = { thread: stepped, access: pages.about(stepped) };
    else pages.on();
  }

  afterRun(): readonly StopCause[] {
    const { target, pages } = this.#tools;
    const step = this.#step;
    this.#step = undefined;
    if (target.ended !== undefined) return [];
    pages.off();
    for (const watching of this.#all) watching.stopped();
    const { thread, access } = step ?? {};
    const moved = thread !== undefined && thread.registers.get(target.arch.dwarf.pc) !== access?.pc;
    return access !== undefined && moved ? access.told(thread!) : [];
  }

  /** Undefined: the event is none of a watch. */
  causesOf(event: TargetEvent): readonly StopCause[] | undefined {
    const { pages, registers } = this.#tools;
    if (event.kind === 'signal') return pages.fault(event.thread, event.info);
    if (event.kind !== 'watch') return undefined;
    const causes: StopCause[] = [];
    for (const watching of registers.owners(event.registers)) {
      const cause = watching.fired(event.thread);
      if (cause !== undefined) causes.push(cause);
    }
    return causes;
  }

  /** Another program runs in the process now: what was watched is gone. */
  forgetAll(): void {
    for (const watching of this.#all) watching.forget('the process runs another program');
    this.#tools.registers.forget();
    this.#tools.pages.forget();
    this.#tools.lastInstruction.forget();
    this.#all.clear();
  }

  /** Nothing is left in the process. */
  close(): void {
    for (const watching of this.#all) watching.close();
    this.#systemCalls.close();
  }
}
