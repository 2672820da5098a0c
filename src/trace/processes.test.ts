import { describe, expect, it } from 'vitest';
import { EVENT, STATE, WITH_ITS_PROCESS } from './events.ts';
import { readGoTrace } from './go-format/index.ts';
import { GoTraceWriter } from './go-format/write.ts';
import { livesOf } from './lives.ts';
import { mergeProcesses, type ProcessTrace, splitProcesses } from './processes.ts';
import type { Trace } from './trace.ts';
import { TraceBuilder } from './trace-builder.ts';

/** Goroutine 1 creates 7, which P 1 steals and which waits for a channel; the collector is at work when it ends. */
function story(thread: number): Trace {
  const builder = new TraceBuilder({ writer: 'mattock', format: '1', name: 'story' });
  const at = { proc: 0, thread };
  const other = { proc: 1, thread: thread + 1 };
  const where = builder.stack([
    builder.frame(0x1000 + thread, builder.string('main.work'), builder.string('a.go'), 3),
  ]);
  builder.add(EVENT.procStart, 0, 0, at);
  builder.add(EVENT.created, 0, 1, { ...at, a: where, b: STATE.runnable });
  builder.add(EVENT.running, 10, 1, at);
  builder.add(EVENT.created, 20, 7, { ...at, actor: 1, a: where, b: STATE.runnable, stack: where });
  builder.add(EVENT.procStart, 25, 0, other);
  builder.add(EVENT.running, 30, 7, { ...other, a: 1 });
  const object = builder.object({ kind: 'sleep', until: 500 });
  builder.add(EVENT.blocked, 40, 7, { ...other, a: builder.string('sleep'), b: object, stack: where });
  builder.add(EVENT.gcBegin, 50, 1, { ...at, a: 1 });
  return builder.build();
}

const part = (pid: number, begin: number, end: number | undefined, trace: Trace): ProcessTrace => ({
  pid,
  parent: pid === 100 ? 1 : 100,
  command: `program ${pid}`,
  begin,
  end,
  trace,
});

const rows = ({ events }: Trace): number[][] =>
  Array.from(events.kind, (kind, i) => [
    kind,
    events.goroutine[i]!,
    events.actor[i]!,
    events.proc[i]!,
    events.thread[i]!,
  ]);

describe('several processes in one trace', () => {
  const merged = mergeProcesses([
    part(100, 0, undefined, story(100)),
    part(200, 15, 90, story(200)),
    part(300, 100, undefined, story(0)),
  ]);

  it('have goroutines and Ps of their own, in the order of time', () => {
    expect(
      merged.processes.map(({ firstGoroutine, firstProcessor }) => [firstGoroutine, firstProcessor]),
    ).toEqual([
      [0, 0],
      [1_000_000, 2],
      [2_000_000, 4],
    ]);
    const { time, goroutine } = merged.events;
    expect([...time].every((each, i) => i === 0 || each >= time[i - 1]!)).toBe(true);
    expect(new Set(goroutine)).toEqual(new Set([0, 1, 7, 1_000_001, 1_000_007, 2_000_001, 2_000_007]));
    // Who was stolen from is one of the own Ps.
    const stolen = rows(merged).flatMap(([kind, of], i) =>
      kind === EVENT.running && of! % 10 === 7 ? [merged.events.a[i]] : [],
    );
    expect(stolen).toEqual([1, 3, 5]);
    const untils = merged.objects.flatMap((object) => (object?.kind === 'sleep' ? [object.until] : []));
    expect(untils).toEqual([500, 515, 600]);
    // Its first thread did not know its number yet.
    expect(merged.events.thread).toContain(300);
  });

  it('end with all that is in them, unless they last as long as the whole', () => {
    const lives = livesOf(merged);
    expect(lives.violations).toEqual([]);
    expect(lives.goroutines.map(({ id, ended }) => [id, ended])).toEqual([
      [1, undefined],
      [7, undefined],
      [1_000_001, 90],
      [1_000_007, 90],
      [2_000_001, undefined],
      [2_000_007, undefined],
    ]);
    const after = rows(merged).filter((_, i) => merged.events.time[i] === 90);
    expect(after.map(([kind]) => kind)).toEqual([
      EVENT.taskEnd,
      EVENT.gcEnd,
      EVENT.ended,
      EVENT.ended,
      EVENT.procStop,
      EVENT.procStop,
    ]);
    const ended = merged.events.kind.indexOf(EVENT.ended);
    expect(merged.events.a[ended]).toBe(WITH_ITS_PROCESS);
  });

  it('are the same behind a file', () => {
    const pieces: Uint8Array[] = [];
    const writer = new GoTraceWriter((bytes) => pieces.push(bytes.slice()));
    writer.write(merged);
    writer.close(merged.duration, merged.processes);
    const read = readGoTrace(new Uint8Array(Buffer.concat(pieces)), 'x');
    expect(read.processes).toEqual(merged.processes);
    expect(rows(read)).toEqual(rows(merged));
    expect(livesOf(read).violations).toEqual([]);
  });

  it('are taken apart as each counts for itself', () => {
    const parts = splitProcesses(merged);
    const isOwn = ([kind]: number[]): boolean => kind !== EVENT.taskBegin;
    expect(rows(parts[0]!.trace).filter(isOwn)).toEqual(rows(story(100)));
    expect(rows(parts[1]!.trace).filter(isOwn).slice(0, 8)).toEqual(rows(story(200)));
    expect(parts.map(({ trace }) => livesOf(trace).goroutines.map(({ id }) => id))).toEqual([
      [1, 7],
      [1, 7],
      [1, 7],
    ]);
    expect(parts[1]!.trace.duration).toBe(90);
  });

  it('of which the same is to be said have one note', () => {
    const noted = (...notes: readonly string[]): Trace => ({ ...story(5), notes });
    const traces = [noted('a'), noted('a', 'b'), noted('a'), noted('a')];
    const parts = traces.map((each, i) => part(100 * (i + 1), 0, undefined, each));
    expect(mergeProcesses(parts).notes).toEqual(['processes 100, 200, 300 and 1 more: a', 'process 200: b']);
    expect(mergeProcesses(parts.slice(0, 1)).notes).toEqual(['a']);
  });

  it('whose threads have the same numbers, in namespaces of their own, are told apart', () => {
    const both = mergeProcesses([part(100, 0, undefined, story(5)), part(200, 10, undefined, story(5))]);
    expect(both.processes.map(({ firstThread }) => firstThread)).toEqual([0, 2 ** 32]);
    expect(new Set(both.events.thread)).toEqual(new Set([5, 6, 2 ** 32 + 5, 2 ** 32 + 6]));
    expect(rows(splitProcesses(both)[1]!.trace)[0]).toEqual([EVENT.procStart, 0, 0, 0, 5]);
    const exchanged = mergeProcesses([part(100, 0, 60, story(5)), part(100, 60, undefined, story(5))]);
    expect(exchanged.processes.map(({ firstThread }) => firstThread)).toEqual([0, 0]);
    expect(livesOf(exchanged).violations).toEqual([]);
  });
});
