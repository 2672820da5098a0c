import { type Goid, type RuntimeAddress, UserError } from '../../base/index.ts';
import type { LiveThread } from '../../target/index.ts';
import type { StopCause } from '../stop.ts';
import type { TrapSites, TrapWish } from '../trap-sites.ts';
import type { Breakpoint, BreakpointPlace, BreakpointRequest, FindPlaces } from './breakpoint.ts';

/** A breakpoint with its traps. */
class Entry implements Breakpoint {
  readonly id: number;
  readonly name: string | undefined;
  readonly location: string;
  places: readonly BreakpointPlace[] = [];
  enabled = true;
  hits = 0;
  readonly hitsByGoroutine = new Map<Goid, number>();
  readonly find: FindPlaces;
  wishes: TrapWish[] = [];

  constructor(id: number, { name, location, places }: BreakpointRequest) {
    this.id = id;
    this.name = name;
    this.location = location;
    this.find = places;
  }
}

/** The user's breakpoints. */
export class BreakpointList {
  #traps: TrapSites;
  #goidOn: (thread: LiveThread) => Goid | undefined;
  readonly #entries = new Map<number, Entry>();
  #lastId = 0;

  constructor(traps: TrapSites, goidOn: (thread: LiveThread) => Goid | undefined) {
    this.#traps = traps;
    this.#goidOn = goidOn;
  }

  get all(): readonly Breakpoint[] {
    return [...this.#entries.values()];
  }

  add(request: BreakpointRequest): Breakpoint {
    const entry = new Entry(++this.#lastId, request);
    entry.places = entry.find();
    this.#arm(entry);
    this.#entries.set(entry.id, entry);
    return entry;
  }

  /** By number or name. Throws a UserError. */
  find(key: string): Breakpoint {
    return this.#find(key);
  }

  remove(breakpoint: Breakpoint): void {
    this.#disarm(this.#entry(breakpoint));
    this.#entries.delete(breakpoint.id);
  }

  setEnabled(breakpoint: Breakpoint, enabled: boolean): void {
    const entry = this.#entry(breakpoint);
    if (entry.enabled === enabled) return;
    entry.enabled = enabled;
    if (enabled) this.#arm(entry);
    else this.#disarm(entry);
  }

  /** The program was started anew: all are for the new process from now on, with fresh counts. */
  moveTo(traps: TrapSites, goidOn: (thread: LiveThread) => Goid | undefined): void {
    this.#traps = traps;
    this.#goidOn = goidOn;
    for (const entry of this.#entries.values()) {
      entry.hits = 0;
      entry.hitsByGoroutine.clear();
      entry.wishes = [];
      entry.places = entry.find();
      if (entry.enabled) this.#arm(entry);
    }
  }

  /** Code has come or gone: the pending ones may have their places now. */
  findAgain(): void {
    for (const entry of this.#entries.values()) {
      if (entry.places.length > 0) continue;
      entry.places = entry.find();
      if (entry.enabled) this.#arm(entry);
    }
  }

  #arm(entry: Entry): void {
    entry.wishes = entry.places.map((place) =>
      this.#traps.add(place.address, (thread, address) => this.#hit(entry, thread, address)),
    );
  }

  #disarm(entry: Entry): void {
    for (const wish of entry.wishes) this.#traps.remove(wish);
    entry.wishes = [];
  }

  #hit(entry: Entry, thread: LiveThread, address: RuntimeAddress): StopCause | undefined {
    const goid = this.#goidOn(thread);
    entry.hits++;
    if (goid !== undefined) entry.hitsByGoroutine.set(goid, (entry.hitsByGoroutine.get(goid) ?? 0) + 1);
    return { kind: 'breakpoint', breakpoint: entry, thread: thread.id, goid, address };
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
