import { describe, expect, it } from 'vitest';
import { EVENT, STATE } from '../events.ts';
import { processorsOf } from './processors.ts';
import { schedulingOf } from './scheduling.ts';
import { systemCallsOf } from './system-calls.ts';
import { Story } from './testing/story.ts';

const LOOP = ['main.loop /x/a.go:5'];

function story(): Story {
  const told = new Story();
  told.add(EVENT.procsChange, 0, 0, { a: 2, proc: 0 });
  told.known(0, 1, STATE.running);
  told.create(10, 1, 2, 'main.loop /x/a.go:3', 'main.main /x/a.go:20').run(14, 2, 1);
  told.stop(100, 2, 'preempted', LOOP).add(EVENT.running, 164, 2, { proc: 0, a: 2 });
  told.stop(200, 2, 'runtime.Gosched').run(300, 2, 1);
  return told;
}

describe('scheduling', () => {
  it('tells latencies by cause, and preemptions by line', () => {
    const { latency, byCause, preemptions, histogram } = schedulingOf(story().subject(1000));
    expect(latency).toEqual({ count: 3, totalNs: 168, p50Ns: 64, p99Ns: 100, maxNs: 100 });
    expect(byCause.map(({ cause, latency: { maxNs } }) => [cause, maxNs])).toEqual([
      ['started', 4],
      ['preempted', 64],
      ['yielded', 100],
    ]);
    expect(preemptions).toMatchObject({
      count: 1,
      perSecond: 1e6,
      byPlace: [{ place: { line: 5 }, count: 1 }],
    });
    expect(histogram.filter(({ count }) => count > 0)).toEqual([
      { atLeastNs: 4, belowNs: 8, count: 1 },
      { atLeastNs: 64, belowNs: 128, count: 2 },
    ]);
  });

  it('tells what each P ran, and what it took from others', () => {
    const { gomaxprocs, processors, steals, meanUtilisation } = processorsOf(story().subject(1000));
    expect(gomaxprocs).toBe(2);
    expect(processors).toMatchObject([
      { processor: 0, runningNs: 1036, runs: 1, stolen: 1, fromElsewhere: 0 },
      { processor: 1, runningNs: 786, runs: 2, stolen: 0, fromElsewhere: 2 },
    ]);
    expect(steals).toMatchObject({ known: true, count: 1 });
    expect(meanUtilisation).toBeCloseTo((1036 + 786) / 2000);
  });

  it('takes who hands a lock over for one that yields, whatever Go calls it', () => {
    const told = new Story().known(0, 1, STATE.running).known(0, 2, STATE.running);
    told.stop(100, 1, 'preempted', [
      'internal/sync.(*Mutex).unlockSlow /go/src/internal/sync/mutex.go:1',
      ...LOOP,
    ]);
    told.stop(100, 2, 'preempted', LOOP).run(110, 1).run(120, 2);
    const { byCause, preemptions } = schedulingOf(told.subject(1000));
    expect(byCause.map(({ cause, latency: { count } }) => [cause, count])).toEqual([
      ['preempted', 1],
      ['yielded', 1],
    ]);
    expect(preemptions.count).toBe(1);
  });

  it('counts a P as in a system call only until others run on it', () => {
    const told = new Story().known(0, 1, STATE.running);
    told.create(0, 1, 2, 'main.loop /x/a.go:3', 'main.main /x/a.go:20');
    told.add(EVENT.syscallBegin, 100, 1, { proc: 0 });
    // Nobody says that its P is taken.
    told.run(300, 2).end(400, 2);
    expect(processorsOf(told.subject(1000)).processors).toMatchObject([{ runningNs: 200, syscallNs: 200 }]);
  });

  it('names system calls by the functions that make them, where the trace has no names', () => {
    const told = new Story().known(0, 1, STATE.running);
    const calls = [
      ['syscall.Syscall', 'syscall.connect', 'syscall.Connect'],
      ['syscall.Close', 'internal/poll.(*SysFile).destroy'],
      ['runtime.notetsleepg'],
    ].map((names) => told.stack([...names.map((name) => `${name} /go/src/syscall/a.go:1`), ...LOOP]));
    calls.forEach((stack, i) => {
      told.add(EVENT.syscallBegin, 100 * i, 1, { stack, proc: 0 });
      told.add(EVENT.syscallEnd, 100 * i + 30 - i, 1, { proc: 0 });
    });
    expect(systemCallsOf(told.subject(1000)).map(({ name }) => name)).toEqual([
      'connect',
      'close',
      undefined,
    ]);
  });

  it('spreads running over the pieces of the trace', () => {
    const told = new Story().add(EVENT.procsChange, 0, 0, { a: 1, proc: 0 });
    told.create(0, 0, 2, 'main.f /x/a.go:1', 'main.main /x/a.go:2').run(300, 2).end(600, 2);
    const { utilisation } = processorsOf(told.subject(600));
    expect(utilisation.slice(0, 30).every((share) => share === 0)).toBe(true);
    expect(utilisation.slice(30).every((share) => share > 0.999)).toBe(true);
  });

  it('counts system calls that lost their P', () => {
    const told = story();
    const stack = told.stack(['syscall.Syscall /go/src/syscall/syscall.go:1', 'main.loop /x/a.go:7']);
    for (const [at, lost] of [
      [400, 0],
      [500, 1],
    ] as const) {
      told.add(EVENT.syscallBegin, at, 2, { stack, proc: 1 });
      told.add(EVENT.syscallEnd, at + 50, 2, { a: lost, proc: 1 });
      if (lost === 1) told.run(at + 60, 2, 1);
    }
    expect(systemCallsOf(told.subject(1000))).toMatchObject([
      { place: { line: 7 }, calls: { count: 2, totalNs: 100 }, lostProcessor: 1 },
    ]);
  });
});
