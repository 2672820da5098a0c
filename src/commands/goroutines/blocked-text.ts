import { assertUnreachable, hex } from '../../base/index.ts';
import type { BlockedOn, ChannelFacts } from '../../golang/index.ts';
import { formatDuration } from '../language/duration.ts';
import { harmless } from '../output/style.ts';
import { plural } from '../output/text.ts';

const OWNERS = {
  mutex: 'mutex',
  'rwmutex-read': 'RWMutex (read)',
  'rwmutex-write': 'RWMutex (write)',
  waitgroup: 'WaitGroup',
  cond: 'Cond',
  semaphore: 'semaphore',
} as const;

const MOST_CASES = 4;

/** What a goroutine waits for, in a few harmless words: `chan int 0xc00001c0e0 (0 of 5)`, `mutex 0xc000012340`, `fd 7 (read)`. */
export function blockedText(blocked: BlockedOn): string {
  switch (blocked.kind) {
    case 'channel':
      return blocked.channel === undefined ? 'a channel' : channelText(blocked.channel);
    case 'select':
      return selectText(blocked);
    case 'semaphore': {
      const { owner, address, waiting } = blocked;
      return `${OWNERS[owner]} ${hex(address)}${waiting > 1 ? ` (${waiting} waiting)` : ''}`;
    }
    case 'sleep':
      return remainingText(blocked);
    case 'io':
      return `fd ${blocked.fd} (${blocked.mode})`;
    case 'syscall':
      return systemCallText(blocked);
    default:
      return assertUnreachable(blocked);
  }
}

const systemCallText = ({ name, number }: BlockedOn & { kind: 'syscall' }): string =>
  name === undefined && number === undefined ? 'a system call' : `syscall ${name ?? number}`;

function remainingText({ remaining, atMost }: BlockedOn & { kind: 'sleep' }): string {
  if (remaining === undefined) return 'a timer';
  if (remaining < 0) return `a timer, due ${formatDuration(-remaining)} ago`;
  return `a timer, due in ${atMost ? 'at most ' : ''}${formatDuration(remaining)}`;
}

/**
 * Many goroutines wait on one channel: its text is made once, and kept until another one's takes its place. (A
 * WeakMap with tens of thousands of them would cost each garbage collection more than making the texts.)
 */
const KEPT_TEXTS = 256;
const keptChannels: ChannelFacts[] = [];
const keptTexts: string[] = [];

function channelText(channel: ChannelFacts): string {
  const place = ((channel.address / 32) % KEPT_TEXTS) | 0;
  const kept = keptTexts[place];
  if (kept !== undefined && keptChannels[place] === channel) return kept;
  const text = makeChannelText(channel);
  keptChannels[place] = channel;
  keptTexts[place] = text;
  return text;
}

function makeChannelText(channel: ChannelFacts): string {
  if (channel.address === 0) return 'nil channel';
  const type = channel.elementType === undefined ? 'chan' : `chan ${harmless(channel.elementType)}`;
  const closed = channel.closed ? ', closed' : '';
  return `${type} ${hex(channel.address)} (${channel.length} of ${channel.capacity}${closed})`;
}

function selectText({ cases }: BlockedOn & { kind: 'select' }): string {
  let text = `${plural(cases.length, 'case')}: `;
  const shown = Math.min(cases.length, MOST_CASES);
  for (let i = 0; i < shown; i++) {
    const { operation, channel } = cases[i]!;
    text += `${i === 0 ? '' : ', '}${operation} ${channelText(channel)}`;
  }
  return cases.length === shown ? text : `${text}, ${cases.length - shown} more`;
}

/** Who else waits on the channels, for the long form. */
export function* waitersText(blocked: BlockedOn): Iterable<string> {
  const channels =
    blocked.kind === 'channel' && blocked.channel !== undefined
      ? [blocked.channel]
      : blocked.kind === 'select'
        ? blocked.cases.map((c) => c.channel)
        : [];
  for (const channel of channels) {
    if (channel.sendWaiters.length > 0)
      yield `${hex(channel.address)} waiting to send: ${channel.sendWaiters.join(', ')}`;
    if (channel.receiveWaiters.length > 0)
      yield `${hex(channel.address)} waiting to receive: ${channel.receiveWaiters.join(', ')}`;
  }
  if (blocked.kind === 'semaphore' && blocked.waiters.length > 0)
    yield `waiting: ${blocked.waiters.join(', ')}`;
}
