import type { Goid, RuntimeAddress, ThreadId } from '../../base/index.ts';
import { variablesOf } from '../../expr/index.ts';
import type { Program, RunningGoroutine, Stack } from '../../golang/index.ts';
import type { LiveThread } from '../../target/index.ts';
import type { BreakpointPlace } from '../breakpoints/breakpoint.ts';
import { SiteFrame } from '../conditions/site.ts';
import type { TrapSites, TrapWish } from '../trap-sites.ts';
import type { CallPlan, CallValue } from './call-plan.ts';

/** What a tracepoint saw. Values hold copies of bytes; what they point to is read as it is told. */
export interface CallEvent {
  /** `reached`: a place within a function. */
  readonly kind: 'call' | 'return' | 'reached';
  readonly function: string;
  readonly goid: Goid | undefined;
  readonly thread: ThreadId;
  readonly values: readonly CallValue[];
  /** False: nothing says what it takes and gives. */
  readonly described: boolean;
  /** How long the call took, in milliseconds; undefined if its beginning was not seen. */
  readonly duration: number | undefined;
  readonly stack: Stack | undefined;
}

export interface TracerSetting {
  readonly program: Program;
  readonly traps: TrapSites;
  /** Frames of the stack with each call; 0: none. */
  readonly depth: number;
  /** Whether a call is to be told. */
  readonly wanted: (thread: LiveThread) => boolean;
  readonly now: () => number;
  readonly tell: (event: CallEvent) => void;
}

interface Open {
  /** Distance from the upper end of the stack: it stays when the stack moves. */
  readonly depth: number;
  readonly since: number;
}

/** Follows the calls of one function: a trap where it begins, and one at each of its returns. */
export class CallTracer {
  readonly #plan: CallPlan;
  readonly #setting: TracerSetting;
  readonly #open = new Map<number, Open[]>();
  readonly #wishes: TrapWish[];

  constructor(plan: CallPlan, setting: TracerSetting) {
    this.#plan = plan;
    this.#setting = setting;
    const { traps } = setting;
    this.#wishes = [
      traps.add(plan.entry, (thread) => this.#enter(thread)),
      ...plan.returns.map((address) => traps.add(address, (thread) => this.#leave(thread))),
    ];
  }

  remove(): void {
    for (const wish of this.#wishes) this.#setting.traps.remove(wish);
  }

  #enter(thread: LiveThread): undefined {
    const { program, wanted, now, tell, depth } = this.#setting;
    if (!wanted(thread)) return;
    const { memory, arch } = program.target;
    const running = program.runningOn(thread);
    const goid = running?.id;
    const frame = this.#plan.frameAtEntry(thread, arch.dwarf.sp);
    const calls = this.#callsOf(goid ?? -thread.id);
    const place = depthOf(running, frame);
    // Calls that a panic has ended never returned.
    while (calls.length > 0 && calls.at(-1)!.depth >= place) calls.pop();
    const values = this.#plan.argumentsOf(thread, memory, frame);
    const stack = depth > 0 ? this.#stackOf(thread, depth) : undefined;
    tell({
      kind: 'call',
      function: this.#plan.function,
      goid,
      thread: thread.id,
      values,
      described: this.#plan.described,
      duration: undefined,
      stack,
    });
    calls.push({ depth: place, since: now() });
  }

  #leave(thread: LiveThread): undefined {
    const { program, now, tell } = this.#setting;
    const { memory, arch } = program.target;
    const running = program.runningOn(thread);
    const goid = running?.id;
    // At a return instruction the stack pointer stands at the return address.
    const frame = thread.registers.get(arch.dwarf.sp)! + (arch.dwarf.lr === undefined ? arch.pointerSize : 0);
    const calls = this.#callsOf(goid ?? -thread.id);
    const place = depthOf(running, frame);
    while (calls.length > 0 && calls.at(-1)!.depth > place) calls.pop();
    const call = calls.at(-1);
    // One that was not wanted, or that had begun before.
    if (call?.depth !== place) return;
    calls.pop();
    const values = this.#plan.resultsOf(thread, memory, frame);
    const duration = now() - call.since;
    tell({
      kind: 'return',
      function: this.#plan.function,
      goid,
      thread: thread.id,
      values,
      described: this.#plan.described,
      duration,
      stack: undefined,
    });
  }

  #callsOf(key: number): Open[] {
    let calls = this.#open.get(key);
    if (calls === undefined) {
      calls = [];
      this.#open.set(key, calls);
    }
    return calls;
  }

  #stackOf(thread: LiveThread, depth: number): Stack {
    const { program } = this.#setting;
    program.refresh();
    return program.stackOfThread(thread.id, depth);
  }
}

const depthOf = (running: RunningGoroutine | undefined, frame: number): number =>
  running === undefined ? -frame : running.stack.high - frame;

/** A place within a function, or where an inlined copy of one begins: its parameters are looked up as `print` does. */
export class ReachedPlace {
  readonly #program: Program;
  readonly #address: RuntimeAddress;
  readonly #function: string | undefined;
  #site: SiteFrame | undefined;

  /** `name`: the function, which others may be inlined into at the same address. */
  constructor(program: Program, { address, function: name }: BreakpointPlace) {
    this.#program = program;
    this.#address = address;
    this.#function = name;
  }

  event(thread: LiveThread): CallEvent {
    const program = this.#program;
    program.refresh();
    // Finding out about the place is for those that are reached.
    this.#site ??= new SiteFrame({ program, pc: this.#address });
    return {
      kind: 'reached',
      function: this.#function ?? this.#site.function ?? '?',
      goid: program.goidOn(thread),
      thread: thread.id,
      values: this.#parametersOf(thread, this.#site),
      described: this.#site.declared !== undefined,
      duration: undefined,
      stack: undefined,
    };
  }

  #parametersOf(thread: LiveThread, site: SiteFrame): CallValue[] {
    if (site.declared === undefined) return [];
    const scope = site.scopeOf(thread);
    const { frame } = scope;
    const named = frame && { ...frame, function: this.#function ?? frame.function };
    return variablesOf({ ...scope, frame: named }, 'args')
      .filter(({ role, missing }) => role === 'parameter' && !missing)
      .map(({ name, value }) => ({ name, value }));
  }
}
