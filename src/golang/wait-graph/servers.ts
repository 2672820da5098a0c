import type { RuntimeAddress } from '../../base/index.ts';
import type { GoProgram } from '../go-program.ts';
import type { Confidence } from './graph.ts';
import { Holders, type Holding, hasDeferredRelease, type TakenLock, takenOfKind } from './holders.ts';
import { type Claim, settleClaims } from './lock-claims.ts';
import type { WaitedObject, WaitedObjects } from './waited-objects.ts';

/** Who holds a lock is looked at closely for so many goroutines. */
const MOST_STUDIED = 5_000;

/** Somebody who must, or may, let those go on who wait for an object. */
export interface Server {
  /** Index, as waiters of objects are named. */
  readonly member: number;
  readonly kind: 'held' | 'served';
  readonly confidence: Confidence;
  readonly how: string;
}

export interface Member {
  readonly address: RuntimeAddress;
  /** The runtime's own. */
  readonly system: boolean;
}

/** By object: who could come by it, with how many steps from the stack. */
export type Candidates = readonly ReadonlyMap<number, number>[];

/** By object. */
export function serversOf(
  go: GoProgram,
  waited: WaitedObjects,
  members: readonly Member[],
  candidates: Candidates,
): readonly (readonly Server[])[] {
  return new ServerSearch(go, waited, members).all(candidates);
}

const isLock = ({ kind }: WaitedObject): boolean =>
  kind === 'mutex' || kind === 'rwmutex-read' || kind === 'rwmutex-write' || kind === 'waitgroup';

class ServerSearch {
  readonly #waited: WaitedObjects;
  readonly #members: readonly Member[];
  readonly #holders: Holders;
  readonly #claims: Claim[] = [];
  readonly #studied = new Map<number, Holding>();
  /** Addresses of what a member waits for: it does not hold that. */
  readonly #own = new Map<number, Set<number>>();
  /** Addresses of locks that somebody waits for. */
  readonly #wanted: ReadonlySet<number>;

  constructor(go: GoProgram, waited: WaitedObjects, members: readonly Member[]) {
    this.#waited = waited;
    this.#members = members;
    this.#holders = new Holders(go);
    this.#wanted = new Set(waited.all.filter(isLock).map(({ address }) => address));
    for (const { address, waiters } of waited.all) {
      for (const waiter of waiters.keys()) {
        const known = this.#own.get(waiter);
        if (known === undefined) this.#own.set(waiter, new Set([address]));
        else known.add(address);
      }
    }
  }

  all(candidates: Candidates): readonly (readonly Server[])[] {
    const objects = this.#waited.all;
    const named = this.#namedByCode();
    const found = objects.map((object, i) => {
      const servers = this.#writersAhead(object, i);
      const ahead = new Set(servers.map(({ member }) => member));
      if (object.address === 0) return servers;
      for (const [member, steps] of candidates[i]!) {
        if (!ahead.has(member)) servers.push(...this.#server(object, i, member, steps));
      }
      for (const member of named.get(object.address) ?? []) {
        if (!ahead.has(member) && !candidates[i]!.has(member))
          servers.push(...this.#server(object, i, member));
      }
      return servers;
    });
    const settled = settleClaims(
      this.#claims.filter(({ object }) => !found[object]!.some(({ confidence }) => confidence === 'certain')),
      (object) => isExclusive(objects[object]!),
    );
    for (const { object, member, how } of settled) {
      const servers = found[object]!;
      const others = servers.filter((server) => server.member !== member);
      others.push({ member, kind: 'held', confidence: 'likely', how });
      found[object] = others;
    }
    return found;
  }

  /** Readers queue behind a writer that waits, and writers behind the one that is first: the queues say so. */
  #writersAhead({ kind }: WaitedObject, index: number): Server[] {
    if (kind !== 'rwmutex-read' && kind !== 'mutex') return [];
    const other = this.#waited.atSameRWMutex(index, 'rwmutex-write');
    const waiters = other === undefined ? [] : [...this.#waited.all[other]!.waiters.keys()];
    const how = 'a writer that waits is ahead';
    return waiters.map((member) => ({ member, kind: 'held', confidence: 'certain', how }));
  }

  /** Members by the addresses of locks that their code names, whatever their stacks lead to. */
  #namedByCode(): ReadonlyMap<number, readonly number[]> {
    const named = new Map<number, number[]>();
    if (!this.#waited.all.some(isLock)) return named;
    this.#members.forEach(({ system }, member) => {
      const holding = system ? undefined : this.#holding(member);
      for (const { address } of holding?.taken ?? []) {
        if (address === undefined) continue;
        const known = named.get(address);
        if (known === undefined) named.set(address, [member]);
        else known.push(member);
      }
    });
    return named;
  }

  #holding(member: number): Holding | undefined {
    const known = this.#studied.get(member);
    if (known !== undefined || this.#studied.size >= MOST_STUDIED) return known;
    const holding = this.#holders.of(this.#members[member]!.address);
    this.#studied.set(member, holding);
    return holding;
  }

  /** What a stack that leads to an object makes of its goroutine; that it holds it is claimed first. */
  #server(object: WaitedObject, index: number, member: number, steps?: number): Server[] {
    const waits = object.waiters.has(member);
    if (isLock(object)) this.#claim(object, index, member, waits);
    if (waits || steps === undefined) return [];
    const how = steps === 0 ? 'its stack leads to it' : `its stack leads to it in ${steps + 1} steps`;
    return [{ member, kind: 'served', confidence: 'possible', how }];
  }

  #claim(object: WaitedObject, index: number, member: number, waits: boolean): void {
    const holding = this.#holding(member);
    if (holding === undefined) return;
    const claim = { object: index, member, most: holding.taken.length + holding.deferred.length };
    if (hasDeferredRelease(holding, object)) {
      const release = object.kind === 'waitgroup' ? 'Done' : 'Unlock';
      this.#claims.push({ ...claim, rank: 2, how: `has deferred its ${release}` });
      return;
    }
    // One that waits for the lock and has locked once in a frame may have locked it before: only a defer says so.
    if (waits) return;
    const ranks = takenOfKind(holding, object).map((lock) => this.#rank(lock, object.address, member));
    const rank = Math.max(-1, ...ranks);
    if (rank >= 0) this.#claims.push({ ...claim, rank, how: 'its code is between Lock and Unlock' });
  }

  /** 1: it is this one that was locked; 0: it may be; −1: it is not. */
  #rank({ address, pointed }: TakenLock, wanted: number, member: number): number {
    if (address !== undefined) return address === wanted ? 1 : -1;
    if (pointed.includes(wanted)) return 1;
    const own = this.#own.get(member);
    return pointed.some((at) => this.#wanted.has(at) && own?.has(at) !== true) ? -1 : 0;
  }
}

/** It has one holder at most. */
const isExclusive = ({ kind }: WaitedObject): boolean => kind === 'mutex' || kind === 'rwmutex-read';
