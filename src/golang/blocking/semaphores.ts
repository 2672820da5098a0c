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
  readonly waiting: number;
  readonly waiters: readonly Goid[];
}

/** Their numbers are in their gs, each in another place of memory: they are read when somebody asks for them. */
class Queue implements Semaphore {
  readonly address: RuntimeAddress;
  readonly #goroutines: number[] = [];
  readonly #idOf: (g: number) => number;
  #waiters: readonly Goid[] | undefined;

  constructor(address: number, idOf: (g: number) => number) {
    this.address = runtimeAddress(address);
    this.#idOf = idOf;
  }

  add(g: number): void {
    this.#goroutines.push(g);
  }

  get waiting(): number {
    return this.#goroutines.length;
  }

  get waiters(): readonly Goid[] {
    this.#waiters ??= this.#goroutines.map((g) => goid(this.#idOf(g)));
    return this.#waiters;
  }
}

/**
 * Who waits on which semaphore, by g. A goroutine in semacquire1 does not note the address itself (g.waiting is for
 * channels), so the whole of `semtable` is walked once: 251 roots, each a treap of sudogs by address (prev and next
 * are its branches), each node with the list (waitlink) of those that wait on the same address (runtime/sema.go).
 * Undefined: the table is not found.
 */
export function readSemaphores(runtime: GoRuntime): ReadonlyMap<number, Semaphore> | undefined {
  const byGoroutine = new Map<number, Semaphore>();
  const table = runtime.tryGlobal(SEMAPHORE_TABLE);
  if (table === undefined) return undefined;
  const { memory, target } = runtime;
  const sudog = runtime.layout(Sudog);
  const g = runtime.layout(G);
  const root = runtime.layout(SemaRoot);
  const stride = Math.ceil(root.size / CACHE_LINE[target.arch.name]) * CACHE_LINE[target.arch.name];
  const word = (address: number): number => memory.uint64(address as RuntimeAddress);
  const idOf = (goroutine: number): number => word(goroutine + g.goid);
  const seen = new Set<number>();

  const readNode = (node: number): void => {
    const queue = new Queue(word(node + sudog.element), idOf);
    for (let waiter = node; waiter !== 0; waiter = word(waiter + sudog.waitLink)) {
      if (waiter !== node && seen.has(waiter)) break;
      seen.add(waiter);
      const goroutine = word(waiter + sudog.g);
      queue.add(goroutine);
      byGoroutine.set(goroutine, queue);
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
 * Where semtable itself cannot be found (stripped binaries), the sudogs of semacquire1 can: each is in the innermost
 * frames of the goroutine that it names. Those with one address are one queue, in the order of its waitlinks.
 */
export function semaphoresOnStacks(
  fields: GoroutineFields,
  goroutines: Iterable<number>,
): ReadonlyMap<number, Semaphore> {
  const byAddress = new Map<number, ParkedSudog[]>();
  for (const g of goroutines) {
    const parked = parkedSudog(fields, g);
    if (parked === undefined) continue;
    const queue = byAddress.get(parked.semaphore);
    if (queue === undefined) byAddress.set(parked.semaphore, [parked]);
    else queue.push(parked);
  }
  const byGoroutine = new Map<number, Semaphore>();
  for (const [address, parked] of byAddress) {
    const queue = new Queue(address, (g) => fields.id(g));
    for (const { g } of inOrder(parked)) queue.add(g);
    for (const { g } of parked) byGoroutine.set(g, queue);
  }
  return byGoroutine;
}

interface ParkedSudog {
  readonly g: number;
  readonly sudog: number;
  readonly semaphore: number;
  /** The next that waits on the same address, or 0. */
  readonly next: number;
}

function parkedSudog(fields: GoroutineFields, g: number): ParkedSudog | undefined {
  const layout = fields.runtime.layouts.tryOf(Sudog);
  if (layout === undefined) return undefined;
  for (const sudog of parkedWords(fields, g)) {
    const next = tryWord(fields, sudog + layout.waitLink);
    if (tryWord(fields, sudog + layout.g) !== g || next === undefined) continue;
    // Other structs begin with a g too: in a sudog of a semaphore, c is nil and elem is a word that can be written.
    if (tryWord(fields, sudog + layout.channel) !== 0) continue;
    const semaphore = tryWord(fields, sudog + layout.element) ?? 0;
    if (semaphore % 4 !== 0 || !isWritable(fields, semaphore)) continue;
    return { g, sudog, semaphore, next };
  }
  return undefined;
}

const isWritable = (fields: GoroutineFields, address: number): boolean =>
  fields.runtime.memory.regionAt(runtimeAddress(address))?.writable === true;

/** From the one that no other leads to. In a damaged queue those that are not reached from it follow as they come. */
function inOrder(parked: readonly ParkedSudog[]): readonly ParkedSudog[] {
  const rest = new Map(parked.map((one) => [one.sudog, one]));
  const ordered: ParkedSudog[] = [];
  const behind = new Set(parked.map((one) => one.next));
  const heads = parked.filter((one) => !behind.has(one.sudog));
  for (const head of [...heads, ...parked]) {
    for (let one = rest.get(head.sudog); one !== undefined; one = rest.get(one.next)) {
      rest.delete(one.sudog);
      ordered.push(one);
    }
  }
  return ordered;
}
