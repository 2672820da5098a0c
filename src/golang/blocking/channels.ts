import { type Goid, goid, type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { GoRuntime } from '../go-runtime.ts';
import type { ChannelFacts } from '../goroutine.ts';
import type { Layout } from '../runtime-facts/form.ts';
import { G, Hchan, Sudog } from '../runtime-facts/structs.ts';

/** A damaged queue may lead in circles; a channel with more waiters than this shows the first ones. */
const MAX_WAITERS = 2_000_000;
/**
 * So many channels are remembered while a list is shown, a power of two: most goroutines wait on a few of them, and of
 * the millions that a program may have for one goroutine each none is asked for again.
 */
const RECENT = 1024;
/** And so many queues in which several wait to send, for whom it is asked whether they are in. */
const MAX_QUEUES = 20_000;

const NIL_CHANNEL: ChannelFacts = {
  address: runtimeAddress(0),
  length: 0,
  capacity: 0,
  closed: false,
  elementType: undefined,
  sendWaiters: [],
  receiveWaiters: [],
};

/** Channels that goroutines wait on (runtime/chan.go), each read once however many wait. */
export class Channels {
  readonly #runtime: GoRuntime;
  readonly #g: Layout<typeof G>;
  readonly #hchan: Layout<typeof Hchan>;
  readonly #sudog: Layout<typeof Sudog>;
  readonly #typeName: (type: RuntimeAddress) => string | undefined;
  /** By bits of their addresses: a comparison instead of a search. */
  readonly #recent: (Channel | undefined)[] = new Array(RECENT).fill(undefined);
  readonly #sendQueues = new Map<number, ReadonlySet<number>>();
  readonly #queues: Queues = {
    senders: (channel) => this.#queue(this.#word(channel + this.#hchan.firstSender)),
    receivers: (channel) => this.#queue(this.#word(channel + this.#hchan.firstReceiver)),
    idOf: (sudog) => goid(this.#word(this.#word(sudog + this.#sudog.g) + this.#g.goid)),
  };

  constructor(runtime: GoRuntime, typeName: (type: RuntimeAddress) => string | undefined) {
    this.#runtime = runtime;
    this.#g = runtime.layout(G);
    this.#hchan = runtime.layout(Hchan);
    this.#sudog = runtime.layout(Sudog);
    this.#typeName = typeName;
  }

  at(address: number): ChannelFacts {
    return address === 0 ? NIL_CHANNEL : this.#channel(address);
  }

  /** What a goroutine waits on whose first sudog this is (g.waiting). */
  firstOf(sudog: number): ChannelFacts | undefined {
    if (sudog === 0) return undefined;
    const address = this.#word(sudog + this.#sudog.channel);
    return address === 0 ? this.cases(sudog)[0]?.channel : this.#channel(address);
  }

  /**
   * What a goroutine has queued for in a select, through the sudogs from g.waiting on, one for each case: which
   * direction, the queues tell that they are in.
   */
  cases(
    first: number,
  ): readonly { readonly channel: ChannelFacts; readonly operation: 'send' | 'receive' }[] {
    const cases: { channel: ChannelFacts; operation: 'send' | 'receive' }[] = [];
    const seen = new Set<number>();
    for (
      let sudog = first;
      sudog !== 0 && !seen.has(sudog);
      sudog = this.#word(sudog + this.#sudog.waitLink)
    ) {
      seen.add(sudog);
      const address = this.#word(sudog + this.#sudog.channel);
      if (address === 0) continue;
      const channel = this.#channel(address);
      cases.push({ channel, operation: this.#sends(address, sudog) ? 'send' : 'receive' });
    }
    return cases;
  }

  #channel(address: number): Channel {
    const place = (address / 32) & (RECENT - 1);
    const recent = this.#recent[place];
    if (recent !== undefined && recent.address === address) return recent;
    const channel = this.#read(address);
    this.#recent[place] = channel;
    return channel;
  }

  #read(address: number): Channel {
    const h = this.#hchan;
    return new Channel(
      {
        address: runtimeAddress(address),
        length: this.#word(address + h.length),
        capacity: this.#word(address + h.capacity),
        closed: this.#runtime.memory.uint32(runtimeAddress(address + h.closed)) !== 0,
        elementType: this.#typeName(runtimeAddress(this.#word(address + h.elementType))),
      },
      this.#queues,
    );
  }

  /** Whether a sudog is in the queue of those that send. */
  #sends(channel: number, sudog: number): boolean {
    const first = this.#word(channel + this.#hchan.firstSender);
    if (first === 0 || first === sudog) return first !== 0;
    let queue = this.#sendQueues.get(channel);
    if (queue === undefined) {
      queue = this.#queue(first);
      if (this.#sendQueues.size >= MAX_QUEUES) this.#sendQueues.clear();
      this.#sendQueues.set(channel, queue);
    }
    return queue.has(sudog);
  }

  /** sudogs in the order of the queue. */
  #queue(first: number): ReadonlySet<number> {
    const seen = new Set<number>();
    for (
      let sudog = first;
      sudog !== 0 && seen.size < MAX_WAITERS;
      sudog = this.#word(sudog + this.#sudog.next)
    ) {
      if (seen.has(sudog))
        throw new TargetFault('the queue of a channel leads in circles', runtimeAddress(first));
      seen.add(sudog);
    }
    return seen;
  }

  #word(address: number): number {
    return this.#runtime.memory.uint64(address as RuntimeAddress);
  }
}

/** Reads who waits on the channel at an address. */
interface Queues {
  senders(channel: number): ReadonlySet<number>;
  receivers(channel: number): ReadonlySet<number>;
  idOf(sudog: number): Goid;
}

/** One channel; who waits on it is read when it is asked for: it may be a hundred thousand goroutines. */
class Channel implements ChannelFacts {
  readonly address: RuntimeAddress;
  readonly length: number;
  readonly capacity: number;
  readonly closed: boolean;
  readonly elementType: string | undefined;
  readonly #queues: Queues;
  #sendWaiters: readonly Goid[] | undefined;
  #receiveWaiters: readonly Goid[] | undefined;

  constructor(facts: Omit<ChannelFacts, 'sendWaiters' | 'receiveWaiters'>, queues: Queues) {
    this.address = facts.address;
    this.length = facts.length;
    this.capacity = facts.capacity;
    this.closed = facts.closed;
    this.elementType = facts.elementType;
    this.#queues = queues;
  }

  get sendWaiters(): readonly Goid[] {
    this.#sendWaiters ??= Array.from(this.#queues.senders(this.address), this.#queues.idOf);
    return this.#sendWaiters;
  }

  get receiveWaiters(): readonly Goid[] {
    this.#receiveWaiters ??= Array.from(this.#queues.receivers(this.address), this.#queues.idOf);
    return this.#receiveWaiters;
  }
}
