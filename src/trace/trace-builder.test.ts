import { describe, expect, it } from 'vitest';
import { EVENT } from './events.ts';
import { TraceBuilder } from './trace-builder.ts';

const builder = () => new TraceBuilder({ writer: 'mattock', format: '1.23', name: 'test' });

describe('trace builder', () => {
  it('keeps strings, frames, stacks and objects once', () => {
    const b = builder();
    const name = b.string('main.f');
    expect(b.string('main.f')).toBe(name);
    expect(b.string('')).toBe(0);
    const frames = Array.from({ length: 3000 }, (_, i) => b.frame(0x40_0000 + i, name, 0, i));
    expect(frames.map((_, i) => b.frame(0x40_0000 + i, name, 0, i))).toEqual(frames);
    const stacks = frames.map((frame, i) => b.stack([frame, frames[i >> 1]!]));
    expect(frames.map((frame, i) => b.stack([frame, frames[i >> 1]!]))).toEqual(stacks);
    expect(new Set(stacks).size).toBe(3000);
    expect(b.stack([])).toBe(0);
    const mutex = b.object({ kind: 'mutex', address: 0xc000 });
    expect(b.object({ kind: 'mutex', address: 0xc000 })).toBe(mutex);
    expect(b.object({ kind: 'rwmutex-read', address: 0xc000 })).not.toBe(mutex);
    const { stacks: table, objects } = b.build();
    expect([...table.frames(stacks[7]!)]).toEqual([frames[7], frames[3]]);
    expect(table.frame(frames[7]!)).toEqual({ pc: 0x40_0007, function: 'main.f', file: '', line: 7 });
    expect(table.frames(0).length).toBe(0);
    expect(objects[mutex]).toEqual({ kind: 'mutex', address: 0xc000 });
  });

  it('never lets time fall, and grows', () => {
    const b = builder();
    b.add(EVENT.heapAlloc, 10, 0, { a: 5 });
    b.add(EVENT.heapAlloc, 7, 0, { a: 6 });
    for (let i = 0; i < 5000; i++) b.add(EVENT.heapAlloc, 11 + i, 0, { a: i });
    const { events, duration } = b.build();
    expect([...events.time.subarray(0, 3)]).toEqual([10, 10, 11]);
    expect([events.count, duration, events.a[5001]]).toEqual([5002, 5010, 4999]);
    expect([events.proc[0], events.thread[0], events.actor[0]]).toEqual([-1, -1, 0]);
  });
});
