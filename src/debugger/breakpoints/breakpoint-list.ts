import { MattockError, UserError } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';
import type { CallEvent, CallTracer } from '../tracing/call-tracer.ts';
import type { CallProbes } from '../tracing/hot-calls.ts';
import type { Watching } from '../watch/watching.ts';
import { Arming, type ArmingOwner, type BreakpointHost } from './arming.ts';
import type {
  Breakpoint,
  BreakpointPlace,
  BreakpointRequest,
  FindPlaces,
  HitCondition,
  RefusedPlace,
  TraceRequest,
} from './breakpoint.ts';
import { placesOfFunctions, STANDING_BREAKPOINTS } from './standing.ts';

/** A breakpoint in all processes. A watch is in one only: its memory is. */
class Entry implements Breakpoint {
  readonly id: number;
  readonly name: string | undefined;
  readonly location: string;
  enabled = true;
  condition: string | undefined;
  hitCondition: HitCondition | undefined;
  readonly trace: TraceRequest | undefined;
  readonly actions: string[] = [];
  hits = 0;
  readonly find: FindPlaces;
  readonly armings = new Map<BreakpointHost, Arming>();

  constructor(id: number, { name, location, places, condition, trace }: BreakpointRequest) {
    this.id = id;
    this.name = name;
    this.location = location;
    this.find = places;
    this.condition = condition;
    this.trace = trace;
  }

  /** Processes of one program mostly have it at the same places. */
  get places(): readonly BreakpointPlace[] {
    const all = [...this.armings.values()].flatMap(({ places }) => places);
    if (this.armings.size < 2) return all;
    return [...new Map(all.map((place) => [`${place.address} ${place.function}`, place])).values()];
  }

  get refused(): readonly RefusedPlace[] {
    return [...this.armings.values()].flatMap(({ refused }) => refused);
  }

  get watch(): Watching | undefined {
    const [arming] = this.armings.values();
    return arming?.watch;
  }
}

/** The user's breakpoints, and those that are always there, in all processes of a session. */
export class BreakpointList {
  #hosts: BreakpointHost[] = [];
  #selected: BreakpointHost | undefined;
  readonly #entries = new Map<number, Entry>();
  #lastId = 0;
  /** Told what tracepoints see, while the program runs. */
  onTrace: ((breakpoint: Breakpoint, event: CallEvent, program: Program) => void) | undefined;
  /** Told that tracepoints have missed calls. */
  onMissing: (() => void) | undefined;
  /** Sees the calls of tracepoints without traps, where it can. */
  probes: CallProbes | undefined;
  readonly #owner: ArmingOwner = {
    tellTrace: (breakpoint, event, program) => this.onTrace?.(breakpoint, event, program),
    remove: (breakpoint) => this.remove(breakpoint),
  };

  /** The user's. */
  get all(): readonly Breakpoint[] {
    return [...this.#entries.values()].filter(({ id }) => id > 0);
  }

  /** Those that are always there, which can only be switched off. */
  get standing(): readonly Breakpoint[] {
    this.armStanding();
    return [...this.#entries.values()].filter(({ id }) => id < 0);
  }

  /** The process in which new breakpoints must have their places, and watches their memory. */
  select(host: BreakpointHost): void {
    this.#selected = host;
  }

  /** Idempotent; done before the program first runs, since finding them reads its tables of names. */
  armStanding(): void {
    for (const { id, name, functions } of STANDING_BREAKPOINTS) {
      const entry = this.#entries.get(id) ?? new Entry(id, standingRequest(name, functions));
      this.#entries.set(id, entry);
      for (const host of this.#hosts) if (!entry.armings.has(host)) this.#place(entry, host);
    }
  }

  /** Throws a UserError: the name is taken, or the condition is wrong. */
  add(request: BreakpointRequest): Breakpoint {
    const { name } = request;
    const host = this.#selected!;
    this.armStanding();
    if (name !== undefined && [...this.#entries.values()].some((other) => other.name === name)) {
      throw new UserError(`there is a breakpoint ${name} already`, '`breakpoints` lists them');
    }
    const entry = new Entry(this.#lastId + 1, request);
    const watch = request.watch && host.watches.add(request.watch);
    const arming = new Arming(entry, host, this.#owner, watch);
    arming.find();
    this.#refuseSecond(entry, arming);
    try {
      arming.arm();
    } catch (error) {
      arming.close();
      throw error;
    }
    entry.armings.set(host, arming);
    this.#lastId = entry.id;
    this.#entries.set(entry.id, entry);
    if (watch === undefined) for (const other of this.#hosts) if (other !== host) this.#place(entry, other);
    return entry;
  }

  /** Two of one kind at one place would only stop there twice; another condition is for `condition`. */
  #refuseSecond({ trace }: Entry, { places, host }: Arming): void {
    if (places.length === 0) return;
    for (const other of this.#entries.values()) {
      if ((other.trace === undefined) !== (trace === undefined) || other.id < 0) continue;
      const there = new Set(other.armings.get(host)?.places.map(({ address }) => address));
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
    for (const arming of entry.armings.values()) arming.close();
    this.#entries.delete(breakpoint.id);
  }

  setEnabled(breakpoint: Breakpoint, enabled: boolean): void {
    const entry = this.#entry(breakpoint);
    if (entry.enabled === enabled) return;
    entry.enabled = enabled;
    for (const arming of entry.armings.values()) {
      if (enabled) this.#armIn(arming);
      else arming.disarm();
    }
  }

  /** Undefined takes it away. Throws a UserError if it is wrong; the old one is kept then. */
  setCondition(breakpoint: Breakpoint, condition: string | undefined): void {
    const entry = this.#entry(breakpoint);
    const before = entry.condition;
    entry.condition = condition;
    if (!entry.enabled) return;
    const first = entry.armings.get(this.#selected!) ?? [...entry.armings.values()][0];
    try {
      first?.armAgain();
    } catch (error) {
      entry.condition = before;
      throw error;
    }
    for (const arming of entry.armings.values()) if (arming !== first) this.#armIn(arming);
  }

  /** What is right in the selected process may mean nothing in another one: it does not stop that one then. */
  #armIn(arming: Arming): void {
    try {
      arming.armAgain();
    } catch (error) {
      if (!(error instanceof MattockError) || arming.host === this.#selected) throw error;
      arming.refuse(error.message);
    }
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

  /** Functions whose calls are told of in a process. */
  tracersIn(host: BreakpointHost): readonly CallTracer[] {
    return [...this.#entries.values()].flatMap(({ armings }) => armings.get(host)?.tracers ?? []);
  }

  /** One more process. */
  addHost(host: BreakpointHost): void {
    this.#hosts.push(host);
    for (const entry of this.#entries.values()) if (entry.watch === undefined) this.#place(entry, host);
  }

  /** A process has ended, while others go on: what was watched in it is gone. */
  removeHost(host: BreakpointHost): void {
    this.#hosts = this.#hosts.filter((other) => other !== host);
    for (const entry of this.#entries.values()) {
      const isWatch = entry.watch !== undefined;
      if (entry.armings.delete(host) && isWatch) this.#entries.delete(entry.id);
    }
  }

  /** The program was started anew: all are for the new process from now on, with fresh counts. */
  moveTo(host: BreakpointHost): void {
    this.#hosts = [host];
    this.#selected = host;
    for (const entry of this.#entries.values()) {
      entry.hits = 0;
      this.#move(entry, host);
    }
  }

  /** Another program runs in a process: what was in the one before is gone with it. */
  renew(host: BreakpointHost): void {
    for (const entry of this.#entries.values()) {
      if (entry.watch === undefined || entry.armings.has(host)) this.#move(entry, host, this.#hosts);
    }
  }

  #move(entry: Entry, host: BreakpointHost, kept: readonly BreakpointHost[] = []): void {
    const { watch } = entry;
    for (const other of [...entry.armings.keys()])
      if (other === host || !kept.includes(other)) entry.armings.delete(other);
    // Only what is found without a stack can be watched in another program.
    const again = watch?.request.again?.();
    if (watch !== undefined && again === undefined) this.#entries.delete(entry.id);
    else this.#place(entry, host, again && host.watches.add(again));
  }

  #place(entry: Entry, host: BreakpointHost, watch?: Watching): void {
    const arming = new Arming(entry, host, this.#owner, watch);
    entry.armings.set(host, arming);
    arming.place();
  }

  /** Code has come or gone: the pending ones may have their places now. */
  findAgain(host: BreakpointHost): void {
    for (const entry of this.#entries.values()) {
      const arming = entry.armings.get(host);
      if (arming?.watch === undefined && arming?.places.length === 0) arming.place();
    }
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

const standingRequest = (name: string, functions: readonly string[]): BreakpointRequest => ({
  name,
  location: functions.join(', '),
  places: (program) => placesOfFunctions(program, functions),
});
