import { type Goid, goid, type RuntimeAddress, runtimeAddress, type ThreadId } from '../../base/index.ts';
import type { Location } from '../frame.ts';
import type { BlockedOn, Goroutine, GoroutineState } from '../goroutine.ts';
import { GoroutineFields } from './goroutine-fields.ts';
import type { GoroutineSlice } from './goroutine-slice.ts';

/** What a goroutine asks of the program it belongs to. */
export interface GoroutineHost {
  readonly fields: GoroutineFields;
  waited(since: number): number | undefined;
  threadOf(g: RuntimeAddress): ThreadId | undefined;
  isSystem(g: RuntimeAddress): boolean;
  currentLocation(goroutine: GoroutineRecord): Location;
  userLocation(goroutine: GoroutineRecord): Location;
  goStatement(pc: number): Location;
  functionStart(pc: number): Location;
  labels(g: RuntimeAddress): ReadonlyMap<string, string>;
  blockedOn(goroutine: GoroutineRecord): BlockedOn | undefined;
}

/** States in which `g.waitreason` says why. */
const STATES_WITH_REASON: ReadonlySet<GoroutineState> = new Set(['_Gwaiting', '_Gleaked', '_Gpreempted']);

/** A goroutine, read as far as it is asked for: a list of a million holds a few words for each. */
export class GoroutineRecord implements Goroutine {
  readonly id: Goid;
  readonly state: GoroutineState;
  readonly problem: string | undefined;
  readonly #host: GoroutineHost;
  readonly #slice: GoroutineSlice;
  readonly #place: number;
  #user: Location | undefined;
  #labels: ReadonlyMap<string, string> | undefined;
  #blockedOn: BlockedOn | null | undefined;

  constructor(host: GoroutineHost, slice: GoroutineSlice, place: number) {
    this.#host = host;
    this.#slice = slice;
    this.#place = place;
    const status = slice.statuses[place]!;
    const state = GoroutineFields.state(status);
    let problem = slice.problems.size === 0 ? undefined : slice.problems.get(place);
    if (state === undefined) problem ??= `its state ${status} is not one that Go has`;
    this.id = goid(slice.ids[place]!);
    this.state = state ?? '_Gidle';
    this.problem = problem;
  }

  // What is not asked of each one stays in the columns: a list that is sorted keeps ten thousand of these at a time.
  get address(): RuntimeAddress {
    return this.#slice.addresses[this.#place]! as RuntimeAddress;
  }

  get scanning(): boolean {
    return GoroutineFields.scanning(this.#slice.statuses[this.#place]!);
  }

  /** g.sched, where a parked goroutine goes on. */
  get schedPc(): number {
    return this.#slice.schedPc[this.#place]!;
  }

  get schedSp(): number {
    return this.#slice.schedSp[this.#place]!;
  }

  /** The first sudog, or 0. */
  get waiting(): number {
    return this.#slice.waiting[this.#place]!;
  }

  /** When time.Sleep ends, or 0. */
  get sleepWhen(): number {
    return this.#slice.sleepWhen[this.#place]!;
  }

  get waitReason(): string | undefined {
    if (this.state !== '_Gwaiting' && !STATES_WITH_REASON.has(this.state)) return undefined;
    if (this.problem !== undefined) return undefined;
    return this.#host.fields.waitReasons.text(this.#slice.waitReasons[this.#place]!);
  }

  get waited(): number | undefined {
    if (this.state !== '_Gwaiting' && this.state !== '_Gsyscall' && this.state !== '_Gleaked')
      return undefined;
    const since = this.problem === undefined ? this.#slice.waitSince[this.#place]! : 0;
    return since === 0 ? undefined : this.#host.waited(since);
  }

  get thread(): ThreadId | undefined {
    return this.problem === undefined ? this.#host.threadOf(this.address) : undefined;
  }

  get system(): boolean {
    return this.problem === undefined && this.#host.isSystem(this.address);
  }

  get parent(): Goid | undefined {
    const offset = this.#host.fields.layout.parentGoid;
    const id = offset === undefined ? 0 : this.#word(offset);
    return id === 0 ? undefined : goid(id);
  }

  get currentLocation(): Location {
    return this.#host.currentLocation(this);
  }

  get userLocation(): Location {
    this.#user ??= this.#host.userLocation(this);
    return this.#user;
  }

  get goStatementLocation(): Location {
    return this.#host.goStatement(this.#word(this.#host.fields.layout.goPc));
  }

  get startLocation(): Location {
    return this.#host.functionStart(this.#word(this.#host.fields.layout.startPc));
  }

  get labels(): ReadonlyMap<string, string> {
    this.#labels ??= this.#host.labels(this.address);
    return this.#labels;
  }

  get blockedOn(): BlockedOn | undefined {
    if (this.#blockedOn === undefined) this.#blockedOn = this.#host.blockedOn(this) ?? null;
    return this.#blockedOn ?? undefined;
  }

  get stack(): { readonly low: RuntimeAddress; readonly high: RuntimeAddress } {
    const { stackLow, stackHigh } = this.#host.fields.layout;
    return { low: runtimeAddress(this.#word(stackLow)), high: runtimeAddress(this.#word(stackHigh)) };
  }

  /** 0 where the g cannot be read: `problem` says so. */
  #word(offset: number): number {
    return this.problem === undefined ? this.#host.fields.word(this.address, offset) : 0;
  }
}
