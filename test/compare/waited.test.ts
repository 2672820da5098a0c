import { expect, test } from 'vitest';
import type { FrameAnswer } from './answers.ts';
import { waitedInRow, waitedOn } from './waited.ts';

const frame = (name: string, variables: Readonly<Record<string, string>>): FrameAnswer => ({
  function: name,
  file: '/go/src/x.go',
  line: 1,
  pc: 1,
  variables: Object.entries(variables).map(([key, text]) => ({ name: key, role: 'argument', text })),
});

test('the innermost argument that can be read and fits the reason says what is waited for', () => {
  const inRWMutex = [
    frame('runtime.gopark', {}),
    frame('internal/sync.(*Mutex).lockSlow', { m: '("*internal/sync.Mutex")(0xc000012340)' }),
    frame('sync.(*RWMutex).Lock', { rw: '(*sync.RWMutex)(0xc000099990)' }),
  ];
  expect(waitedOn('sync.Mutex.Lock', inRWMutex)).toBe('0xc000012340');
  expect(waitedOn('semacquire', inRWMutex)).toBe('0xc000012340');
  expect(waitedOn('sync.RWMutex.Lock', inRWMutex)).toBe('0xc000099990');
  expect(waitedOn('sync.WaitGroup.Wait', inRWMutex)).toBeUndefined();
  const unreadable = [frame('sync.(*Cond).Wait', { c: '(unreadable empty OP stack)' })];
  expect(waitedOn('sync.Cond.Wait', unreadable)).toBeUndefined();
  const list = frame('sync.runtime_notifyListWait', { l: '(*runtime.notifyList)(0xc000000110)' });
  expect(waitedOn('sync.Cond.Wait', [list, ...unreadable])).toBe('0xc000000100');
  const channel = frame('runtime.chanrecv', { c: '(*runtime.hchan)(0xc000000100)' });
  expect(waitedOn('chan receive (durable)', [channel])).toBe('0xc000000100');
});

test('rows have it by kind', () => {
  expect(waitedInRow({ kind: 'channel', channel: { address: '0x10' } })).toBe('0x10');
  expect(waitedInRow({ kind: 'semaphore', address: '0x20' })).toBe('0x20');
  expect(waitedInRow({ kind: 'select' })).toBeUndefined();
  expect(waitedInRow(undefined)).toBeUndefined();
});
