import type { BlockedOn, ChannelFacts } from '../../golang/index.ts';

type Facts = Readonly<Record<string, unknown>>;

/**
 * What a goroutine waits for, as plain data. `waiters` says whether the others that wait there are named: in a list
 * of goroutines they are not, since ten thousand on one channel would each name ten thousand.
 */
export function blockedOnFacts(blocked: BlockedOn | undefined, waiters: boolean): Facts | undefined {
  switch (blocked?.kind) {
    case 'channel':
      return { ...blocked, channel: blocked.channel && channelFacts(blocked.channel, waiters) };
    case 'select':
      return {
        ...blocked,
        cases: blocked.cases.map((one) => ({ ...one, channel: channelFacts(one.channel, waiters) })),
      };
    case 'semaphore': {
      const { kind, owner, address, waiting } = blocked;
      return waiters ? { kind, owner, address, waiters: blocked.waiters } : { kind, owner, address, waiting };
    }
    default:
      return blocked;
  }
}

function channelFacts(channel: ChannelFacts, waiters: boolean): Facts {
  const { address, length, capacity, closed, elementType } = channel;
  const facts = { address, length, capacity, closed, elementType };
  if (!waiters) return facts;
  return { ...facts, sendWaiters: channel.sendWaiters, receiveWaiters: channel.receiveWaiters };
}
