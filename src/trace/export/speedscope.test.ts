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
  const { samples, weights } = file.profiles[profile]!;
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
  expect(file.profiles.map(({ samples }) => samples.length)).toEqual(MEASURES.map(() => 0));
});
