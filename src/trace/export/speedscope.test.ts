import { expect, it } from 'vitest';
import { EVENT, STATE } from '../events.ts';
import { livesOf } from '../lives.ts';
import { TraceBuilder } from '../trace-builder.ts';
import { MEASURES } from './samples.ts';
import { writeSpeedscope } from './speedscope.ts';
import { checkSpeedscope, type SpeedscopeFile } from './testing/speedscope-rules.ts';

function fileOf(b: TraceBuilder): SpeedscopeFile {
  const trace = b.build();
  const decoder = new TextDecoder();
  let text = '';
  writeSpeedscope(trace, livesOf(trace), (bytes) => {
    text += decoder.decode(bytes, { stream: true });
  });
  return checkSpeedscope(text);
}

/** [weight, stack from the root] of each sample. */
function rows(file: SpeedscopeFile, profile: number): unknown[] {
  const found = file.profiles[profile]!;
  if (found.type !== 'sampled') throw new Error(found.type);
  const { samples, weights } = found;
  return samples.map((stack, i) => [weights[i], ...stack.map((frame) => file.shared.frames[frame]?.name)]);
}

it('has one sampled profile for each measure, in its unit, the largest first', () => {
  const b = new TraceBuilder({ writer: 'mattock', format: '1.23', name: 'small' });
  const worker = b.frame(0x1000, b.string('main.worker'), b.string('main.go'), 7);
  const wait = b.stack([b.frame(0x3000, b.string('runtime.chanrecv1'), 0, 1), worker]);
  const idle = b.stack([b.frame(0x4000, b.string('runtime.gcBgMarkWorker'), b.string('mgc.go'), 9)]);
  b.add(EVENT.known, 0, 2, { a: STATE.waiting, b: b.string('GC worker (idle)'), stack: idle });
  b.add(EVENT.created, 0, 7, { a: b.stack([worker]), b: STATE.runnable });
  b.add(EVENT.running, 10, 7, { proc: 0 });
  b.add(EVENT.blocked, 40, 7, { proc: 0, stack: wait, a: b.string('chan receive') });
  b.add(EVENT.unblocked, 140, 7);
  b.add(EVENT.heapAlloc, 160, 0, { a: 1 });
  const file = fileOf(b);
  expect(file.name).toBe('small');
  expect(file.profiles.map(({ unit }) => unit)).toEqual(
    MEASURES.map(({ unit }) => (unit === 'count' ? 'none' : unit)),
  );
  expect(rows(file, 0)).toEqual([
    [160, "[the runtime's goroutines]", 'runtime.gcBgMarkWorker', '[GC worker, idle]'],
    [100, 'main.worker', 'runtime.chanrecv1', '[chan receive]'],
  ]);
  expect(rows(file, 2)).toEqual([[30, 'main.worker', 'runtime.chanrecv1', '[running]']]);
  expect(rows(file, 3)).toEqual([
    [20, 'main.worker', 'runtime.chanrecv1', '[runnable]'],
    [10, 'main.worker', '[runnable]'],
  ]);
  expect(file.shared.frames).toContainEqual({
    name: 'main.worker',
    file: 'main.go',
    line: 7,
  });
});

it('is a file also when nothing happened', () => {
  const file = fileOf(new TraceBuilder({ writer: 'go', format: '1.23', name: '\u0000"' }));
  expect(file.profiles.map((_, i) => rows(file, i).length)).toEqual(MEASURES.map(() => 0));
});

it('has traced calls in front, by path, and behind as they followed each other', () => {
  const b = new TraceBuilder({ writer: 'mattock', format: '1.23', name: 'calls' });
  for (const [time, kind, name] of [
    [10, EVENT.call, 'main.outer'],
    [20, EVENT.call, 'main.inner'],
    [50, EVENT.return, 'main.inner'],
    [90, EVENT.return, 'main.outer'],
    [95, EVENT.call, 'main.inner'],
  ] as const)
    b.add(kind, time, 7, { a: b.string(name) });
  b.endedAt = 100;
  const file = fileOf(b);
  expect(file.profiles[0]!.name).toBe('traced calls: time from call to return');
  expect(rows(file, 0)).toEqual([
    [50, 'main.outer'],
    [30, 'main.outer', 'main.inner'],
    [5, 'main.inner'],
  ]);
  const last = file.profiles.at(-1)!;
  if (last.type !== 'evented') throw new Error(last.type);
  expect(last.name).toBe('traced calls of goroutine 7');
  expect(last.events.map(({ type, at }) => `${type}${at}`)).toEqual([
    'O10',
    'O20',
    'C50',
    'C90',
    'O95',
    'C100',
  ]);
});
