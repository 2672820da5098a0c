import { type Goid, MattockError, type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';
import type { LiveTarget, LiveThread } from '../../target/index.ts';
import { type Condition, compileCondition } from '../conditions/index.ts';
import type { StopCause } from '../stop.ts';
import { CallPlan } from '../tracing/call-plan.ts';
import { type CallEvent, CallTracer, ReachedPlace } from '../tracing/call-tracer.ts';
import { returnsOf } from '../tracing/returns.ts';
import type { TrapSites } from '../trap-sites.ts';
import { WatchedCondition } from '../watch/watched-condition.ts';
import type { Watches } from '../watch/watches.ts';
import type { Watching } from '../watch/watching.ts';
import {
  type Breakpoint,
  type BreakpointPlace,
  type BreakpointRequest,
  type FindPlaces,
  type HitCondition,
  meetsHitCondition,
  type RefusedPlace,
  type TraceRequest,
} from './breakpoint.ts';
import { placesOfFunctions, STANDING_BREAKPOINTS } from './standing.ts';

/** The process in which breakpoints are. */
export interface BreakpointHost {
  readonly program: Program;
  readonly traps: TrapSites;
  readonly watches: Watches;
  readonly target: LiveTarget;
}

/** A breakpoint with its traps. */
class Entry implements Breakpoint {
  readonly id: number;
  readonly name: string | undefined;
  readonly location: string;
  places: readonly BreakpointPlace[] = [];
  enabled = true;
  condition: string | undefined;
  refused: readonly RefusedPlace[] = [];
  hitCondition: HitCondition | undefined;
  readonly trace: TraceRequest | undefined;
  readonly actions: string[] = [];
  hits = 0;
  readonly hitsByGoroutine = new Map<Goid, number>();
  readonly find: FindPlaces;
  watch: Watching | undefined;
  wishes: { remove(): void }[] = [];

  constructor(id: number, { name, location, places, condition, trace }: BreakpointRequest) {
    this.id = id;
    this.name = name;
    this.location = location;
    this.find = places;
    this.condition = condition;
    this.trace = trace;
  }
}

interface Armed {
  readonly place: BreakpointPlace;
  readonly condition: Condition | undefined;
}

/** The user's breakpoints, and those that are always there. */
export class BreakpointList {
  #host: BreakpointHost;
  readonly #entries = new Map<number, Entry>();
  #lastId = 0;
  /** Told what tracepoints see, while the program runs. */
  onTrace: ((breakpoint: Breakpoint, event: CallEvent) => void) | undefined;

  constructor(host: BreakpointHost) {
    this.#host = host;
  }

  /** The user's. */
  get all(): readonly Breakpoint[] {
    return [...this.#entries.values()].filter(({ id }) => id > 0);
  }

  /** Those that are always there, which can only be switched off. */
  get standing(): readonly Breakpoint[] {
    this.armStanding();
    return [...this.#entries.values()].filter(({ id }) => id < 0);
  }

  /** Idempotent; done before the program first runs, since finding them reads its tables of names. */
  armStanding(): void {
    for (const { id, name, functions } of STANDING_BREAKPOINTS) {
      if (this.#entries.has(id)) continue;
      const places: FindPlaces = () => placesOfFunctions(this.#host.program, functions);
      const entry = new Entry(id, { name, location: functions.join(', '), places });
      entry.places = places();
      this.#entries.set(id, entry);
      this.#arm(entry);
    }
  }

  /** Throws a UserError: the name is taken, or the condition is wrong. */
  add(request: BreakpointRequest): Breakpoint {
    const { name } = request;
    this.armStanding();
    if (name !== undefined && [...this.#entries.values()].some((other) => other.name === name)) {
      throw new UserError(`there is a breakpoint ${name} already`, '`breakpoints` lists them');
    }
    const entry = new Entry(this.#lastId + 1, request);
    entry.watch = request.watch && this.#host.watches.add(request.watch);
    entry.places = entry.find();
    this.#refuseSecond(entry);
    try {
      this.#arm(entry);
    } catch (error) {
      if (entry.watch !== undefined) this.#host.watches.remove(entry.watch);
      throw error;
    }
    this.#lastId = entry.id;
    this.#entries.set(entry.id, entry);
    return entry;
  }

  /** Two of one kind at one place would only stop there twice; another condition is for `condition`. */
  #refuseSecond({ places, trace }: Entry): void {
    if (places.length === 0) return;
    for (const other of this.#entries.values()) {
      if ((other.trace === undefined) !== (trace === undefined) || other.id < 0) continue;
      const there = new Set(other.places.map(({ address }) => address));
      if (!places.every(({ address }) => there.has(address))) continue;
      const kind = trace === undefined ? 'breakpoint' : 'tracepoint';
      throw new UserError(
        `${kind} ${other.id} is there already`,
        `\`condition ${other.id} …\` and \`on ${other.id} …\` change it, \`clear ${other.id}\` removes it`,
      );
    }
  }

  /** By number or name. Throws a UserError. */
  find(key: string): Breakpoint {
    this.armStanding();
    return this.#find(key);
  }

  remove(breakpoint: Breakpoint): void {
    const entry = this.#entry(breakpoint);
    if (entry.id < 0) {
      throw new UserError(`${entry.name} is always there`, `\`toggle ${entry.name}\` switches it off`);
    }
    this.#disarm(entry);
    if (entry.watch !== undefined) this.#host.watches.remove(entry.watch);
    this.#entries.delete(breakpoint.id);
  }

  setEnabled(breakpoint: Breakpoint, enabled: boolean): void {
    const entry = this.#entry(breakpoint);
    if (entry.enabled === enabled) return;
    entry.enabled = enabled;
    if (enabled) this.#arm(entry);
    else this.#disarm(entry);
  }

  /** Undefined takes it away. Throws a UserError if it is wrong; the old one is kept then. */
  setCondition(breakpoint: Breakpoint, condition: string | undefined): void {
    const entry = this.#entry(breakpoint);
    const before = entry.condition;
    const { wishes } = entry;
    entry.condition = condition;
    try {
      if (entry.enabled) this.#arm(entry);
    } catch (error) {
      entry.condition = before;
      throw error;
    }
    for (const wish of wishes) wish.remove();
  }

  setHitCondition(breakpoint: Breakpoint, condition: HitCondition | undefined): void {
    this.#entry(breakpoint).hitCondition = condition;
  }

  addAction(breakpoint: Breakpoint, command: string): void {
    this.#entry(breakpoint).actions.push(command);
  }

  clearActions(breakpoint: Breakpoint): void {
    this.#entry(breakpoint).actions.length = 0;
  }

  /** The program was started anew: all are for the new process from now on, with fresh counts. */
  moveTo(host: BreakpointHost): void {
    this.#host = host;
    for (const entry of this.#entries.values()) {
      if (entry.watch !== undefined && !this.#watchAgain(entry, entry.watch)) continue;
      entry.hits = 0;
      entry.hitsByGoroutine.clear();
      entry.wishes = [];
      this.#place(entry);
    }
  }

  /** Finds its places in code that is not the one for which it was set; it is pending where there are none. */
  #place(entry: Entry): void {
    try {
      entry.places = entry.find();
      if (entry.enabled) this.#arm(entry);
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      for (const wish of entry.wishes) wish.remove();
      entry.wishes = [];
      entry.places = [];
    }
  }

  /** Code has come or gone: the pending ones may have their places now. */
  findAgain(): void {
    for (const entry of this.#entries.values()) {
      if (entry.watch === undefined && entry.places.length === 0) this.#place(entry);
    }
  }

  /** Only what is found without a stack can be watched in another process. */
  #watchAgain(entry: Entry, { request }: Watching): boolean {
    const found = request.again?.();
    if (found === undefined) this.#entries.delete(entry.id);
    else entry.watch = this.#host.watches.add(found);
    return found !== undefined;
  }

  #armWatch(entry: Entry, watch: Watching): void {
    const condition =
      entry.condition === undefined
        ? undefined
        : new WatchedCondition(entry.condition, this.#host.program, watch);
    watch.arm({
      hit: (thread, hit) => {
        const pc = runtimeAddress(thread.registers.get(this.#host.program.target.arch.dwarf.pc)!);
        const cause = this.#hit(entry, thread, pc, condition);
        return cause?.kind === 'breakpoint' ? { ...cause, kind: 'watchpoint', hit } : undefined;
      },
      ended: (thread, why) => {
        this.remove(entry);
        return { kind: 'watch-ended', breakpoint: entry, thread: thread.id, why };
      },
    });
  }

  /** Conditions first: a wrong one leaves no trap. */
  #arm(entry: Entry): void {
    if (entry.watch !== undefined) {
      this.#armWatch(entry, entry.watch);
      return;
    }
    const { traps } = this.#host;
    const { armed, refused } = this.#conditionsOf(entry);
    entry.refused = refused;
    entry.wishes = armed.map(({ place, condition }) => {
      const { address } = place;
      const hit = (thread: LiveThread): StopCause | undefined => this.#hit(entry, thread, address, condition);
      if (entry.trace !== undefined) return this.#tracer(entry, entry.trace, place, hit);
      const wish = traps.add(address, hit);
      return { remove: () => traps.remove(wish) };
    });
  }

  /** A variable may be gone in one inlined copy and there in another. Throws what is wrong where it can be told nowhere. */
  #conditionsOf({ places, condition: text }: Entry): {
    readonly armed: Armed[];
    readonly refused: RefusedPlace[];
  } {
    if (text === undefined)
      return { armed: places.map((place) => ({ place, condition: undefined })), refused: [] };
    const { program } = this.#host;
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
    entry: Entry,
    { depth }: TraceRequest,
    place: BreakpointPlace,
    hit: (thread: LiveThread) => StopCause | undefined,
  ): { remove(): void } {
    const { program, traps, target } = this.#host;
    const { address } = place;
    const tell = (event: CallEvent): void => this.onTrace?.(entry, event);
    const plan = CallPlan.of(program, address, returnsOf(target, address));
    if (plan?.entry === address) {
      const wanted = (thread: LiveThread): boolean => hit(thread) !== undefined;
      return new CallTracer(plan, { program, traps, depth, wanted, now: () => performance.now(), tell });
    }
    const reached = new ReachedPlace(program, place);
    const wish = traps.add(address, (thread) => {
      if (hit(thread) !== undefined) tell(reached.event(thread));
      return undefined;
    });
    return { remove: () => traps.remove(wish) };
  }

  #disarm(entry: Entry): void {
    entry.watch?.disarm();
    for (const wish of entry.wishes) wish.remove();
    entry.wishes = [];
  }

  #hit(
    entry: Entry,
    thread: LiveThread,
    address: RuntimeAddress,
    condition: Condition | undefined,
  ): StopCause | undefined {
    const cause = { kind: 'breakpoint', breakpoint: entry, thread: thread.id, address } as const;
    if (condition !== undefined) {
      try {
        if (!condition.holds(thread, this.#host.program.target.memory)) return undefined;
      } catch (error) {
        if (!(error instanceof MattockError)) throw error;
        // It was killed while it was looked at: nothing is wrong with the condition.
        if (!thread.alive) return undefined;
        const failed = this.#host.program.goidOn(thread);
        const number = { total: entry.hits, ofGoroutine: entry.hitsByGoroutine.get(failed!) ?? 0 };
        return { ...cause, goid: failed, number, problem: error.message };
      }
    }
    const goid = this.#host.program.goidOn(thread);
    entry.hits++;
    const own = goid === undefined ? 0 : (entry.hitsByGoroutine.get(goid) ?? 0) + 1;
    if (goid !== undefined) entry.hitsByGoroutine.set(goid, own);
    const { hitCondition } = entry;
    if (hitCondition !== undefined) {
      const hits = hitCondition.perGoroutine ? own : entry.hits;
      if (!meetsHitCondition(hitCondition, hits)) return undefined;
    }
    return { ...cause, goid, number: { total: entry.hits, ofGoroutine: own }, problem: undefined };
  }

  #entry(breakpoint: Breakpoint): Entry {
    return this.#find(String(breakpoint.id));
  }

  #find(key: string): Entry {
    for (const entry of this.#entries.values()) {
      if (String(entry.id) === key || entry.name === key) return entry;
    }
    throw new UserError(`there is no breakpoint ${key}`, '`breakpoints` lists them');
  }
}
