import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { GoProgram } from '../go-program.ts';
import { processorAddresses } from '../processors.ts';
import { PTimers } from '../runtime-facts/scheduling.ts';
import { Sudog } from '../runtime-facts/structs.ts';
import type { HeapObjects } from './heap-objects.ts';
import type { WaitedObjects } from './waited-objects.ts';

const MOST_SUDOGS = 4_000_000;

/** A goroutine; indices are those of `WaitedObject.waiters`. */
export interface Participant {
  readonly address: RuntimeAddress;
  /** It waits for objects that are known; all others are alive. */
  readonly blocked: boolean;
}

/**
 * Where the runtime keeps who waits and who ran: every g, m and p, and the sudogs of those that wait, by the bases of
 * these objects. They lead from everybody to everybody, much of it is left over (the queues, caches and write barrier
 * buffer of a p), and nobody can send or unlock through them. What the timers of a p lead to is `timersOf`.
 */
export function booksOf(
  go: GoProgram,
  heap: HeapObjects,
  waited: WaitedObjects,
  goroutines: readonly Participant[],
): ReadonlySet<number> {
  const books = new Set<number>();
  const { memory, layouts } = go.runtime;
  const sudog = layouts.tryOf(Sudog);
  const note = (address: number): void => {
    const base = heap.at(address)?.base;
    if (base !== undefined) books.add(base);
  };
  for (const { address } of go.machines.all) note(address);
  for (const address of processorAddresses(go.runtime)) note(address);
  const waiting = new Set<number>();
  for (const { waiters } of waited.all) for (const waiter of waiters.keys()) waiting.add(waiter);
  goroutines.forEach(({ address }, i) => {
    note(address);
    if (sudog === undefined || !waiting.has(i)) return;
    let at = go.fields.word(address, go.fields.layout.waiting);
    for (let count = 0; at !== 0 && count < MOST_SUDOGS; count++) {
      note(at);
      const next = (at + sudog.waitLink) as RuntimeAddress;
      if (memory.tryRead(next, 8) === undefined) break;
      at = memory.uint64(next);
    }
  });
  return books;
}

/** Where the arrays of timers are that will call a function: these are roots. */
export function timersOf(go: GoProgram): readonly RuntimeAddress[] {
  const layout = go.runtime.layouts.tryOf(PTimers);
  if (layout === undefined) return [];
  const { memory } = go.runtime;
  return [...processorAddresses(go.runtime)]
    .map((p) => runtimeAddress(p + layout.timers))
    .filter((field) => memory.tryRead(field, 8) !== undefined)
    .map((field) => memory.pointer(field));
}
