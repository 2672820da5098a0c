import { type Goid, MattockError, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';
import type { LiveTarget, LiveThread } from '../../target/index.ts';
import { type Condition, compileCondition } from '../conditions/index.ts';
import type { StopCause } from '../stop.ts';
import { CallPlan } from '../tracing/call-plan.ts';
import { type CallEvent, CallTracer, ReachedPlace } from '../tracing/call-tracer.ts';
import type { HotCalls } from '../tracing/hot-calls.ts';
import { returnsOf } from '../tracing/returns.ts';
import type { TrapSites } from '../trap-sites.ts';
import { WatchedCondition } from '../watch/watched-condition.ts';
import type { Watches } from '../watch/watches.ts';
import type { Watching } from '../watch/watching.ts';
import {
  type Breakpoint,
  type BreakpointPlace,
  type FindPlaces,
  type HitCondition,
  meetsHitCondition,
  type RefusedPlace,
  type TraceRequest,
} from './breakpoint.ts';

/** A process in which breakpoints are. */
export interface BreakpointHost {
  readonly program: Program;
  readonly traps: TrapSites;
  readonly watches: Watches;
  readonly target: LiveTarget;
  readonly hotCalls: HotCalls;
}

/** As much of a breakpoint as it takes to be hit. */
interface Hittable extends Breakpoint {
  hits: number;
  readonly find: FindPlaces;
  readonly hitCondition: HitCondition | undefined;
  readonly trace: TraceRequest | undefined;
}

/** Whoever has the breakpoint. */
export interface ArmingOwner {
  tellTrace(breakpoint: Breakpoint, event: CallEvent, program: Program): void;
  remove(breakpoint: Breakpoint): void;
}

interface Armed {
  readonly place: BreakpointPlace;
  readonly condition: Condition | undefined;
}

/** One breakpoint in one process: its places there, and the traps at them. */
export class Arming {
  readonly host: BreakpointHost;
  places: readonly BreakpointPlace[] = [];
  refused: readonly RefusedPlace[] = [];
  watch: Watching | undefined;
  readonly #breakpoint: Hittable;
  readonly #owner: ArmingOwner;
  readonly #hitsByGoroutine = new Map<Goid, number>();
  #wishes: { remove(): void }[] = [];

  /** Its tracepoints at functions. */
  get tracers(): readonly CallTracer[] {
    return this.#wishes.filter((wish) => wish instanceof CallTracer);
  }

  constructor(breakpoint: Hittable, host: BreakpointHost, owner: ArmingOwner, watch?: Watching) {
    this.#breakpoint = breakpoint;
    this.host = host;
    this.#owner = owner;
    this.watch = watch;
  }

  /** Finds its places. Throws a UserError where they are to be there. */
  find(): void {
    this.places = this.#breakpoint.find(this.host.program);
  }

  /** Conditions first: a wrong one leaves no trap. */
  arm(): void {
    if (this.watch !== undefined) {
      this.#armWatch(this.watch);
      return;
    }
    const { traps } = this.host;
    const { armed, refused } = this.#conditionsOf();
    this.refused = refused;
    this.#wishes = armed.map(({ place, condition }) => {
      const { address } = place;
      const hit = (thread: LiveThread): StopCause | undefined => this.#hit(thread, address, condition);
      const { trace } = this.#breakpoint;
      if (trace !== undefined) return this.#tracer(trace, place, condition, hit);
      const wish = traps.add(address, hit);
      return { remove: () => traps.remove(wish) };
    });
  }

  /** Finds its places in code that is not the one for which it was set; it is pending where there are none. */
  place(): void {
    try {
      this.find();
      if (this.#breakpoint.enabled) this.arm();
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      this.#removeWishes();
      this.places = [];
    }
  }

  /** With another condition. Throws a UserError if it is wrong: all is as it was then. */
  armAgain(): void {
    const before = this.#wishes;
    const { refused } = this;
    try {
      this.arm();
    } catch (error) {
      this.refused = refused;
      this.#wishes = before;
      throw error;
    }
    for (const wish of before) wish.remove();
  }

  /** The condition means nothing in this process: it does not stop there. */
  refuse(why: string): void {
    this.#removeWishes();
    this.refused = this.places.map((place) => ({ place, why }));
  }

  disarm(): void {
    this.watch?.disarm();
    this.#removeWishes();
  }

  /** For good. */
  close(): void {
    this.disarm();
    if (this.watch !== undefined) this.host.watches.remove(this.watch);
  }

  #removeWishes(): void {
    for (const wish of this.#wishes) wish.remove();
    this.#wishes = [];
  }

  #armWatch(watch: Watching): void {
    const { condition: text } = this.#breakpoint;
    const condition = text === undefined ? undefined : new WatchedCondition(text, this.host.program, watch);
    watch.arm({
      hit: (thread, hit) => {
        const pc = runtimeAddress(thread.registers.get(this.host.program.target.arch.dwarf.pc)!);
        const cause = this.#hit(thread, pc, condition);
        return cause?.kind === 'breakpoint' ? { ...cause, kind: 'watchpoint', hit } : undefined;
      },
      ended: (thread, why) => {
        this.#owner.remove(this.#breakpoint);
        return { kind: 'watch-ended', breakpoint: this.#breakpoint, thread: thread.id, why };
      },
    });
  }

  /** A variable may be gone in one inlined copy and there in another. Throws what is wrong where it can be told nowhere. */
  #conditionsOf(): { readonly armed: Armed[]; readonly refused: RefusedPlace[] } {
    const { places } = this;
    const { condition: text } = this.#breakpoint;
    if (text === undefined)
      return { armed: places.map((place) => ({ place, condition: undefined })), refused: [] };
    const { program } = this.host;
    const armed: Armed[] = [];
    const refused: RefusedPlace[] = [];
    let first: MattockError | undefined;
    for (const place of places) {
      try {
        armed.push({ place, condition: compileCondition(text, { program, pc: place.address }) });
      } catch (error) {
        if (!(error instanceof MattockError)) throw error;
        first ??= error;
        refused.push({ place, why: error.message });
      }
    }
    if (armed.length === 0 && first !== undefined) throw first;
    return { armed, refused };
  }

  /** Calls of a function; a place within one is told of when it is reached. */
  #tracer(
    { depth }: TraceRequest,
    place: BreakpointPlace,
    condition: Condition | undefined,
    hit: (thread: LiveThread) => StopCause | undefined,
  ): { remove(): void } {
    const { program, traps, target, hotCalls } = this.host;
    const { address } = place;
    const tell = (event: CallEvent, seenIn: Program): void =>
      this.#owner.tellTrace(this.#breakpoint, event, seenIn);
    const plan = CallPlan.of(program, address, returnsOf(target, address));
    if (plan?.entry === address) {
      const isLight = condition === undefined && depth === 0;
      const wanted = (thread: LiveThread): boolean => {
        if (isLight) hotCalls.began();
        return hit(thread) !== undefined;
      };
      const counted = isLight ? (goid: Goid | undefined) => this.#count(goid).meets : undefined;
      const now = (): number => performance.now();
      const before = (): void => hotCalls.catchUp();
      const after = (): void => {
        if (isLight) hotCalls.returned();
      };
      return new CallTracer(plan, { program, traps, depth, before, after, wanted, counted, now, tell });
    }
    const reached = new ReachedPlace(program, place);
    const wish = traps.add(address, (thread) => {
      hotCalls.catchUp();
      if (hit(thread) !== undefined) tell(reached.event(thread), program);
      return undefined;
    });
    return { remove: () => traps.remove(wish) };
  }

  #hit(thread: LiveThread, address: RuntimeAddress, condition: Condition | undefined): StopCause | undefined {
    const breakpoint = this.#breakpoint;
    const { program } = this.host;
    const counts = this.#hitsByGoroutine;
    const cause = { kind: 'breakpoint', breakpoint, thread: thread.id, address } as const;
    if (condition !== undefined) {
      try {
        if (!condition.holds(thread, program.target.memory)) return undefined;
      } catch (error) {
        if (!(error instanceof MattockError)) throw error;
        // It was killed while it was looked at: nothing is wrong with the condition.
        if (!thread.alive) return undefined;
        const failed = program.goidOn(thread);
        const number = { total: breakpoint.hits, ofGoroutine: counts.get(failed!) ?? 0 };
        return { ...cause, goid: failed, number, problem: error.message };
      }
    }
    const goid = program.goidOn(thread);
    const { number, meets } = this.#count(goid);
    return meets ? { ...cause, goid, number, problem: undefined } : undefined;
  }

  /** One more hit: its number, and whether it is one to stop at. */
  #count(goid: Goid | undefined): {
    readonly number: { readonly total: number; readonly ofGoroutine: number };
    readonly meets: boolean;
  } {
    const breakpoint = this.#breakpoint;
    const counts = this.#hitsByGoroutine;
    breakpoint.hits++;
    const own = goid === undefined ? 0 : (counts.get(goid) ?? 0) + 1;
    if (goid !== undefined) counts.set(goid, own);
    const { hitCondition } = breakpoint;
    const hits = hitCondition?.perGoroutine === true ? own : breakpoint.hits;
    const meets = hitCondition === undefined || meetsHitCondition(hitCondition, hits);
    return { number: { total: breakpoint.hits, ofGoroutine: own }, meets };
  }
}
