import { describe, expect, it } from 'vitest';
import { STATE } from '../events.ts';
import { consistencyOf } from './consistency.ts';
import { goroutineGroups, goroutineTotals } from './goroutine-totals.ts';
import { storyOf } from './life-story.ts';
import { stackUseOf } from './stack-use.ts';
import { auditStory, SEND } from './testing/audit-story.ts';
import { Story } from './testing/story.ts';

describe('goroutines', () => {
  it('adds up what each did, in the time that it was seen', () => {
    const rows = [...goroutineTotals(auditStory())];
    expect(rows.find(({ goroutine }) => goroutine === 200)).toMatchObject({
      totalNs: 58,
      runnableNs: 11,
      runningNs: 27,
      waitingNs: 20,
      waitingByReason: { 'chan send': 20 },
      creator: 100,
    });
  });

  it('groups them by their go statement', () => {
    expect(goroutineGroups(auditStory()).map(({ entry, count, living }) => [entry, count, living])).toEqual([
      [undefined, 1, 1],
      ['main.(*audit).run', 1, 0],
      ['net/http.(*conn).serve', 8, 6],
      ['main.(*shop).record.func1', 8, 6],
    ]);
  });

  it('tells one life', () => {
    const { chapters } = storyOf(auditStory(), 200);
    expect([...chapters].map(({ state, durationNs, wokenBy }) => [state, durationNs, wokenBy])).toEqual([
      ['runnable', 1, undefined],
      ['running', 7, undefined],
      ['chan send', 20, 7],
      ['runnable', 10, undefined],
      ['running', 20, undefined],
    ]);
    expect(() => storyOf(auditStory(), 99)).toThrow('goroutine 99 is not in the trace');
  });

  it('counts what does not follow', () => {
    expect(consistencyOf(auditStory()).violations).toBe(0);
    const story = new Story().known(0, 1, STATE.running).run(5, 1).block(6, 1, 'chan send', SEND);
    expect(consistencyOf(story.subject())).toMatchObject({ violations: 1, examples: [{ atNs: 5 }] });
  });
});

describe('stacks', () => {
  it('finds recursion, and says where the stack was cut', () => {
    const story = new Story().known(0, 1, STATE.running);
    const frames = Array.from({ length: 128 }, (_, i) =>
      i === 0
        ? 'runtime.chansend1 /go/src/runtime/chan.go:1'
        : i % 2 === 0
          ? 'main.even /x/a.go:4'
          : 'main.odd /x/a.go:9',
    );
    story.block(5, 1, 'chan send', frames);
    expect(stackUseOf(story.subject()).recursion).toEqual([
      {
        function: 'main.odd',
        place: { function: 'main.odd', file: '/x/a.go', line: 9 },
        repeats: 64,
        depth: 128,
        cut: true,
        goroutines: [1],
      },
    ]);
    expect(stackUseOf(auditStory()).recursion).toEqual([]);
  });
});
