import { describe, expect, it } from 'vitest';
import { EVENT, STATE } from '../events.ts';
import { Analysis } from './analysis.ts';
import { findingsOf } from './findings.ts';
import { auditStory, lateStory } from './testing/audit-story.ts';
import { Story } from './testing/story.ts';

describe('findings', () => {
  it('leads with the chain and the guilty lines', () => {
    const { trace, lives } = auditStory();
    const [chain, leak] = findingsOf(new Analysis(trace, lives));
    expect(chain).toMatchObject({
      kind: 'stuck',
      severity: 'high',
      place: { file: '/x/shop.go', line: 70 },
      title: '12 goroutines hang on one that nobody lets go on',
    });
    expect(chain!.evidence).toEqual([
      '5 goroutines (103, …) wait to lock the Mutex of shop.go:56, in main.(*shop).order (shop.go:56)',
      '  goroutine 102 holds it up: it waits in main.(*shop).order, at line 59, past the Lock of line 56',
      'goroutine 102 waits for the WaitGroup of shop.go:59, shop.go:71, in main.(*shop).order (shop.go:59)',
      '  goroutine 202 holds it up: started in main.(*shop).order, which waits; others like it woke waiters here',
      'goroutine 202 waits to send on the channel of shop.go:70, audit.go:28, in main.(*shop).record.func1 (shop.go:70)',
      '  nobody is left to receive: all that did have ended',
      '  goroutine 7 (main.(*audit).run), which did it before, ended at 30.0ms',
      'beside them 5 goroutines (203, …) wait to send on the channel of shop.go:70, audit.go:28, in main.(*shop).record.func1 (shop.go:70)',
      'how sure this is: likely',
    ]);
    expect(leak).toMatchObject({ kind: 'leak', severity: 'high', place: { line: 70 } });
  });

  it('finds the chain when the trace begins after it has formed', () => {
    const { trace, lives } = lateStory();
    const [chain] = findingsOf(new Analysis(trace, lives));
    expect(chain).toMatchObject({ kind: 'stuck', severity: 'high', place: { line: 70 } });
    expect(chain!.evidence).toContain(
      '  goroutine 202 holds it up: others like it were started in main.(*shop).order, which waits',
    );
    expect(chain!.evidence.at(-1)).toBe('how sure this is: possible');
  });

  it('does not blame the collector for stops of the world that are for something else', () => {
    const story = new Story().known(0, 1, STATE.running);
    const reason = story.builder.string('GOMAXPROCS');
    story.add(EVENT.stwBegin, 1e6, 1, { a: reason, proc: 0 }).add(EVENT.stwEnd, 21e6, 1, { proc: 0 });
    const { trace, lives } = story.subject(1e9);
    expect(findingsOf(new Analysis(trace, lives)).map(({ kind, title }) => [kind, title])).toEqual([
      ['pause', 'the world stood still for 20.0ms (GOMAXPROCS)'],
    ]);
  });

  it('finds nothing wrong with workers whose senders come and go', () => {
    const story = new Story().known(0, 1, STATE.running);
    const receive = ['runtime.chanrecv2 /go/src/runtime/chan.go:1', 'main.worker /x/a.go:3'];
    story
      .create(0, 1, 2, 'main.worker /x/a.go:2', 'main.main /x/a.go:9')
      .run(1, 2)
      .block(2, 2, 'chan receive', receive);
    for (let id = 10; id < 20; id++) {
      story.create(id * 10, 1, id, 'main.sender /x/a.go:5', 'main.main /x/a.go:10').run(id * 10 + 1, id);
      story.wake(id * 10 + 2, 2, id, [
        'runtime.chansend1 /go/src/runtime/chan.go:1',
        'main.sender /x/a.go:6',
      ]);
      story
        .end(id * 10 + 3, id)
        .run(id * 10 + 4, 2)
        .block(id * 10 + 5, 2, 'chan receive', receive);
    }
    const { trace, lives } = story.subject(5000);
    expect(findingsOf(new Analysis(trace, lives))).toEqual([]);
  });
});
