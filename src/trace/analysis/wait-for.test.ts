import { describe, expect, it } from 'vitest';
import { findings } from '../../golang/wait-graph/findings.ts';
import { isGoroutine, type WaitGraph } from '../../golang/wait-graph/graph.ts';
import { STATE } from '../events.ts';
import { auditStory } from './testing/audit-story.ts';
import { Story } from './testing/story.ts';
import { waitForGraph } from './wait-for.ts';

const LOCK = ['sync.(*Mutex).Lock /go/src/sync/mutex.go:46', 'main.f /x/main.go:10'];

/** `7 -waits-> Mutex`, one line for each edge. */
function edgesOf({ nodes, edges }: WaitGraph): string[] {
  const name = (at: number): string => {
    const node = nodes[at]!;
    return isGoroutine(node) ? String(node.goroutines) : node.label;
  };
  return edges.map(({ from, to, kind, confidence }) => `${name(from)} ${kind} ${name(to)} (${confidence})`);
}

describe('the graph of who waits for whom', () => {
  it('finds the chain of lock, WaitGroup and channel without addresses, and that nobody is left to receive', () => {
    const graph = waitForGraph(auditStory());
    expect(edgesOf(graph)).toContain('Mutex of shop.go:56 held 102 (likely)');
    expect(edgesOf(graph)).toContain('102 waits WaitGroup of shop.go:59, shop.go:71 (certain)');
    expect(edgesOf(graph)).toContain('WaitGroup of shop.go:59, shop.go:71 held 202 (likely)');
    const [worst] = findings(graph);
    expect(worst).toMatchObject({ kind: 'never', confidence: 'likely', goroutines: 12 });
  });

  it('finds a circle of two locks by their addresses and who was woken in Lock last', () => {
    const story = new Story();
    const lock = (address: number) => ({ kind: 'mutex' as const, address });
    const unlock = ['sync.(*Mutex).Unlock /go/src/sync/mutex.go:65', 'main.g /x/main.go:30'];
    story.known(0, 1, STATE.running);
    for (const [id, address] of [
      [2, 0xa0],
      [3, 0xb0],
    ] as const) {
      story.create(id, 1, id, 'main.f /x/main.go:8', 'main.main /x/main.go:4').run(10 + id, id);
      story.block(20 + id, id, 'sync', LOCK, lock(address));
      story.wake(30 + id, id, 1, unlock).run(40 + id, id);
    }
    story.block(50, 2, 'sync', LOCK, lock(0xb0)).block(51, 3, 'sync', LOCK, lock(0xa0));
    const graph = waitForGraph(story.subject(100));
    expect(edgesOf(graph)).toEqual([
      '2 waits Mutex (certain)',
      '3 waits Mutex (certain)',
      'Mutex held 3 (likely)',
      'Mutex held 2 (likely)',
    ]);
    expect(findings(graph)[0]).toMatchObject({ kind: 'deadlock', confidence: 'likely', goroutines: 2 });
  });

  describe('with what the recorder saw in memory', () => {
    const lock = (address: number, kind: 'mutex' | 'rwmutex-read' | 'rwmutex-write' = 'mutex') => ({
      kind,
      address,
    });

    it('finds a circle that stood before the trace began', () => {
      const story = new Story();
      story.known(0, 2, STATE.waiting, 'sync', LOCK, lock(0xb0));
      story.known(0, 3, STATE.waiting, 'sync', LOCK, lock(0xa0));
      story.known(0, 4, STATE.waiting, 'sync', LOCK, lock(0xa0));
      story.holds(100, 2, lock(0xa0), 10).holds(100, 3, lock(0xb0), 10);
      const graph = waitForGraph(story.subject());
      expect(edgesOf(graph)).toEqual([
        '2 waits Mutex (certain)',
        '3 waits Mutex (certain)',
        '4 waits Mutex (certain)',
        'Mutex held 3 (likely)',
        'Mutex held 2 (likely)',
      ]);
      const [worst, ...others] = findings(graph);
      expect(worst).toMatchObject({ kind: 'deadlock', confidence: 'likely', goroutines: 3 });
      expect(others).toEqual([]);
    });

    it('believes it of those only who stood still since before the look', () => {
      const story = new Story();
      story.known(0, 1, STATE.running).known(0, 4, STATE.waiting, 'sync', LOCK, lock(0xa0));
      story.create(1, 1, 2, 'main.g /x/main.go:8', 'main.main /x/main.go:4').run(2, 2);
      story.block(95, 2, 'chan receive', ['main.g /x/main.go:9']).holds(100, 2, lock(0xa0), 10);
      expect(edgesOf(waitForGraph(story.subject())).join()).not.toContain('held');
    });

    it('does not take a writer that waits for one that keeps itself waiting', () => {
      const story = new Story();
      const read = ['sync.(*RWMutex).RLock /go/src/sync/rwmutex.go:1', 'main.r /x/main.go:10'];
      const write = ['sync.(*RWMutex).Lock /go/src/sync/rwmutex.go:2', 'main.w /x/main.go:20'];
      story.known(0, 1, STATE.waiting, 'sleep', ['main.r /x/main.go:11']);
      story.known(0, 2, STATE.waiting, 'sync', write, lock(0xa0, 'rwmutex-write'));
      story.known(0, 3, STATE.waiting, 'sync', read, lock(0xa0, 'rwmutex-read'));
      story.holds(100, 1, lock(0xa0, 'rwmutex-write'), 1).holds(100, 2, lock(0xa0, 'rwmutex-read'), 1);
      const graph = waitForGraph(story.subject());
      expect(edgesOf(graph).sort()).toEqual([
        '2 waits RWMutex (certain)',
        '3 waits RWMutex (certain)',
        'RWMutex held 1 (likely)',
        'RWMutex held 2 (likely)',
      ]);
      expect(findings(graph).map(({ kind, goroutines }) => [kind, goroutines])).toEqual([['queue', 2]]);
    });
  });

  it('lets those wait whom somebody living woke before', () => {
    const story = new Story();
    const receive = ['runtime.chanrecv1 /go/src/runtime/chan.go:509', 'main.worker /x/main.go:20'];
    story
      .known(0, 1, STATE.running)
      .create(1, 1, 2, 'main.worker /x/main.go:18', 'main.main /x/main.go:5')
      .run(2, 2);
    story
      .block(3, 2, 'chan receive', receive)
      .wake(4, 2, 1, ['runtime.chansend1 /go/src/runtime/chan.go:161', 'main.main /x/main.go:9']);
    story.run(5, 2).block(6, 2, 'chan receive', receive);
    const graph = waitForGraph(story.subject(20));
    expect(edgesOf(graph)).toEqual([
      '2 waits channel of main.go:20, main.go:9 (certain)',
      'channel of main.go:20, main.go:9 served 1 (possible)',
    ]);
    expect(findings(graph).filter(({ kind }) => kind !== 'queue')).toEqual([]);
    expect(findings(waitForGraph(story.subject(20), 3.5)).map(({ kind }) => kind)).not.toContain('deadlock');
  });
});
