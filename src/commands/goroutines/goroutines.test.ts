import { expect, test } from 'vitest';
import { goid, runtimeAddress, TargetFault } from '../../base/index.ts';
import type { Goroutine } from '../../golang/index.ts';
import type { Context } from '../command.ts';
import { PLAIN } from '../output/style.ts';
import type { Session } from '../session/session.ts';
import { goroutines } from './goroutines.ts';

const parked = (id: number): Goroutine =>
  ({
    id: goid(id),
    state: '_Gwaiting',
    waitReason: id % 2 === 0 ? 'sleep' : 'chan receive',
    userLocation: {
      pc: runtimeAddress(0x401000 + (id % 3)),
      function: `main.f${id % 3}`,
      position: undefined,
    },
  }) as Partial<Goroutine> as Goroutine;

const lineOf = (id: number, mark = ' '): string =>
  `${mark} Goroutine ${id} - User: main.f${id % 3} (0x${(0x401000 + (id % 3)).toString(16)}) [${id % 2 === 0 ? 'sleep' : 'chan receive'}]`;

/** Of a program with `count` goroutines, of which all from the `broken`th on cannot be read. */
function listOf(count: number, broken = Number.POSITIVE_INFINITY) {
  const read = { count: 0 };
  function* all(): Iterable<Goroutine> {
    for (let id = 1; id <= count; id++) {
      if (id >= broken) throw new TargetFault('cannot read memory', runtimeAddress(0x1000));
      read.count++;
      yield parked(id);
    }
  }
  const session = {
    program: { goroutines: all, goroutineCount: () => count },
    checkCancelled: () => {},
  } as unknown as Session;
  const context = { session, scope: { goroutine: { id: 2 } } } as unknown as Context;
  const pieces = (args: string): Iterator<string> =>
    goroutines.run(context, { text: args, column: 0 }).text(PLAIN)[Symbol.iterator]();
  return { read, pieces };
}

test('rows that take no time are handed on together, all of them', () => {
  const pieces = [...{ [Symbol.iterator]: () => listOf(100).pieces('') }];
  const lines = pieces.flatMap((piece) => piece.split('\n'));
  const rows = Array.from({ length: 100 }, (_, i) => lineOf(i + 1, i === 1 ? '*' : ' '));
  expect(lines).toEqual([...rows, '[100 goroutines]']);
  expect(pieces.length).toBeLessThan(20);
});

test('a row that is looked for is shown when it is found', () => {
  const { read, pieces } = listOf(100);
  expect(pieces('-reason sleep').next().value).toBe(lineOf(2, '*'));
  expect(read.count).toBe(2);
});

test('rows before one that cannot be read are shown', () => {
  const list = listOf(100, 20).pieces('');
  const lines: string[] = [];
  expect(() => {
    for (let piece = list.next(); piece.done !== true; piece = list.next())
      lines.push(...piece.value.split('\n'));
  }).toThrow('cannot read memory');
  expect(lines).toHaveLength(19);
  expect(lines.at(-1)).toBe(lineOf(19));
});
