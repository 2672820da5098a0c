import { expect, it } from 'vitest';
import { madeTrace } from '../../../test/web/made-trace.ts';
import { EVENT, type EventKind } from '../events.ts';
import { livesOf } from '../lives.ts';
import { mergeProcesses } from '../processes.ts';
import type { Trace } from '../trace.ts';
import { TraceBuilder } from '../trace-builder.ts';
import { tracePage } from './html.ts';
import { ColumnReader, ColumnWriter } from './page-columns.ts';
import { decodePage, encodePage } from './page-data.ts';

it('keeps numbers up to 2^53', () => {
  const values = [0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1];
  const out = new ColumnWriter();
  out.column(values.length, (row) => values[row]!);
  const read = new ColumnReader(out.bytes());
  expect([...read.column(new Float64Array(values.length))]).toEqual(values);
  expect(() => read.number()).toThrow('end too early');
});

it('gives the page what the trace has', () => {
  const trace = madeTrace(20_000, 50);
  const lives = livesOf(trace);
  const finding = { severity: 'high', title: 'leak', lines: ['</script>'] };
  const data = decodePage(encodePage(trace, lives, [finding]));
  expect(data).toMatchObject({
    lives: 50,
    spans: lives.spans.count,
    name: 'made.trace',
    findings: [finding],
  });
  expect([...data.start]).toEqual([...lives.spans.start]);
  expect([...data.state]).toEqual([...lives.spans.state]);
  expect([...data.stack]).toEqual([...lives.spans.stack]);
  expect([...data.proc]).toEqual([...lives.spans.proc].map((proc) => proc + 1));
  lives.goroutines.forEach((life, i) => {
    expect([data.id[i], data.first[i], data.first[i + 1]]).toEqual([life.id, life.first, life.end]);
    expect(data.lifeEnd[i]).toBe(lives.spans.end[life.end - 1]);
    expect(data.entries[data.entry[i]!]).toBe(life.entry ?? '');
  });
  const woken = lives.spans.endedBy.findIndex((by) => by > 0);
  expect(woken).toBeGreaterThan(0);
  expect(data.id[data.waker[woken]! - 1]).toBe(lives.spans.endedBy[woken]);
});

it('puts the data where the page has a place for them', () => {
  const trace = madeTrace(2000, 5);
  const port = { gzip: (bytes: Uint8Array) => bytes, base64: () => 'AAAA' };
  const page = tracePage(trace, livesOf(trace), [], { ...port, template: 'a<!--DATA-->b' });
  expect(page).toBe('a<script type="application/octet-stream" id="data">AAAA</script>b');
});

it('has calls by goroutine, depth and time, with what is not known of them', () => {
  const builder = new TraceBuilder({ writer: 'mattock', format: '1.23', name: 'calls' });
  const stack = builder.stack([builder.frame(16, builder.string('main.g'), builder.string('m.go'), 3)]);
  const add = (kind: EventKind, time: number, goroutine: number, name: string, text: string): void => {
    builder.add(kind, time, goroutine, { stack, a: builder.string(name), b: builder.string(text) });
  };
  builder.add(EVENT.running, 0, 7, { proc: 0 });
  // Of goroutine 9 nothing else is known.
  add(EVENT.call, 1, 9, 'main.f', 'n=1');
  add(EVENT.call, 2, 7, 'main.f', 'n=2');
  add(EVENT.call, 3, 7, 'main.g', '');
  add(EVENT.return, 5, 7, 'main.g', '~r0=1');
  add(EVENT.call, 6, 7, 'main.g', '');
  add(EVENT.return, 9, 7, 'main.f', '');
  builder.endedAt = 20;
  const trace = builder.build();
  const { id, strings, traced, stacks } = decodePage(encodePage(trace, livesOf(trace), []));
  expect([...id]).toEqual([7, 9]);
  expect([...traced.laneOf]).toEqual([0, 2, 3]);
  expect([...traced.first]).toEqual([0, 1, 3, 4]);
  const rows = Array.from({ length: traced.count }, (_, i) => [
    traced.start[i],
    traced.end[i],
    strings[traced.name[i]!],
    strings[traced.values[i]!],
    traced.results[i] === 0 ? undefined : strings[traced.results[i]! - 1],
  ]);
  expect(rows).toEqual([
    [2, 9, 'main.f', 'n=2', ''],
    [3, 5, 'main.g', '', '~r0=1'],
    [6, 9, 'main.g', '', undefined],
    [1, 20, 'main.f', 'n=1', undefined],
  ]);
  expect(stacks[traced.stack[0]!]).toHaveLength(1);
});

it('has what the runtime of each process did', () => {
  const part = (pid: number, shift: number): Trace => {
    const builder = new TraceBuilder({ writer: 'mattock', format: '1.23', name: 'runtime' });
    const add = (kind: EventKind, time: number, a = 0): void => {
      builder.add(kind, time + shift, 1, { proc: 0, a });
    };
    builder.add(EVENT.procStart, 0, 0, { proc: 0, thread: pid });
    builder.add(EVENT.running, 0, 1, { proc: 0, thread: pid });
    // It began before the trace.
    add(EVENT.stwEnd, 4);
    add(EVENT.heapAlloc, 5, 1000 + pid);
    add(EVENT.heapAlloc, 6, 500);
    add(EVENT.heapAlloc, 7, 500);
    add(EVENT.heapGoal, 8, 4000);
    add(EVENT.procsChange, 9, 2);
    add(EVENT.stwBegin, 10, builder.string(`stop ${pid}`));
    add(EVENT.stwEnd, 12);
    // It lasts beyond the end.
    add(EVENT.gcBegin, 13, 3);
    builder.endedAt = 100;
    return builder.build();
  };
  const command = 'app';
  const trace = mergeProcesses([
    { pid: 40, parent: 1, command, trace: part(40, 0), begin: 0, end: undefined },
    { pid: 41, parent: 40, command, trace: part(41, 50), begin: 0, end: 90 },
  ]);
  const { runtimes, strings } = decodePage(encodePage(trace, livesOf(trace), []));
  expect(runtimes).toHaveLength(2);
  for (const [i, { stops, collections, heap, goal, processors }] of runtimes.entries()) {
    const at = 50 * i;
    expect(stops.map(([begin, end, why]) => [begin, end, strings[why]])).toEqual([
      [0, 4 + at, ''],
      [10 + at, 12 + at, `stop ${40 + i}`],
    ]);
    expect(collections).toEqual([[13 + at, i === 0 ? 100 : 90, 3]]);
    expect([[...heap.time], [...heap.value]]).toEqual([
      [5 + at, 6 + at],
      [1040 + i, 500],
    ]);
    expect([[...goal.time], [...goal.value]]).toEqual([[8 + at], [4000]]);
    expect([[...processors.time], [...processors.value]]).toEqual([[9 + at], [2]]);
  }
});
