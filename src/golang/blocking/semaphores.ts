import { type Goid, goid, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { GoRuntime } from '../go-runtime.ts';
import type { GoroutineFields } from '../goroutines/goroutine-fields.ts';
import { CACHE_LINE, SEMAPHORE_TABLE_SIZE } from '../runtime-facts/constants.ts';
import { SEMAPHORE_TABLE } from '../runtime-facts/globals.ts';
import { G, SemaRoot, Sudog } from '../runtime-facts/structs.ts';
import { parkedWords, tryWord } from './parked-words.ts';

const MAX_WAITERS = 4_000_000;

/** One semaphore word and who waits for it. */
export interface Semaphore {
  readonly address: RuntimeAddress;
  readonly waiters: readonly Goid[];
}

/**
 * Who waits on which semaphore, by g. A goroutine in semacquire1 does not note the address itself (g.waiting is for
 * channels), so the whole of `semtable` is walked once: 251 roots, each a treap of sudogs by address (prev and next
 * are its branches), each node with the list (waitlink) of those that wait on the same address (runtime/sema.go).
 */
export function readSemaphores(runtime: GoRuntime): ReadonlyMap<number, Semaphore> {
  const byGoroutine = new Map<number, Semaphore>();
  const table = runtime.tryGlobal(SEMAPHORE_TABLE);
  if (table === undefined) return byGoroutine;
  const { memory, target } = runtime;
  const sudog = runtime.layout(Sudog);
  const g = runtime.layout(G);
  const root = runtime.layout(SemaRoot);
  const stride = Math.ceil(root.size / CACHE_LINE[target.arch.name]) * CACHE_LINE[target.arch.name];
  const word = (address: number): number => memory.uint64(address as RuntimeAddress);
  const seen = new Set<number>();

  const readNode = (node: number): void => {
    const waiters: Goid[] = [];
    const semaphore = { address: runtimeAddress(word(node + sudog.element)), waiters };
    for (let waiter = node; waiter !== 0; waiter = word(waiter + sudog.waitLink)) {
      if (waiter !== node && seen.has(waiter)) break;
      seen.add(waiter);
      const goroutine = word(waiter + sudog.g);
      waiters.push(goid(word(goroutine + g.goid)));
      byGoroutine.set(goroutine, semaphore);
    }
  };

  for (let i = 0; i < SEMAPHORE_TABLE_SIZE; i++) {
    const nodes = [word(table + i * stride + root.treap)];
    while (nodes.length > 0) {
      const node = nodes.pop()!;
      if (node === 0 || seen.has(node) || seen.size > MAX_WAITERS) continue;
      readNode(node);
      nodes.push(word(node + sudog.prev), word(node + sudog.next));
    }
  }
  return byGoroutine;
}

/**
 * Where semtable itself cannot be found (stripped binaries), semacquire1's own sudog can: it is the one in the
 * goroutine's innermost frames that names the goroutine. Others that wait on the same address are not known then.
 */
export function semaphoreOnStack(fields: GoroutineFields, g: number): Semaphore | undefined {
  const sudog = fields.runtime.layouts.tryOf(Sudog);
  if (sudog === undefined) return undefined;
  for (const word of parkedWords(fields, g)) {
    if (tryWord(fields, word + sudog.g) !== g || tryWord(fields, word + sudog.waitLink) === undefined)
      continue;
    const address = tryWord(fields, word + sudog.element) ?? 0;
    if (address === 0 || tryWord(fields, address - (address % 8)) === undefined) continue;
    return { address: runtimeAddress(address), waiters: [goid(fields.id(g))] };
  }
  return undefined;
}
