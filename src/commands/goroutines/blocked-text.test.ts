import { expect, test } from 'vitest';
import { runtimeAddress } from '../../base/index.ts';
import type { BlockedOn, ChannelFacts } from '../../golang/index.ts';
import { blockedText } from './blocked-text.ts';

const channel = (address: number): ChannelFacts => ({
  address: runtimeAddress(address),
  length: 1,
  capacity: 2,
  closed: address === 0x20,
  elementType: 'int',
  sendWaiters: [],
  receiveWaiters: [],
});

const select = (...addresses: number[]): BlockedOn => ({
  kind: 'select',
  cases: addresses.map((address) => ({
    operation: address % 64 === 0 ? 'send' : 'receive',
    channel: channel(address),
  })),
});

test('a select tells of its first four cases', () => {
  expect(blockedText(select())).toBe('0 cases: ');
  expect(blockedText(select(0x20))).toBe('1 case: receive chan int 0x20 (1 of 2, closed)');
  const four = 'send chan int 0x40 (1 of 2), receive chan int 0x60 (1 of 2), nil channel';
  expect(blockedText(select(0x40, 0x60, 0))).toBe(`3 cases: ${four.replace('nil', 'send nil')}`);
  const text = blockedText(select(0x40, 0x60, 0x80, 0xa0, 0xc0, 0xe0));
  expect(text).toMatch(/^6 cases: send chan int 0x40 .*, receive chan int 0xa0 \(1 of 2\), 2 more$/);
});

test('how many wait on a semaphore is told without asking who they are', () => {
  const mutex = (waiting: number): BlockedOn => ({
    kind: 'semaphore',
    owner: 'mutex',
    address: runtimeAddress(0x5ab018),
    waiting,
    get waiters(): never {
      throw new Error('asked');
    },
  });
  expect(blockedText(mutex(1))).toBe('mutex 0x5ab018');
  expect(blockedText(mutex(2000))).toBe('mutex 0x5ab018 (2000 waiting)');
});

test('timers of different seconds differ', () => {
  const sleep = (seconds: number): BlockedOn => ({
    kind: 'sleep',
    until: 0,
    remaining: seconds * 1e9,
    atMost: false,
  });
  const texts = [3599, 3599.9, 3600, 61, 3599].map((seconds) => blockedText(sleep(seconds)));
  expect(texts).toEqual(
    ['59m59s', '59m59s', '1h', '1m1s', '59m59s'].map((text) => `a timer, due in ${text}`),
  );
});
