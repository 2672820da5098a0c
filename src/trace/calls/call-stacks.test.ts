import { expect, it } from 'vitest';
import { GRAIN, SLOT } from '../../probe/index.ts';
import { type CallLayout, NO_VALUES } from './call-layout.ts';
import type { TracedFunction } from './call-plan.ts';
import { CALL_KIND, CALL_RECORD, DROPPED_SHIFT } from './call-record.ts';
import { CallStacks, type OpenCall } from './call-stacks.ts';

const GENERIC: CallLayout = { ...NO_VALUES, dictionaryAt: CALL_RECORD.values };

const called = (name: string, entry: CallLayout): TracedFunction => ({
  name,
  address: 0,
  level: 0,
  layouts: { entry, exit: NO_VALUES },
  described: true,
  unseenReturns: false,
});

const FUNCTIONS = [called('f', NO_VALUES), called('g', NO_VALUES), called('generic', GENERIC)];

interface Happening {
  readonly kind: keyof typeof CALL_KIND;
  readonly function?: 'f' | 'g' | 'generic';
  readonly depth: number;
  readonly goroutine?: number;
  /** Records that anybody had dropped by then. */
  readonly dropped?: number;
  readonly dictionary?: number;
}

/** What is told of these records, a line each. */
function told(...happenings: readonly Happening[]): string[] {
  const lines: string[] = [];
  const name = ({ function: { name: text }, nested, level }: OpenCall): string =>
    `${'  '.repeat(level)}${text}${nested > 0 ? ` (${nested} around it)` : ''}`;
  const stacks = new CallStacks(
    FUNCTIONS,
    {
      wants: () => true,
      began: (call) => lines.push(name(call)),
      ended: (call, { outcome, ended }) => lines.push(`${name(call)} ${outcome} after ${ended - call.began}`),
      orphan: () => lines.push('orphan'),
    },
    0,
    false,
  );
  happenings.forEach(
    ({ kind, function: text = 'f', depth, goroutine = 1, dropped = 0, dictionary = 0 }, time) => {
      const words = new Uint32Array(GRAIN / 4);
      words[SLOT.time >> 2] = time;
      words[SLOT.kind >> 2] = CALL_KIND[kind] | (1 << 8) | (dropped << DROPPED_SHIFT);
      words[CALL_RECORD.function >> 2] = FUNCTIONS.findIndex((each) => each.name === text);
      words[CALL_RECORD.goroutine >> 2] = goroutine;
      words[CALL_RECORD.depth >> 2] = depth;
      words[CALL_RECORD.values >> 2] = dictionary;
      stacks.record(words, 0);
    },
  );
  return [...lines, ...[...stacks.open()].map((call) => `${name(call)} is open`)];
}

it('pairs beginnings and returns of each goroutine', () => {
  expect(
    told(
      { kind: 'call', depth: 16 },
      { kind: 'call', depth: 16, goroutine: 2 },
      { kind: 'call', function: 'g', depth: 64 },
      { kind: 'return', function: 'g', depth: 64 },
      { kind: 'return', depth: 16 },
      { kind: 'return', depth: 16 },
    ),
  ).toEqual(['f', 'f', '  g', '  g returned after 1', 'f returned after 4', 'orphan', 'f is open']);
});

it('takes no return for that of a call before records were dropped', () => {
  // The first f has returned unseen, and so has the second begun: its return is no end of the first.
  expect(
    told(
      { kind: 'call', depth: 16 },
      { kind: 'return', depth: 16, dropped: 2 },
      { kind: 'call', depth: 16, dropped: 2 },
      { kind: 'return', depth: 16, dropped: 2 },
    ),
  ).toEqual(['f', 'f unseen after 1', 'f', 'f returned after 1']);
});

it('keeps what goes on around a gap as where calls behind it are', () => {
  expect(
    told(
      { kind: 'call', depth: 16 },
      { kind: 'call', function: 'g', depth: 64 },
      { kind: 'call', function: 'g', depth: 64, dropped: 1 },
      { kind: 'return', function: 'g', depth: 64, dropped: 1 },
      { kind: 'end', depth: 0, dropped: 1 },
    ),
  ).toEqual(['f', '  g', '  g unseen after 1', '  g', '  g returned after 1', 'f unseen after 4']);
});

it('does not say that calls from before a gap go on', () => {
  expect(
    told({ kind: 'call', depth: 16 }, { kind: 'call', function: 'g', depth: 64, dropped: 70_000 & 0xffff }),
  ).toEqual(['f', '  g', '  g is open']);
});

it('tells instances of a generic function within each other apart', () => {
  expect(
    told(
      { kind: 'call', function: 'generic', depth: 16, dictionary: 4096 },
      { kind: 'call', function: 'generic', depth: 64, dictionary: 8192 },
      { kind: 'call', function: 'generic', depth: 128, dictionary: 4096 },
    ).slice(0, 3),
  ).toEqual(['generic', '  generic', '    generic (1 around it)']);
});

it('says that a panic went through what it began in', () => {
  expect(
    told(
      { kind: 'call', depth: 16 },
      { kind: 'call', function: 'g', depth: 64 },
      { kind: 'panic', depth: 96 },
      { kind: 'return', depth: 16 },
    ),
  ).toEqual(['f', '  g', '  g panicked after 2', 'f returned after 3']);
});
