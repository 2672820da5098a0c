import { MattockError, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import { readDeferredCalls } from '../defers/deferred-calls.ts';
import type { Frame } from '../frame.ts';
import type { GoProgram } from '../go-program.ts';
import { type LockMethod, type LockSite, LockSites, lockMethod } from './lock-sites.ts';
import type { WaitedObject } from './waited-objects.ts';

const DEPTH = 64;

/** What a goroutine's deferred calls and the code of its frames tell of the locks that it holds. */
export interface Holding {
  /** Deferred calls, with the first word that each was given. */
  readonly deferred: readonly { readonly function: string; readonly receiver: number }[];
  /** Locks that were taken in its frames and not given back before the line where each frame is. */
  readonly taken: readonly Pick<LockSite, 'type' | 'method'>[];
}

/** A Mutex does not say who holds it. Defers and code do, mostly. */
export class Holders {
  readonly #go: GoProgram;
  readonly #sites: LockSites;
  readonly #known = new Map<number, Holding>();

  constructor(go: GoProgram) {
    this.#go = go;
    this.#sites = new LockSites(go);
  }

  of(g: RuntimeAddress): Holding {
    let holding = this.#known.get(g);
    if (holding === undefined) {
      holding = { deferred: this.#deferred(g), taken: this.#taken(g) };
      this.#known.set(g, holding);
    }
    return holding;
  }

  #deferred(g: RuntimeAddress): Holding['deferred'] {
    try {
      const calls = readDeferredCalls(this.#go, g);
      return calls.flatMap(({ function: name, closure }) => {
        if (name === undefined || closure === undefined) return [];
        return [{ function: name, receiver: this.#captured(closure) }];
      });
    } catch (error) {
      // Damaged defers: what they would have told is not known.
      if (!(error instanceof MattockError)) throw error;
      return [];
    }
  }

  /** A closure is the code's address and what it captured: of a deferred method its receiver. */
  #captured(closure: RuntimeAddress): number {
    const { memory } = this.#go.runtime;
    const at = runtimeAddress(closure + 8);
    return memory.tryRead(at, 8) === undefined ? 0 : memory.uint64(at);
  }

  #taken(g: RuntimeAddress): Holding['taken'] {
    const taken: Pick<LockSite, 'type' | 'method'>[] = [];
    const { frames } = this.#go.stackOf(g, DEPTH);
    frames.forEach((frame, i) => {
      if (frame.function === undefined || frame.function.startsWith('sync.')) return;
      const fn = frame.entry === undefined ? undefined : this.#go.code.functionAt(frame.entry);
      if (fn !== undefined) taken.push(...this.#before(this.#sites.of(fn), frame, frames[i - 1]));
    });
    return taken;
  }

  /** By lines: the compiler moves slow paths to a function's end, and so addresses say little. */
  #before(sites: readonly LockSite[], frame: Frame, callee: Frame | undefined): Holding['taken'] {
    const line = frame.position?.line ?? 0;
    const now = lockMethod(callee?.function);
    const open: LockSite[] = [];
    const earlier = sites.filter((site) => site.within === frame.function && site.line <= line);
    for (const site of earlier.sort((a, b) => a.line - b.line)) {
      const current = site.line === line && now?.method === site.method && now.type === site.type;
      if (current) continue;
      const closes = OPENER[site.method];
      if (closes === undefined) open.push(site);
      else {
        const at = open.findLastIndex((one) => one.type === site.type && one.method === closes);
        if (at >= 0) open.splice(at, 1);
      }
    }
    return open;
  }
}

const OPENER: Readonly<Record<LockMethod, LockMethod | undefined>> = {
  Lock: undefined,
  RLock: undefined,
  Unlock: 'Lock',
  RUnlock: 'RLock',
};

/** What lets go of an object of each kind. */
const RELEASES: Readonly<
  Record<string, { readonly deferred: RegExp; readonly type?: string; readonly method?: LockMethod }>
> = {
  mutex: { deferred: /^sync\.\(\*(?:RW)?Mutex\)\.Unlock$/, method: 'Lock' },
  'rwmutex-read': { deferred: /^sync\.\(\*RWMutex\)\.Unlock$/, type: 'RWMutex', method: 'Lock' },
  'rwmutex-write': { deferred: /^sync\.\(\*RWMutex\)\.R?Unlock$/, type: 'RWMutex' },
  waitgroup: { deferred: /^sync\.\(\*WaitGroup\)\.Done$/ },
};

/** Whether a goroutine has deferred what lets go of an object. */
export function hasDeferredRelease(holding: Holding, object: WaitedObject): boolean {
  const release = RELEASES[object.kind];
  if (release === undefined) return false;
  return holding.deferred.some(
    ({ function: name, receiver }) => release.deferred.test(name) && receiver === object.address,
  );
}

/** How many locks of the object's kind a goroutine has taken, as its code tells. */
export function takenOfKind(holding: Holding, object: WaitedObject): number {
  const release = RELEASES[object.kind];
  if (release === undefined || object.kind === 'waitgroup') return 0;
  return holding.taken.filter(
    ({ type, method }) =>
      (release.type === undefined || release.type === type) &&
      (release.method === undefined || release.method === method),
  ).length;
}
