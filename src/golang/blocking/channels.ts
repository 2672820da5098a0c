import { type Goid, goid, type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { GoRuntime } from '../go-runtime.ts';
import type { ChannelFacts } from '../goroutine.ts';
import type { Layout } from '../runtime-facts/form.ts';
import { G, Hchan, Sudog } from '../runtime-facts/structs.ts';

/** A damaged queue may lead in circles; a channel with more waiters than this shows the first ones. */
const MAX_WAITERS = 2_000_000;
/** Channels are remembered while a list is shown; a program may have millions of them. */
const MAX_REMEMBERED = 20_000;

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
  readonly #known = new Map<number, Channel>();

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

  /**
   * What a goroutine has queued for, through the sudogs at g.waiting: one for a plain operation, whose direction is
   * `plain`; one per case for a select, whose directions are told by the queues that the sudogs are in.
   */
  *waits(
    g: number,
    plain: 'send' | 'receive' | undefined,
  ): Generator<{ readonly channel: ChannelFacts; readonly operation: 'send' | 'receive' }> {
    const seen = new Set<number>();
    let sudog = this.#word(g + this.#g.waiting);
    while (sudog !== 0 && !seen.has(sudog)) {
      seen.add(sudog);
      const address = this.#word(sudog + this.#sudog.channel);
      if (address !== 0) {
        const channel = this.#channel(address);
        yield {
          channel,
          operation: plain ?? (channel.senders.has(sudog) ? 'send' : 'receive'),
        };
      }
      sudog = this.#word(sudog + this.#sudog.waitLink);
    }
  }

  #channel(address: number): Channel {
    let known = this.#known.get(address);
    if (known === undefined) {
      known = this.#read(address);
      if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
      this.#known.set(address, known);
    }
    return known;
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
      () => this.#queue(this.#word(address + h.firstSender)),
      () => this.#queue(this.#word(address + h.firstReceiver)),
      (sudog) => goid(this.#word(this.#word(sudog + this.#sudog.g) + this.#g.goid)),
    );
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

/** One channel; who waits on it is read when it is asked for: it may be a hundred thousand goroutines. */
class Channel implements ChannelFacts {
  readonly address: RuntimeAddress;
  readonly length: number;
  readonly capacity: number;
  readonly closed: boolean;
  readonly elementType: string | undefined;
  readonly #readSenders: () => ReadonlySet<number>;
  readonly #readReceivers: () => ReadonlySet<number>;
  readonly #idOf: (sudog: number) => Goid;
  #senders: ReadonlySet<number> | undefined;
  #sendWaiters: readonly Goid[] | undefined;
  #receiveWaiters: readonly Goid[] | undefined;

  constructor(
    facts: Omit<ChannelFacts, 'sendWaiters' | 'receiveWaiters'>,
    readSenders: () => ReadonlySet<number>,
    readReceivers: () => ReadonlySet<number>,
    idOf: (sudog: number) => Goid,
  ) {
    this.address = facts.address;
    this.length = facts.length;
    this.capacity = facts.capacity;
    this.closed = facts.closed;
    this.elementType = facts.elementType;
    this.#readSenders = readSenders;
    this.#readReceivers = readReceivers;
    this.#idOf = idOf;
  }

  /** sudogs that wait to send. */
  get senders(): ReadonlySet<number> {
    this.#senders ??= this.#readSenders();
    return this.#senders;
  }

  get sendWaiters(): readonly Goid[] {
    this.#sendWaiters ??= Array.from(this.senders, this.#idOf);
    return this.#sendWaiters;
  }

  get receiveWaiters(): readonly Goid[] {
    this.#receiveWaiters ??= Array.from(this.#readReceivers(), this.#idOf);
    return this.#receiveWaiters;
  }
}
