import { describe, expect, it } from 'vitest';
import { STATE } from '../events.ts';
import { blockingOf } from './blocking.ts';
import { auditStory } from './testing/audit-story.ts';
import { Story } from './testing/story.ts';

describe('blocking', () => {
  it('tells waits by reason, with those that last to the end', () => {
    const { byReason } = blockingOf(auditStory());
    expect(byReason.map(({ reason, waits, stillWaiting }) => [reason, waits.count, stillWaiting])).toEqual([
      ['chan send', 8, 6],
      ['mutex', 5, 5],
      ['waitgroup', 3, 1],
    ]);
  });

  it('tells waits by place, in the words of the program, and who woke', () => {
    const send = blockingOf(auditStory()).byPlace.find(({ reason }) => reason === 'chan send')!;
    expect(send.place).toEqual({ function: 'main.(*shop).record.func1', file: '/x/shop.go', line: 70 });
    expect(send).toMatchObject({ goroutines: 8, stillWaiting: 6 });
    expect(send.wakers).toEqual([
      {
        place: { function: 'main.(*audit).run', file: '/x/audit.go', line: 28 },
        count: 2,
        waitedNs: 40,
        goroutine: 7,
      },
    ]);
  });

  it('names who holds a lock and how that is known', () => {
    const lock = blockingOf(auditStory()).byObject.find(({ kind }) => kind === 'lock')!;
    expect(lock.owners).toMatchObject([{ goroutine: 102, how: 'inside', place: { line: 59 } }]);
  });

  it('tells locks apart by their addresses and not without them', () => {
    const told = (address: number | undefined): number => {
      const story = new Story();
      story.known(0, 1, STATE.running);
      for (const id of [2, 3]) {
        const object = address === undefined ? undefined : { kind: 'mutex' as const, address: address * id };
        story.create(id, 1, id, 'main.f /x/a.go:1', 'main.main /x/a.go:9').run(10 + id, id);
        story.block(
          20 + id,
          id,
          'sync',
          ['sync.(*Mutex).Lock /go/src/sync/mutex.go:46', 'main.f /x/a.go:2'],
          object,
        );
      }
      return blockingOf(story.subject(100)).byObject.length;
    };
    expect(told(0x100)).toBe(2);
    expect(told(undefined)).toBe(1);
  });

  it('gives percentiles that occurred', () => {
    const story = new Story();
    story.known(0, 1, STATE.running).create(0, 1, 2, 'main.f /x/a.go:1', 'main.main /x/a.go:9').run(0, 2);
    let time = 1;
    for (let wait = 1; wait <= 100; wait++) {
      story.block(time, 2, 'sleep', ['time.Sleep /go/src/runtime/time.go:1', 'main.f /x/a.go:2']);
      story.wake(time + wait, 2, 0).run(time + wait, 2);
      time += wait + 1;
    }
    const [sleep] = blockingOf(story.subject()).byReason;
    expect(sleep!.waits).toEqual({ count: 100, totalNs: 5050, p50Ns: 50, p99Ns: 99, maxNs: 100 });
  });
});
