import { expect, test } from 'vitest';
import { regionOf } from '../../target/testing/region.ts';
import type { GoroutineFields } from '../goroutines/goroutine-fields.ts';
import { WritableMemory } from '../testing/started-program.ts';
import { words } from '../values/testing/words.ts';
import { semaphoresOnStacks } from './semaphores.ts';

const SUDOG = { g: 0, next: 8, prev: 16, element: 24, parent: 32, waitLink: 40, channel: 48 };
const G = { goid: 0, stackLow: 8, stackHigh: 16 };
const TEXT = 0x400000;
const SEMAPHORE = 0x600008;
const [G1, G2] = [0x700000, 0x700100] as const;
const [SUDOG1, SUDOG2] = [0x710000, 0x710100] as const;
const OTHER = 0x740000;
const [STACK1, STACK2] = [0x720000, 0x730000] as const;

const sudog = (g: number, element: number, waitLink = 0, channel = 0) =>
  words(g, 0, 0, element, 0, waitLink, channel);

/** Two goroutines that wait on a semaphore, the second the first in its queue; what is on the first one's stack. */
function parked(stack1: readonly number[], other = words(0)): ReadonlyMap<number, readonly number[]> {
  const memory = new WritableMemory();
  memory.map(0x600000, words(0, 0, 0));
  memory.map(G1, words(1, STACK1, STACK1 + 0x100));
  memory.map(G2, words(2, STACK2, STACK2 + 0x100));
  memory.map(SUDOG1, sudog(G1, SEMAPHORE));
  memory.map(SUDOG2, sudog(G2, SEMAPHORE, SUDOG1));
  memory.map(STACK1, words(...stack1, ...new Array<number>(32 - stack1.length).fill(0)));
  memory.map(STACK2, words(SUDOG2, ...new Array<number>(31).fill(0)));
  memory.map(OTHER, other);
  memory.add(TEXT, words(0x90));
  memory.regions.push({ ...regionOf(TEXT, words(0x90)), writable: false });
  const word = (g: number, offset: number) => memory.uint64((g + offset) as never);
  const fields = {
    runtime: { memory, layouts: { tryOf: () => SUDOG } },
    layout: G,
    word,
    id: (g: number) => word(g, G.goid),
    sched: (g: number) => ({ sp: word(g, G.stackLow) }),
  } as unknown as GoroutineFields;
  const found = semaphoresOnStacks(fields, [G1, G2]);
  return new Map([...found].map(([g, { address, waiters }]) => [g, [address, ...waiters]]));
}

test('who waits on one address is one queue, in its order', () => {
  const both = [SEMAPHORE, 2, 1];
  expect(parked([SUDOG1])).toEqual(
    new Map([
      [G1, both],
      [G2, both],
    ]),
  );
});

test('a slot of the stack that holds the g is no sudog, whatever stands behind it', () => {
  // The second word leads to the third, where the g is, with the address of code in place of elem.
  const slot = STACK1 + 16;
  expect(parked([0, slot, G1, 0, 0, TEXT, 0, 0, 0, SUDOG1]).get(G1)).toEqual([SEMAPHORE, 2, 1]);
  expect(parked([0, slot, G1, 0, 0, SEMAPHORE + 8]).get(G1)).toBeUndefined();
});

test.each([
  ['code in place of elem', sudog(G1, TEXT)],
  ['an address that no word has', sudog(G1, SEMAPHORE + 1)],
  ['a channel', sudog(G1, SEMAPHORE + 8, 0, 0x600000)],
])('nor is a struct elsewhere that begins with the g and has %s', (_, bytes) => {
  expect(parked([OTHER, SUDOG1], bytes).get(G1)).toEqual([SEMAPHORE, 2, 1]);
  expect(parked([OTHER], bytes).get(G1)).toBeUndefined();
});
