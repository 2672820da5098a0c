import { describe, expect, it } from 'vitest';
import { EVENT, STATE } from '../events.ts';
import { leaksOf } from './leaks.ts';
import { auditStory } from './testing/audit-story.ts';
import { Story } from './testing/story.ts';

describe('leaks', () => {
  it('finds senders whose only receiver has ended, with the evidence', () => {
    const { groups } = leaksOf(auditStory());
    expect(groups[0]).toMatchObject({
      entry: 'main.(*shop).record.func1',
      createdAt: { function: 'main.(*shop).record', line: 68 },
      reason: 'chan send',
      place: { line: 70 },
      count: 6,
      counts: [0, 0, 2, 5, 6],
      grows: true,
      risk: 'high',
      partners: { seen: 1, living: 0, ended: { goroutine: 7, entry: 'main.(*audit).run' } },
    });
  });

  it('takes a group that only grows for a leak although nobody ever woke one of it', () => {
    const story = new Story();
    story.known(0, 1, STATE.running);
    for (let i = 0; i < 20; i++) {
      story.create(i * 10, 1, 10 + i, 'main.f /x/a.go:1', 'main.main /x/a.go:9').run(i * 10 + 1, 10 + i);
      story.block(i * 10 + 2, 10 + i, 'chan receive', [
        'runtime.chanrecv1 /go/src/runtime/chan.go:1',
        'main.f /x/a.go:2',
      ]);
    }
    expect(leaksOf(story.subject(200)).groups[0]).toMatchObject({ risk: 'high', grows: true, count: 20 });
  });

  it('leaves workers alone that wait for work as they did before, and connections', () => {
    const story = new Story();
    story.known(0, 1, STATE.running);
    for (let id = 10; id < 20; id++)
      story.known(0, id, STATE.waiting, 'chan receive', [
        'runtime.chanrecv1 /go/src/runtime/chan.go:1',
        'main.f /x/a.go:2',
      ]);
    for (let id = 10; id < 20; id++) {
      story.create(
        id,
        1,
        id + 100,
        'net/http.(*conn).serve /go/src/net/http/server.go:2',
        'net/http.(*Server).Serve /go/src/net/http/server.go:1',
      );
      story
        .run(id + 1, id + 100)
        .block(id + 2, id + 100, 'network', [
          'internal/poll.(*FD).Read /go/src/internal/poll/fd_unix.go:1',
          'main.f /x/a.go:3',
        ]);
    }
    const { groups } = leaksOf(story.subject(100));
    expect(groups.map(({ reason, risk }) => [reason, risk])).toEqual([
      ['chan receive', 'normal'],
      ['network', 'normal'],
    ]);
  });

  it('tells of those that did not move at all, and of locks that nobody lets go of', () => {
    const story = new Story().known(0, 1, STATE.running);
    const lock = ['sync.(*Mutex).Lock /go/src/sync/mutex.go:46', 'main.f /x/a.go:2'];
    const mutex = { kind: 'mutex', address: 0xa0 } as const;
    for (let id = 10; id < 13; id++) story.known(0, id, STATE.waiting, 'sync', lock, mutex);
    story.known(0, 20, STATE.waiting, 'chan receive', ['main.worker /x/a.go:30']);
    const leaks = leaksOf(story.subject(2e9));
    expect(leaks.unmoved).toBe(4);
    expect(leaks.groups).toMatchObject([
      {
        reason: 'mutex',
        count: 3,
        unmoved: 3,
        addresses: [0xa0],
        risk: 'high',
        because: 'whoever holds the lock did not let go of it during the whole trace',
      },
      { reason: 'chan receive', count: 1, unmoved: 1, risk: 'normal' },
    ]);
    expect(leaksOf(story.subject(2e9)).groups[0]!.risk).toBe('high');
  });

  it('takes those that were there before the trace and those that come later for one leak', () => {
    const story = new Story().known(0, 1, STATE.running);
    const send = ['runtime.chansend1 /go/src/runtime/chan.go:1', 'main.f /x/a.go:2'];
    for (let id = 10; id < 13; id++) story.known(0, id, STATE.waiting, 'chan send', send);
    for (let id = 20; id < 25; id++)
      story
        .create(id, 1, id, 'main.f /x/a.go:1', 'main.main /x/a.go:9')
        .run(id + 1, id)
        .block(id + 2, id, 'chan send', send);
    const { groups } = leaksOf(story.subject(100));
    expect(groups).toMatchObject([
      { entry: 'main.f', count: 8, unmoved: 3, createdAt: { line: 9 }, counts: [3, 7, 8, 8, 8] },
    ]);
  });

  it('rates no state by its share where each in it goes on as soon as others did', () => {
    const worker = (waited: number): Story => {
      const receive = ['runtime.chanrecv2 /go/src/runtime/chan.go:1', 'main.worker /x/a.go:3'];
      const story = new Story().known(0, 1, STATE.running);
      for (const id of [2, 3, 4]) {
        story.create(0, 1, id, 'main.worker /x/a.go:2', 'main.main /x/a.go:9').run(1, id);
        story.block(2, id, 'chan receive', receive).wake(102, id, 1).run(103, id);
        story.block(104, id, 'chan receive', receive);
      }
      story.add(EVENT.heapGoal, 104 + waited, 0);
      return story;
    };
    const risks = (story: Story): unknown =>
      leaksOf(story.subject())
        .states.filter(({ state }) => state === 'chan receive')
        .map(({ risk, because }) => [risk, because]);
    expect(risks(worker(500))).toEqual([
      ['normal', 'none waits longer than waits at the same line did before'],
    ]);
    expect(risks(worker(5000))).toEqual([['medium', expect.stringContaining('never comes')]]);
  });

  it('rates states by their share', () => {
    const { states, living } = leaksOf(auditStory());
    expect(living).toBe(13);
    expect(states.map(({ state, count, risk }) => [state, count, risk])).toEqual([
      ['chan send', 6, 'medium'],
      ['mutex', 5, 'medium'],
      ['running', 1, 'normal'],
      ['waitgroup', 1, 'normal'],
    ]);
  });
});
