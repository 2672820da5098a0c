import { expect, it } from 'vitest';
import { Analysis } from '../analysis/analysis.ts';
import { Story } from '../analysis/testing/story.ts';
import { STATE } from '../events.ts';
import { pageFindings } from './page-findings.ts';

const LOCK = ['sync.(*Mutex).Lock /go/src/sync/mutex.go:46', 'main.f /x/main.go:10'];

it('the page tells a deadlock from before the trace, what did not move, and what all do at the end', () => {
  const story = new Story('mattock').known(0, 1, STATE.running);
  const lock = (address: number) => ({ kind: 'mutex' as const, address });
  story.known(0, 2, STATE.waiting, 'sync', LOCK, lock(0xb0));
  story.known(0, 3, STATE.waiting, 'sync', LOCK, lock(0xa0));
  story.known(0, 4, STATE.waiting, 'sync', LOCK, lock(0xa0));
  story.holds(1e9, 2, lock(0xa0), 10).holds(1e9, 3, lock(0xb0), 10);
  const { trace, lives } = story.subject();
  const found = pageFindings(new Analysis(trace, lives));
  expect(found.map(({ severity, title }) => [severity, title])).toEqual([
    ['high', '2 goroutines wait for each other in a circle, and 1 for them'],
    ['high', '3 of 4 goroutines did not move at all during the trace'],
    ['high', 'What the 4 goroutines of the program do at the end'],
  ]);
  const healthy = new Story().known(0, 1, STATE.running).known(0, 2, STATE.waiting, 'sleep', LOCK.slice(1));
  const well = healthy.subject(1e9);
  expect(pageFindings(new Analysis(well.trace, well.lives))).toEqual([]);
  expect(found[1]!.lines).toEqual(['3 in mutex, in main.f (main.go:10): high']);
  expect(found[2]!.lines[0]).toBe(
    '3 (75.0 %) mutex: high, most goroutines wait for a lock: look at who holds it',
  );
});
