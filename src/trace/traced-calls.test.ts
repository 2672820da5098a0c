import { describe, expect, it } from 'vitest';
import { EVENT } from './events.ts';
import { TraceBuilder } from './trace-builder.ts';
import { callPaths, namesOf } from './traced-calls.ts';

type Step = readonly [time: number, goroutine: number, what: string];

/** `+f`: f is called, `-f`: it returns, `.`: the goroutine ends. */
function paths(...steps: readonly Step[]): Record<string, readonly number[]> {
  const builder = new TraceBuilder({ writer: 'mattock', format: '1', name: 'calls' });
  for (const [time, goroutine, what] of steps) {
    const kind = what === '.' ? EVENT.ended : what.startsWith('+') ? EVENT.call : EVENT.return;
    builder.add(kind, time, goroutine, { a: builder.string(what.slice(1)) });
  }
  builder.endedAt = 100;
  const found = callPaths(builder.build());
  return Object.fromEntries(
    found.map((path) => [
      namesOf(found, path).join('>'),
      [path.count, path.total, path.own, path.longest, path.unseen],
    ]),
  );
}

describe('traced calls', () => {
  it('add up by path, each goroutine for itself', () => {
    expect(
      paths(
        [0, 1, '+f'],
        [1, 2, '+g'],
        [10, 1, '+g'],
        [30, 1, '-g'],
        [35, 1, '+g'],
        [36, 2, '-g'],
        [40, 1, '-g'],
        [50, 1, '-f'],
      ),
    ).toEqual({ f: [1, 50, 25, 50, 0], 'f>g': [2, 25, 25, 20, 0], g: [1, 35, 35, 35, 0] });
  });

  it('of a function within itself are a path of their own', () => {
    expect(paths([0, 1, '+f'], [2, 1, '+f'], [5, 1, '-f'], [9, 1, '-f'])).toEqual({
      f: [1, 9, 6, 9, 0],
      'f>f': [1, 3, 3, 3, 0],
    });
  });

  it('whose return is missing end with what is around them', () => {
    expect(
      paths(
        [0, 1, '-f'],
        [1, 1, '+f'],
        [2, 1, '+g'],
        [8, 1, '-f'],
        [9, 2, '+h'],
        [20, 2, '.'],
        [30, 3, '+h'],
      ),
    ).toEqual({ f: [1, 7, 1, 7, 0], 'f>g': [1, 6, 6, 6, 1], h: [2, 81, 81, 70, 2] });
  });
});
