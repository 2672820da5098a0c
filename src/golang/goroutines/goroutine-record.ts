import {
  type Goid,
  goid,
  MattockError,
  type RuntimeAddress,
  runtimeAddress,
  type ThreadId,
} from '../../base/index.ts';
import type { Location } from '../frame.ts';
import type { BlockedOn, Goroutine, GoroutineState } from '../goroutine.ts';
import { GoroutineFields } from './goroutine-fields.ts';

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
  readonly address: RuntimeAddress;
  readonly state: GoroutineState;
  readonly scanning: boolean;
  readonly problem: string | undefined;
  readonly #host: GoroutineHost;
  #user: Location | undefined;
  #labels: ReadonlyMap<string, string> | undefined;
  #blockedOn: BlockedOn | null | undefined;

  constructor(host: GoroutineHost, address: RuntimeAddress) {
    this.#host = host;
    this.address = address;
    let id = 0;
    let status = 0;
    let problem: string | undefined;
    try {
      status = host.fields.rawStatus(address);
      id = host.fields.id(address);
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      problem = error.message;
    }
    const state = GoroutineFields.state(status);
    if (state === undefined) problem ??= `its state ${status} is not one that Go has`;
    this.id = goid(id);
    this.state = state ?? '_Gidle';
    this.scanning = GoroutineFields.scanning(status);
    this.problem = problem;
  }

  get waitReason(): string | undefined {
    if (!STATES_WITH_REASON.has(this.state) || this.problem !== undefined) return undefined;
    const { fields } = this.#host;
    const { memory } = fields.runtime;
    return fields.waitReasons.text(memory.uint8((this.address + fields.layout.waitReason) as RuntimeAddress));
  }

  get waited(): number | undefined {
    if (this.state !== '_Gwaiting' && this.state !== '_Gsyscall' && this.state !== '_Gleaked')
      return undefined;
    const since = this.#word(this.#host.fields.layout.waitSince);
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
