import type { Goid, RuntimeAddress, ThreadId } from '../../base/index.ts';
import { variablesOf } from '../../expr/index.ts';
import type { Program, RunningGoroutine, Stack } from '../../golang/index.ts';
import { underlying } from '../../golang/values/shapes.ts';
import { realTypeOfCall } from '../../golang/values/variables.ts';
import type { Type } from '../../image/index.ts';
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
  readonly watch: SeenValues['watch'];
}

export interface TracerSetting {
  readonly program: Program;
  readonly traps: TrapSites;
  /** Frames of the stack with each call; 0: none. */
  readonly depth: number;
  /** Before anything is told of a thread that was stopped. */
  readonly before: () => void;
  /** When the end of a call has been told of that a thread was stopped for. */
  readonly after: () => void;
  /** Whether a call is to be told, by a thread that stands where it begins. */
  readonly wanted: (thread: LiveThread) => boolean;
  /** The same for one that was seen without stopping; undefined: that is not enough to tell. */
  readonly counted: ((goid: Goid | undefined) => boolean) | undefined;
  readonly now: () => number;
  /** `program`: in which its values mean what they did. */
  readonly tell: (event: CallEvent, program: Program) => void;
}

/** Where and when a call begins or returns. */
export interface CallMoment {
  readonly goid: Goid | undefined;
  readonly thread: ThreadId;
  /** Distance of the frame from the upper end of the stack: it stays when the stack moves. */
  readonly depth: number;
  /** In milliseconds, by the tracer's clock. */
  readonly time: number;
}

/** What it was called with, or what it gave. */
export interface SeenValues {
  readonly values: readonly CallValue[];
  readonly program: Program;
  /** With which a generic function was called; 0: there is none, or it is not known. */
  readonly dictionary: number;
  /**
   * Tells what `show` gives, and whether it has read what may have changed since the call; undefined: the thread stands
   * where they were seen.
   */
  readonly watch: (<T>(show: () => T) => { readonly result: T; readonly readLate: boolean }) | undefined;
}

interface Open {
  readonly depth: number;
  readonly since: number;
  readonly dictionary: number;
}

/**
 * Follows the calls of one function: a trap where it begins, and one at each of its returns. Somebody else may see the
 * calls for a while, without traps.
 */
export class CallTracer {
  readonly plan: CallPlan;
  readonly #setting: TracerSetting;
  readonly #open = new Map<number, Open[]>();
  /** By dictionary, and number in it. */
  readonly #realTypes = new Map<string, Type>();
  #wishes: TrapWish[] = [];

  constructor(plan: CallPlan, setting: TracerSetting) {
    this.plan = plan;
    this.#setting = setting;
    this.setTraps();
  }

  /** Whether a call can be told of that was seen without stopping. */
  get isLight(): boolean {
    return this.#setting.counted !== undefined;
  }

  remove(): void {
    for (const wish of this.#wishes) this.#setting.traps.remove(wish);
    this.#wishes = [];
  }

  setTraps(): void {
    const { traps } = this.#setting;
    if (this.#wishes.length > 0) return;
    this.#wishes = [
      traps.add(this.plan.entry, (thread) => this.#enter(thread)),
      ...this.plan.returns.map((address) => traps.add(address, (thread) => this.#leave(thread))),
    ];
  }

  #enter(thread: LiveThread): undefined {
    const { program, before, wanted, now, depth } = this.#setting;
    before();
    if (!wanted(thread)) return;
    const { memory, arch } = program.target;
    const frame = this.plan.frameAtEntry(thread, arch.dwarf.sp);
    const place = placeOf(program, thread, frame);
    const values = this.plan.argumentsOf(thread, memory, frame);
    const stack = depth > 0 ? this.#stackOf(thread, depth) : undefined;
    const dictionary = this.plan.dictionaryAt(thread, memory, frame);
    this.#tellCall(place, { values, program, dictionary, watch: undefined }, stack);
    this.#push(place, now(), dictionary);
  }

  #leave(thread: LiveThread): undefined {
    const { program, before, after, now } = this.#setting;
    before();
    const { memory, arch } = program.target;
    // At a return instruction the stack pointer stands at the return address.
    const frame = thread.registers.get(arch.dwarf.sp)! + (arch.dwarf.lr === undefined ? arch.pointerSize : 0);
    const place = { ...placeOf(program, thread, frame), time: now() };
    this.returned(place, () => ({
      values: this.plan.resultsOf(thread, memory, frame),
      program,
      dictionary: 0,
      watch: undefined,
    }));
    after();
  }

  /** A call was seen to begin, without stopping. */
  began(moment: CallMoment, seen: () => SeenValues): void {
    if (this.#setting.counted?.(moment.goid) !== true) return;
    const what = seen();
    this.#tellCall(moment, what, undefined);
    this.#push(moment, moment.time, what.dictionary);
  }

  /** A call was seen to return. */
  returned({ goid, thread, depth, time }: CallMoment, seen: () => SeenValues): void {
    const calls = this.#callsOf(goid ?? -thread);
    while (calls.length > 0 && calls.at(-1)!.depth > depth) calls.pop();
    const call = calls.at(-1);
    // One that was not wanted, or that had begun before.
    if (call?.depth !== depth) return;
    calls.pop();
    const duration = time - call.since;
    const what = seen();
    const { program, watch } = what;
    const values = this.#withRealTypes(what, call.dictionary);
    const { function: name, described } = this.plan;
    this.#setting.tell(
      { kind: 'return', function: name, goid, thread, values, described, duration, stack: undefined, watch },
      program,
    );
  }

  #tellCall(
    { goid, thread, depth }: Omit<CallMoment, 'time'>,
    what: SeenValues,
    stack: Stack | undefined,
  ): void {
    const calls = this.#callsOf(goid ?? -thread);
    // Calls that a panic has ended never returned.
    while (calls.length > 0 && calls.at(-1)!.depth >= depth) calls.pop();
    const { function: name, described } = this.plan;
    const { program, watch } = what;
    const values = this.#withRealTypes(what, what.dictionary);
    this.#setting.tell(
      { kind: 'call', function: name, goid, thread, values, described, duration: undefined, stack, watch },
      program,
    );
  }

  /** Type parameters as what the function was called with. */
  #withRealTypes({ values, program }: SeenValues, dictionary: number): readonly CallValue[] {
    return values.map(({ name, value }) => {
      const { type } = value;
      if (type.dictionaryIndex === undefined) return { name, value };
      const key = `${dictionary} ${type.dictionaryIndex}`;
      const real = this.#realTypes.get(key) ?? realTypeOfCall(program, type, dictionary);
      // The last calls of a program are told when it is gone, and with it what its loader has written.
      if (real !== underlying(type)) this.#realTypes.set(key, real);
      return { name, value: { ...value, type: real } };
    });
  }

  #push({ goid, thread, depth }: Omit<CallMoment, 'time'>, since: number, dictionary: number): void {
    this.#callsOf(goid ?? -thread).push({ depth, since, dictionary });
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

function placeOf(program: Program, thread: LiveThread, frame: number): Omit<CallMoment, 'time'> {
  const running = program.runningOn(thread);
  return { goid: running?.id, thread: thread.id, depth: depthOf(running, frame) };
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
      watch: undefined,
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
