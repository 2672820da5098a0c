import { runtimeAddress } from '../../base/index.ts';
import type { CodeFunction } from '../code/code-point.ts';
import type { GoProgram } from '../go-program.ts';
import { isAtomic, lockingPlaces, type Receiver, receiverAt } from './lock-receivers.ts';

export type LockMethod = 'Lock' | 'Unlock' | 'RLock' | 'RUnlock';

/** Where a function locks or unlocks, in the source. */
export interface LockSite {
  /** The function in whose source it stands: the one that holds the code, or one that was inlined into it. */
  readonly within: string;
  readonly line: number;
  readonly type: 'Mutex' | 'RWMutex';
  readonly method: LockMethod;
  /** Undefined: the code does not say it, or is not amd64's. */
  readonly receiver: Receiver | undefined;
}

type Site = Omit<LockSite, 'receiver'>;

/** sync.RWMutex: readerCount is behind w, writerSem and readerSem (sync/rwmutex.go). */
const READER_COUNT = 16;

const METHODS: ReadonlyMap<string, Pick<LockSite, 'type' | 'method'>> = new Map([
  ['sync.(*Mutex).Lock', { type: 'Mutex', method: 'Lock' }],
  ['sync.(*Mutex).Unlock', { type: 'Mutex', method: 'Unlock' }],
  ['sync.(*RWMutex).Lock', { type: 'RWMutex', method: 'Lock' }],
  ['sync.(*RWMutex).Unlock', { type: 'RWMutex', method: 'Unlock' }],
  ['sync.(*RWMutex).RLock', { type: 'RWMutex', method: 'RLock' }],
  ['sync.(*RWMutex).RUnlock', { type: 'RWMutex', method: 'RUnlock' }],
]);

export const lockMethod = (name: string | undefined): Pick<LockSite, 'type' | 'method'> | undefined =>
  METHODS.get(name ?? '');

/** Bytes behind an atomic instruction in which the rest of what was inlined begins. */
const NEAR = 24;
/** A function that is larger is not looked through. */
const LARGEST = 64 * 1024;
const CALL = 0xe8;
/** arm64 BL: 100101, 26 bits of distance in words. */
const BRANCH_AND_LINK = 0x25;

/** Calls of sync's locks in a function's code: those that were inlined by pclntab's inline trees, others by their targets. */
export class LockSites {
  readonly #go: GoProgram;
  readonly #known = new Map<number, readonly LockSite[]>();

  constructor(go: GoProgram) {
    this.#go = go;
  }

  of(fn: CodeFunction): readonly LockSite[] {
    let sites = this.#known.get(fn.entry);
    if (sites === undefined) {
      sites = this.#find(fn);
      this.#known.set(fn.entry, sites);
    }
    return sites;
  }

  #find(fn: CodeFunction): readonly LockSite[] {
    const functions = fn.module.image!.functions!;
    const size = functions.end(fn.index) - functions.entry(fn.index);
    if (size <= 0 || size > LARGEST) return [];
    const code = this.#go.runtime.memory.readUpTo(fn.entry, size);
    const sites = new Map<string, LockSite>();
    const isAmd64 = this.#go.target.arch.name === 'amd64';
    for (const at of this.#places(code)) {
      const site = isAmd64 && isAtomic(code, at) ? this.#atomicAt(fn, at) : this.#siteAt(fn, code, at);
      if (site === undefined) continue;
      const key = `${site.within}:${site.line} ${site.type} ${site.method}`;
      if (sites.get(key)?.receiver !== undefined) continue;
      sites.set(key, { ...site, receiver: this.#receiver(fn, code, at, site) });
    }
    return [...sites.values()];
  }

  #places(code: Uint8Array): Iterable<number> {
    if (this.#go.target.arch.name === 'amd64') return lockingPlaces(code);
    return Array.from({ length: Math.floor(code.length / 4) }, (_, i) => 4 * i);
  }

  #siteAt(fn: CodeFunction, code: Uint8Array, at: number): Site | undefined {
    return this.#inlinedAt(fn, at) ?? this.#calledAt(fn, code, at);
  }

  /** What was inlined begins with it; the instruction itself may count as the caller's line (go1.22, with an offset). */
  #atomicAt(fn: CodeFunction, at: number): Site | undefined {
    for (let next = at; next < at + NEAR; next++) {
      const site = this.#inlinedAt(fn, next);
      if (site === undefined) continue;
      return next === at || this.#lineAt(fn, at) === site.line ? site : undefined;
    }
    return undefined;
  }

  #lineAt(fn: CodeFunction, at: number): number | undefined {
    return this.#go.code.before(fn.entry + at + 1).levels[0]?.position?.line;
  }

  #receiver(fn: CodeFunction, code: Uint8Array, at: number, site: Site): Receiver | undefined {
    // What was inlined calls its slow path too: what it locks, its atomic instruction says.
    const tells = isAtomic(code, at) || this.#inlinedAt(fn, at) === undefined;
    if (!tells || this.#go.target.arch.name !== 'amd64') return undefined;
    const reads = site.method === 'RLock' || site.method === 'RUnlock';
    return receiverAt(code, fn.entry, at, reads ? READER_COUNT : 0);
  }

  #inlinedAt(fn: CodeFunction, at: number): Site | undefined {
    const inlining = fn.module.image!.functions!.inlining(fn.module.toLinked(runtimeAddress(fn.entry + at)));
    const chain = inlining?.inlined ?? [];
    const depth = chain.findIndex(({ name }) => METHODS.has(name));
    if (depth < 0) return undefined;
    const outer = chain[depth + 1];
    const line = outer?.position.line ?? inlining!.outer.line;
    return { within: outer?.name ?? fn.name, line, ...METHODS.get(chain[depth]!.name)! };
  }

  #calledAt(fn: CodeFunction, code: Uint8Array, at: number): Site | undefined {
    const called = METHODS.get(this.#called(code, fn.entry, at) ?? '');
    if (called === undefined) return undefined;
    const [location] = this.#go.code.before(fn.entry + at + 1).levels;
    return { within: location?.function ?? fn.name, line: location?.position?.line ?? 0, ...called };
  }

  /** The function that an instruction here would call, if it is a call. */
  #called(code: Uint8Array, entry: number, at: number): string | undefined {
    const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
    let target: number;
    if (this.#go.target.arch.name === 'arm64') {
      if (at + 4 > code.length) return undefined;
      const word = view.getUint32(at, true);
      if (word >>> 26 !== BRANCH_AND_LINK) return undefined;
      target = entry + at + ((word << 6) >> 6) * 4;
    } else {
      if (code[at] !== CALL || at + 5 > code.length) return undefined;
      target = entry + at + 5 + view.getInt32(at + 1, true);
    }
    if (target <= 0) return undefined;
    const fn = this.#go.code.functionAt(target);
    return fn?.entry === target ? fn.name : undefined;
  }
}
