import { describe, expect, it } from 'vitest';
import { Analysis } from '../../trace/analysis/index.ts';
import {
  EVENT,
  type EventKind,
  livesOf,
  type Trace,
  TraceBuilder,
  type WaitObject,
} from '../../trace/index.ts';
import { PLAIN } from '../output/style.ts';
import { renderReport } from './render-report.ts';
import { SECTIONS } from './sections.ts';

/** mulberry32: the same numbers for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const KINDS = Object.values(EVENT);
const NAMES = [
  'runtime.chansend1',
  'sync.(*Mutex).Lock',
  'sync.(*WaitGroup).Wait',
  'runtime.selectgo',
  'main.f',
  'main.g',
  'a.b/c.(*T).M[x]',
  '',
];
const REASONS = [
  'chan send',
  'chan receive',
  'sync',
  'select',
  'preempted',
  'GC mark termination',
  'GC (dedicated)',
  '\x1b[2J',
];
const ODD = [0, 1, 2, -1, 1.5, 2 ** 31, 2 ** 40, 2 ** 53];

function nonsense(seed: number): Trace {
  const next = random(seed);
  const builder = new TraceBuilder({
    writer: next(2) === 0 ? 'go' : 'mattock',
    format: '1.26',
    name: 'nonsense',
  });
  const one = <T>(list: readonly T[]): T => list[next(list.length)]!;
  const stack = (): number =>
    builder.stack(
      Array.from({ length: next(5) }, () =>
        builder.frame(next(9), builder.string(one(NAMES)), builder.string('/x/a.go'), next(4)),
      ),
    );
  const object = (): WaitObject =>
    one<WaitObject>([
      {
        kind: 'channel',
        address: next(3),
        direction: one(['send', 'receive']),
        length: undefined,
        capacity: next(3),
      },
      { kind: 'select', cases: [{ direction: 'send', address: next(3) }] },
      { kind: one(['mutex', 'rwmutex-read', 'waitgroup', 'cond', 'semaphore']), address: next(3) },
      { kind: 'syscall', number: 1, name: undefined },
    ]);
  for (let i = 0, time = 0; i < 150; i++) {
    time += next(3) === 0 ? next(1e6) : 0;
    const argument = (): number =>
      one([next(5), builder.string(one(REASONS)), builder.object(object()), stack(), one(ODD)]);
    builder.add(one(KINDS) as EventKind, time, next(8), {
      actor: next(8),
      proc: one([-1, 0, 1, 5000]),
      stack: stack(),
      a: argument(),
      b: argument(),
      c: argument(),
    });
  }
  return builder.build();
}

describe('a trace that makes no sense', () => {
  it('is reported all the same, in all formats', () => {
    const sections = SECTIONS.map(({ name }) => name);
    for (let seed = 1; seed <= 150; seed++) {
      const trace = nonsense(seed);
      const analysis = new Analysis(trace, livesOf(trace));
      for (const format of ['text', 'json', 'html'] as const) {
        const request = { sections, goroutine: undefined, rows: 5, atNs: undefined };
        const report = [...renderReport(analysis, request, format, PLAIN)].join('');
        expect(report, `seed ${seed}`).not.toMatch(/undefined|NaN|\[object/);
        expect(report, `seed ${seed}`).not.toContain('\x1b');
        if (format === 'json') JSON.parse(report);
      }
      for (const { id } of analysis.subject.lives.goroutines) {
        const request = { sections: [], goroutine: id, rows: 5, atNs: undefined };
        expect([...renderReport(analysis, request, 'text', PLAIN)].length).toBeGreaterThan(2);
      }
    }
  });
});
