import { MattockError, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import { readDeferredCalls } from '../defers/deferred-calls.ts';
import type { Frame } from '../frame.ts';
import type { GoProgram } from '../go-program.ts';
import { pointersIn } from '../pointer-words.ts';
import { type LockMethod, type LockSite, LockSites, lockMethod } from './lock-sites.ts';
import type { WaitedObject } from './waited-objects.ts';

const DEPTH = 64;
/** Where a function keeps what it was given in registers: behind its return address, the receiver in front. */
const SPILLED_BYTES = 32;
/** Larger frames are not searched for pointers. */
const MOST_FRAME = 64 << 10;
/** sync.Mutex: state, of which bit 0 is `locked` and from bit 3 on waiters are counted, and sema (internal/sync/mutex.go). */
const MOST_STATE = 1 << 24;

/** What a goroutine's deferred calls and the code of its frames tell of the locks that it holds. */
export interface Holding {
  /** Deferred calls, with the first word that each was given. */
  readonly deferred: readonly { readonly function: string; readonly receiver: number }[];
  /** Locks that were taken in its frames and not given back before the line where each frame is. */
  readonly taken: readonly TakenLock[];
}

export interface TakenLock extends Pick<LockSite, 'type' | 'method'> {
  /** Where it is, as far as the code tells; undefined: anywhere. */
  readonly address: number | undefined;
  /** If it is anywhere: what the frame's pointers lead to that may be it. */
  readonly pointed: readonly number[];
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
    return this.#word(closure + 8);
  }

  #word(address: number): number {
    const { memory } = this.#go.runtime;
    const at = runtimeAddress(address);
    return memory.tryRead(at, 8) === undefined ? 0 : memory.uint64(at);
  }

  #taken(g: RuntimeAddress): Holding['taken'] {
    const taken: TakenLock[] = [];
    const { frames } = this.#go.stackOf(g, DEPTH);
    frames.forEach((frame, i) => {
      if (frame.function === undefined || frame.function.startsWith('sync.')) return;
      const fn = frame.entry === undefined ? undefined : this.#go.code.functionAt(frame.entry);
      if (fn === undefined) return;
      for (const site of before(this.#sites.of(fn), frame, frames[i - 1]))
        taken.push(this.#lock(site, frame, frames));
    });
    return taken;
  }

  #lock({ type, method, receiver }: LockSite, frame: Frame, frames: readonly Frame[]): TakenLock {
    const low = stackPointer(frame, frames);
    const isHeld = (at: number): boolean => method === 'RLock' || this.#looksLocked(at);
    const address = this.#addressOf(receiver, low);
    if (address !== undefined && isHeld(address)) return { type, method, address, pointed: [] };
    const offset = receiver?.kind === 'offset' || receiver?.kind === 'slot' ? receiver.offset : undefined;
    const pointed = offset === undefined ? [] : this.#pointed(low, frame.cfa, offset).filter(isHeld);
    return { type, method, address: undefined, pointed };
  }

  #addressOf(receiver: LockSite['receiver'], low: number): number | undefined {
    switch (receiver?.kind) {
      case 'static':
        return receiver.address;
      case 'pointer':
        return this.#word(receiver.at) + receiver.offset;
      case 'slot':
        return low === 0 ? undefined : this.#word(low + receiver.at) + receiver.offset;
      default:
        return undefined;
    }
  }

  #looksLocked(address: number): boolean {
    const word = this.#word(address);
    return word % 2 === 1 && word < MOST_STATE;
  }

  /** What pointers on the frame lead to, so far behind them. */
  #pointed(low: number, cfa: number, offset: number): readonly number[] {
    if (low === 0 || cfa <= low || cfa - low > MOST_FRAME) return [];
    const found: number[] = [];
    pointersIn(this.#go.runtime.memory, low, cfa + SPILLED_BYTES, (word) => found.push(word + offset));
    return found;
  }
}

/** Of a frame that has called another: where that one's begins. 0: it has not. */
function stackPointer(frame: Frame, frames: readonly Frame[]): number {
  let callee = frame.index - frames[0]!.index - 1;
  while (callee >= 0 && frames[callee]!.cfa === frame.cfa) callee--;
  return callee < 0 ? 0 : frames[callee]!.cfa;
}

/** By lines: the compiler moves slow paths to a function's end, and so addresses say little. */
function before(sites: readonly LockSite[], frame: Frame, callee: Frame | undefined): readonly LockSite[] {
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
      const at = closed(open, site, closes);
      if (at >= 0) open.splice(at, 1);
    }
  }
  return open;
}

/** The lock that is given back: the one of the same variable, else the last of its kind. */
function closed(open: readonly LockSite[], { type, receiver }: LockSite, method: LockMethod): number {
  const isAlike = (one: LockSite): boolean => one.type === type && one.method === method;
  const same =
    receiver === undefined || receiver.kind === 'offset'
      ? -1
      : open.findLastIndex((one) => isAlike(one) && isSame(one.receiver, receiver));
  return same >= 0 ? same : open.findLastIndex(isAlike);
}

function isSame(one: LockSite['receiver'], other: NonNullable<LockSite['receiver']>): boolean {
  if (one?.kind === 'static') return other.kind === 'static' && one.address === other.address;
  return (
    one?.kind === 'pointer' && other.kind === 'pointer' && one.at === other.at && one.offset === other.offset
  );
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

/** The locks of the object's kind that a goroutine has taken, as its code tells. */
export function takenOfKind(holding: Holding, object: WaitedObject): readonly TakenLock[] {
  const release = RELEASES[object.kind];
  if (release === undefined || object.kind === 'waitgroup') return [];
  return holding.taken.filter(
    ({ type, method }) =>
      (release.type === undefined || release.type === type) &&
      (release.method === undefined || release.method === method),
  );
}
