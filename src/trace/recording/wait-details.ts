import type { SchedulerFacts } from '../../golang/index.ts';

/**
 * What is read beside m.waitlock while a goroutine parks: by the runtime's words for why, the distances of two words. A
 * channel is locked then. In "IO wait" it is a word of a pollDesc, the one for reading or the one for writing
 * (runtime/netpoll.go, netpollblock): the first is the descriptor if it is the one, the second if it is the other. What
 * was a pollDesc once stays one.
 */
export function waitDetails({
  channel,
  pollDescriptor,
}: SchedulerFacts): ReadonlyMap<string, readonly [number, number]> {
  const ofChannel = [channel.length - channel.lock, channel.capacity - channel.lock] as const;
  const details = new Map<string, readonly [number, number]>([
    ['chan receive', ofChannel],
    ['chan send', ofChannel],
  ]);
  if (pollDescriptor !== undefined) {
    const { fd, reader, writer } = pollDescriptor;
    details.set('IO wait', [fd - reader, fd - writer]);
  }
  return details;
}
