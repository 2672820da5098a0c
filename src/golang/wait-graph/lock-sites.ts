import { runtimeAddress } from '../../base/index.ts';
import type { CodeFunction } from '../code/code-point.ts';
import type { GoProgram } from '../go-program.ts';

export type LockMethod = 'Lock' | 'Unlock' | 'RLock' | 'RUnlock';

/** Where a function locks or unlocks, in the source. */
export interface LockSite {
  /** The function in whose source it stands: the one that holds the code, or one that was inlined into it. */
  readonly within: string;
  readonly line: number;
  readonly type: 'Mutex' | 'RWMutex';
  readonly method: LockMethod;
}

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
    const add = (site: LockSite): void => {
      sites.set(`${site.within}:${site.line} ${site.type} ${site.method}`, site);
    };
    const step = this.#go.target.arch.name === 'arm64' ? 4 : 1;
    for (let at = 0; at < code.length; at += step) {
      const inlining = functions.inlining(fn.module.toLinked(runtimeAddress(fn.entry + at)));
      const chain = inlining?.inlined ?? [];
      const depth = chain.findIndex(({ name }) => METHODS.has(name));
      const outer = chain[depth + 1];
      if (depth >= 0) {
        const within = outer?.name ?? fn.name;
        add({
          within,
          line: outer?.position.line ?? inlining!.outer.line,
          ...METHODS.get(chain[depth]!.name)!,
        });
        continue;
      }
      const called = METHODS.get(this.#called(code, fn.entry, at) ?? '');
      if (called === undefined) continue;
      const inner = chain[0];
      const line =
        inner?.position.line ?? this.#go.code.before(fn.entry + at + 1).levels[0]?.position?.line ?? 0;
      add({ within: inner?.name ?? fn.name, line, ...called });
    }
    return [...sites.values()];
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
