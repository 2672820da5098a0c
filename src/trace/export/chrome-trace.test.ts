import { describe, expect, it } from 'vitest';
import { EVENT, STATE } from '../events.ts';
import { livesOf } from '../lives.ts';
import type { Trace } from '../trace.ts';
import { TraceBuilder } from '../trace-builder.ts';
import { writeChromeTrace } from './chrome-trace.ts';
import { type CheckedTrace, checkChromeTrace } from './testing/chrome-rules.ts';

function builder(name = 'app'): TraceBuilder {
  return new TraceBuilder({ writer: 'mattock', format: '1.23', name });
}

function textOf(trace: Trace): string {
  const decoder = new TextDecoder();
  let text = '';
  writeChromeTrace(trace, livesOf(trace), (bytes) => {
    text += decoder.decode(bytes, { stream: true });
  });
  return text;
}

const checked = (b: TraceBuilder): CheckedTrace => checkChromeTrace(textOf(b.build()));

const rows = ({ slices }: CheckedTrace): unknown[] =>
  slices.map(({ group, track, name, from, to }) => [group, track, name, from, to]);

describe("Chrome's trace event format", () => {
  it('has a track for each goroutine and P, and arrows from who wakes to who is woken', () => {
    const b = builder();
    const main = b.frame(0x1000, b.string('main.main'), b.string('/src/main.go'), 7);
    const worker = b.frame(0x2000, b.string('main.worker'), b.string('/src/main.go'), 20);
    const receive = b.frame(0x3000, b.string('runtime.chanrecv1'), b.string('/go/chan.go'), 5);
    const channel = b.object({
      kind: 'channel',
      address: 0xc000,
      direction: 'receive',
      length: 0,
      capacity: 4,
    });
    b.add(EVENT.known, 0, 1, { a: STATE.running, proc: 0, stack: b.stack([main]) });
    b.add(EVENT.created, 1001, 9, { actor: 1, proc: 0, a: b.stack([worker]), b: STATE.runnable });
    b.add(EVENT.running, 2000, 9, { proc: 1, a: 1 });
    const waits = { stack: b.stack([receive, worker]), a: b.string('chan receive'), b: channel };
    b.add(EVENT.blocked, 3000, 9, { proc: 1, ...waits });
    b.add(EVENT.unblocked, 4000.4, 9, { actor: 1, proc: 0, stack: b.stack([main]) });
    b.add(EVENT.blocked, 5000, 1, { proc: 0, stack: b.stack([main]), a: b.string('sleep') });
    b.add(EVENT.running, 5000, 9, { proc: 0 });
    b.add(EVENT.ended, 6000, 9, { proc: 0 });
    b.add(EVENT.heapAlloc, 7000, 0, { a: 123 });
    const result = checked(b);
    expect(rows(result)).toEqual([
      ['goroutines', 'G1 main.main', 'running', 0, 5],
      ['processors (P)', 'P 0', 'G1 main.main', 0, 5],
      ['goroutines', 'G9 main.worker', 'runnable', 1.001, 2],
      ['goroutines', 'G9 main.worker', 'running', 2, 3],
      ['processors (P)', 'P 1', 'G9 main.worker', 2, 3],
      ['goroutines', 'G9 main.worker', 'chan receive', 3, 4],
      ['goroutines', 'G9 main.worker', 'runnable', 4, 5],
      ['goroutines', 'G1 main.main', 'sleep', 5, 7],
      ['goroutines', 'G9 main.worker', 'running', 5, 6],
      ['processors (P)', 'P 0', 'G9 main.worker', 5, 6],
    ]);
    expect(result.arrows).toEqual([
      { name: 'creates', at: 1.001, from: 'G1 main.main: running', to: 'G9 main.worker: runnable' },
      { name: 'wakes', at: 4, from: 'G1 main.main: running', to: 'G9 main.worker: runnable' },
    ]);
    expect(result.slices.find(({ name }) => name === 'chan receive')?.args).toEqual({
      on: 'receive on chan 0xc000 (0 of 4)',
      'woken by goroutine': 1,
      stack: 'runtime.chanrecv1 (chan.go:5) < main.worker (main.go:20)',
    });
    expect(result.slices.find(({ from, name }) => from === 2 && name === 'running')?.args).toEqual({
      P: 1,
      stolen: true,
    });
    expect(result.others).toEqual([{ ph: 'C', ts: 7, pid: 3, tid: 10, name: 'heap', args: { bytes: 123 } }]);
  });

  it('has tracks for collections and stops of the world, also those that the trace cuts', () => {
    const b = builder();
    b.add(EVENT.stwEnd, 10_000, 0);
    b.add(EVENT.gcBegin, 20_000, 0, { a: 5 });
    b.add(EVENT.stwBegin, 30_000, 0, { a: b.string('GC mark termination') });
    b.add(EVENT.stwEnd, 40_000, 0);
    b.add(EVENT.lost, 50_000, 0, { a: 17, b: b.string('the ring was full') });
    const result = checked(b);
    expect(rows(result)).toEqual([
      ['runtime', 'stop the world', 'stop the world', 0, 10],
      ['runtime', 'garbage collector', 'GC 5', 20, 50],
      ['runtime', 'stop the world', 'stop the world', 30, 40],
    ]);
    expect(result.slices[2]?.args).toEqual({ why: 'GC mark termination' });
    expect(result.others.map(({ name, s }) => [name, s])).toEqual([['17 events lost', 'g']]);
  });

  it('puts marking for the collector into what runs, however often it stops meanwhile', () => {
    const b = builder();
    b.add(EVENT.known, 0, 3, { a: STATE.running, proc: 0 });
    b.add(EVENT.assistBegin, 1000, 3);
    b.add(EVENT.blocked, 2000, 3, { a: b.string('GC assist wait') });
    b.add(EVENT.unblocked, 3000, 3);
    b.add(EVENT.running, 4000, 3, { proc: 0 });
    b.add(EVENT.assistEnd, 5000, 3);
    b.add(EVENT.stackGrown, 5500, 3, { a: 2048, b: 4096 });
    b.add(EVENT.ended, 6000, 3);
    const result = checked(b);
    expect(rows(result).filter((row) => (row as string[])[2] === 'GC assist')).toEqual([
      ['goroutines', 'G3', 'GC assist', 1, 2],
      ['goroutines', 'G3', 'GC assist', 4, 5],
    ]);
    expect(result.others.map(({ name, tid, args }) => [name, tid, args])).toEqual([
      ['stack grown', 3, { from: 2048, to: 4096 }],
    ]);
  });

  it('has tasks, regions, and calls on tracks of their own', () => {
    const b = builder();
    b.add(EVENT.known, 0, 3, { a: STATE.running, proc: 0 });
    b.add(EVENT.taskBegin, 1000, 3, { a: 8, c: b.string('order') });
    b.add(EVENT.regionBegin, 2000, 3, { a: 8, c: b.string('pay') });
    b.add(EVENT.call, 3000, 3, { a: b.string('main.f'), b: b.string('n = 1') });
    b.add(EVENT.call, 4000, 3, { a: b.string('main.g') });
    b.add(EVENT.return, 5000, 3, { a: b.string('main.g'), b: b.string('true') });
    b.add(EVENT.regionEnd, 6000, 3, { a: 8, c: b.string('pay') });
    b.add(EVENT.taskEnd, 7000, 3, { a: 8 });
    b.add(EVENT.taskEnd, 8000, 3, { a: 99 });
    const result = checked(b);
    expect(rows(result).slice(2)).toEqual([
      ['traced calls', 'calls of G3', 'main.f', 3, 8],
      ['traced calls', 'calls of G3', 'main.g', 4, 5],
    ]);
    expect(result.others.map(({ ph, cat, name }) => [ph, cat, name])).toEqual([
      ['b', 'task', 'order'],
      ['b', 'region', 'pay'],
      ['e', 'region', 'pay'],
      ['e', 'task', 'order'],
    ]);
  });

  it('takes what a program may be called, and ids beyond those of threads', () => {
    const b = builder('a\u0000"\\\ud800\u007f→');
    b.add(EVENT.known, 0, 2 ** 40, { a: STATE.waiting, b: b.string('line\nbreak') });
    b.add(EVENT.running, 10, 2 ** 40 + 1, { proc: 0 });
    b.add(EVENT.heapAlloc, 20, 0, { a: 1 });
    const result = checked(b);
    expect(result.slices.map(({ track, name }) => [track, name])).toContainEqual([
      `G${2 ** 40}`,
      'line\ufffdbreak',
    ]);
    expect(textOf(b.build())).toContain('"program":"a\ufffd\\"\\\\\ufffd\ufffd→"');
  });

  it('goes out in pieces', () => {
    const b = builder();
    b.add(EVENT.known, 0, 1, { a: STATE.running, proc: 0 });
    for (let i = 1; i < 3000; i++) {
      b.add(EVENT.stopped, i * 20, 1, { proc: 0, a: b.string('preempted') });
      b.add(EVENT.running, i * 20 + 10, 1, { proc: 0 });
    }
    const trace = b.build();
    const pieces: number[] = [];
    writeChromeTrace(trace, livesOf(trace), (bytes) => pieces.push(bytes.length));
    expect(pieces.length).toBeGreaterThan(5);
    expect(Math.max(...pieces)).toBeLessThan(2 ** 17);
  });
});
