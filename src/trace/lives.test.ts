import { describe, expect, it } from 'vitest';
import { EVENT, STATE } from './events.ts';
import { livesOf } from './lives.ts';
import { SPAN_FLAG } from './spans.ts';
import type { Trace } from './trace.ts';
import { TraceBuilder } from './trace-builder.ts';

const builder = () => new TraceBuilder({ writer: 'mattock', format: '1.23', name: 'test' });

function spansOf(trace: Trace, id: number) {
  const { goroutines, spans } = livesOf(trace);
  const life = goroutines.find((each) => each.id === id)!;
  return Array.from({ length: life.end - life.first }, (_, i) => life.first + i).map((i) => ({
    start: spans.start[i]!,
    end: spans.end[i]!,
    state: spans.state[i]!,
    flags: spans.flags[i]!,
  }));
}

describe('lives', () => {
  it('does not take the place that a goroutine returns to for what it begins in', () => {
    const b = builder();
    const frames = ['main.inner', 'main.worker', 'runtime.goexit'].map((name, i) =>
      b.frame(i + 1, b.string(name), 0, 1),
    );
    b.add(EVENT.known, 0, 4, { a: STATE.waiting, stack: b.stack(frames) });
    expect(livesOf(b.build()).goroutines[0]!.entry).toBe('main.worker');
  });

  it('lets what a goroutine did at the beginning begin there, whenever that is told', () => {
    const b = builder();
    b.add(EVENT.known, 40, 4, { a: STATE.waiting });
    b.add(EVENT.unblocked, 50, 4);
    expect(spansOf(b.build(), 4)[0]).toMatchObject({ start: 0, end: 50, flags: SPAN_FLAG.openStart });
  });

  it('has touching spans with reason, place and who ended them', () => {
    const b = builder();
    const main = b.frame(0x1000, b.string('main.worker'), b.string('main.go'), 7);
    const sender = b.stack([b.frame(0x2000, b.string('main.send'), b.string('main.go'), 9)]);
    const where = b.stack([b.frame(0x3000, b.string('runtime.chanrecv1'), 0, 1), main]);
    b.add(EVENT.known, 0, 1, { a: STATE.running, proc: 0, thread: 10 });
    b.add(EVENT.created, 5, 7, { actor: 1, stack: sender, a: b.stack([main]), b: STATE.runnable });
    b.add(EVENT.running, 8, 7, { proc: 2, thread: 11, a: 1 });
    b.add(EVENT.blocked, 20, 7, { proc: 2, stack: where, a: b.string('chan receive') });
    b.add(EVENT.unblocked, 50, 7, { actor: 1, stack: sender });
    b.add(EVENT.running, 60, 7, { proc: 0 });
    b.add(EVENT.ended, 70, 7, { proc: 0 });
    b.add(EVENT.stopped, 80, 1, { proc: 0, a: b.string('preempted') });
    const trace = b.build();
    const { goroutines, spans, violations } = livesOf(trace);
    expect(violations).toEqual([]);
    expect(goroutines.map((life) => life.id)).toEqual([1, 7]);
    expect(goroutines[1]).toMatchObject({
      created: 5,
      ended: 70,
      creator: 1,
      createdAt: sender,
      entry: 'main.worker',
    });
    expect(spansOf(trace, 7)).toEqual([
      { start: 5, end: 8, state: STATE.runnable, flags: 0 },
      { start: 8, end: 20, state: STATE.running, flags: SPAN_FLAG.stolen },
      { start: 20, end: 50, state: STATE.waiting, flags: 0 },
      { start: 50, end: 60, state: STATE.runnable, flags: 0 },
      { start: 60, end: 70, state: STATE.running, flags: 0 },
    ]);
    const waiting = goroutines[1]!.first + 2;
    expect(trace.strings[spans.reason[waiting]!]).toBe('chan receive');
    expect([spans.endedBy[waiting], spans.endedAt[waiting], spans.stack[waiting]]).toEqual([
      1,
      sender,
      where,
    ]);
    expect(spansOf(trace, 1).at(-1)).toEqual({
      start: 80,
      end: 80,
      state: STATE.runnable,
      flags: SPAN_FLAG.openEnd,
    });
    expect(spans.count).toBe(7);
  });

  it('knows what a goroutine did before its first event', () => {
    const b = builder();
    b.add(EVENT.running, 3, 1, { proc: 0 });
    b.add(EVENT.unblocked, 10, 9, { actor: 1 });
    const trace = b.build();
    expect(spansOf(trace, 9)[0]).toEqual({
      start: 0,
      end: 10,
      state: STATE.waiting,
      flags: SPAN_FLAG.openStart,
    });
    expect(livesOf(trace).violations).toEqual([]);
  });

  it('counts transitions that do not chain, and believes the later event', () => {
    const b = builder();
    b.add(EVENT.known, 0, 4, { a: STATE.waiting });
    b.add(EVENT.blocked, 10, 4, { a: b.string('select') });
    b.add(EVENT.unblocked, 20, 4);
    const trace = b.build();
    expect(livesOf(trace).violations).toEqual([
      { event: 1, what: 'goroutine 4 is waiting, but then "blocked"' },
    ]);
    expect(spansOf(trace, 4).map((span) => span.state)).toEqual([
      STATE.waiting,
      STATE.waiting,
      STATE.runnable,
    ]);
  });

  it('lets the goroutine of a cgo callback begin again after its end', () => {
    const b = builder();
    for (const time of [1, 11]) {
      b.add(EVENT.created, time, 5, { b: STATE.syscall });
      b.add(EVENT.ended, time + 2, 5);
    }
    const trace = b.build();
    expect(livesOf(trace).violations).toEqual([]);
    expect(spansOf(trace, 5).map(({ start, end, state }) => [start, end, state])).toEqual([
      [1, 3, STATE.syscall],
      [3, 11, STATE.ended],
      [11, 13, STATE.syscall],
    ]);
    expect(livesOf(trace).goroutines[0]).toMatchObject({ created: 1, ended: 13 });
  });

  it('takes well under a second of CPU time for a million events', () => {
    const b = builder();
    const kinds = [EVENT.running, EVENT.blocked, EVENT.unblocked];
    for (let i = 0; i < 1_000_000; i++)
      b.columns.add(kinds[Math.floor(i / 1000) % 3]!, i, 1 + (i % 1000), 0, i % 8, 100, 0, 0, 0, 0);
    const trace = b.build();
    const before = process.cpuUsage();
    const { violations, spans } = livesOf(trace);
    const { user } = process.cpuUsage(before);
    expect([violations.length, spans.count]).toEqual([0, 1_001_000]);
    expect(user / 1e6).toBeLessThan(1);
  });
});
