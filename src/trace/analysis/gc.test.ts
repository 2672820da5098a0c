import { describe, expect, it } from 'vitest';
import { EVENT, STATE } from '../events.ts';
import { gcOf } from './gc.ts';
import { mutatorUtilisationOf } from './mutator-utilisation.ts';
import { Story } from './testing/story.ts';

/** Two Ps, 1 ms; a collection with two pauses, a worker on P 1, an assist on P 0. */
function story(writer: 'go' | 'mattock' = 'go'): Story {
  const told = new Story(writer);
  const isGo = writer === 'go';
  const reason = told.builder.string(isGo ? 'GC mark termination' : '');
  const label = told.builder.string('GC (dedicated)');
  if (isGo) told.add(EVENT.procsChange, 0, 0, { a: 2, proc: 0 });
  told
    .known(0, 1, STATE.running)
    .create(
      1,
      1,
      2,
      `${isGo ? 'runtime.gcBgMarkWorker' : 'runtime.gcBgMarkStartWorkers.gowrap1'} /go/src/runtime/mgc.go:1`,
      'runtime.gcBgMarkStartWorkers /go/src/runtime/mgc.go:2',
    );
  told.add(EVENT.heapAlloc, 2, 1, { a: 4096, proc: 0 });
  for (const at of [100_000, 500_000]) {
    told.add(EVENT.gcBegin, at, 1, { a: at === 100_000 ? 1 : 2, proc: 0 });
    told.run(at, 2, 1);
    if (isGo) told.add(EVENT.label, at, 2, { c: label, proc: 1 });
    told
      .add(EVENT.assistBegin, at + 20_000, 1, { proc: 0 })
      .add(EVENT.assistEnd, at + 30_000, 1, { proc: 0 });
    told.add(EVENT.blocked, at + 100_000, 2, { proc: 1, a: told.builder.string('GC worker (idle)') });
    told
      .add(EVENT.stwBegin, at + 100_000, 1, { a: reason, proc: 0 })
      .add(EVENT.stwEnd, at + 140_000, 1, { proc: 0 });
    told.add(EVENT.heapAlloc, at + 150_000, 1, { a: 1024, proc: 0 });
    told.add(EVENT.gcEnd, at + 150_000, 1, { proc: 0 });
    told.wake(at + 150_000, 2, 1);
  }
  return told;
}

describe('garbage collection', () => {
  it('tells cycles, pauses, and who paid', () => {
    const gc = gcOf(story().subject(1e6), 2);
    expect(gc.cycles).toEqual([
      { number: 1, atNs: 100_000, durationNs: 150_000, heapBeforeBytes: 4096, heapAfterBytes: 1024 },
      { number: 2, atNs: 500_000, durationNs: 150_000, heapBeforeBytes: 1024, heapAfterBytes: 1024 },
    ]);
    expect(gc.stopTheWorld).toMatchObject([
      { reason: 'GC mark termination', pauses: { count: 2, maxNs: 40_000 } },
    ]);
    expect(gc.assists).toMatchObject([{ assists: { count: 2, totalNs: 20_000 } }]);
    expect(gc.workerShare).toBeCloseTo(0.1);
    expect(gc.assistShare).toBeCloseTo(0.01);
  });
});

describe('of a trace of ours', () => {
  it('is told although neither GOMAXPROCS nor what a worker does is', () => {
    const [theirs, ours] = [story('go').subject(1e6), story('mattock').subject(1e6)];
    expect(gcOf(ours, 2).workerShare).toBeCloseTo(gcOf(theirs, 2).workerShare);
    expect(mutatorUtilisationOf(ours)).toEqual(mutatorUtilisationOf(theirs));
    expect(mutatorUtilisationOf(ours)!.windows[0]!.utilisation).toBe(0);
  });
});

describe('mark assists', () => {
  it('count what they run, not what they wait', () => {
    const told = new Story().add(EVENT.procsChange, 0, 0, { a: 1, proc: 0 }).known(0, 1, STATE.running);
    told.add(EVENT.assistBegin, 100, 1, { proc: 0 });
    told.block(200, 1, 'GC mark assist wait for work', []).wake(700, 1, 0).run(800, 1);
    told.add(EVENT.assistEnd, 900, 1, { proc: 0 });
    const { assists, assistShare } = gcOf(told.subject(1000), 1);
    expect(assists).toMatchObject([{ assists: { count: 1, totalNs: 800 }, runningNs: 200 }]);
    expect(assistShare).toBeCloseTo(0.2);
  });
});

describe('minimum mutator utilisation', () => {
  const at = (windowNs: number): number =>
    mutatorUtilisationOf(story().subject(1e6), [windowNs])!.windows[0]!.utilisation;

  it('is the worst window of each length, as long as the worker runs and no longer', () => {
    expect(at(40_000)).toBe(0);
    // The pause of 40 µs, and the worker on one of two Ps before it, with the assist on the other.
    expect(at(50_000)).toBeCloseTo((10_000 * 0.5) / 50_000);
    expect(at(140_000)).toBeCloseTo((90_000 * 0.5) / 140_000);
    // All: two times (90 µs half, 10 µs and 40 µs nothing).
    expect(at(1e6)).toBeCloseTo(1 - (2 * (90_000 * 0.5 + 50_000)) / 1e6);
  });

  it('counts what it is told to count', () => {
    const only = { stopTheWorld: false, background: false, assist: true, sweep: false };
    const found = mutatorUtilisationOf(story().subject(1e6), [10_000], only);
    expect(found?.windows).toEqual([{ windowNs: 10_000, utilisation: 0.5 }]);
  });

  it('is unknown without Ps, and takes no absurd number of them', () => {
    expect(mutatorUtilisationOf(new Story().known(0, 1, STATE.running).subject())).toBeUndefined();
    for (const writer of ['go', 'mattock'] as const)
      expect(mutatorUtilisationOf(new Story(writer).subject())).toBeUndefined();
    const absurd = new Story().add(EVENT.procsChange, 0, 0, { a: 2 ** 52, proc: 0 });
    expect(mutatorUtilisationOf(absurd.subject(10), [5])?.windows).toEqual([{ windowNs: 5, utilisation: 1 }]);
  });
});
