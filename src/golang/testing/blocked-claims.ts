import { type Goid, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { BlockedOn, Goroutine } from '../goroutine.ts';
import type { Program } from '../program.ts';

/** Wait reasons that say on what kind of thing a goroutine waits; of each it must be said which thing that is. */
const KIND_BY_REASON: ReadonlyMap<string, BlockedOn['kind']> = new Map([
  ['chan receive', 'channel'],
  ['chan send', 'channel'],
  ['chan receive (nil chan)', 'channel'],
  ['chan send (nil chan)', 'channel'],
  ['select', 'select'],
  ['select (no cases)', 'select'],
  ['sleep', 'sleep'],
  ['IO wait', 'io'],
  ['semacquire', 'semaphore'],
  ['sync.Mutex.Lock', 'semaphore'],
  ['sync.RWMutex.RLock', 'semaphore'],
  ['sync.RWMutex.Lock', 'semaphore'],
  ['sync.WaitGroup.Wait', 'semaphore'],
  ['sync.Cond.Wait', 'semaphore'],
]);

type Semaphore = Extract<BlockedOn, { kind: 'semaphore' }>;
type Direction = 'send' | 'receive';

/** What the goroutines of one program say, by id, and the words of the memory that it must agree with. */
interface Claims {
  readonly byId: ReadonlyMap<number, BlockedOn>;
  int32(address: number): number;
  uint32(address: number): number;
}

/**
 * What goroutines that wait say of what they wait for, against each other and against the words in the memory of what
 * they name: who waits for a thing is among its waiters, each waiter of it says the same of it, and a Mutex, RWMutex,
 * WaitGroup or Cond at the address counts at least as many. In a program at rest there is nothing to be told.
 */
export function contradictions(program: Program): ReadonlyMap<Goid, readonly string[]> {
  const { memory } = program.target;
  const goroutines = [...program.goroutines()].filter((g) => g.state === '_Gwaiting');
  const claims: Claims = {
    byId: new Map(
      goroutines.flatMap((g) => (g.blockedOn === undefined ? [] : [[g.id, g.blockedOn] as const])),
    ),
    int32: (address) => memory.uint32(runtimeAddress(address) as RuntimeAddress) | 0,
    uint32: (address) => memory.uint32(runtimeAddress(address) as RuntimeAddress),
  };
  return new Map(
    goroutines.flatMap((g) => {
      const texts = [...contradictionsOf(g, claims)];
      return texts.length === 0 ? [] : [[g.id, texts.map((text) => `${g.waitReason}: ${text}`)] as const];
    }),
  );
}

function* contradictionsOf(g: Goroutine, claims: Claims): Generator<string> {
  const reason = g.waitReason?.replace(' (durable)', '') ?? '';
  const expected = KIND_BY_REASON.get(reason);
  const on = g.blockedOn;
  // The scavenger sleeps by a timer of its own (runtime/mgcscavenge.go).
  if (on === undefined && reason === 'sleep' && g.system) return;
  if (on?.kind !== expected) {
    yield `it waits on ${on?.kind ?? 'nothing known'}, which should be ${expected ?? 'nothing'}`;
    return;
  }
  switch (on?.kind) {
    case 'channel':
      if (on.operation !== (reason.startsWith('chan send') ? 'send' : 'receive'))
        yield `it is to ${on.operation}`;
      if ((on.channel?.address === 0) !== reason.endsWith('(nil chan)'))
        yield `its channel is at ${on.channel?.address}`;
      yield* ofChannel(g.id, on.operation, on.channel, claims);
      break;
    case 'select':
      // With cases on nil channels alone nothing is queued for either.
      if (reason === 'select (no cases)' && on.cases.length > 0) yield `${on.cases.length} cases`;
      for (const { operation, channel } of on.cases) yield* ofChannel(g.id, operation, channel, claims);
      break;
    case 'semaphore':
      yield* ofWaiters(g.id, on, claims);
      yield* ofOwner(on, claims);
      break;
    case 'sleep':
      if (on.until <= 0) yield `it is to wake at ${on.until}`;
      break;
    case 'io':
      if (on.fd <= 2 || on.fd > 1000) yield `descriptor ${on.fd}`;
  }
}

type Channel = Extract<BlockedOn, { kind: 'select' }>['cases'][number]['channel'];

function* ofChannel(
  id: Goid,
  operation: Direction,
  channel: Channel | undefined,
  claims: Claims,
): Generator<string> {
  if (channel === undefined) {
    yield 'its channel is not known';
    return;
  }
  if (channel.address === 0) return;
  const name = `the channel at ${channel.address.toString(16)}`;
  const waiters = operation === 'send' ? channel.sendWaiters : channel.receiveWaiters;
  if (!waiters.includes(id)) yield `${name} is not waited on by it to ${operation}, but by ${waiters}`;
  if (channel.closed) yield `${name} is closed`;
  if (operation === 'send' && channel.length < channel.capacity) yield `${name} has room`;
  if (operation === 'receive' && channel.length > 0) yield `${name} is not empty`;
  const [senders, receivers] = [channel.sendWaiters, channel.receiveWaiters];
  for (const [ids, direction] of [
    [senders, 'send'],
    [receivers, 'receive'],
  ] as const)
    for (const other of ids)
      if (!waitsToDo(claims.byId.get(other), direction, channel))
        yield `${name} is said to be waited on by ${other} to ${direction}, which does not say so`;
}

/** Whether what another waits for has this channel too, and knows the same of it. */
function waitsToDo(other: BlockedOn | undefined, direction: Direction, channel: Channel): boolean {
  const cases =
    other?.kind === 'select'
      ? other.cases
      : other?.kind === 'channel' && other.channel !== undefined
        ? [{ operation: other.operation, channel: other.channel }]
        : [];
  return cases.some(
    (one) =>
      one.operation === direction &&
      one.channel.address === channel.address &&
      one.channel.elementType === channel.elementType &&
      String(one.channel.sendWaiters) === String(channel.sendWaiters) &&
      String(one.channel.receiveWaiters) === String(channel.receiveWaiters),
  );
}

function* ofWaiters(id: Goid, on: Semaphore, claims: Claims): Generator<string> {
  const name = `${on.owner} at ${on.address.toString(16)}`;
  if (!on.waiters.includes(id)) yield `${name} is not waited on by it, but by ${on.waiters}`;
  if (new Set(on.waiters).size !== on.waiters.length) yield `${name} has a waiter twice: ${on.waiters}`;
  for (const [other, theirs] of claims.byId) {
    const same = theirs.kind === 'semaphore' && theirs.owner === on.owner && theirs.address === on.address;
    if (same !== on.waiters.includes(other as Goid))
      yield `${name} has waiters ${on.waiters}; goroutine ${other} says ${same ? 'it is one' : 'otherwise'}`;
    if (same && String(theirs.waiters) !== String(on.waiters))
      yield `${name} has waiters ${on.waiters}, or as ${other} says ${theirs.waiters}`;
  }
}

/** sync.Mutex {state int32; sema uint32} (internal/sync since go1.24), and what is made of it. */
const MUTEX_WAITER_SHIFT = 3;
const RWMUTEX_READER_COUNT = 16;
const RWMUTEX_READER_WAIT = 20;
const RWMUTEX_MAX_READERS = 1 << 30;
/** sync.WaitGroup.state: 32 bits of counter above 31 of waiters, and a bit that is for testing/synctest. */
const WAITGROUP_WAITERS = 0x7fffffff;
/** sync.Cond {noCopy; L Locker; notify notifyList {wait, notify uint32…}}. */
const COND_WAIT = 16;
const COND_NOTIFY = 20;

function* ofOwner(on: Semaphore, claims: Claims): Generator<string> {
  const { address, owner, waiters } = on;
  const counts = (what: string, count: number): string[] =>
    count >= waiters.length ? [] : [`the ${owner} at ${address.toString(16)} has ${what} ${count}`];
  switch (owner) {
    case 'mutex':
      yield* counts('waiters', claims.int32(address) >> MUTEX_WAITER_SHIFT);
      break;
    case 'rwmutex-read': {
      const count = claims.int32(address + RWMUTEX_READER_COUNT);
      if (count >= 0) yield `no writer is announced at the RWMutex at ${address.toString(16)}`;
      yield* counts('readers', count + RWMUTEX_MAX_READERS);
      break;
    }
    case 'rwmutex-write':
      if (claims.int32(address + RWMUTEX_READER_COUNT) >= 0) yield 'the writer is not announced';
      yield* counts('readers that it waits for', claims.int32(address + RWMUTEX_READER_WAIT));
      break;
    case 'waitgroup':
      yield* counts('waiters', claims.uint32(address) & WAITGROUP_WAITERS);
      if (claims.int32(address + 4) <= 0) yield 'its counter is not above 0';
      break;
    case 'cond':
      yield* counts('waiters', claims.uint32(address + COND_WAIT) - claims.uint32(address + COND_NOTIFY));
  }
}
