import { describe, expect, it } from 'vitest';
import { EVENT, STATE } from '../events.ts';
import { livesOf } from '../lives.ts';
import { Analysis } from './analysis.ts';
import { findingsOf } from './findings.ts';
import { stackUseOf } from './stack-use.ts';
import { Story } from './testing/story.ts';

const repeated = (round: readonly string[], count: number): string[] =>
  Array.from({ length: count }, (_, i) => round[i % round.length]!);
const EVEN_ODD = ['main.even /x/main.go:10', 'main.odd /x/main.go:20'];
const LEAF = ['runtime.chanrecv1 /go/src/runtime/chan.go:509'];
const ROOT = ['main.main.func1 /x/main.go:5', 'runtime.goexit /go/src/runtime/asm_amd64.s:1771'];

/** Goroutine 2 blocks with a stack, after its stack has grown to so many bytes. */
function story(writer: 'go' | 'mattock', stack: readonly string[], bytes = 0): Story {
  const told = new Story(writer);
  told.known(0, 1, STATE.running);
  told.create(1, 1, 2, 'main.main.func1 /x/main.go:5', 'main.main /x/main.go:4').run(2, 2);
  if (bytes > 0) told.add(EVENT.stackGrown, 3, 2, { a: bytes / 2, b: bytes });
  return told.block(4, 2, 'chan receive', stack);
}

function recursionFound(told: Story): unknown[] {
  const { trace, lives } = told.subject(100);
  return findingsOf(new Analysis(trace, lives))
    .filter(({ kind }) => kind === 'recursion')
    .map(({ severity, title, evidence }) => [severity, title, ...evidence]);
}

describe('recursion', () => {
  it('is seen in the 30 frames that a probe keeps, and told to go on below them', () => {
    const stack = [...LEAF, ...repeated(EVEN_ODD, 29)];
    expect(stackUseOf(story('mattock', stack).subject(100)).recursion).toMatchObject([
      { repeats: 15, depth: 30, cut: true, goroutines: [2] },
    ]);
    expect(recursionFound(story('mattock', stack, 2 << 20))).toEqual([
      [
        'medium',
        'main.even is at least 15 times on one stack of at least 30 frames',
        'deeper frames are not in the trace',
        'the largest of these stacks grew to 2.0 MiB',
      ],
    ]);
    expect(recursionFound(story('mattock', stack, 128 << 20))).toMatchObject([
      expect.arrayContaining(['high']),
    ]);
  });

  it('is told with its whole depth where the stack is whole', () => {
    const stack = [...LEAF, ...repeated(EVEN_ODD, 40), ...ROOT];
    expect(recursionFound(story('mattock', stack))).toEqual([
      ['low', 'main.even is 20 times on one stack of 43 frames'],
    ]);
  });

  it('goes on below 128 frames of a trace of Go', () => {
    const stack = [...LEAF, ...repeated(EVEN_ODD, 127)];
    expect(recursionFound(story('go', stack))).toEqual([
      [
        'medium',
        'main.even is at least 64 times on one stack of at least 128 frames',
        'deeper frames are not in the trace',
      ],
    ]);
  });

  it('is not what comes back now and then on a deep stack of others', () => {
    const chain = Array.from({ length: 29 }, (_, i) =>
      i % 3 === 0
        ? 'net/http.HandlerFunc.ServeHTTP /go/src/net/http/server.go:2'
        : `main.wrap${i} /x/w.go:${i}`,
    );
    expect(stackUseOf(story('mattock', [...LEAF, ...chain]).subject(100)).recursion).toEqual([]);
    const whole = [...LEAF, ...repeated(EVEN_ODD, 25), ...ROOT];
    expect(stackUseOf(story('mattock', whole).subject(100)).recursion).toEqual([]);
  });
});

it('large stacks are told where no stack says what recursed', () => {
  const told = story('mattock', [...LEAF, ...ROOT], 4 << 20);
  expect(recursionFound(told)).toEqual([
    [
      'low',
      'the stack of one goroutine grew, up to 4.0 MiB',
      'it began in main.main.func1',
      'what is on it when it is at its largest the trace does not tell',
    ],
  ]);
  expect(stackUseOf(told.subject()).byEntry).toEqual([
    { entry: 'main.main.func1', goroutines: 1, growths: 1, bytes: 4 << 20 },
  ]);
});

it('a stack that is cut does not say where its goroutine began', () => {
  const told = new Story('mattock');
  told.known(0, 7, STATE.waiting, 'chan receive', [...LEAF, ...repeated(EVEN_ODD, 63)]);
  told.known(0, 8, STATE.waiting, 'chan receive', [...LEAF, ...ROOT]);
  const lives = livesOf(told.builder.build());
  expect(lives.goroutines.map(({ entry }) => entry)).toEqual([undefined, 'main.main.func1']);
});
