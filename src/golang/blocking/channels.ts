import { type Goid, goid, type RuntimeAddress, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { GoRuntime } from '../go-runtime.ts';
import type { ChannelFacts } from '../goroutine.ts';
import type { Layout } from '../runtime-facts/form.ts';
import { G, Hchan, Sudog } from '../runtime-facts/structs.ts';

/** A damaged queue may lead in circles; a channel with more waiters than this shows the first ones. */
const MAX_WAITERS = 2_000_000;
/** Channels are remembered while a list is shown; a program may have millions of them. */
const MAX_REMEMBERED = 20_000;

interface KnownChannel {
  readonly facts: ChannelFacts;
  /** sudogs in the send queue: tells the direction of a select's case. */
  readonly senders: ReadonlySet<number>;
}

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
  readonly #known = new Map<number, KnownChannel>();

  constructor(runtime: GoRuntime, typeName: (type: RuntimeAddress) => string | undefined) {
    this.#runtime = runtime;
    this.#g = runtime.layout(G);
    this.#hchan = runtime.layout(Hchan);
    this.#sudog = runtime.layout(Sudog);
    this.#typeName = typeName;
  }

  at(address: number): ChannelFacts {
    return address === 0 ? NIL_CHANNEL : this.#channel(address).facts;
  }

  /** The sudogs that a goroutine has queued, through g.waiting: one for a plain operation, one per case for a select. */
  *waits(g: number): Generator<{ readonly channel: ChannelFacts; readonly operation: 'send' | 'receive' }> {
    const seen = new Set<number>();
    let sudog = this.#word(g + this.#g.waiting);
    while (sudog !== 0 && !seen.has(sudog)) {
      seen.add(sudog);
      const address = this.#word(sudog + this.#sudog.channel);
      if (address !== 0) {
        const channel = this.#channel(address);
        yield {
          channel: channel.facts,
          operation: channel.senders.has(sudog) ? 'send' : 'receive',
        };
      }
      sudog = this.#word(sudog + this.#sudog.waitLink);
    }
  }

  #channel(address: number): KnownChannel {
    let known = this.#known.get(address);
    if (known === undefined) {
      known = this.#read(address);
      if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
      this.#known.set(address, known);
    }
    return known;
  }

  #read(address: number): KnownChannel {
    const { memory } = this.#runtime;
    const h = this.#hchan;
    const senders = this.#queue(this.#word(address + h.firstSender));
    const receivers = this.#queue(this.#word(address + h.firstReceiver));
    return {
      facts: {
        address: runtimeAddress(address),
        length: this.#word(address + h.length),
        capacity: this.#word(address + h.capacity),
        closed: memory.uint32(runtimeAddress(address + h.closed)) !== 0,
        elementType: this.#typeName(runtimeAddress(this.#word(address + h.elementType))),
        sendWaiters: senders.map(({ id }) => id),
        receiveWaiters: receivers.map(({ id }) => id),
      },
      senders: new Set(senders.map(({ sudog }) => sudog)),
    };
  }

  #queue(first: number): { readonly sudog: number; readonly id: Goid }[] {
    const waiters: { sudog: number; id: Goid }[] = [];
    const seen = new Set<number>();
    let sudog = first;
    while (sudog !== 0 && !seen.has(sudog) && waiters.length < MAX_WAITERS) {
      seen.add(sudog);
      waiters.push({ sudog, id: goid(this.#word(this.#word(sudog + this.#sudog.g) + this.#g.goid)) });
      sudog = this.#word(sudog + this.#sudog.next);
    }
    if (seen.has(sudog))
      throw new TargetFault('the queue of a channel leads in circles', runtimeAddress(first));
    return waiters;
  }

  #word(address: number): number {
    return this.#runtime.memory.uint64(address as RuntimeAddress);
  }
}
